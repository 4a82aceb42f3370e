package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.destination.repository.Compression;
import serdab.destination.repository.RepositoryDestination;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.testing.SeededTest;

class RepositoryDestinationTest {

  private static final String UID = "1.2.840.1";

  private final Repositories place = new Repositories();

  private static TestStudy study(long seed) {
    return TestStudy.drawnFrom(new SplittableRandom(seed), UID, 4);
  }

  // ---- files nobody would make

  @SeededTest(runs = 25)
  void damagedFilesComeBackAsDamagedAsTheyWere(RandomGenerator random) {
    TestStudy study = TestStudy.of(UID);
    for (int i = 0; i < 12; i++) {
      byte[] whole =
          TestStudy.image(UID, i, TestStudy.pixels(random, 2 * (100 + random.nextInt(60_000))));
      study.file("f" + i, mutated(whole, random));
    }
    if (random.nextBoolean()) {
      study.tellingStructure();
    }
    try (RepositoryDestination destination = place.connect()) {
      HeldVersion copy = study.copyTo(destination);

      Map<String, byte[]> read = TestStudy.readAll(destination, copy);
      study.files().forEach((path, bytes) -> assertThat(read.get(path)).isEqualTo(bytes));
      assertThat(destination.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
    }
  }

  private static byte[] mutated(byte[] whole, RandomGenerator random) {
    byte[] file = whole.clone();
    // Most of what matters stands in the first bytes.
    int reach = random.nextBoolean() ? 700 : file.length;
    for (int n = random.nextInt(6); n > 0; n--) {
      file[random.nextInt(Math.min(reach, file.length))] = (byte) random.nextInt(256);
    }
    return switch (random.nextInt(4)) {
      case 0 -> Arrays.copyOf(file, random.nextInt(file.length));
      case 1 -> Arrays.copyOf(file, file.length + random.nextInt(100_000));
      case 2 -> {
        int from = random.nextInt(file.length);
        int count = random.nextInt(file.length - from);
        System.arraycopy(whole, from, file, random.nextInt(file.length - count), count);
        yield file;
      }
      default -> file;
    };
  }

  // ---- what is lost

  @Test
  void aCopyWhosePacksAreGoneIsNoneThatCanBeRead() {
    HeldVersion lost;
    HeldVersion left;
    try (RepositoryDestination destination = place.connect()) {
      lost = study(1).copyTo(destination);
      List<String> packs =
          place.disk.files().stream().filter(file -> file.startsWith("packs/")).toList();
      left = study(2).supersedes(lost.id()).copyTo(destination);
      packs.forEach(place.disk::remove);
    }
    try (RepositoryDestination destination = place.connect()) {
      assertThat(destination.versions(left.study()))
          .extracting(HeldVersion::id)
          .containsExactly(left.id());
      assertThatExceptionOfType(SerdabException.Refused.class)
          .as("it is the last readable one")
          .isThrownBy(() -> destination.remove(left))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("last-copy"));
    }
  }

  @Test
  void aCopyThatNobodyCanReadAnyMoreIsTold() {
    try (RepositoryDestination destination = place.connect()) {
      study(1).copyTo(destination);
    }
    String snapshot =
        place.disk.files().stream()
            .filter(file -> file.startsWith("snapshots/") && file.endsWith("1.zip"))
            .findFirst()
            .orElseThrow();
    place.disk.flipBit(snapshot, 8 * 60);
    try (RepositoryDestination destination = place.connect();
        var held = destination.held()) {
      assertThat(held).hasOnlyElementsOfType(Destination.Listed.Unreadable.class).hasSize(1);
    }
  }

  // ---- memory

