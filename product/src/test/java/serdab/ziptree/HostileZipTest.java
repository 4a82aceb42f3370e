package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.PatientData;
import serdab.SerdabException;
import serdab.dicom.SourceRow;
import serdab.dicom.SourceRows;
import serdab.store.ReadableBytes;
import serdab.testing.SeededTest;

/// ZIPs that somebody made to hurt: each is refused, quickly and with bounded memory.
class HostileZipTest {

  @Test
  void anEntryThatUnpacksToMoreThanItSaysStopsThere() throws IOException {
    byte[] zip = zip("bomb", new byte[50 << 20]);
    // The directory's record says a hundred bytes.
    int directory = directoryOffset(zip);
    ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).putInt(directory + 24, 100);
    ReadableBytes bytes = bytes(zip);
    ZipDirectory read = ZipDirectory.read(bytes);

    EntryChannel channel =
        new EntryChannel(
            bytes, read.entries().getFirst(), read.offset(), 0, 100, Optional.empty(), "bomb");

    assertThatThrownBy(() ->
            new ByteArrayInputStream(
                java.nio.channels.Channels.newInputStream(channel).readAllBytes()))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void anEntryThatReachesIntoTheDirectoryIsRefused() throws IOException {
    byte[] zip = zip("a", new byte[] {1, 2, 3});
    int directory = directoryOffset(zip);
    ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).putInt(directory + 20, 1 << 30);
    ReadableBytes bytes = bytes(zip);
    ZipDirectory read = ZipDirectory.read(bytes);

