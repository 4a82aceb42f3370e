package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// Sends data sets that servers are known to rewrite to one that does, and reads back what it kept.
@Needs(Peer.DCMTK)
class DigestsAfterStoringTest {

  private static final String SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
  private static final String IMPLICIT = "1.2.840.10008.1.2";
  private static final String EXPLICIT = "1.2.840.10008.1.2.1";
  private static final int TRIES_MAX = 100;

  @TempDir private Path scratch;

  @Test
  void theCanonicalDigestSurvivesAServerThatRewrites() throws Exception {
    Map<SopInstanceUid, FileDigests> sent = new HashMap<>();
    List<String> files = new ArrayList<>();
    for (Map.Entry<String, byte[]> variant : variants().entrySet()) {
      Path file = Files.write(scratch.resolve(variant.getKey()), variant.getValue());
      files.add(file.toString());
      sent.put(sopOf(file), DigestPassTest.digestsOf(variant.getValue()));
    }

    Map<SopInstanceUid, FileDigests> kept = store(files);

    assertThat(kept.keySet()).isEqualTo(sent.keySet());
    int rewritten = 0;
    for (Map.Entry<SopInstanceUid, FileDigests> entry : sent.entrySet()) {
      FileDigests after = kept.getOrDefault(entry.getKey(), entry.getValue());
      assertThat(after.canonical()).as(entry.getKey().value()).isPresent();
      assertThat(after.canonical())
          .as(entry.getKey().value())
          .isEqualTo(entry.getValue().canonical());
      assertThat(after.pixel()).isEqualTo(entry.getValue().pixel());
      rewritten += after.dataSet().equals(entry.getValue().dataSet()) ? 0 : 1;
    }
    // The point of this test: the server did change bytes.
    assertThat(rewritten).isGreaterThanOrEqualTo(5);
  }

  /// The variants, each with an instance UID of its own, by file name.
  private static Map<String, byte[]> variants() throws IOException {
    byte[] sequence = sequence(false, "SQ");
    byte[] undefined = sequence(true, "SQ");
    byte[] unknown = sequence(true, "UN");
    Map<String, byte[]> variants = new HashMap<>();
    variants.put("plain", file(1, "", "", new byte[0], ""));
    variants.put("private-block", file(2, "", "", privateBlock(), ""));
    variants.put("defined-sequence", file(3, "", "", sequence, ""));
    variants.put("undefined-sequence", file(4, "", "", undefined, ""));
    variants.put("un-sequence", file(5, "", "", unknown, ""));
    variants.put(
        "trailing-padding",
        file(6, "", "", new byte[0], "fcfffcff4f4200000a000000" + "00".repeat(10)));
    variants.put("group-length", file(7, "08000000554c040011000000", "", new byte[0], ""));
    variants.put("space-padded-uid", file(8, "", " ", new byte[0], ""));
    variants.put("implicit", implicitFile(9));
    variants.put(
        "text-padded", file(10, "", "", element(0x00081030, "LO", text("A study    ")), ""));
    return variants;
  }

  private static byte[] file(
      int number, String firstHex, String uidPadding, byte[] middle, String lastHex)
      throws IOException {
    String sop = "1.2.3.4." + (100 + number) + (uidPadding.isEmpty() ? "" : "5");
    ByteArrayOutputStream out = meta(sop, EXPLICIT);
    out.write(HexFormat.of().parseHex(firstHex));
    out.write(element(0x00080016, "UI", uid(SECONDARY_CAPTURE, "\0")));
    out.write(element(0x00080018, "UI", uid(sop, uidPadding.isEmpty() ? "\0" : uidPadding)));
    out.write(element(0x00080060, "CS", text("OT")));
    out.write(middle);
    out.write(element(0x0020000D, "UI", uid("1.2.3.1", uidPadding.isEmpty() ? "\0" : uidPadding)));
    out.write(element(0x00280010, "US", new byte[] {2, 0}));
    out.write(element(0x7FE00010, "OW", new byte[] {1, 2, 3, 4}));
    out.write(HexFormat.of().parseHex(lastHex));
    return out.toByteArray();
  }

