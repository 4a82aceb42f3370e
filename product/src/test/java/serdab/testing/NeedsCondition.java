package serdab.testing;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/// Skips a test whose peers are missing, and says which; `./dev test` counts what it says.
public final class NeedsCondition implements ExecutionCondition {

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    Needs needs = AnnotationSupport.findAnnotation(context.getElement(), Needs.class).orElse(null);
    if (needs == null) {
      return ConditionEvaluationResult.enabled("needs nothing");
    }
    List<Peer> missing = Arrays.stream(needs.value()).filter(peer -> !peer.isPresent()).toList();
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("its peers are here");
    }
    String names = missing.stream().map(Peer::packageName).collect(Collectors.joining(", "));
    String required = System.getenv("SERDAB_REQUIRE");
    if (missing.stream().anyMatch(peer -> isRequired(peer, required))) {
      throw new IllegalStateException(
          "SERDAB_REQUIRE=" + required + ", but this test needs what is not here: " + names);
    }
    return ConditionEvaluationResult.disabled(names + " missing");
  }

  /// `all` requires every peer, `peers` every program: the data may not be at hand everywhere.
  private static boolean isRequired(Peer peer, @Nullable String required) {
    if (peer == Peer.DCMJS) {
      return false; // A package registry may be away, and no build may hang on that.
    }
    return switch (required) {
      case "all" -> true;
      case "peers" -> peer != Peer.SHARED_DATA;
      case null, default -> false;
    };
  }
}
