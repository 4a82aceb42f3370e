package serdab.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Finding;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.net.web.Credentials;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.WebSettings;
import serdab.plan.Order;
import serdab.source.node.WebNodeSource;
import serdab.testing.LyingNode;
import serdab.testing.LyingNode.Fault;
import serdab.testing.world.TinyDicom;

class WebNodeSourceTest {

  private static final WebSettings SETTINGS =
      new WebSettings(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofMillis(300),
          64 << 10,
          3,
          Duration.ofSeconds(1),
          2,
          Duration.ofSeconds(3),
          Duration.ofMinutes(5),
          5,
          50_000,
          8 << 20,
          20,
          1_000_000,
          4 << 20);

  @TempDir Path scratch;

  private final LyingNode node = LyingNode.start();

  @AfterEach
  void stop() {
    node.close();
  }

  private Source open() {
    return new WebNodeSource(
        new DicomWeb(
            URI.create(node.url()),
            new DicomWeb.Means(
                new Credentials.None(),
                Optional.empty(),
                SETTINGS,
                InstantSource.system(),
                RandomGenerator.of("L64X128MixRandom"),
                _ -> {})),
        scratch);
  }

  private static byte[] image(int study, int n) {
    return TinyDicom.image()
        .study("1.2." + study)
        .series("1.2." + study + "." + (1 + n % 2))
        .sop("1.2." + study + ".1." + n)
        .date("2024%02d%02d".formatted(1 + study % 12, 1 + study % 28))
        .pixels(new byte[] {(byte) study, (byte) n, 1, 2})
        .bytes();
  }

  private void hold(int studies, int images) {
    for (int study = 1; study <= studies; study++) {
      for (int n = 1; n <= images; n++) {
        node.put(image(study, n));
      }
    }
  }

  private static List<SourceStudy> studies(Inventory inventory, Order order) {
    try (Stream<SourceStudy> studies = inventory.studies(order)) {
      return studies.toList();
    }
  }