  /// The file is longer than the memory of this test may be, and written and read piece by piece.
  @Test
  void aFileLongerThanMemoryGoesThrough() throws Exception {
    int frames = 5_000;
    byte[] header = multiFrame(512, 512, frames);
    byte[] frame = new byte[512 * 512];
    long length = header.length + (long) frames * frame.length;
    assertThat(length).isGreaterThan(Runtime.getRuntime().maxMemory());
    MessageDigest hasher = Sha256.hasher();
    try (RepositoryDestination destination = place.connect()) {
      TestStudy facts = TestStudy.of(UID);
      HeldVersion copy;
      StoredFile file;
      try (StagedVersion staged = destination.begin(facts.facts())) {
        staged.beginFile("long", length);
        give(staged, header, hasher);
        for (int i = 0; i < frames; i++) {
          give(staged, drawn(frame, i), hasher);
        }
        file =
            new StoredFile(
                "long",
                length,
                TestStudy.MODIFIED,
                new FileDigests(
                    Sha256.finish(hasher),
                    java.util.Optional.empty(),
                    java.util.Optional.empty(),
                    java.util.Optional.empty()),
                java.util.Optional.empty(),
                List.of());
        staged.endFile(file);
        copy =
            staged.commit(
                StudyVersion.of(
                    facts.facts(),
                    List.of(file),
                    List.of(),
                    List.of(),
                    java.util.Optional.empty(),
                    "a test",
                    TestStudy.READ_AT));
      }

      assertThat(copy.storedBytes()).as("cut into frames").isLessThan(length / 50);
      try (VersionReader reader = destination.read(copy);
          var channel = reader.open(file)) {
        ByteBuffer piece = ByteBuffer.allocate(1 << 20);
        while (channel.read(piece.clear()) >= 0) {
          hasher.update(piece.flip());
        }
        assertThat(Sha256.finish(hasher)).isEqualTo(file.digests().file());

        byte[] last = TestStudy.read(reader, file, length - frame.length, length);
        assertThat(last).isEqualTo(drawn(frame, frames - 1));
      }
    }
  }

  private static void give(StagedVersion staged, byte[] bytes, MessageDigest hasher) {
    hasher.update(bytes);
    staged.write(ByteBuffer.wrap(bytes));
  }

  /// A grey that no other frame has, with a bright line that moves.
  private static byte[] drawn(byte[] frame, int number) {
    Arrays.fill(frame, (byte) number);
    Arrays.fill(
        frame, number * 37 % 500 * 512, number * 37 % 500 * 512 + 512, (byte) (number >> 8));
    return frame;
  }

