package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.InstantSource;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.dicom.StudyKey;

class MemoryCatalogueTest {

  private static final InstantSource CLOCK = InstantSource.fixed(CatalogueContract.START);

  private static TemporaryCatalogue empty() {
    return TemporaryCatalogue.empty(CLOCK, new SplittableRandom(1));
  }

  private static void see(Catalogue catalogue, String key) {
    catalogue.sawStudies(1, "s", List.of(new Catalogue.Seen(CatalogueContract.facts(key), 1)));
  }

  @Test
  void aStateCanBeTakenAndGoneBackTo() {
    try (TemporaryCatalogue temporary = empty()) {
      see(temporary.catalogue(), "1.2");
      byte[] state = temporary.state();
      see(temporary.catalogue(), "1.3");

      temporary.rollBackTo(state);

      assertThat(temporary.catalogue().study("s", new StudyKey("1.2"))).isPresent();
      assertThat(temporary.catalogue().study("s", new StudyKey("1.3"))).isEmpty();
      see(temporary.catalogue(), "1.4");
      assertThat(temporary.catalogue().study("s", new StudyKey("1.4"))).isPresent();
    }
  }

  @Test
  void anotherCanGoOnFromAState() {
    try (TemporaryCatalogue first = empty()) {
      see(first.catalogue(), "1.2");

      try (TemporaryCatalogue second =
          TemporaryCatalogue.of(first.state(), CLOCK, new SplittableRandom(2))) {
        assertThat(second.catalogue().study("s", new StudyKey("1.2"))).isPresent();
        assertThat(second.catalogue().label(new StudyKey("1.2")))
            .isEqualTo(first.catalogue().label(new StudyKey("1.2")));
      }
    }
  }

  @Test
  void aStepThatFailsUndoesItsTransaction() {
    try (TemporaryCatalogue temporary = empty()) {
      temporary.failAt((number, step) -> {
        if (step.equals("commit")) {
          throw new IllegalStateException("cut");
        }
      });

      assertThatThrownBy(() -> see(temporary.catalogue(), "1.2")).hasMessage("cut");

      temporary.failAt((number, step) -> {});
      assertThat(temporary.catalogue().study("s", new StudyKey("1.2"))).isEmpty();
      see(temporary.catalogue(), "1.2");
      assertThat(temporary.catalogue().study("s", new StudyKey("1.2"))).isPresent();
    }
  }

  @Test
  void writesGoOnBesideAnOpenStream() {
    try (TemporaryCatalogue temporary = empty()) {
      see(temporary.catalogue(), "1.2");

      try (Stream<StudyRow> studies = temporary.catalogue().studies()) {
        studies.forEach(row -> see(temporary.catalogue(), "1.3"));
      }

      assertThat(temporary.catalogue().study("s", new StudyKey("1.3"))).isPresent();
    }
  }

  @Test
  void thousandsAreMadeInAMoment() {
    empty().close();

    long begun = System.nanoTime();
    for (int i = 0; i < 1000; i++) {
      try (TemporaryCatalogue temporary = empty()) {
        see(temporary.catalogue(), "1.2");
      }
    }

    // About 0.3 s alone on a machine; the limit only catches a change of kind.
    assertThat((System.nanoTime() - begun) / 1_000_000).isLessThan(10_000);
  }
}
