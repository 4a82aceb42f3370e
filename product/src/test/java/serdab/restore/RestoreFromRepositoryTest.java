package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.catalogue.TemporaryCatalogue;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.Repositories;
import serdab.destination.TestStudy;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;

/// What comes back of a repository that lost packs.
class RestoreFromRepositoryTest {

  private static final int FILES = 5;
  private static final int FILE_BYTES = 15 << 20;

  private final SplittableRandom random = new SplittableRandom(7);
  private final Repositories place = new Repositories();
  private final TestStudy study = TestStudy.of("1.2.3");

  @BeforeEach
  void copyAStudyOfSeveralPacks() {
    for (int i = 0; i < FILES; i++) {
      byte[] bytes = new byte[FILE_BYTES];
      random.nextBytes(bytes);
      study.file("piece" + i, bytes);
    }
    copy();
  }

  private void copy() {
    try (Destination destination = place.connect()) {
      study.copyTo(destination);
    }
  }

  private List<String> packs() {
    return place.disk.files().stream().filter(name -> name.startsWith("packs/")).toList();
  }

  private RestoreReport restore(Selection wanted, Optional<Instant> asOf) {
    SimulatedDisk target = new SimulatedDisk(new SplittableRandom(6), place.clock);
    try (Destination from = place.connect();
        TemporaryCatalogue none = TemporaryCatalogue.empty(place.clock, random);
        LocalFolder folder =
            LocalFolder.on(target.mount(), "the target", new SplittableRandom(7))) {
      return new Restore(from, none.catalogue(), Progress.SILENT, () -> false)
          .toFolder(folder, wanted, asOf);
    }
  }

  private static Selection only(String study) {
    return new Selection(
        Set.of(), Optional.empty(), Optional.empty(), Set.of(study), Optional.empty());
  }

  /// Of three packs one has the manifest too: without that one nothing can be read.
  @Test
  void whateverPackIsLostTheFilesInTheOthersComeBackAndEachThatDoesNotIsNamed() {
    assertThat(packs()).hasSize(3);
    int nothing = 0;
    for (String pack : packs()) {
      byte[] content = place.disk.bytes(pack);
      place.disk.remove(pack);

      for (Selection wanted : List.of(Selection.ALL, only("1.2.3"))) {
        RestoreReport report = restore(wanted, Optional.empty());

        assertThat(report.gaps())
            .filteredOn(gap -> gap.path().isEmpty())
            .singleElement()
            .satisfies(
                gap -> assertThat(gap.problem().code()).isEqualTo("repository-file-missing"));
        List<String> files =
            report.gaps().stream().map(RestoreReport.Gap::path).filter(p -> !p.isEmpty()).toList();
        if (report.filesWritten() == 0) {
          nothing++;
        } else {
          assertThat(files).hasSize((int) (FILES - report.filesWritten())).doesNotHaveDuplicates();
          assertThat(files).allMatch(file -> file.startsWith("piece"));
        }
      }
      place.disk.put(pack, content);
    }
    assertThat(nothing).isEqualTo(2);
    assertThat(restore(Selection.ALL, Optional.empty()).filesWritten()).isEqualTo(FILES);
  }

  @Test
  void beforeItsTimeNothingComesOfACopyThatLacksAPack() {
    place.disk.remove(packs().getFirst());

    assertThat(restore(Selection.ALL, Optional.of(Instant.EPOCH)).filesWritten()).isZero();
  }

  @Test
  void aWholeOlderVersionComesInPlaceOfTheNewestAndThatIsNamed() {
    List<String> before = packs();
    place.clock.pass(Duration.ofDays(1));
    byte[] another = new byte[FILE_BYTES];
    random.nextBytes(another);
    study.file("piece" + FILES, another);
    copy();
    packs().stream().filter(pack -> !before.contains(pack)).forEach(place.disk::remove);

    RestoreReport report = restore(Selection.ALL, Optional.empty());

    assertThat(report.filesWritten()).isEqualTo(FILES);
    assertThat(report.gaps())
        .singleElement()
        .satisfies(gap -> assertThat(gap.problem().code()).isEqualTo("repository-file-missing"));
    try (Destination destination = place.connect()) {
      assertThat(destination.versions(new StudyKey("1.2.3")))
          .singleElement()
          .satisfies(copy ->
              assertThat(destination.incompleteNewest(copy.study()))
                  .map(HeldVersion::id)
                  .isNotEqualTo(Optional.of(copy.id())));
    }
  }
}
