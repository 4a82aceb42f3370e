package serdab.destination.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.destination.HeldVersion;
import serdab.destination.Repositories;
import serdab.destination.TestStudy;
import serdab.testing.world.TinyDicom;

/// Whether all that copies need is listed.
class GlanceTest {

  private final Repositories place = new Repositories();

  private HeldVersion copyOf(String study) {
    try (RepositoryDestination destination = place.connect()) {
      return TestStudy.of(study)
          .file("IM1", TinyDicom.image().study(study).sop(study + ".1").bytes())
          .copyTo(destination);
    }
  }

  private String onlyPack() {
    return place.disk.files().stream()
        .filter(name -> name.startsWith("packs/"))
        .reduce((one, other) -> {
          throw new AssertionError("two packs");
        })
        .orElseThrow();
  }

  private static boolean shows(RepositoryDestination destination, HeldVersion copy) {
    return destination.glance().orElseThrow().test(copy);
  }

  @Test
  void aCopyThatLacksAPackOrPartOfOneIsNotShown() {
    HeldVersion lost = copyOf("1.2.3");
    String pack = onlyPack();
    HeldVersion whole = copyOf("1.2.4");
    byte[] content = place.disk.bytes(pack);
    try (RepositoryDestination destination = place.connect()) {
      assertThat(shows(destination, lost)).isTrue();
      place.disk.remove(pack);
      assertThat(shows(destination, lost)).isFalse();
      assertThat(shows(destination, whole)).isTrue();
      place.disk.put(pack, java.util.Arrays.copyOf(content, content.length - 1));
      assertThat(shows(destination, lost)).isFalse();
    }
  }

  @Test
  void whoLooksAheadIsToldOnceWhatWasThereThenAndTheNextLookIsAnew() throws InterruptedException {
    HeldVersion copy = copyOf("1.2.3");
    String pack = onlyPack();
    try (RepositoryDestination destination = place.connect()) {
      destination.glanceAhead();
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().equals("glance")) {
          thread.join();
        }
      }
      place.disk.remove(pack);
      assertThat(shows(destination, copy)).isTrue();
      assertThat(shows(destination, copy)).isFalse();
      destination.glanceAhead();
      assertThat(shows(destination, copy)).isFalse();
    }
  }

  @Test
  void aLookAheadThatFailsFailsWhenItIsAskedForAndHindersNoEnd() {
    copyOf("1.2.3");
    RepositoryDestination asked = place.connect();
    RepositoryDestination left = place.connect();
    place.disk.pull();
    asked.glanceAhead();
    left.glanceAhead();

    assertThatExceptionOfType(SerdabException.class).isThrownBy(asked::glance);
    assertThatCode(left::close).doesNotThrowAnyException();
  }
}
