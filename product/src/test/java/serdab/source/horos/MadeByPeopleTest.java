package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceStudy;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.horos.CompressedUid;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryBuilder.Model;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// What people made in the viewer comes out of the index, in plain formats.
class MadeByPeopleTest {

  private static final Instant OPENED = Instant.parse("2024-02-29T13:14:15Z");

  @TempDir Path temp;

  /// Each look has a work folder of its own, for what one found out is good for an hour.
  private int looks;

  // ---- albums

  @ParameterizedTest
  @EnumSource(
      value = Model.class,
      names = {"V2_2", "V2_3", "V2_4", "V2_5"})
  void anAlbumIsWrittenWithItsStudiesAsTheViewerReadsIt(Model model) {
    try (HorosLibraryFixture library = library().model(model).create()) {
      twoStudies(library);
      library.album("Teaching & <rare>", library.studyKey(TinyDicom.studyUid(1)));
    }

    Map<String, String> made = made();

    assertThat(made.get("albums.plist"))
        .contains("<key>name</key><string>Teaching &amp; &lt;rare&gt;</string>")
        .contains("<key>smartAlbum</key><false/>")
        .contains("<key>studyInstanceUID</key><string>" + TinyDicom.studyUid(1) + "</string>")
        .contains("<key>patientName</key><string>Doe Jane</string>")
        .contains("<key>patientUID</key><string>DOE JANE-")
        .doesNotContain(TinyDicom.studyUid(2));
    assertThat(made.get("albums.json"))
        .contains("\"name\":\"Teaching & <rare>\"")
        .contains("\"studyInstanceUID\":\"" + TinyDicom.studyUid(1) + "\"");
    assertThat(line(made, 1)).contains("\"albums\":[\"Teaching & <rare>\"]");
  }

  @Test
  void theTableThatJoinsAlbumsAndStudiesIsFoundUnderAnyName() {
    try (HorosLibraryFixture library = library().renumberedEntities().shuffledColumns().create()) {
      twoStudies(library);
      library.album("A", library.studyKey(TinyDicom.studyUid(2)));
    }

    assertThat(made().get("albums.json")).contains(TinyDicom.studyUid(2));
  }

  @Test
  void smartAlbumsKeepTheirRuleAndAlbumsTheirOrder() {
    String rule = "(modality CONTAINS[cd] 'MR') AND (date >= $NSDATE_TODAY)";
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.smartAlbum("Today", rule, 3);
      library.smartAlbum("Last", "x", 9);
      library.album("First", library.studyKey(TinyDicom.studyUid(1)));
    }

    String json = made().get("albums.json");

