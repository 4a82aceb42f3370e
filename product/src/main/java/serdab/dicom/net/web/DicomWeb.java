package serdab.dicom.net.web;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import serdab.Gate;
import serdab.SerdabException;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;

/// A DICOMweb node (an origin server, PS3.18 chapter 3) as its client sees it. Thread-safe.
///
/// - What it lists and what it says of instances sent to it are claims.
/// - An instance passes through as a stream; none is held whole.
/// - A request that may succeed later is sent again as [WebSettings] say. Storing an instance again
///   changes nothing that is there, so that is sent again too.
///
/// Every method throws [SerdabException.Unavailable] when the node cannot be reached or went on
/// being busy, [SerdabException.Refused] when it does not let us in or cannot be trusted,
/// [SerdabException.Misconfigured] when there is no such service, and [SerdabException.Damaged]
/// `dicomweb-answer` when its answer cannot be used.
public final class DicomWeb implements AutoCloseable {

  private static final String JSON = "application/dicom+json";
  private static final String INSTANCES = "multipart/related; type=\"application/dicom\"";

  /// Without the last parameter many nodes decompress what they hold (PS3.18 section 8.7.3.5.2).
  private static final String AS_STORED = INSTANCES + "; transfer-syntax=*";

  private static final int REFERENCED_SOP_INSTANCE_UID = 0x00081155;
  private static final int WARNING_REASON = 0x00081196;
  private static final int FAILURE_REASON = 0x00081197;
  private static final int FAILED_SOP_SEQUENCE = 0x00081198;
  private static final int REFERENCED_SOP_SEQUENCE = 0x00081199;

  private static final Set<Integer> STORE_RESPONSE =
      Set.of(
          REFERENCED_SOP_INSTANCE_UID,
          WARNING_REASON,
          FAILURE_REASON,
          FAILED_SOP_SEQUENCE,
          REFERENCED_SOP_SEQUENCE);

  /// So often a listing is read again when rows moved between its pages.
  private static final int PASSES_MAX = 3;

  private final URI base;
  private final WebSettings settings;
  private final Exchange exchange;
  private final RandomGenerator random;
  private final Gate gate;

  /// What a client needs beside the address.
  ///
  /// @param tls whom to believe and who we are, where that is not an authority that Java knows and
  ///   nobody
  /// @param random for boundaries and for drawing waits; thread-safe
  /// @param rest waits for a while
  /// @param gate is passed before each request; a retrieval that is under way when it is held ends
  ///   between two instances
  public record Means(
      Credentials credentials,
      Optional<SSLContext> tls,
      WebSettings settings,
      InstantSource clock,
      RandomGenerator random,
      Rest rest,
      Gate gate) {

    /// One whose requests nobody holds up.
    public Means(
        Credentials credentials,
        Optional<SSLContext> trust,
        WebSettings settings,
        InstantSource clock,
        RandomGenerator random,
        Rest rest) {
      this(credentials, trust, settings, clock, random, rest, Gate.OPEN);
    }
  }

  /// Waits. A seam for tests, which do not.
  @FunctionalInterface
  public interface Rest {
    void rest(Duration time) throws InterruptedException;
  }

  /// @param base the service's address, without a slash at its end: the part before `/studies`
  public DicomWeb(URI base, Means means) {
    this.base = base;
    this.settings = means.settings();
    this.random = means.random();
    this.gate = means.gate();
    this.exchange =
        new Exchange(
            base,
            means.credentials(),
            means.tls(),
            means.settings(),
            new Exchange.Waiting(means.clock(), means.random(), means.rest()::rest, means.gate()));
  }

  /// The node's base address, which holds no secret and names no study.
  public String describe() {
    return base.toString();
  }

  // ---- searching (PS3.18 section 10.6)

  /// Whoever mistyped an address learns it soon.
  private static final int PROBE_TRIES = 2;

