package serdab.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/// Runs a test many times, each with a `RandomGenerator` of its own seed as its only parameter.
///
/// A failure names the seed; `-Dseed=…` replays that one run. `-Druns=…` sets the number of runs,
/// `-DrunsFactor=…` multiplies it, `-Dslice=…` takes a part of it ([Share]). The first seed comes
/// from `-DfirstSeed=…`, else it is fixed, so that a plain build is repeatable.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@TestTemplate
@ExtendWith(SeededTestExtension.class)
public @interface SeededTest {
  int runs() default 100;
}
