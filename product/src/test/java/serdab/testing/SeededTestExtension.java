package serdab.testing;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/// Gives each run of a [SeededTest] its own seed, and names the seed when the run fails.
public final class SeededTestExtension implements TestTemplateInvocationContextProvider {

  @Override
  public boolean supportsTestTemplate(ExtensionContext context) {
    return context.getRequiredTestMethod().isAnnotationPresent(SeededTest.class);
  }

  /// A slice of a few runs may be empty.
  @Override
  public boolean mayReturnZeroTestTemplateInvocationContexts(ExtensionContext context) {
    return true;
  }

  @Override
  public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
      ExtensionContext context) {
    Long replay = Long.getLong("seed");
    if (replay != null) {
      return Stream.of(new Run(replay));
    }
    SeededTest test = context.getRequiredTestMethod().getAnnotation(SeededTest.class);
    long runs = Integer.getInteger("runs", test.runs());
    long first = Long.getLong("firstSeed", 1_000_000L);
    return LongStream.range(first + Share.firstOf(runs), first + Share.endOf(runs))
        .mapToObj(Run::new);
  }

  private record Run(long seed) implements TestTemplateInvocationContext {

    @Override
    public String getDisplayName(int invocationIndex) {
      return "seed " + seed;
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      return List.of(
          new RandomParameter(seed),
          (TestExecutionExceptionHandler)
              (context, failure) -> {
                throw new AssertionError(
                    "failed with seed " + seed + "; replay it with -Dseed=" + seed, failure);
              });
    }
  }

  private record RandomParameter(long seed) implements ParameterResolver {

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == RandomGenerator.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return new SplittableRandom(seed);
    }
  }
}