  /// Asks for one study at most, to see whether there is a service that lets us in.
  ///
  /// @throws SerdabException when there is none, as every method
  public void probe() {
    try (Exchange.Answer answer =
        exchange.ask(
            new Exchange.Ask(uri("/studies?limit=1"), JSON, Optional.empty()), PROBE_TRIES)) {
      if (answer.status() != 204) {
        requireGood(answer);
      }
      if (answer.status() == 200 && !answer.type().isJson()) {
        throw WebProblems.noService(describe(), answer.status());
      }
    }
  }

  /// The studies that match.
  ///
  /// @param match values by the keyword of an attribute, such as `StudyDate` and
  ///   `20200101-20201231`; empty matches every study
  public Found<StudyRow> studies(Map<String, String> match) {
    return search("/studies", match, Tag.StudyInstanceUID, StudyRow.WANTED, StudyRow::of);
  }

  /// The series of a study, by UID. None when the node does not know the study.
  public Found<SeriesInstanceUid> series(StudyInstanceUid study) {
    return search(
        path(study) + "/series",
        Map.of(),
        Tag.SeriesInstanceUID,
        Set.of(Tag.SeriesInstanceUID),
        row -> new SeriesInstanceUid(row.text(Tag.SeriesInstanceUID)));
  }

  /// The instances of a study, by SOP Instance UID; asked for series by series where the node's
  /// answer for the whole study is not certain to be whole. None when the node does not know it.
  public Found<InstanceRow> instances(StudyInstanceUid study) {
    Optional<Found<InstanceRow>> whole;
    try {
      whole = Optional.of(instancesAt(path(study) + "/instances"));
    } catch (SerdabException.Misconfigured e) {
      // Searching all instances of a study is relational, and optional for some (PS3.18 10.6).
      whole = Optional.empty();
    }
    if (whole.filter(Found::certain).isPresent()) {
      return whole.get();
    }
    Found<SeriesInstanceUid> series = series(study);
    Map<String, InstanceRow> all = new LinkedHashMap<>();
    boolean certain = series.certain();
    long strange = series.strange();
    for (SeriesInstanceUid each : series.all()) {
      Found<InstanceRow> one =
          instancesAt(path(study) + "/series/" + escaped(each.value()) + "/instances");
      one.rows().forEach((uid, row) -> all.putIfAbsent(uid, row.in(each)));
      certain &= one.certain();
      strange += one.strange();
    }
    whole.ifPresent(found -> found.rows().forEach(all::putIfAbsent));
    return new Found<>(all, certain, strange);
  }

  private Found<InstanceRow> instancesAt(String path) {
    return search(path, Map.of(), Tag.SOPInstanceUID, InstanceRow.WANTED, InstanceRow::of);
  }

  /// What one page brought.
  private record Page(long rows, long fresh, boolean more) {}

  private <R> Found<R> search(
      String path,
      Map<String, String> match,
      int key,
      Set<Integer> wanted,
      Function<JsonDataSet, R> made) {
    Map<String, R> rows = new LinkedHashMap<>();
    long[] strange = new long[1];
    boolean certain = true;
    for (int pass = 1; pass <= PASSES_MAX; pass++) {
      long before = rows.size();
      Pass result = pass(path, match, key, wanted, made, rows, strange);
      certain = result.certain();
      // A row that came twice may have pushed another one over the edge of a page.
      if (!result.moved() && (pass == 1 || rows.size() == before)) {
        break;
      }
      certain &= pass < PASSES_MAX;
    }
    return new Found<>(rows, certain, strange[0]);
  }

  /// What came of reading all pages once.
  ///
  /// @param certain whether the end of the list was the node's own
  /// @param moved whether some rows came twice and others did not
  private record Pass(boolean certain, boolean moved) {}

