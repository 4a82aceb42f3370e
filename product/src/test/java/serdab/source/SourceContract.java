package serdab.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.plan.Order;
import serdab.testing.horos.TinyDicom;

/// What every [Source] promises, whichever kind it is. Each kind has a subclass.
abstract class SourceContract {

  @TempDir protected Path temp;

  /// Fills a new source with these images and gives the file that each became, in their order.
  abstract List<Path> fill(List<TinyDicom> images) throws IOException;

  /// Opens what was filled, as a new run would.
  abstract Source open() throws IOException;

  /// The folder whose going away means that the source is gone.
  abstract Path rootFolder();

  private static final List<TinyDicom> IMAGES =
      List.of(
          TinyDicom.of(1, 1, 1),
          TinyDicom.of(1, 1, 2),
          TinyDicom.of(1, 2, 1).modality("SR"),
          TinyDicom.of(2, 1, 1));

  @Test
  void everyStudyIsListedOnceWithItsFiles() throws IOException {
    fill(IMAGES);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      List<SourceStudy> studies = studies(inventory);

      assertThat(studies)
          .extracting(study -> study.key().value())
          .containsExactlyInAnyOrder(TinyDicom.studyUid(1), TinyDicom.studyUid(2));
      assertThat(inventory.studyCount()).isEqualTo(2);
      assertThat(study(inventory, 1).fileCount()).isEqualTo(3);
      assertThat(inventory.files(study(inventory, 1))).hasSize(3);
    }
  }

  @Test
  void everyOrderListsTheSameStudies() throws IOException {
    fill(IMAGES);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      for (Order order : Order.values()) {
        try (Stream<SourceStudy> studies = inventory.studies(order)) {
          assertThat(studies.filter(study -> !study.key().isOther())).as(order.text()).hasSize(2);
        }
      }
    }
  }

  @Test
  void whatIsDeliveredIsWhatIsThereByteForByte() throws IOException {
    List<Path> files = fill(IMAGES);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      Kept kept = new Kept();
      Delivery delivery = inventory.deliver(study(inventory, 1), Set.of(), kept);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(kept.files.values())
          .containsExactlyInAnyOrder(
              Files.readAllBytes(files.get(0)),
              Files.readAllBytes(files.get(1)),
              Files.readAllBytes(files.get(2)));
      assertThat(kept.notGiven).isEmpty();
    }
  }

  @Test
  void nothingMovedMeansTheSameFingerprintAndTheSameLook() throws IOException {
    fill(IMAGES);
    String fingerprint;
    String look;
    try (Source source = open();
        Inventory inventory = source.inventory()) {
      fingerprint = study(inventory, 1).fingerprint();
      look = inventory.look(study(inventory, 1));
    }

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      assertThat(study(inventory, 1).fingerprint()).isEqualTo(fingerprint);
      assertThat(inventory.look(study(inventory, 1))).isEqualTo(look);
    }
  }

  @Test
  void aFileThatIsRewrittenInPlaceChangesTheLookOfItsStudyOnly() throws IOException {
    List<Path> files = fill(IMAGES);
    String looked;
    String other;
    try (Source source = open();
        Inventory inventory = source.inventory()) {
      looked = inventory.look(study(inventory, 1));
      other = inventory.look(study(inventory, 2));
    }

    rewrite(files.getFirst());

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      assertThat(inventory.look(study(inventory, 1))).isNotEqualTo(looked);
      assertThat(inventory.look(study(inventory, 2))).isEqualTo(other);
    }
  }

  @Test
  void aFileThatChangesWhileItIsGivenEndsTheDelivery() throws IOException {
    List<Path> placed = fill(IMAGES);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      Delivery delivery =
          inventory.deliver(
              study(inventory, 2),
              Set.of(),
              new Kept() {
                @Override
                public void take(SourceFile file, ByteSource bytes) throws IOException {
                  super.take(file, bytes);
                  rewrite(placed.get(3));
                }
              });

      assertThat(delivery).isInstanceOf(Delivery.Changed.class);
    }
  }

  @Test
  void aListedFileThatIsGoneIsNamedAndTheOthersAreGiven() throws IOException {
    List<Path> files = fill(IMAGES);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      SourceStudy study = study(inventory, 1);
      Files.delete(files.get(1));
      Kept kept = new Kept();
      Delivery delivery = inventory.deliver(study, Set.of(), kept);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(kept.files).hasSize(2);
      assertThat(kept.notGiven).hasSize(1).allMatch(line -> line.endsWith(" MISSING"));
    }
  }

  @Test
  void aFileThatIsLeftOutIsNamedAndNotOpened() throws IOException {
    fill(IMAGES);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      SourceStudy study = study(inventory, 1);
      String leftOut = inventory.files(study).getFirst().path();
      Kept kept = new Kept();
      inventory.deliver(study, Set.of(leftOut), kept);

      assertThat(kept.files).hasSize(2).doesNotContainKey(leftOut);
      assertThat(kept.notGiven).containsExactly(leftOut + " UNREADABLE");
    }
  }

  @Test
  void aSourceThatIsGoneIsUnavailableAndNeverEmpty() throws IOException {
    fill(IMAGES);

    Files.move(rootFolder(), temp.resolve("unmounted"), StandardCopyOption.ATOMIC_MOVE);

    assertThatThrownBy(
            () -> {
              try (Source source = open();
                  Inventory inventory = source.inventory()) {
                studies(inventory);
              }
            })
        .isInstanceOf(SerdabException.Unavailable.class);
  }

  @Test
  void nothingInTheSourceIsTouched() throws IOException {
    fill(IMAGES);
    Map<String, String> before = everything();

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      for (SourceStudy study : studies(inventory)) {
        inventory.look(study);
        inventory.deliver(study, Set.of(), new Kept());
      }
    }

    assertThat(everything()).isEqualTo(before);
  }

  // ----

  private Map<String, String> everything() throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(rootFolder())) {
      for (Path file : files.toList()) {
        all.put(
            file.toString(),
            Files.getLastModifiedTime(file)
                + " "
                + (Files.isRegularFile(file) ? Files.size(file) : "folder"));
      }
    }
    return all;
  }

  private static void rewrite(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length + 2));
  }

  private static List<SourceStudy> studies(Inventory inventory) {
    try (Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      return studies.filter(study -> !study.key().isOther()).toList();
    }
  }

  private static SourceStudy study(Inventory inventory, int number) {
    return studies(inventory).stream()
        .filter(study -> study.key().value().equals(TinyDicom.studyUid(number)))
        .findFirst()
        .orElseThrow();
  }

  /// Keeps what it is given.
  private static class Kept implements StudyReceiver {
    final Map<String, byte[]> files = new TreeMap<>();
    final List<String> notGiven = new ArrayList<>();

    @Override
    public void take(SourceFile file, ByteSource bytes) throws IOException {
      ByteBuffer content = ByteBuffer.allocate((int) bytes.lengthBytes());
      while (content.hasRemaining() && bytes.read(content.position(), content) > 0) {
        // Until the end.
      }
      files.put(file.path(), content.array());
    }

    @Override
    public void notGiven(SourceFile file, NotGiven reason, String detail) {
      notGiven.add(file.path() + " " + reason);
    }
  }
}