  /// The header of a multi-frame image of 8 bits, up to the first byte of its pixels.
  private static byte[] multiFrame(int rows, int columns, int frames) {
    ByteBuffer out = ByteBuffer.allocate(1000).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    out.put(new byte[128]).put("DICM".getBytes(StandardCharsets.US_ASCII));
    text(out, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1\0");
    text(out, 0x0008, 0x0018, "UI", "1.2.840.1.1.1\0");
    text(out, 0x0020, 0x000D, "UI", "1.2.840.1\0");
    text(out, 0x0020, 0x000E, "UI", "1.2.840.1.1\0");
    number(out, 0x0002, 1);
    text(out, 0x0028, 0x0008, "IS", frames + (frames > 999 ? "" : " "));
    number(out, 0x0010, rows);
    number(out, 0x0011, columns);
    number(out, 0x0100, 8);
    number(out, 0x0101, 8);
    number(out, 0x0102, 7);
    number(out, 0x0103, 0);
    out.putShort((short) 0x7FE0).putShort((short) 0x0010);
    out.put("OB\0\0".getBytes(StandardCharsets.US_ASCII)).putInt(rows * columns * frames);
    return Arrays.copyOf(out.array(), out.position());
  }

  private static void number(ByteBuffer out, int element, int value) {
    out.putShort((short) 0x0028).putShort((short) element);
    out.put("US".getBytes(StandardCharsets.US_ASCII)).putShort((short) 2).putShort((short) value);
  }

  private static void text(ByteBuffer out, int group, int element, String vr, String value) {
    out.putShort((short) group).putShort((short) element);
    out.put(vr.getBytes(StandardCharsets.US_ASCII)).putShort((short) value.length());
    out.put(value.getBytes(StandardCharsets.US_ASCII));
  }

  // ---- what works without the identity

  @Test
  void withoutTheIdentityARunBacksUpAndProvesWhatItWrote() {
    TestStudy study = study(1);
    try (RepositoryDestination destination = place.connect(Compression.SMALL, false)) {
      HeldVersion copy = study.copyTo(destination);

      assertThat(destination.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
      assertThat(TestStudy.readAll(destination, copy)).hasSize(4);
    }
  }

  @Test
  void withoutTheIdentityALaterRunKnowsAndProvesWhatIsHeldAndSaysThatItCannotRead() {
    TestStudy study = study(1);
    HeldVersion copy;
    try (RepositoryDestination destination = place.connect()) {
      copy = study.copyTo(destination);
    }
    try (RepositoryDestination later = place.connect(Compression.SMALL, false)) {
      assertThat(later.find(study.key(), copy.id())).isPresent();
      assertThat(later.prove(copy, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> later.prove(copy, Depth.READABLE))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-needs-identity"));
      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> later.read(copy))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-needs-identity"));

      HeldVersion second =
          study(2)
              .supersedes(copy.id())
              .file("CT/old", Objects.requireNonNull(study.files().get("CT/IM1")))
              .copyTo(later);
      assertThat(later.versions(study.key()))
          .extracting(HeldVersion::id)
          .containsExactly(copy.id(), second.id());
    }
  }

  // ---- sharing

  @Test
  void whatADamagedPackHeldIsStoredAgainForTheNextVersion() {
    TestStudy first = study(1);
    HeldVersion copy;
    try (RepositoryDestination destination = place.connect()) {
      copy = first.copyTo(destination);
    }
    place.harmEveryPack();
    TestStudy second = study(1).file("CT/new", TestStudy.image(UID, 9, new byte[4000]));

    try (RepositoryDestination destination = place.connect()) {
      HeldVersion good = second.supersedes(copy.id()).copyTo(destination);

      assertThat(destination.prove(copy, Depth.INTACT)).isInstanceOf(ProofOutcome.Bad.class);
      assertThat(destination.prove(good, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
    }
  }

  @Test
  void theSamePixelsUnderAnotherStudyAreStoredOnce() {
    byte[] pixels = new byte[400_000];
    new SplittableRandom(1).nextBytes(pixels);
    try (RepositoryDestination destination = place.connect()) {
      TestStudy.of("1.2.3").file("a", TestStudy.image("1.2.3", 1, pixels)).copyTo(destination);

      HeldVersion second =
          TestStudy.of("1.2.4")
              .file("b", TestStudy.image("1.2.4", 1, pixels))
              .file("c", TestStudy.image("1.2.4", 2, pixels))
              .copyTo(destination);

      assertThat(second.storedBytes()).isLessThan(10_000);
      assertThat(TestStudy.readAll(destination, second)).hasSize(2);
    }
  }

  // ---- order

  @Test
  void aVersionComesAfterTheOneItFollowsWhateverTheClockSaid() {
    TestStudy first = study(1);
    try (RepositoryDestination destination = place.connect()) {
      HeldVersion before = first.copyTo(destination);
      place.clock.pass(Duration.ofDays(-2));
      HeldVersion after = study(2).supersedes(before.id()).copyTo(destination);

      assertThat(destination.versions(first.key()))
          .extracting(HeldVersion::id)
          .containsExactly(before.id(), after.id());
    }
  }

  // ---- what the place learns

  @Test
  void thePlaceLearnsNothingOfWhoseStudiesItHolds() throws Exception {
    List<byte[]> stored = new ArrayList<>();
    try (RepositoryDestination destination = place.connect()) {
      study(1).patient("Doe^Jane").copyTo(destination);
      SideFiles beside = destination.beside("_recovery").orElseThrow();
      beside.write(
          "catalogue.zip",
          out -> out.write("Doe^Jane".repeat(30_000).getBytes(StandardCharsets.US_ASCII)));
      beside.replace("plans.toml", "Doe^Jane".getBytes(StandardCharsets.US_ASCII));
      destination.settle(Map.of());
      assertThat(destination.hidesPatients()).isTrue();
      assertThat(destination.shown(new StudyKey(UID))).isEmpty();
    }

    place.eachFile((name, bytes) -> {
      stored.add(bytes);
      assertThat(name).doesNotContain(UID);
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      assertThat(text).as(name).doesNotContain("Doe^Jane");
      if (!name.equals("repository.md")) {
        assertThat(text).as(name).doesNotContain(UID);
      }
    });
    assertThat(stored).hasSizeGreaterThan(5);

    try (RepositoryDestination later = place.connect(Compression.SMALL, false)) {
      SideFiles beside = later.beside("_recovery").orElseThrow();
      assertThat(beside.names("")).containsExactly("catalogue.zip", "plans.toml");
      assertThat(beside.document("plans.toml").orElseThrow())
          .isEqualTo("Doe^Jane".getBytes(StandardCharsets.US_ASCII));
      try (var in = beside.open("catalogue.zip")) {
        assertThat(in.readAllBytes())
            .isEqualTo("Doe^Jane".repeat(30_000).getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(beside.remove("plans.toml")).isTrue();
      assertThat(beside.document("plans.toml")).isEmpty();
    }
  }
}