  /// Reads pages until one is empty. A node may give fewer rows than it is asked for, so a short
  /// page ends nothing (PS3.18 section 8.3.4.4).
  private <R> Pass pass(
      String path,
      Map<String, String> match,
      int key,
      Set<Integer> wanted,
      Function<JsonDataSet, R> made,
      Map<String, R> rows,
      long[] strange) {
    Set<String> seen = new java.util.HashSet<>();
    long offset = 0;
    boolean moved = false;
    boolean unlimited = false;
    strange[0] = 0;
    while (true) {
      Page page = page(path, match, offset, key, wanted, made, seen, rows, strange);
      if (page.rows() == 0) {
        return new Pass(!page.more(), moved);
      }
      if (page.fresh() == 0) {
        // It does not know offsets. One that does not know limits either has given all it has.
        return new Pass(unlimited && !page.more(), false);
      }
      moved |= page.fresh() < page.rows();
      unlimited |= page.rows() > settings.pageRows();
      offset += page.rows();
      if (rows.size() > settings.rowsMax()) {
        throw WebProblems.answer(describe(), "a search has no end");
      }
    }
  }

  private <R> Page page(
      String path,
      Map<String, String> match,
      long offset,
      int key,
      Set<Integer> wanted,
      Function<JsonDataSet, R> made,
      Set<String> seen,
      Map<String, R> rows,
      long[] strange) {
    StringBuilder query = new StringBuilder();
    match.forEach(
        (name, value) -> query.append(name).append('=').append(escaped(value)).append('&'));
    for (int tag : wanted.stream().sorted().toList()) {
      query.append("includefield=").append("%08X".formatted(tag)).append('&');
    }
    query.append("limit=").append(settings.pageRows()).append("&offset=").append(offset);
    try (Exchange.Answer answer =
        exchange.ask(new Exchange.Ask(uri(path + "?" + query), JSON, Optional.empty()))) {
      // Some nodes say of an unknown study, or of an offset behind the end, that it is not found.
      boolean inside = !path.equals("/studies") || offset > 0;
      if (answer.status() == 204 || (answer.status() == 404 && inside)) {
        return new Page(0, 0, false);
      }
      requireGood(answer);
      if (!answer.type().isJson()) {
        throw WebProblems.answer(describe(), "a search was not answered in JSON");
      }
      boolean more = answer.warnings().stream().anyMatch(text -> text.contains("additional"));
      long[] counts = new long[2];
      JsonDataSet.read(
          new LimitedStream(answer.body(), settings.jsonBytesMax()),
          wanted,
          row -> {
            counts[0]++;
            if (counts[0] + offset > settings.rowsMax()) {
              throw WebProblems.answer(describe(), "a search has no end");
            }
            String uid = row.text(key);
            if (uid.isEmpty()) {
              strange[0]++;
            } else if (seen.add(uid)) {
              counts[1]++;
              rows.putIfAbsent(uid, made.apply(row));
            }
          });
      return new Page(counts[0], counts[1], more);
    } catch (LimitedStream.TooLong e) {
      throw WebProblems.answer(describe(), "a search's answer has no end", e);
    } catch (IOException e) {
      throw WebProblems.answer(describe(), "a search's answer is no whole JSON", e);
    }
  }

  // ---- retrieving (PS3.18 section 10.4)

  /// What takes instances.
  @FunctionalInterface
  public interface Sink {
    /// Takes one instance: a whole Part 10 file, as long as the stream goes. What is not read is
    /// skipped.
    void take(InputStream instance) throws IOException;
  }

  /// How a retrieval ended.
  ///
  /// @param instances how many were given to the sink whole
  /// @param whole whether the answer came to its end; if not, ask for what is missing one by one
  /// @param found whether the node knows what was asked for
  public record Retrieved(long instances, boolean whole, boolean found) {}

  /// Retrieves all instances of a study, in whatever order the node gives them.
  ///
  /// @param instancesMax no more than so many are taken
  public Retrieved retrieve(StudyInstanceUid study, long instancesMax, Sink sink) {
    return retrieve(path(study), instancesMax, sink);
  }

