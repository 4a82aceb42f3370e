package serdab.source.horos;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SeededTest;

/// Property lists as Apple's, libplist's and Python's programs write them, and as nobody should.
class PropertyListTest {

  private static final String EVERY_KIND =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0">
      <dict>
        <key>text</key><string>plain &amp; &lt;marked&gt;</string>
        <key>wide</key><string>Ärztehaus 東京 𝄞</string>
        <key>nothing</key><string></string>
        <key>small</key><integer>7</integer>
        <key>large</key><integer>9007199254740993</integer>
        <key>below</key><integer>-104</integer>
        <key>unsigned</key><integer>18446744073709551615</integer>
        <key>real</key><real>0.5</real>
        <key>yes</key><true/>
        <key>no</key><false/>
        <key>date</key><date>2024-02-29T12:34:56Z</date>
        <key>data</key><data>AAEC/w==</data>
        <key>array</key><array><string>a</string><array/><dict/></array>
        <key>dict</key><dict><key>inner</key><string>plain &amp; &lt;marked&gt;</string></dict>
        <key>long</key><string>%s</string>
      </dict>
      </plist>
      """
          .formatted("x".repeat(300));

  @TempDir private Path folder;

  private static PropertyList expected() {
    Map<String, PropertyList> all = new LinkedHashMap<>();
    all.put("text", new PropertyList.Text("plain & <marked>"));
    all.put("wide", new PropertyList.Text("Ärztehaus 東京 𝄞"));
    all.put("nothing", new PropertyList.Text(""));
    all.put("small", PropertyList.Int.of(7));
    all.put("large", PropertyList.Int.of(9007199254740993L));
    all.put("below", PropertyList.Int.of(-104));
    all.put("unsigned", new PropertyList.Int(new BigInteger("18446744073709551615")));
    all.put("real", new PropertyList.Real(0.5));
    all.put("yes", new PropertyList.Bool(true));
    all.put("no", new PropertyList.Bool(false));
    all.put("date", new PropertyList.Date(Instant.parse("2024-02-29T12:34:56Z")));
    all.put("data", new PropertyList.Data(ByteBuffer.wrap(new byte[] {0, 1, 2, -1})));
    all.put(
        "array",
        new PropertyList.Array(
            List.of(
                new PropertyList.Text("a"),
                new PropertyList.Array(List.of()),
                new PropertyList.Dict(Map.of()))));
    all.put(
        "dict", new PropertyList.Dict(Map.of("inner", new PropertyList.Text("plain & <marked>"))));
    all.put("long", new PropertyList.Text("x".repeat(300)));
    return new PropertyList.Dict(all);
  }

  @Test
  void everyKindOfValueIsReadFromXml() {
    assertThat(PropertyList.of(EVERY_KIND.getBytes(UTF_8))).contains(expected());
  }

  @Test
  @Needs(Peer.PLISTUTIL)
  void whatLibplistTurnsIntoTheOtherFormReadsTheSame() throws Exception {
    Path xml = Files.writeString(folder.resolve("a.plist"), EVERY_KIND);
    Path binary = folder.resolve("b.plist");
    Path back = folder.resolve("c.plist");

    run("plistutil", "-i", xml.toString(), "-o", binary.toString());
    run("plistutil", "-i", binary.toString(), "-o", back.toString());

    assertThat(Files.readAllBytes(binary)).startsWith("bplist00".getBytes(UTF_8));
    assertThat(Files.readString(back)).startsWith("<?xml");
    assertThat(PropertyList.of(Files.readAllBytes(binary))).contains(expected());
    assertThat(PropertyList.of(Files.readAllBytes(back))).contains(expected());
  }

  @Test
  @Needs(Peer.PYDICOM)
  void whatPythonWritesInBothFormsReadsTheSame() throws Exception {
    Path xml = Files.writeString(folder.resolve("a.plist"), EVERY_KIND);
    for (String form : new String[] {"FMT_XML", "FMT_BINARY"}) {
      Path written = folder.resolve(form);

      run(
          Python.withPydicom(),
          "-c",
          "import plistlib,sys; plistlib.dump(plistlib.load(open(sys.argv[1],'rb')),"
              + " open(sys.argv[2],'wb'), fmt=plistlib."
              + form
              + ", sort_keys=False)",
          xml.toString(),
          written.toString());

      assertThat(PropertyList.of(Files.readAllBytes(written))).contains(expected());
    }
  }

  /// In the binary form offsets and references of every width occur; a small list shows one only.
  @Test
  @Needs(Peer.PYDICOM)
  void aListOfManyValuesIsReadWithWideReferences() throws Exception {
    Path written = folder.resolve("many.plist");

    run(
        Python.withPydicom(),
        "-c",
        "import plistlib,sys; plistlib.dump(['/Volumes/ü/%06d.dcm' % i for i in range(70000)],"
            + " open(sys.argv[1],'wb'), fmt=plistlib.FMT_BINARY)",
        written.toString());

    List<String> texts = PropertyList.of(Files.readAllBytes(written)).orElseThrow().texts();
    assertThat(texts).hasSize(70_000).startsWith("/Volumes/ü/000000.dcm");
    assertThat(texts).endsWith("/Volumes/ü/069999.dcm");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "bplist00",
        "<plist>",
        "<plist/>",
        "<plist><dict><key>a</key></dict></plist>",
        "<plist><dict><string>a</string></dict></plist>",
        "<plist><integer>seven</integer></plist>",
        "<plist><integer></integer></plist>",
        "<plist><real>much</real></plist>",
        "<plist><date>yesterday</date></plist>",
        "<plist><thing/></plist>",
        "<plist><true>x</true></plist>",
        "<plist><string>a</string><string>b</string></plist>",
        "<plist><string>a</string>",
        "<plist><array>text</array></plist>",
        "<array><string>a</string></array>"
      })
  void whatIsNoPropertyListIsNotUnderstood(String content) {
    assertThat(PropertyList.of(content.getBytes(UTF_8))).isEmpty();
  }

  @Test
  void entitiesAreNotLookedUp() throws IOException {
    Path secret = Files.writeString(folder.resolve("secret"), "stolen");
    String list =
        "<?xml version=\"1.0\"?><!DOCTYPE plist [<!ENTITY s SYSTEM \"%s\">]>"
                .formatted(secret.toUri())
            + "<plist><array><string>&s;</string><string>&lol;</string></array></plist>";

    Optional<PropertyList> read = PropertyList.of(list.getBytes(UTF_8));

    assertThat(read.map(PropertyList::texts).orElse(List.of())).doesNotContain("stolen");
  }

  @Test
  void depthIsBoundedInBothForms() {
    String deep = "<array>".repeat(100_000) + "</array>".repeat(100_000);
    assertThat(PropertyList.of(("<plist>" + deep + "</plist>").getBytes(UTF_8))).isEmpty();

    // One array that holds itself.
    assertThat(PropertyList.of(binary("a1 00", 1))).isEmpty();
  }

  @Test
  void aListThatRefersToItselfTwicePerLevelIsNotUnfolded() {
    // 40 arrays, each holding the next one twice: 2^40 values when unfolded.
    StringBuilder values = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      values.append("a2 %02x %02x ".formatted(i + 1, i + 1));
    }
    values.append("51 78");

    assertThat(PropertyList.of(binary(values.toString().strip(), 41, 3))).isEmpty();
  }

  @Test
  void aTextReferredToManyTimesIsKeptOnce() {
    // An array of 10,000 references to one text of 60,000 characters.
    byte[] text = new byte[60_000];
    Arrays.fill(text, (byte) 'x');
    ByteBuffer list = ByteBuffer.allocate(8 + 5 + 10_000 + 4 + text.length + 4 * 2 + 32);
    list.put("bplist00".getBytes(UTF_8));
    list.put(new byte[] {(byte) 0xaf, 0x11, 0x27, 0x10});
    for (int i = 0; i < 10_000; i++) {
      list.put((byte) 1);
    }
    int second = list.position();
    list.put(new byte[] {0x5f, 0x11, (byte) 0xea, 0x60}).put(text);
    int table = list.position();
    list.putInt(8).putInt(second);
    list.put(new byte[] {0, 0, 0, 0, 0, 0, 4, 1}).putLong(2).putLong(0).putLong(table);

    List<PropertyList> items =
        PropertyList.of(Arrays.copyOf(list.array(), list.position())).orElseThrow().items();

    assertThat(items).hasSize(10_000);
    assertThat(items.getFirst()).isSameAs(items.getLast());
  }

  /// A binary list of the given bytes, each value of the given length.
  private static byte[] binary(String values, int count, int length) {
    byte[] bytes = java.util.HexFormat.ofDelimiter(" ").parseHex(values);
    ByteBuffer list = ByteBuffer.allocate(8 + bytes.length + count + 32);
    list.put("bplist00".getBytes(UTF_8)).put(bytes);
    for (int i = 0; i < count; i++) {
      list.put((byte) (8 + i * length));
    }
    list.put(new byte[] {0, 0, 0, 0, 0, 0, 1, 1});
    list.putLong(count).putLong(0).putLong(8 + bytes.length);
    return list.array();
  }

  private static byte[] binary(String values, int count) {
    return binary(values, count, 2);
  }

  @SeededTest(runs = 300)
  void cutOffAndChangedListsNeverDoMoreThanNotBeingUnderstood(RandomGenerator random)
      throws IOException {
    byte[] whole = random.nextBoolean() ? EVERY_KIND.getBytes(UTF_8) : aBinaryList();
    byte[] changed = Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
    for (int i = random.nextInt(4); i > 0; i--) {
      changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
    }
    if (random.nextBoolean()) {
      // The end back in place, so that what comes before it is looked at.
      byte[] mended = Arrays.copyOf(changed, changed.length + 32);
      System.arraycopy(whole, whole.length - 32, mended, changed.length, 32);
      changed = mended;
    }

    Optional<PropertyList> read = PropertyList.of(changed);

    assertThat(read.map(PropertyList::texts).orElse(List.of()).size()).isLessThan(20);
  }

  @SeededTest(runs = 100)
  void aListThatWasCutOffIsNotUnderstood(RandomGenerator random) throws IOException {
    byte[] whole = random.nextBoolean() ? EVERY_KIND.strip().getBytes(UTF_8) : aBinaryList();
    byte[] cut = Arrays.copyOf(whole, random.nextInt(whole.length));

    assertThat(PropertyList.of(cut)).isEmpty();
  }

  @SeededTest(runs = 60)
  void noiseBehindTheMagicIsNotUnderstoodOrSmall(RandomGenerator random) {
    byte[] noise = new byte[40 + random.nextInt(400)];
    random.nextBytes(noise);
    System.arraycopy("bplist00".getBytes(ISO_8859_1), 0, noise, 0, 8);
    // A trailer that makes sense lets the noise be looked at.
    ByteBuffer trailer = ByteBuffer.wrap(noise, noise.length - 32, 32);
    trailer.put(new byte[] {0, 0, 0, 0, 0, 0, 1, 1});
    trailer.putLong(1 + random.nextInt(noise.length / 2)).putLong(0).putLong(8);

    Optional<PropertyList> read = PropertyList.of(noise);

    assertThat(read.map(PropertyList::texts).orElse(List.of()).size()).isLessThan(1_000_000);
  }

  /// The same values as [#EVERY_KIND], made here so that the test needs no other program.
  private static byte[] aBinaryList() throws IOException {
    try (var in = PropertyListTest.class.getResourceAsStream("/serdab/every-kind.plist")) {
      return java.util.Objects.requireNonNull(in).readAllBytes();
    }
  }

  @Test
  void theBinaryListOfTheTestsHoldsEveryKind() throws IOException {
    assertThat(PropertyList.of(aBinaryList())).contains(expected());
  }

  @Test
  void viewersWriteNumbersAndFlagsAsTexts() {
    assertThat(new PropertyList.Text("104").number()).hasValue(104);
    assertThat(PropertyList.Int.of(104).text()).contains("104");
    assertThat(new PropertyList.Text("YES").flag()).contains(true);
    assertThat(new PropertyList.Text("0").flag()).contains(false);
    assertThat(PropertyList.Int.of(1).flag()).contains(true);
    assertThat(new PropertyList.Text("perhaps").flag()).isEmpty();
    assertThat(new PropertyList.Text("many").number()).isEmpty();
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).isZero();
  }
}