    assertThat(json)
        .containsSubsequence(
            "\"name\":\"First\"", "\"smartAlbum\":false", "\"name\":\"Today\"", "\"name\":\"Last\"")
        .contains("\"smartAlbum\":true,\"index\":3,\"predicateString\":\"" + rule + "\"");
  }

  @Test
  @Needs({Peer.PLISTUTIL, Peer.PYTHON})
  void otherProgramsReadTheAlbumsAsAPropertyList() throws Exception {
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.smartAlbum("Smart \u0001 \ud800 \"quoted\" 山田", "modality == 'CT' && 1 < 2", 1);
      library.album("Normal", library.studyKey(TinyDicom.studyUid(1)));
    }
    Path plist = Files.writeString(temp.resolve("albums.plist"), made().get("albums.plist"));

    String python =
        run(
            "python3",
            "-c",
            "import plistlib,sys; a=plistlib.load(open(sys.argv[1],'rb'));"
                + "print([(x['name'],x['smartAlbum'],x.get('predicateString')) for x in a]);"
                + "print(a[0]['studies'][0]['studyInstanceUID'], a[0]['studies'][0]['date'])",
            plist.toString());
    Path binary = temp.resolve("albums.bplist");
    run("plistutil", "-i", plist.toString(), "-o", binary.toString(), "-f", "bin");

    assertThat(python)
        .contains("('Normal', False, None)")
        .contains("山田")
        .contains("\"modality == 'CT' && 1 < 2\"")
        .contains(TinyDicom.studyUid(1) + " 2023-");
    assertThat(new String(Files.readAllBytes(binary), 0, 8, StandardCharsets.US_ASCII))
        .isEqualTo("bplist00");
  }

  // ---- studies, series, images

  @Test
  void commentsStatesLocksAndAddressesOfAStudyAreWritten() {
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.sql(
          """
          UPDATE ZSTUDY SET ZCOMMENT = 'ask Dr Müller', ZCOMMENT2 = 'two', ZCOMMENT3 = 'three',
            ZCOMMENT4 = 'four', ZSTATETEXT = 4, ZLOCKEDSTUDY = 1, ZDICTATEURL = 'd://1',
            ZREPORTURL = 'REPORTS/x.rtf', ZDATEOPENED = ? WHERE Z_PK = ?\
          """,
          HorosLibraryFixture.coreData(OPENED),
          library.studyKey(TinyDicom.studyUid(1)));
    }

    Map<String, String> made = made();

    assertThat(line(made, 1))
        .contains(
            "\"patientName\":\"Doe Jane\"",
            "\"comment\":\"ask Dr Müller\"",
            "\"comment2\":\"two\"",
            "\"comment3\":\"three\"",
            "\"comment4\":\"four\"",
            "\"stateText\":4,\"state\":\"validated\"",
            "\"locked\":true",
            "\"dictateUrl\":\"d://1\"",
            "\"reportUrl\":\"REPORTS/x.rtf\"",
            "\"dateOpened\":\"2024-02-29T13:14:15Z\"");
    assertThat(made.getOrDefault("studies.jsonl", "").lines()).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Model.class,
      names = {"V2_2", "V2_3", "V2_4"})
  void olderModelsGiveWhatTheyHave(Model model) {
    String locked = model == Model.V2_4 ? "ZLOCKEDSTUDY" : "ZLOCKED";
    String level = model == Model.V2_2 ? "ZWL" : "ZWINDOWLEVEL";
    try (HorosLibraryFixture library = library().model(model).create()) {
      twoStudies(library);
      library.sql("UPDATE ZSTUDY SET ZCOMMENT = 'old', " + locked + " = 1 WHERE Z_PK = 1");
      library.sql("UPDATE ZSERIES SET " + level + " = 40 WHERE ZSTUDY = 1");
    }

    assertThat(made().get("studies.jsonl"))
        .contains("\"comment\":\"old\"", "\"locked\":true", "\"windowLevel\":40");
  }

  @Test
  void aSeriesIsWrittenWithItsCommentItsKeyMarkAndHowItIsShown() {
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.importFile(TinyDicom.of(1, 2, 1));
      library.sql(
          """
          UPDATE ZSERIES SET ZCOMMENT = 'best', ZSTATETEXT = 2, ZKEYSERIES = 1,
            ZWINDOWLEVEL = 0, ZWINDOWWIDTH = 400, ZXFLIPPED = 1 WHERE Z_PK = 1\
          """);
    }

    String line = line(made(), 1);

    assertThat(line)
        .contains("\"comment\":\"best\"", "\"state\":\"reviewed\"", "\"keySeries\":true")
        .contains("\"display\":{\"windowLevel\":0.0,\"windowWidth\":400.0,\"xFlipped\":true}")
        .containsOnlyOnce("seriesInstanceUid");
  }

  @Test
  void anImageIsNamedByItsUidAndFileWithItsKeyMarkAndWindow() {
    String uid = "1.2.840.113619.2.55.3.604688119.971.1183012345.467";
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.importFile(TinyDicom.of(1, 1, 2));
      library.sql(
          """
          UPDATE ZIMAGE SET ZCOMMENT = 'the lesion', ZSTATETEXT = '1', ZSTOREDISKEYIMAGE = 1,
            ZWINDOWLEVEL = 35.5, ZWINDOWWIDTH = 80, ZCOMPRESSEDSOPINSTANCEUID = ?
          WHERE Z_PK = 1\
          """,
          (Object) CompressedUid.encode(uid));
    }

    assertThat(line(made(), 1))
        .contains(
            "\"sopInstanceUid\":\"" + uid + "\"",
            "\"file\":\"2.dcm\"",
            "\"comment\":\"the lesion\"",
            "\"stateText\":1,\"state\":\"unread\"",
            "\"keyImage\":true",
            "\"windowLevel\":35.5",
            "\"windowWidth\":80")
        .containsOnlyOnce("sopInstanceUid");
  }

  @Test
  void uidsAreUnpackedAsTheViewerPacksThem() {
    assertThat(MadeByPeople.unpackedUid(new byte[] {0x3b, 0x36, (byte) 0xb2})).isEqualTo("2.25.1");
    assertThat(MadeByPeople.unpackedUid(CompressedUid.encode("1.2.840.10008.1.2")))
        .isEqualTo("1.2.840.10008.1.2");
    assertThat(MadeByPeople.unpackedUid(new byte[] {0x2f, 0x30})).isEqualTo("1");
    assertThat(MadeByPeople.unpackedUid(new byte[0])).isEmpty();
    assertThat(MadeByPeople.unpackedUid(new byte[5000])).isEmpty();
  }

  @Test
  void windowArrangementsAreFilesOfTheirOwn() {
    byte[] windows = {0, 1, 2, (byte) 0xff};
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.sql("UPDATE ZSTUDY SET ZWINDOWSSTATE = ? WHERE Z_PK = 1", (Object) windows);
    }

    try (Inventory inventory = inventory()) {
      Received received = new Received();
      inventory.deliver(group(inventory), Set.of(), received);

      String entry = "windows-state/" + TinyDicom.studyUid(1) + ".bin";
      assertThat(received.files.get(entry)).isEqualTo(windows);
      assertThat(new String(received.files.get("studies.jsonl"), StandardCharsets.UTF_8))
          .contains("\"windowsState\":\"" + entry + "\"");
    }
  }

  @Test
  void theViewersLogIsWritten() {
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.logEntry(
          Map.of(
              "ZTYPE",
              "Send",
              "ZPATIENTNAME",
              "Doe Jane",
              "ZSTARTTIME",
              HorosLibraryFixture.coreData(OPENED),
              "ZNUMBERSENT",
              7,
              "ZDESTINATIONNAME",
              "PACS",
              "ZSTATUS",
              "Complete"));
    }

    assertThat(made().get("network-log.jsonl"))
        .isEqualTo(
            """
            {"type":"Send","startTime":"2024-02-29T13:14:15Z","status":"Complete",\
            "patientName":"Doe Jane","numberSent":7,"destinationName":"PACS"}
            """);
  }

  @Test
  void aTextThatIsTooLongIsNamedAndNotWritten() {
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.sql(
          "UPDATE ZSTUDY SET ZCOMMENT = ?, ZCOMMENT2 = 'short' WHERE Z_PK = 1",
          "x".repeat(MadeByPeople.TEXT_BYTES_MAX + 1));
    }

    assertThat(line(made(), 1))
        .contains("\"comment2\":\"short\"", "\"leftOut\":[\"comment\"]")
        .hasSizeLessThan(1000);
  }

  // ---- versions

  @Test
  void anUnchangedLibraryGivesTheSameFingerprintAndAChangedCommentAnother() {
    try (HorosLibraryFixture library = library().create()) {
      twoStudies(library);
      library.sql("UPDATE ZSTUDY SET ZCOMMENT = 'one' WHERE Z_PK = 1");
      String first = fingerprint();

      library.sql("UPDATE ZSTUDY SET ZEXPANDED = 1, ZDATEOPENED = 1, Z_OPT = Z_OPT + 1");
      String afterLooking = fingerprint();
      library.sql("UPDATE ZSTUDY SET ZCOMMENT = 'two' WHERE Z_PK = 1");
      String afterComment = fingerprint();

      assertThat(afterLooking).isEqualTo(first);
      assertThat(afterComment).isNotEqualTo(first);
    }
  }

  @Test
  void everyKindOfThingThatPeopleMakeChangesTheFingerprint() {
    for (String change :
        List.of(
            "UPDATE ZSTUDY SET ZLOCKEDSTUDY = 1 WHERE Z_PK = 2",
            "UPDATE ZSTUDY SET ZWINDOWSSTATE = X'0102' WHERE Z_PK = 2",
            "UPDATE ZSERIES SET ZKEYSERIES = 1 WHERE Z_PK = 1",
            "UPDATE ZIMAGE SET ZSTOREDISKEYIMAGE = 1 WHERE Z_PK = 1",
            "INSERT INTO ZALBUM (ZNAME, ZSMARTALBUM) VALUES ('a', 0)",
            "INSERT INTO Z_1STUDIES VALUES (1, 2)",
            "INSERT INTO ZLOGENTRY (ZTYPE) VALUES ('Receive')")) {
      Path parent = temp.resolve("of " + Integer.toHexString(change.hashCode()));
      try (HorosLibraryFixture library = HorosLibraryBuilder.in(parent).create()) {
        twoStudies(library);
        library.album("there");
        String before = fingerprint(parent);

        library.sql(change);

        assertThat(fingerprint(parent)).as(change).isNotEqualTo(before);
      }
    }
  }

  // ----

  private HorosLibraryBuilder library() {
    return HorosLibraryBuilder.in(temp).zone(ZoneId.of("UTC"));
  }

  private static void twoStudies(HorosLibraryFixture library) {
    library.importFile(TinyDicom.of(1, 1, 1));
    library.importFile(TinyDicom.of(2, 1, 1));
  }

  private Inventory inventory() {
    return inventory(temp);
  }

  private Inventory inventory(Path parent) {
    return new HorosSource(
            parent,
            HorosSource.Settings.in(ZoneId.of("UTC")),
            temp.resolve("work" + ++looks),
            InstantSource.fixed(Instant.parse("2030-01-01T00:00:00Z")),
            time -> {})
        .inventory();
  }

  private static SourceStudy group(Inventory inventory) {
    try (Stream<SourceStudy> all = inventory.studies(Order.STUDY_DATE)) {
      Optional<SourceStudy> made =
          all.filter(study -> study.key().value().endsWith("/made")).findFirst();
      return made.orElseThrow(() -> new AssertionError("nothing made is listed"));
    }
  }

  private String fingerprint() {
    return fingerprint(temp);
  }

  private String fingerprint(Path parent) {
    try (Inventory inventory = inventory(parent)) {
      return group(inventory).fingerprint();
    }
  }

  /// The files of the group, by name.
  private Map<String, String> made() {
    try (Inventory inventory = inventory()) {
      Received received = new Received();
      inventory.deliver(group(inventory), Set.of(), received);
      return received.files.entrySet().stream()
          .collect(
              Collectors.toMap(
                  Map.Entry::getKey, file -> new String(file.getValue(), StandardCharsets.UTF_8)));
    }
  }

  /// What is said of a study.
  private static String line(Map<String, String> made, int study) {
    return made.getOrDefault("studies.jsonl", "")
        .lines()
        .filter(line -> line.contains("\"" + TinyDicom.studyUid(study) + "\""))
        .findFirst()
        .orElse("nothing");
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Arrays.toString(command) + said).isZero();
    return said;
  }
}