    assertThatThrownBy(() ->
            new EntryChannel(
                bytes, read.entries().getFirst(), read.offset(), 0, 3, Optional.empty(), "a"))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 6, 8, 10, 12, 16})
  void anEndRecordThatLiesIsRefused(int field) throws IOException {
    byte[] zip = zip("a", new byte[] {1, 2, 3});
    ByteBuffer.wrap(zip)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(zip.length - 22 + field, (short) 0x7FFF);

    assertThatThrownBy(() -> ZipDirectory.read(bytes(zip)))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void aZip64RecordOfFourThousandMillionEntriesIsRefusedAtOnce() {
    ByteBuffer end = ZipHeaders.end(4_000_000_000L, 0, 1L << 40);
    byte[] zip = new byte[end.remaining()];
    end.get(zip);

    assertThatThrownBy(() -> ZipDirectory.read(bytes(zip)))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @SeededTest(runs = 400)
  void randomBytesBehindASignatureAreNeverASurprise(RandomGenerator random) throws IOException {
    byte[] zip =
        zip(
            "study-manifest.json",
            "{\"format\":\"study-manifest\"}".getBytes(StandardCharsets.UTF_8));
    for (int i = 1 + random.nextInt(6); i > 0; i--) {
      zip[random.nextInt(zip.length)] = (byte) random.nextInt();
    }

    try (StudyZip opened = StudyZip.open(bytes(zip), this::noneBeside)) {
      assertThat(opened.version()).isNull();
    } catch (SerdabException.Damaged e) {
      assertThat(e.problem().code())
          .matches("zip-damaged|manifest-(missing|damaged)|copy-damaged|blob-ends-early");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{",
        "{\"format\":\"study-manifest\",\"formatVersion\":2}",
        "{\"format\":\"other\",\"formatVersion\":1}",
        "{\"format\":\"study-manifest\",\"formatVersion\":1,\"files\":[1]}",
        "{\"format\":\"study-manifest\",\"formatVersion\":99999999999999999999999}",
        "{\"study\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}",
        "{\"files\":[{\"entry\":\"../../etc/passwd\",\"length\":1,\"modified\":\"2020-01-01T00:00:00Z\"}]}",
        "{\"files\":[{\"entry\":\"a\",\"path\":\"/etc/passwd\"}]}",
        "{\"files\":[{\"entry\":\"a\",\"length\":-1}]}",
        "{\"sourceRows\":7}",
        "{\"sourceRows\":[7]}",
        "{\"sourceRows\":[{\"table\":\"T\",\"key\":99999999999999999999}]}",
        "{\"sourceRows\":[{\"table\":\"T\",\"key\":1,\"columns\":[]}]}",
        "{\"sourceRows\":[{\"table\":\"T\",\"key\":1,\"columns\":{\"C\":1}}]}",
        "{\"sourceRows\":[{\"table\":\"T\",\"key\":1,\"columns\":{\"C\":{\"length\":-1}}}]}",
        "{\"sourceRows\":[{\"table\":\"T\",\"key\":1,\"columns\":{\"C\":{\"length\":1,\"sha256\":\"ff\"}}}]}",
        "{\"sourceRows\":[{\"table\":\"T\",\"key\":1,\"columns\":{",
      })
  void aManifestThatIsNoneIsDamaged(String manifest) {
    assertThatThrownBy(() ->
            Manifest.read(new ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8))))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void rowsBeyondTheLimitsAreRefusedBeforeTheyFillTheMemory() {
    String value = "x".repeat(SourceRow.VALUE_CHARACTERS_MAX + 1);

    assertRefused(row("T", "\"C\":\"" + value + "\""));
    assertRefused(row("T".repeat(65), ""));
    assertRefused(row("T", "\"" + "C".repeat(65) + "\":\"\""));
    assertRefused(row("T", columns(SourceRow.COLUMNS_MAX + 1, "")));
    assertRefused((row("T", "") + ",").repeat(SourceRows.ROWS_MAX) + row("T", ""));
    assertRefused(
        (row("T", columns(SourceRow.COLUMNS_MAX, "")) + ",")
                .repeat(SourceRows.VALUES_MAX / SourceRow.COLUMNS_MAX)
            + row("T", columns(SourceRow.COLUMNS_MAX, "")));
    assertRefused(
        (row("T", columns(100, "y".repeat(10_000))) + ",").repeat(4)
            + row("T", columns(100, "y".repeat(10_000))));
  }

  @Test
  void rowsWithinTheLimitsAreReadWhateverElseTheyHold() {
    String manifest =
        manifest(
            row("T", columns(SourceRow.COLUMNS_MAX, "y".repeat(100)))
                + ",{\"table\":\"U\",\"key\":-1,\"later\":[{\"a\":[1]}],\"columns\":{\"C\":\"v\"}}");

    Manifest read = read(manifest);

    assertThat(read.version().sourceRows().rows()).hasSize(2);
    assertThat(read.version().sourceRows().rows().getLast().values())
        .containsEntry("C", new SourceRow.Value.Text(PatientData.of("v")));
  }

  private static void assertRefused(String rows) {
    String manifest = manifest(rows);
    assertThatThrownBy(() -> read(manifest))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasRootCauseInstanceOf(IllegalArgumentException.class);
  }

  private static Manifest read(String manifest) {
    return Manifest.read(new ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8)));
  }

  /// A manifest that is sound but for its rows.
  private static String manifest(String rows) {
    String id = serdab.VersionId.of(java.util.List.of()).hex();
    return """
    {"format":"study-manifest","formatVersion":1,"studyKey":"1.2.3","versionId":"%s",
    "fileCount":0,"readAt":"2026-11-20T04:15:00Z","sourceRows":[%s],"files":[]}\
    """
        .formatted(id, rows);
  }

  private static String row(String table, String columns) {
    return "{\"table\":\"" + table + "\",\"key\":1,\"columns\":{" + columns + "}}";
  }

  private static String columns(int count, String value) {
    return java.util.stream.IntStream.range(0, count)
        .mapToObj(i -> "\"C" + i + "\":\"" + value + "\"")
        .collect(java.util.stream.Collectors.joining(","));
  }

  @Test
  void sumsAreEscapedAsCoreutilsDoes() {
    serdab.Sha256 digest = serdab.Sha256.digest(new byte[0]);

    assertThat(Sums.line(digest, "a b")).isEqualTo(digest.hex() + "  a b\n");
    assertThat(Sums.line(digest, "a\\b\nc\r")).isEqualTo("\\" + digest.hex() + "  a\\\\b\\nc\\r\n");
  }

  private static int directoryOffset(byte[] zip) {
    return ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).getInt(zip.length - 6);
  }

  private static byte[] zip(String name, byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      ZipEntry entry = new ZipEntry(name);
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setCrc(crc.getValue());
      zip.putNextEntry(entry);
      zip.write(content);
    }
    return out.toByteArray();
  }

  private static ReadableBytes bytes(byte[] content) {
    byte[] kept = Arrays.copyOf(content, content.length);
    return new ReadableBytes() {
      @Override
      public long lengthBytes() {
        return kept.length;
      }

      @Override
      public int read(long position, ByteBuffer into) {
        if (position >= kept.length) {
          return -1;
        }
        int count = (int) Math.min(into.remaining(), kept.length - position);
        into.put(kept, (int) position, count);
        return count;
      }

      @Override
      public void close() {}
    };
  }

  private ReadableBytes noneBeside() {
    throw BesideManifest.missing();
  }
}
