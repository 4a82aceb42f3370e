package serdab.testing;

import java.util.Arrays;
import java.util.stream.Collectors;
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
    String missing =
        Arrays.stream(needs.value())
            .filter(peer -> !peer.isPresent())
            .map(Peer::packageName)
            .collect(Collectors.joining(", "));
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("its peers are here");
    }
    if ("all".equals(System.getenv("SERDAB_REQUIRE"))) {
      throw new IllegalStateException(
          "SERDAB_REQUIRE=all, but this test needs what is not here: " + missing);
    }
    return ConditionEvaluationResult.disabled(missing + " missing");
  }
}