  private static SourceStudy first(Inventory inventory) {
    return studies(inventory, Order.STUDY_DATE).getFirst();
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

  // ---- listing

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {
        "EMPTY_ARRAYS",
        "CAPS_PAGES",
        "IGNORES_OFFSETS",
        "IGNORES_LIMITS_AND_OFFSETS",
        "SHUFFLES_PAGES",
        "CAPS_PAGES_AND_IGNORES_OFFSETS"
      })
  void everyStudyIsListedHoweverANodePages(Fault way) {
    hold(11, 1); // Each on a day of its own, so that halves of dates tell them apart.
    node.with(way);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      assertThat(inventory.studyCount()).isEqualTo(11);
      for (Order order : Order.values()) {
        assertThat(studies(inventory, order).stream().filter(study -> !study.key().isOther()))
            .as(order.text())
            .hasSize(11);
      }
    }
  }

  @Test
  void aListThatMayBeCutIsNamedAndTheRunCannotEndAsGood() {
    for (int study = 1; study <= 5; study++) {
      node.put(TinyDicom.image().study("1." + study).sop("1." + study + ".1").bytes());
    }
    node.with(Fault.CAPS_PAGES_AND_IGNORES_OFFSETS);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      assertThat(inventory.findings())
          .extracting(Finding::kind)
          .containsExactly("list-not-certain");
      SourceStudy doubt = studies(inventory, Order.STUDY_DATE).getLast();
      Kept kept = new Kept();
      inventory.deliver(doubt, Set.of(), kept);

      assertThat(doubt.key().isUnread()).isTrue();
      assertThat(kept.files).isEmpty();
      assertThat(kept.notGiven).hasSize(1);
    }
  }

  @Test
  void aNodeThatPagesAsItShouldIsAskedOnce() {
    hold(11, 1);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      assertThat(inventory.findings()).isEmpty();
      assertThat(studies(inventory, Order.STUDY_DATE)).hasSize(11);
    }
    assertThat(node.requests()).hasSize(4).allMatch(request -> !request.contains("StudyDate="));
  }

  @Test
  void aNodeThatIsGoneIsUnavailableAndNeverEmpty() {
    hold(2, 1);
    node.with(Fault.ALWAYS_BUSY);

    assertThatThrownBy(() -> open().inventory()).isInstanceOf(SerdabException.Unavailable.class);
  }

  @Test
  void aNewInstanceAndACorrectedNameChangeTheLookOfTheirStudyOnly() {
    hold(2, 2);
    Map<String, String> before = looks();
    assertThat(looks()).isEqualTo(before);

    node.put(image(1, 3));
    Map<String, String> after = looks();
    assertThat(after.get("1.2.1")).isNotEqualTo(before.get("1.2.1"));
    assertThat(after.get("1.2.2")).isEqualTo(before.get("1.2.2"));

    node.put(
        TinyDicom.image()
            .study("1.2.2")
            .series("1.2.2.2")
            .sop("1.2.2.1.1")
            .patient("Other^Name", "T1")
            .date("20240303")
            .bytes());
    assertThat(looks().get("1.2.2")).isNotEqualTo(before.get("1.2.2"));
  }

  private Map<String, String> looks() {
    Map<String, String> looks = new TreeMap<>();
    try (Source source = open();
        Inventory inventory = source.inventory()) {
      for (SourceStudy study : studies(inventory, Order.STUDY_DATE)) {
        looks.put(study.key().value(), inventory.look(study));
      }
    }
    return looks;
  }

  // ---- giving

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {
        "GIVES_ONE_LESS",
        "GIVES_TWICE",
        "BREAKS_OFF",
        "GZIP",
        "REFUSES_STORED_SYNTAX",
        "NO_RELATIONAL_SEARCH",
        "HIDES_ONE",
        "BUSY_TWICE",
        "REDIRECTS_HOME"
      })
  void whatIsDeliveredIsWhatIsThereByteForByte(Fault way) {
    hold(1, 5);
    node.with(way);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      Kept kept = new Kept();
      Delivery delivery = inventory.deliver(first(inventory), Set.of(), kept);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(kept.files).hasSize(5);
      for (int n = 1; n <= 5; n++) {
        assertThat(kept.files.get("1.2.1." + (1 + n % 2) + "/1.2.1.1." + n + ".dcm"))
            .isEqualTo(image(1, n));
      }
      assertThat(kept.notGiven).isEmpty();
    }
  }

  @Test
  void whatIsListedAndNotGivenIsNamed() {
    hold(1, 3);
    node.with(Fault.LISTS_A_GHOST);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      Kept kept = new Kept();
      Delivery delivery = inventory.deliver(first(inventory), Set.of(), kept);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(kept.files).hasSize(3);
      assertThat(kept.notGiven).containsExactly("1.2.1.1/1.2.1.1.777.dcm MISSING");
    }
  }

  @Test
  void anInstanceOfAnotherNameIsNotTaken() {
    hold(1, 3);
    node.with(Fault.GIVES_ONE_LESS, Fault.GIVES_ANOTHER);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      Kept kept = new Kept();
      inventory.deliver(first(inventory), Set.of(), kept);

      assertThat(kept.files).hasSize(2);
      assertThat(kept.notGiven).hasSize(1).allMatch(line -> line.endsWith(" MISSING"));
    }
  }

  @Test
  void aStudyThatGrowsWhileItIsGivenIsGivenAgain() {
    hold(1, 2);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      Delivery delivery =
          inventory.deliver(
              first(inventory),
              Set.of(),
              new Kept() {
                @Override
                public void take(SourceFile file, ByteSource bytes) throws IOException {
                  super.take(file, bytes);
                  node.put(image(1, 9));
                }
              });

      assertThat(delivery).isInstanceOf(Delivery.Changed.class);
    }
  }

  @Test
  void whatIsLeftOutIsNamed() {
    hold(1, 3);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      String leftOut = inventory.files(first(inventory)).getFirst().path();
      Kept kept = new Kept();
      inventory.deliver(first(inventory), Set.of(leftOut), kept);

      assertThat(kept.files).hasSize(2).doesNotContainKey(leftOut);
      assertThat(kept.notGiven).containsExactly(leftOut + " UNREADABLE");
    }
  }

  @Test
  void nothingIsSentToASource() {
    hold(2, 2);

    try (Source source = open();
        Inventory inventory = source.inventory()) {
      for (SourceStudy study : studies(inventory, Order.STUDY_DATE)) {
        inventory.look(study);
        inventory.deliver(study, Set.of(), new Kept());
      }
    }

    assertThat(node.requests()).allMatch(request -> request.startsWith("GET "));
  }
}
