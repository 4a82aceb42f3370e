package serdab.daemon;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.catalogue.Retrievals;
import serdab.daemon.HeldStudies.Event;
import serdab.destination.Destination;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;
import serdab.dicom.net.Holdings.Item;
import serdab.dicom.net.Holdings.MoveTarget;
import serdab.dicom.net.Holdings.Query;
import serdab.dicom.net.Holdings.Retrieval;
import serdab.dicom.net.OutgoingInstance;
import serdab.dicom.net.RetrieveOutcome;
import serdab.dicom.net.web.Spool;

/// One retrieval: reads instances out of their copies, and writes down what became of them. One
/// thread at a time.
///
/// An instance is read whole and compared with its digest before the first byte of it is sent, so
/// that what is damaged is an instance that failed, never half an instance.
final class StudySending implements Retrieval {

  private static final int CHUNK_BYTES = 256 << 10;

  private final Request request;
  private final List<Part> parts;
  private final List<Item> items;
  private final List<Entry> entries;

  /// By part, how many were taken.
  private final long[] sent;

  private final Runnable done;
  private final boolean withRejected;
  private final Spool spool;
  private final Retrievals audit;
  private final long number;
  private final Consumer<Event> events;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);

  private int openPart = -1;
  private @Nullable StudyLook open;
  private Spool.@Nullable Held held;

  /// What is asked for.
  ///
  /// @param series only these; empty for all
  /// @param instances only these; empty for all
  record Request(
      Query query, Optional<MoveTarget> destination, Set<String> series, Set<String> instances) {

    Request {
      series = Set.copyOf(series);
      instances = Set.copyOf(instances);
    }
  }

  /// A study of which something is sent.
  private record Part(HeldStudy study, Destination place, long wanted) {}

  /// Where an item is.
  ///
  /// @param part index of a part
  /// @param file index among the files that are served of its study
  private record Entry(int part, int file) {}

  private StudySending(
      Request request,
      List<Part> parts,
      List<Item> items,
      List<Entry> entries,
      Runnable done,
      HeldStudies.Settings settings,
      Retrievals audit,
      Consumer<Event> events) {
    this.request = request;
    this.parts = parts;
    this.items = items;
    this.entries = entries;
    this.sent = new long[parts.size()];
    this.done = done;
    this.withRejected = settings.withRejected();
    this.spool = new Spool(settings.scratch());
    this.audit = audit;
    this.events = events;
    this.number =
        audit.begin(auditRequest(request), parts.stream().map(StudySending::part).toList());
  }

  /// Finds what is wanted, and writes down that it will be sent.
  ///
  /// @param place where a study is, open until `done` is called
  /// @param failed is told what cannot be read before this throws
  /// @param done called once, when the retrieval is closed; not when this throws
  /// @throws SerdabException when a copy cannot be read, or the catalogue cannot be written
  static StudySending begin(
      Request request,
      List<HeldStudy> studies,
      Function<HeldStudy, Destination> place,
      Runnable done,
      BiConsumer<HeldStudy, SerdabException> failed,
      HeldStudies.Settings settings,
      Retrievals audit,
      Consumer<Event> events) {
    List<Part> parts = new ArrayList<>();
    List<Item> items = new ArrayList<>();
    List<Entry> entries = new ArrayList<>();
    for (HeldStudy study : studies) {
      int before = items.size();
      Destination from = place.apply(study);
      try (StudyLook look = StudyLook.open(from, study.version(), settings.withRejected())) {
        for (int i = 0; i < look.files().size(); i++) {
          StoredFile file = look.files().get(i);
          if (isWanted(request, StudyLook.facts(file))) {
            items.add(new Item(StudyLook.facts(file).sop(), StudyLook.kind(file)));
            entries.add(new Entry(parts.size(), i));
          }
        }
      } catch (SerdabException e) {
        failed.accept(study, e);
        throw e;
      }
      if (items.size() > before) {
        parts.add(new Part(study, from, items.size() - before));
      }
    }
    return new StudySending(request, parts, items, entries, done, settings, audit, events);
  }

  private static boolean isWanted(Request request, InstanceFacts facts) {
    return (request.series().isEmpty() || request.series().contains(facts.series().value()))
        && (request.instances().isEmpty() || request.instances().contains(facts.sop().value()));
  }

  private static Retrievals.Request auditRequest(Request request) {
    Query query = request.query();
    return new Retrievals.Request(
        request.destination().isPresent() ? "C-MOVE" : "C-GET",
        query.level().name(),
        query.by().calling().toString(),
        query.by().address().getHostAddress(),
        query.by().certificate().orElse(""),
        request.destination().map(target -> target.node().toString()).orElse(""));
  }

  private static Retrievals.Part part(Part part) {
    return new Retrievals.Part(
        part.study().version().study(),
        part.study().version().id(),
        part.place().id().toString(),
        part.wanted());
  }

  @Override
  public List<Item> items() {
    return items;
  }

  @Override
  public OutgoingInstance ready(int i) {
    giveUpHeld();
    Entry entry = entries.get(i);
    StudyLook look = look(entry.part());
    StoredFile file = look.files().get(entry.file());
    try (Spool.Draft draft = spool.begin()) {
      MessageDigest digest = Sha256.hasher();
      try (ReadableByteChannel channel = look.reader().open(file)) {
        while (channel.read(chunk.clear()) >= 0) {
          digest.update(chunk.flip());
          draft.write(chunk.rewind());
        }
      }
      Spool.Held whole = draft.end();
      held = whole;
      if (whole.lengthBytes() != file.lengthBytes()
          || !Sha256.finish(digest).equals(file.digests().file())) {
        throw another();
      }
      OutgoingInstance instance = OutgoingInstance.of(DicomFile.scan(whole.bytes()), whole.bytes());
      if (!instance.sop().equals(items.get(i).sop())) {
        throw another();
      }
      return instance;
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "copy-unreadable",
              "A file of a copy could not be read to its end.",
              "Check the disk that the copies lie on, and the one of SERDAB_HOME."),
          e);
    }
  }

  private static SerdabException.Damaged another() {
    return new SerdabException.Damaged(
        new Problem(
            "copy-damaged",
            "A file of a copy is not the one that was backed up.",
            "Run: serdab verify, and see which copies of the study are good."));
  }

  private StudyLook look(int part) {
    StudyLook look = open;
    if (look == null || openPart != part) {
      closeOpen();
      Part next = parts.get(part);
      look = StudyLook.open(next.place(), next.study().version(), withRejected);
      open = look;
      openPart = part;
    }
    return look;
  }

  private void closeOpen() {
    StudyLook look = open;
    open = null;
    if (look != null) {
      look.close();
    }
  }

  private void giveUpHeld() {
    Spool.Held last = held;
    held = null;
    if (last != null) {
      last.close();
    }
  }

  @Override
  public void taken(int i) {
    sent[entries.get(i).part()]++;
  }

  @Override
  public void ended(RetrieveOutcome outcome) {
    Map<Integer, Long> counts = new HashMap<>();
    for (int i = 0; i < sent.length; i++) {
      counts.put(i, sent[i]);
    }
    try {
      audit.ended(number, counts, outcome.status().toString());
    } catch (SerdabException e) {
      // It stays written down as one that never ended: no less is known of who asked for what.
      events.accept(new Event.NotServed(Optional.empty(), e.problem()));
    }
    events.accept(
        new Event.Retrieved(
            request.query(),
            parts.stream().map(part -> part.study().version().study()).toList(),
            request.destination(),
            items.size(),
            Arrays.stream(sent).sum(),
            outcome.status()));
  }

  @Override
  public void close() {
    giveUpHeld();
    closeOpen();
    spool.close();
    done.run();
  }
}
