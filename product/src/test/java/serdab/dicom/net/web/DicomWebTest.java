package serdab.dicom.net.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Gate;
import serdab.SerdabException;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.testing.LyingNode;
import serdab.testing.LyingNode.Fault;
import serdab.testing.SeededTest;
import serdab.testing.world.TinyDicom;

class DicomWebTest {

  private static final Instant NOW = Instant.parse("2026-03-04T05:06:07Z");
  private static final StudyInstanceUid STUDY = new StudyInstanceUid("1.2.3");

  /// Small pages, so that few rows are many pages; short limits, so that hostile answers end soon.
  private static final WebSettings SETTINGS =
      new WebSettings(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofMillis(400),
          64 << 10,
          4,
          Duration.ofSeconds(1),
          2,
          Duration.ofSeconds(3),
          Duration.ofMinutes(5),
          3,
          50_000,
          8 << 20,
          4,
          100_000,
          4 << 20);

  @TempDir Path scratch;

  private final LyingNode node = LyingNode.start();
  private final List<Duration> waits = Collections.synchronizedList(new ArrayList<>());
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    node.close();
  }

  private DicomWeb client(Credentials credentials) {
    return client(node.url(), credentials);
  }

  private DicomWeb client(String url, Credentials credentials) {
    DicomWeb client =
        new DicomWeb(
            URI.create(url),
            new DicomWeb.Means(
                credentials,
                Optional.empty(),
                SETTINGS,
                InstantSource.fixed(NOW),
                RandomGenerator.of("L64X128MixRandom"),
                waits::add));
    opened.add(client);
    return client;
  }

  private DicomWeb clientBehind(Gate gate) {
    DicomWeb client =
        new DicomWeb(
            URI.create(node.url()),
            new DicomWeb.Means(
                new Credentials.None(),
                Optional.empty(),
                SETTINGS,
                InstantSource.fixed(NOW),
                RandomGenerator.of("L64X128MixRandom"),
                waits::add,
                gate));
    opened.add(client);
    return client;
  }

  @Test
  void aGateThatIsHeldEndsARetrievalBetweenTwoInstancesAndNothingIsAskedBehindIt() {
    for (int n = 1; n <= 3; n++) {
      node.put(image(n));
    }
    AtomicBoolean held = new AtomicBoolean();
    List<Integer> askedWhenPassing = new ArrayList<>();
    DicomWeb client =
        clientBehind(
            new Gate() {
              @Override
              public void pass() {
                if (held.get()) {
                  askedWhenPassing.add(node.requests().size());
                }
              }

              @Override
              public boolean isHeld() {
                return held.get();
              }
            });

    DicomWeb.Retrieved some = client.retrieve(STUDY, 10, in -> held.set(in.read() >= 0));
    DicomWeb.Retrieved rest = client.retrieve(STUDY, 10, _ -> held.set(false));

    assertThat(some).isEqualTo(new DicomWeb.Retrieved(1, false, true));
    assertThat(askedWhenPassing).containsExactly(1);
    assertThat(rest).isEqualTo(new DicomWeb.Retrieved(3, true, true));
  }

  private DicomWeb client() {
    return client(new Credentials.None());
  }

  private static byte[] image(int n) {
    return image(STUDY.value(), n);
  }

  private static byte[] image(String study, int n) {
    byte[] pixels = new byte[2_000];
    new SplittableRandom(n).nextBytes(pixels);
    return TinyDicom.image()
        .study(study)
        .series(study + "." + (1 + n % 2))
        .sop(study + ".1." + n)
        .pixels(pixels)
        .bytes();
  }

  private void hold(int images) {
    for (int n = 0; n < images; n++) {
      node.put(image(n));
    }
  }

  private List<byte[]> retrieved(DicomWeb from) {
    List<byte[]> taken = new ArrayList<>();
    DicomWeb.Retrieved how =
        from.retrieve(STUDY, 100, instance -> taken.add(instance.readAllBytes()));
    assertThat(how.instances()).isEqualTo(taken.size());
    return taken;
  }

  private DicomWeb.Outgoing outgoing(byte[] file, String sop) {
    try {
      Spool spool = new Spool(scratch);
      opened.add(spool);
      Spool.Held held = spool.take(new ByteArrayInputStream(file));
      opened.add(held);
      return new DicomWeb.Outgoing(new SopInstanceUid(sop), held);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<DicomWeb.Outgoing> images(int count) {
    List<DicomWeb.Outgoing> all = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      all.add(outgoing(image(n), "1.2.3.1." + n));
    }
    return all;
  }

  private static String code(Throwable thrown) {
    return ((SerdabException) thrown).problem().code();
  }

  // ---- searching

  @ParameterizedTest
  @CsvSource({"0", "1", "2", "3", "4", "6", "7"})
  void everyStudyIsListedHoweverThePagesFall(int studies) {
    for (int n = 0; n < studies; n++) {
      node.put(image("1.2." + n, 1));
    }

    Found<StudyRow> found = client().studies(Map.of());

    assertThat(found.rows().keySet()).isEqualTo(studyUids(studies));
    assertThat(found.certain()).isTrue();
  }

  private static java.util.Set<String> studyUids(int studies) {
    return java.util.stream.IntStream.range(0, studies)
        .mapToObj(n -> "1.2." + n)
        .collect(java.util.stream.Collectors.toSet());
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"CAPS_PAGES", "EMPTY_ARRAYS", "IGNORES_LIMITS_AND_OFFSETS", "BUSY_TWICE"})
  void nodesThatPageInTheirOwnWayAreReadToTheEnd(Fault way) {
    for (int n = 0; n < 8; n++) {
      node.put(image("1.2." + n, 1));
    }

    Found<StudyRow> found = client(node.with(way).url(), new Credentials.None()).studies(Map.of());

    assertThat(found.rows().keySet()).isEqualTo(studyUids(8));
    assertThat(found.certain()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"IGNORES_OFFSETS", "CAPS_PAGES_AND_IGNORES_OFFSETS", "SHUFFLES_PAGES"})
  void aListThatMayNotBeWholeIsNeverCalledWhole(Fault way) {
    for (int n = 0; n < 8; n++) {
      node.put(image("1.2." + n, 1));
    }

    Found<StudyRow> found = client(node.with(way).url(), new Credentials.None()).studies(Map.of());

    assertThat(found.certain()).isFalse();
    assertThat(studyUids(8)).containsAll(found.rows().keySet());
  }

  @Test
  void instancesAreFoundSeriesBySeriesWhereAWholeStudyCannotBeAsked() {
    hold(7);
    node.with(Fault.NO_RELATIONAL_SEARCH);

    Found<InstanceRow> found = client().instances(STUDY);

    assertThat(found.rows()).hasSize(7);
    assertThat(found.certain()).isTrue();
    assertThat(found.all())
        .contains(
            new InstanceRow(new SeriesInstanceUid("1.2.3.2"), new SopInstanceUid("1.2.3.1.3"), ""));
  }

  @Test
  void namesOfPatientsComeInTheirOwnScript() {
    node.put(TinyDicom.image().study("1.2.3").patient("山田^太郎", "P").bytes());

    assertThat(client().studies(Map.of()).all().getFirst().patientName())
        .isEqualTo(serdab.PatientData.of("山田^太郎"));
  }

  @Test
  void anUnknownStudyHasNoInstances() {
    assertThat(client().instances(new StudyInstanceUid("9.9")).rows()).isEmpty();
  }

  @Test
  void aStudyThatIsCalledStrangelyStaysOnePartOfThePath() {
    client().instances(new StudyInstanceUid("../../x?y=1 é"));

    assertThat(node.requests().getFirst())
        .startsWith("GET /dicom-web/studies/..%2F..%2Fx%3Fy%3D1%20%C3%A9/instances?");
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"GARBAGE_JSON", "JSON_CUT_SHORT", "JSON_WITHOUT_END", "JSON_NESTED_DEEPLY"})
  void aListThatIsNoneIsAProblemAndNoEmptyList(Fault fault) {
    hold(3);
    node.with(fault);

    assertThatThrownBy(() -> client().studies(Map.of()))
        .isInstanceOfSatisfying(
            SerdabException.Damaged.class, e -> assertThat(code(e)).isEqualTo("dicomweb-answer"));
  }

  // ---- retrieving

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"BUSY_TWICE", "GZIP", "SINGLE_PART", "REFUSES_STORED_SYNTAX", "REDIRECTS_HOME"})
  void instancesComeBackBitForBit(Fault way) {
    int images = way == Fault.SINGLE_PART ? 1 : 5;
    hold(images);
    node.with(way);

    List<byte[]> taken = retrieved(client());

    assertThat(taken).hasSize(images);
    for (int n = 0; n < images; n++) {
      assertThat(taken.get(n)).isEqualTo(image(n));
    }
  }

  @Test
  void theStoredTransferSyntaxIsAskedForAndWhatIsNotReadIsSkipped() {
    hold(3);
    List<Integer> first = new ArrayList<>();

    client().retrieve(STUDY, 100, instance -> first.add(instance.read()));

    assertThat(first).containsExactly(0, 0, 0);
  }

  @Test
  void anAnswerThatBreaksOffGivesTheWholeInstancesOnlyAndSaysSo() {
    hold(4);
    node.with(Fault.BREAKS_OFF);
    List<byte[]> taken = new ArrayList<>();

    DicomWeb.Retrieved how =
        client().retrieve(STUDY, 100, instance -> taken.add(instance.readAllBytes()));

    assertThat(how.whole()).isFalse();
    assertThat(how.instances()).isEqualTo(1);
    assertThat(taken).hasSize(1);
  }

  @Test
  void anAnswerThatRestsForTooLongIsGivenUp() {
    hold(2);
    node.with(Fault.STALLS);

    DicomWeb.Retrieved how = client().retrieve(STUDY, 100, _ -> {});

    assertThat(how.whole()).isFalse();
    assertThat(how.instances()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"WRONG_BOUNDARY", "NO_BOUNDARY", "PART_HEADERS_WITHOUT_END", "INSTANCE_WITHOUT_END"})
  void anAnswerThatCannotBeTakenApartIsAProblem(Fault fault) {
    hold(40);
    node.with(fault);

    assertThatThrownBy(
            () -> client().retrieve(STUDY, 100, instance -> instance.transferTo(nowhere())))
        .isInstanceOfSatisfying(
            SerdabException.Damaged.class, e -> assertThat(code(e)).isEqualTo("dicomweb-answer"));
  }

  private static java.io.OutputStream nowhere() {
    return java.io.OutputStream.nullOutputStream();
  }

  @Test
  void noMoreInstancesAreTakenThanWanted() {
    hold(5);

    DicomWeb.Retrieved how = client().retrieve(STUDY, 3, _ -> {});

    assertThat(how.instances()).isEqualTo(3);
    assertThat(how.whole()).isFalse();
  }

  @Test
  void whatIsNotThereIsNotFound() {
    DicomWeb.Retrieved how =
        client()
            .retrieve(STUDY, new SeriesInstanceUid("1.2.3.1"), new SopInstanceUid("1"), _ -> {});

    assertThat(how.found()).isFalse();
  }

  // ---- storing

  @Test
  void whatIsStoredIsTheSameBytesAndEachInstanceIsAccountedFor() {
    Map<SopInstanceUid, Stored> said = client().store(images(3));

    assertThat(said).hasSize(3);
    assertThat(said.values()).allMatch(Stored.Claimed.class::isInstance);
    assertThat(node.bytes("1.2.3.1.2")).isEqualTo(image(2));
  }

  @Test
  void anInstanceThatA200DoesNotNameIsNotStored() {
    node.with(Fault.ANSWERS_200_WITH_FEWER);

    Map<SopInstanceUid, Stored> said = client().store(images(3));

    assertThat(said.get(new SopInstanceUid("1.2.3.1.1"))).isInstanceOf(Stored.Claimed.class);
    assertThat(said.get(new SopInstanceUid("1.2.3.1.2"))).isEqualTo(new Stored.Unaccounted(200));
  }

  @Test
  void aFailedInstanceIsToldFromTheOthers() {
    node.with(Fault.ANSWERS_202_PARTLY);

    Map<SopInstanceUid, Stored> said = client().store(images(3));

    assertThat(said.get(new SopInstanceUid("1.2.3.1.1"))).isInstanceOf(Stored.Claimed.class);
    assertThat(said.get(new SopInstanceUid("1.2.3.1.2"))).isEqualTo(new Stored.Failed(45056));
  }

  @Test
  void aWarningIsTold() {
    node.with(Fault.CHANGES_PATIENT_ID);

    assertThat(client().store(images(1)).values()).containsExactly(new Stored.Warned(0xB000));
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"NAMES_OTHERS", "ANSWERS_STORE_IN_HTML", "REFUSES_BATCHES"})
  void anAnswerThatAccountsForNothingIsNoSuccess(Fault fault) {
    node.with(fault);

    assertThat(client().store(images(2)).values()).allMatch(Stored.Unaccounted.class::isInstance);
  }

  @Test
  void batchesHaveLimitsInCountAndLength() {
    DicomWeb client = client();
    List<DicomWeb.Outgoing> all = new ArrayList<>(images(9));
    byte[] pixels = new byte[150_000];
    all.add(4, outgoing(TinyDicom.image().pixels(pixels).bytes(), "1.2.3.1.99"));

    List<List<DicomWeb.Outgoing>> batches = client.batches(all);

    assertThat(batches.stream().map(List::size)).containsExactly(4, 1, 4, 1);
    assertThat(batches.stream().flatMap(List::stream)).containsExactlyElementsOf(all);
  }

  @Test
  void aLongInstanceGoesThroughAScratchFileThatDoesNotStay() throws IOException {
    byte[] pixels = new byte[Spool.IN_MEMORY_BYTES + 100_000];
    new SplittableRandom(1).nextBytes(pixels);
    byte[] file = TinyDicom.image().sop("1.9").pixels(pixels).bytes();
    try (Spool spool = new Spool(scratch);
        Spool.Held held = spool.take(new ByteArrayInputStream(file))) {
      client().store(List.of(new DicomWeb.Outgoing(new SopInstanceUid("1.9"), held)));
    }

    assertThat(node.bytes("1.9")).isEqualTo(file);
    assertThat(scratch.toFile().list()).isEmpty();
  }

  // ---- waiting

  @Test
  void aBusyNodeIsAskedAgainWhenItSaysSo() {
    node.with(Fault.BUSY_TWICE).retryAfter("7");

    client().studies(Map.of());

    assertThat(waits).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(7));
  }

  @Test
  void aDateSaysWhenToAskAgainToo() {
    node.with(Fault.BUSY_TWICE).retryAfter("Wed, 4 Mar 2026 05:06:37 GMT");

    client().studies(Map.of());

    assertThat(waits).containsExactly(Duration.ofSeconds(30), Duration.ofSeconds(30));
  }

  @Test
  void withoutAWishWaitsGrowAreDrawnAndHaveALimit() {
    node.with(Fault.ALWAYS_BUSY).retryAfter("");

    SerdabException.Unavailable e =
        catchThrowableOfType(SerdabException.Unavailable.class, () -> client().studies(Map.of()));

    assertThat(code(e)).isEqualTo("dicomweb-busy");
    assertThat(waits).hasSize(3);
    assertThat(waits.get(0)).isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
    assertThat(waits.get(1)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(2));
    assertThat(waits.get(2)).isBetween(Duration.ofMillis(1500), Duration.ofSeconds(3));
    assertThat(node.requests()).hasSize(4);
  }

  @Test
  void aNodeThatWantsTooMuchPatienceIsNotWaitedFor() {
    node.with(Fault.ASKS_FOR_AN_HOUR);

    assertThatThrownBy(() -> client().studies(Map.of()))
        .satisfies(e -> assertThat(code(e)).isEqualTo("dicomweb-busy"));
    assertThat(waits).isEmpty();
  }

  @Test
  void aNodeThatIsAwayIsTriedAgainAndThenNamed() {
    DicomWeb away = client("http://127.0.0.1:1/dicom-web", new Credentials.None());

    assertThatThrownBy(() -> away.studies(Map.of()))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("nothing answers there");
    assertThat(waits).hasSize(3);
  }

  // ---- who may, and where to

  @Test
  void aUserAndPasswordAreSaid() {
    node.demand("Basic YmFja3VwOnPDqWNyZXQ=");

    client(new Credentials.Basic("backup", () -> "sécret")).studies(Map.of());

    assertThat(node.authorizations()).containsOnly("Basic YmFja3VwOnPDqWNyZXQ=");
  }

  @Test
  void aTokenThatWasMadeInvalidIsAskedForOnceMore() {
    node.demandToken("first");
    DicomWeb client =
        client(
            new Credentials.ClientCredentials(
                URI.create(node.tokenUrl()), "serdab", () -> "secret", "dicom"));
    client.studies(Map.of());
    client.studies(Map.of());
    assertThat(node.tokensGiven()).isEqualTo(1);

    node.demandToken("second");
    client.studies(Map.of());

    assertThat(node.tokensGiven()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"SAYS_401", "SAYS_403"})
  void aNodeThatDoesNotLetUsInIsNotPressed(Fault fault) {
    node.with(fault);

    assertThatThrownBy(() -> client(new Credentials.Bearer(() -> "t")).studies(Map.of()))
        .isInstanceOfSatisfying(
            SerdabException.Refused.class,
            e -> assertThat(code(e)).isEqualTo("dicomweb-not-allowed"));
    assertThat(waits).isEmpty();
  }

  @Test
  void nothingIsSentToAnotherOrigin() {
    node.with(Fault.REDIRECTS_AWAY);

    assertThatThrownBy(() -> client(new Credentials.Bearer(() -> "t")).store(images(1)))
        .satisfies(e -> assertThat(code(e)).isEqualTo("dicomweb-elsewhere"));
  }

  @Test
  void redirectsThatLeadNowhereEnd() {
    node.with(Fault.REDIRECTS_IN_CIRCLES);

    assertThatThrownBy(() -> client().studies(Map.of()))
        .satisfies(e -> assertThat(code(e)).isEqualTo("dicomweb-answer"));
    assertThat(node.requests()).hasSizeLessThan(10);
  }

  @Test
  void aSecretDoesNotGoThroughAnOpenConnectionToAnotherMachine() {
    DicomWeb open =
        client("http://pacs.example/dicom-web", new Credentials.Bearer(() -> "token-to-keep"));

    assertThatThrownBy(() -> open.studies(Map.of()))
        .hasMessageNotContaining("token-to-keep")
        .satisfies(e -> assertThat(code(e)).isEqualTo("dicomweb-in-clear"));
  }

  @Test
  void aTokenThatIsNoneIsNotPrinted() {
    DicomWeb client = client(new Credentials.Bearer(() -> "to\nkeep"));

    assertThatThrownBy(() -> client.studies(Map.of()))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageNotContaining("keep")
        .hasNoCause();
  }

  @Test
  void anAddressWithoutAServiceIsSaidToBeOne() {
    DicomWeb wrong = client(node.url().replace("/dicom-web", "/x"), new Credentials.None());

    assertThatThrownBy(() -> wrong.studies(Map.of()))
        .satisfies(e -> assertThat(code(e)).isEqualTo("dicomweb-no-service"));
  }

  @Test
  void noProblemNamesAStudy() {
    hold(1);
    node.with(Fault.GARBAGE_JSON);

    assertThatThrownBy(() -> client().instances(STUDY)).hasMessageNotContaining("1.2.3");
  }

  // ---- taking answers apart

  @SeededTest(runs = 300)
  void partsAreFoundHoweverTheBytesArrive(RandomGenerator random) throws IOException {
    String boundary = "b".repeat(1 + random.nextInt(3));
    List<byte[]> parts = new ArrayList<>();
    java.io.ByteArrayOutputStream body = new java.io.ByteArrayOutputStream();
    if (random.nextBoolean()) {
      body.writeBytes("a preamble\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    int count = random.nextInt(4);
    for (int n = 0; n < count; n++) {
      // Bytes of which delimiters are made, in all orders, but never a whole one.
      byte[] part = new byte[random.nextInt(40)];
      for (int i = 0; i < part.length; i++) {
        part[i] = (byte) "\r\n-bx".charAt(random.nextInt(5));
      }
      String text = new String(part, java.nio.charset.StandardCharsets.US_ASCII);
      if (("\r\n" + text + "\r\n").contains("\r\n--" + boundary)) {
        part = new byte[0];
      }
      parts.add(part);
      body.writeBytes(
          ("--" + boundary + "\r\nA: b\r\n\r\n")
              .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      body.writeBytes(part);
      body.writeBytes(new byte[] {'\r', '\n'});
    }
    body.writeBytes(("--" + boundary + "--").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    if (random.nextBoolean()) {
      body.writeBytes("\r\nan epilogue".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    Multipart multipart = new Multipart(new Dripping(body.toByteArray(), random), boundary);
    List<byte[]> read = new ArrayList<>();
    for (Optional<Multipart.Part> part = multipart.next();
        part.isPresent();
        part = multipart.next()) {
      assertThat(part.get().header("a")).contains("b");
      read.add(part.get().readAllBytes());
    }

    assertThat(read).containsExactlyElementsOf(parts);
  }

  @SeededTest(runs = 100)
  void aBodyThatIsCutAnywhereNeverLooksWhole(RandomGenerator random) throws IOException {
    byte[] part = new byte[200];
    random.nextBytes(part);
    java.io.ByteArrayOutputStream body = new java.io.ByteArrayOutputStream();
    body.writeBytes("--b\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    body.writeBytes(part);
    byte[] whole = body.toByteArray();
    byte[] cut = java.util.Arrays.copyOf(whole, random.nextInt(whole.length + 1));
    Multipart multipart = new Multipart(new ByteArrayInputStream(cut), "b");

    assertThatThrownBy(
            () -> {
              while (true) {
                Optional<Multipart.Part> next = multipart.next();
                next.orElseThrow(() -> new AssertionError("it ended well")).readAllBytes();
              }
            })
        .isInstanceOf(IOException.class);
  }

  /// Bytes that come a few at a time.
  private static final class Dripping extends java.io.FilterInputStream {
    private final RandomGenerator random;

    Dripping(byte[] bytes, RandomGenerator random) {
      super(new ByteArrayInputStream(bytes));
      this.random = random;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return super.read(target, offset, Math.min(length, 1 + random.nextInt(7)));
    }
  }

  @Test
  void mediaTypesAreReadAsTheyAreWritten() {
    MediaType type =
        MediaType.parse("Multipart/Related; Type=\"application/dicom\" ;boundary=\"a;\\\"b\"; x=y");

    assertThat(type.name()).isEqualTo("multipart/related");
    assertThat(type.parameter("type")).contains("application/dicom");
    assertThat(type.parameter("boundary")).contains("a;\"b");
    assertThat(type.parameter("x")).contains("y");
  }
}