  private static byte[] implicitFile(int number) throws IOException {
    String sop = "1.2.3.4." + (100 + number);
    ByteArrayOutputStream out = meta(sop, IMPLICIT);
    out.write(implicit(0x00080016, uid(SECONDARY_CAPTURE, "\0")));
    out.write(implicit(0x00080018, uid(sop, "\0")));
    out.write(implicit(0x00080060, text("OT")));
    out.write(implicit(0x00090010, text("ACME")));
    out.write(implicit(0x00091001, text("of unknown VR ")));
    out.write(implicit(0x0020000D, uid("1.2.3.1", " ")));
    return out.toByteArray();
  }

  private static ByteArrayOutputStream meta(String sop, String syntax) throws IOException {
    ByteArrayOutputStream group = new ByteArrayOutputStream();
    group.write(element(0x00020002, "UI", uid(SECONDARY_CAPTURE, "\0")));
    group.write(element(0x00020003, "UI", uid(sop, "\0")));
    group.write(element(0x00020010, "UI", uid(syntax, "\0")));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[128]);
    out.write(text("DICM"));
    out.write(element(0x00020000, "UL", number(group.size())));
    group.writeTo(out);
    return out;
  }

  private static byte[] privateBlock() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(element(0x00090010, "LO", text("ACME")));
    out.write(element(0x00091001, "LO", text("private text  ")));
    out.write(element(0x00091002, "US", new byte[] {32, 0}));
    out.write(element(0x00091003, "UN", text("abc ")));
    return out.toByteArray();
  }

  /// (0008,1140) with one item; a UN sequence has implicit elements inside (CP-246).
  private static byte[] sequence(boolean undefined, String vr) throws IOException {
    byte[] uid = uid("1.2.3", "\0");
    byte[] inside = vr.equals("UN") ? implicit(0x00081155, uid) : element(0x00081155, "UI", uid);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(HexFormat.of().parseHex("08004011"));
    out.write(text(vr));
    out.write(new byte[2]);
    out.write(number(undefined ? -1 : inside.length + 8));
    out.write(HexFormat.of().parseHex("feff00e0"));
    out.write(number(undefined ? -1 : inside.length));
    out.write(inside);
    if (undefined) {
      out.write(HexFormat.of().parseHex("feff0de000000000feffdde000000000"));
    }
    return out.toByteArray();
  }

  private Map<SopInstanceUid, FileDigests> store(List<String> files) throws Exception {
    Path received = Files.createDirectory(scratch.resolve("received"));
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Process server =
        new ProcessBuilder("storescp", "-od", received.toString(), Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      waitFor(port);
      List<String> command =
          new ArrayList<>(List.of("storescu", "-R", "127.0.0.1", Integer.toString(port)));
      command.addAll(files);
      int exitCode =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      assertThat(exitCode).isZero();
    } finally {
      server.destroy();
      server.waitFor();
    }
    Map<SopInstanceUid, FileDigests> kept = new HashMap<>();
    try (Stream<Path> list = Files.list(received)) {
      for (Path file : list.toList()) {
        kept.put(sopOf(file), DigestPassTest.digestsOf(Files.readAllBytes(file)));
      }
    }
    return kept;
  }

  private static void waitFor(int port) throws Exception {
    for (int i = 0; i < TRIES_MAX; i++) {
      try (Socket probe = new Socket()) {
        probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
        return;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
  }

  private static SopInstanceUid sopOf(Path file) throws IOException {
    return DicomFile.read(ByteSource.of(Files.readAllBytes(file))).facts().sop();
  }

  private static byte[] element(int tag, String vr, byte[] value) {
    boolean longForm = List.of("OW", "OB", "UN", "SQ").contains(vr);
    ByteBuffer out =
        ByteBuffer.allocate((longForm ? 12 : 8) + value.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putShort((short) (tag >> 16)).putShort((short) tag).put(text(vr));
    if (longForm) {
      out.putShort((short) 0).putInt(value.length);
    } else {
      out.putShort((short) value.length);
    }
    return out.put(value).array();
  }

  private static byte[] implicit(int tag, byte[] value) {
    return ByteBuffer.allocate(8 + value.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) (tag >> 16))
        .putShort((short) tag)
        .putInt(value.length)
        .put(value)
        .array();
  }

  private static byte[] number(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  private static byte[] uid(String uid, String padding) {
    return (uid.length() % 2 == 0 ? uid : uid + padding).getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] text(String text) {
    return (text.length() % 2 == 0 ? text : text + " ").getBytes(StandardCharsets.US_ASCII);
  }
}