  /// Retrieves one instance.
  public Retrieved retrieve(
      StudyInstanceUid study, SeriesInstanceUid series, SopInstanceUid sop, Sink sink) {
    String path =
        path(study) + "/series/" + escaped(series.value()) + "/instances/" + escaped(sop.value());
    return retrieve(path, 1, sink);
  }

  private Retrieved retrieve(String path, long instancesMax, Sink sink) {
    try (Exchange.Answer first =
        exchange.ask(new Exchange.Ask(uri(path), AS_STORED, Optional.empty()))) {
      if (first.status() != 406 && first.status() != 400) {
        return received(first, instancesMax, sink);
      }
    }
    // It does not know the wish for the stored syntax; what it gives then, a digest tells.
    try (Exchange.Answer second =
        exchange.ask(new Exchange.Ask(uri(path), INSTANCES, Optional.empty()))) {
      return received(second, instancesMax, sink);
    }
  }

  private Retrieved received(Exchange.Answer answer, long instancesMax, Sink sink) {
    if (answer.status() == 404 || answer.status() == 410 || answer.status() == 204) {
      return new Retrieved(0, true, false);
    }
    requireGood(answer);
    long taken = 0;
    try {
      if (answer.type().name().equals("application/dicom")) {
        sink.take(new LimitedStream(answer.body(), settings.instanceBytesMax()));
        return new Retrieved(1, true, true);
      }
      if (!answer.type().name().equals("multipart/related")) {
        throw WebProblems.answer(describe(), "what was retrieved is not multipart/related");
      }
      Multipart parts =
          new Multipart(answer.body(), answer.type().parameter("boundary").orElse(""));
      for (Optional<Multipart.Part> part = parts.next(); part.isPresent(); part = parts.next()) {
        if (taken >= instancesMax) {
          return new Retrieved(taken, false, true);
        }
        LimitedStream instance = new LimitedStream(part.get(), settings.instanceBytesMax());
        sink.take(instance);
        skip(instance);
        taken++;
        if (gate.isHeld()) {
          return new Retrieved(taken, false, true);
        }
      }
      return new Retrieved(taken, true, true);
    } catch (LimitedStream.TooLong e) {
      throw WebProblems.answer(describe(), "an instance has no end", e);
    } catch (EOFException e) {
      return new Retrieved(taken, false, true);
    } catch (IOException e) {
      if (taken > 0 || isBroken(e)) {
        return new Retrieved(taken, false, true);
      }
      throw WebProblems.answer(describe(), "what was retrieved cannot be taken apart", e);
    }
  }

  /// Whether the connection failed, rather than what came through it.
  private static boolean isBroken(IOException e) {
    return (e.getCause() instanceof IOException && !(e.getCause() instanceof EOFException))
        || (e.getMessage() != null && e.getMessage().startsWith("no byte came"));
  }

  private static void skip(InputStream in) throws IOException {
    byte[] rest = new byte[64 << 10];
    while (in.read(rest) >= 0) {
      // Nothing is done with it.
    }
  }

  // ---- storing (PS3.18 section 10.5)

  /// An instance to send.
  ///
  /// @param sop the SOP Instance UID that the answer must account for
  /// @param held a whole Part 10 file
  public record Outgoing(SopInstanceUid sop, Spool.Held held) {}

  /// Cuts instances into batches that are sent together.
  public List<List<Outgoing>> batches(List<Outgoing> instances) {
    List<List<Outgoing>> batches = new ArrayList<>();
    List<Outgoing> batch = new ArrayList<>();
    long bytes = 0;
    for (Outgoing each : instances) {
      boolean full =
          batch.size() >= settings.batchInstances()
              || bytes + each.held().lengthBytes() > settings.batchBytes();
      if (full && !batch.isEmpty()) {
        batches.add(List.copyOf(batch));
        batch.clear();
        bytes = 0;
      }
      batch.add(each);
      bytes += each.held().lengthBytes();
    }
    if (!batch.isEmpty()) {
      batches.add(List.copyOf(batch));
    }
    return batches;
  }

  /// Sends instances in one request and reads what the node says of each.
  ///
  /// @return an entry for every instance that was sent, whatever the answer was
  public Map<SopInstanceUid, Stored> store(List<Outgoing> instances) {
    byte[] chance = new byte[16];
    random.nextBytes(chance);
    String boundary = "serdab-" + HexFormat.of().formatHex(chance);
    byte[] head =
        ("--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] between = "\r\n".getBytes(StandardCharsets.US_ASCII);
    byte[] end = ("--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII);
    long length = end.length;
    for (Outgoing each : instances) {
      length += head.length + each.held().lengthBytes() + between.length;
    }
    Payload payload =
        new Payload(
            INSTANCES + "; boundary=" + boundary,
            length,
            () -> {
              List<InputStream> pieces = new ArrayList<>();
              for (Outgoing each : instances) {
                pieces.add(new ByteArrayInputStream(head));
                pieces.add(each.held().open());
                pieces.add(new ByteArrayInputStream(between));
              }
              pieces.add(new ByteArrayInputStream(end));
              return new SequenceInputStream(Collections.enumeration(pieces));
            });
    try (Exchange.Answer answer =
        exchange.ask(new Exchange.Ask(uri("/studies"), JSON, Optional.of(payload)))) {
      if (answer.status() == 404 || answer.status() == 405) {
        throw WebProblems.noService(describe(), answer.status());
      }
      Map<String, Stored> said = answer.type().isJson() ? said(answer) : Map.of();
      return instances.stream()
          .collect(
              Collectors.toMap(
                  Outgoing::sop,
                  each ->
                      said.getOrDefault(
                          each.sop().value(), new Stored.Unaccounted(answer.status())),
                  (one, _) -> one,
                  LinkedHashMap::new));
    }
  }

  /// What a Store Instances Response Module says (PS3.18 Annex I). One that cannot be read says
  /// nothing of any instance.
  private Map<String, Stored> said(Exchange.Answer answer) {
    Map<String, Stored> said = new HashMap<>();
    try {
      JsonDataSet.read(
          new LimitedStream(answer.body(), settings.jsonBytesMax()),
          STORE_RESPONSE,
          response -> {
            for (JsonDataSet item : response.items(REFERENCED_SOP_SEQUENCE)) {
              boolean warned = item.values().containsKey(WARNING_REASON);
              said.putIfAbsent(
                  item.text(REFERENCED_SOP_INSTANCE_UID),
                  warned ? new Stored.Warned(reason(item, WARNING_REASON)) : new Stored.Claimed());
            }
            for (JsonDataSet item : response.items(FAILED_SOP_SEQUENCE)) {
              said.put(
                  item.text(REFERENCED_SOP_INSTANCE_UID),
                  new Stored.Failed(reason(item, FAILURE_REASON)));
            }
          });
      return said;
    } catch (IOException e) {
      return Map.of();
    }
  }

  private static int reason(JsonDataSet item, int tag) {
    String text = item.text(tag);
    return text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : -1;
  }

  // ----

  private void requireGood(Exchange.Answer answer) {
    int status = answer.status();
    if (status == 404 || status == 405 || status == 501) {
      throw WebProblems.noService(describe(), status);
    }
    if (status / 100 != 2) {
      throw WebProblems.answer(describe(), "its status is " + status);
    }
  }

  private static String path(StudyInstanceUid study) {
    return "/studies/" + escaped(study.value());
  }

  /// A UID as found may hold anything, and must stay one part of a path.
  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      boolean plain =
          (c >= '0' && c <= '9')
              || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z')
              || c == '-'
              || c == '_'
              || (c == '.' && !text.equals(".") && !text.equals(".."));
      escaped.append(plain ? Character.toString(c) : "%%%02X".formatted((int) c));
    }
    return escaped.toString();
  }

  private URI uri(String rest) {
    return URI.create(base + rest);
  }

  @Override
  public void close() {
    exchange.close();
  }
}
