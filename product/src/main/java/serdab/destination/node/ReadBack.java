package serdab.destination.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.Finding;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Outline;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.web.Spool;

/// Retrieves instances again and looks at what they are. What arrived is the truth; what was not
/// given with its study is asked for by its own name. One thread at a time; arrivals may come on
/// several, and are taken one after the other.
final class ReadBack {

  private static final int CHUNK_BYTES = 256 << 10;

  private final Node node;
  private final Spool spool;

  ReadBack(Node node, Spool spool) {
    this.node = node;
    this.spool = spool;
  }

  /// An instance that arrived.
  ///
  /// @param held its bytes
  /// @param file what was found out about it; its path is made of its UIDs
  /// @param outline what its elements are; empty when it could not be understood
  record Arrived(Spool.Held held, StoredFile file, Optional<Outline> outline) {

    Optional<InstanceFacts> instance() {
      return file.instance();
    }

    String sop() {
      return instance().map(facts -> facts.sop().value()).orElse("");
    }
  }

  /// What takes arrivals. Their bytes are given up when it returns, unless it keeps them.
  @FunctionalInterface
  interface Taker {
    /// Looks at one.
    ///
    /// @return whether it keeps the bytes
    boolean take(Arrived arrived);
  }

  /// Retrieves studies, and then each wanted instance that did not come with them.
  void all(Collection<StudyInstanceUid> studies, Collection<Node.Wanted> wanted, Taker taker) {
    node.bring(studies, wanted, in -> give(in, taker));
  }

  private Optional<String> give(InputStream in, Taker taker) throws IOException {
    Spool.Held held = spool.take(in);
    boolean kept = false;
    try {
      Arrived arrived = look(held);
      synchronized (this) {
        kept = taker.take(arrived);
      }
      return arrived.sop().isEmpty() ? Optional.empty() : Optional.of(arrived.sop());
    } finally {
      if (!kept) {
        held.close();
      }
    }
  }

  private static Arrived look(Spool.Held held) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    DicomFile index = DicomFile.read(held.bytes());
    DigestPass pass = DigestPass.over(index);
    try (InputStream in = held.open()) {
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        pass.update(ByteBuffer.wrap(chunk, 0, count));
      }
    }
    Optional<InstanceFacts> instance =
        index.isDicom() ? Optional.of(index.facts()) : Optional.empty();
    StoredFile file =
        new StoredFile(
            path(instance),
            held.lengthBytes(),
            0,
            pass.finish(),
            instance,
            index.isDamaged()
                ? List.of(
                    Finding.about(
                        path(instance),
                        "truncated",
                        "The node gave an instance that is cut short or damaged."))
                : List.of());
    return new Arrived(held, file, pass.outline());
  }

  /// A name for an instance that comes without one: its series and its own UID, made safe.
  static String path(Optional<InstanceFacts> instance) {
    return safe(instance.map(facts -> facts.series().value()).orElse(""))
        + "/"
        + safe(instance.map(facts -> facts.sop().value()).orElse(""))
        + ".dcm";
  }

  private static String safe(String uid) {
    String plain = uid.replaceAll("[^0-9A-Za-z.]", "_").replaceAll("^\\.+", "_");
    return plain.isEmpty() ? "_" : plain.substring(0, Math.min(100, plain.length()));
  }

  // ---- comparing

  /// What came of comparing one instance.
  sealed interface Verdict {
    /// It holds the same values.
    ///
    /// @param exactly whether it is the same bytes, too
    /// @param converted whether it is in the other form that was made for the node
    record Same(boolean exactly, boolean converted) implements Verdict {

      /// In its own form.
      Same(boolean exactly) {
        this(exactly, false);
      }
    }

    /// It is there, and other values are in it.
    ///
    /// @param tags which, where that can be told
    /// @param samePixels whether its frames are the same
    record Other(List<Integer> tags, boolean samePixels) implements Verdict {
      public Other {
        tags = List.copyOf(tags);
      }
    }

    /// It did not come, or nothing that could be understood came.
    record Missing() implements Verdict {}
  }

  /// Compares what the node gives of whole studies with what it should.
  ///
  /// @return a verdict for each, by SOP Instance UID
  Map<String, Verdict> compare(Collection<Expected> all) {
    Set<StudyInstanceUid> studies = new HashSet<>();
    all.forEach(each -> studies.add(each.instance().study()));
    return compare(studies, all);
  }

  /// Compares instances that are asked for by name.
  Map<String, Verdict> compareOnly(Collection<Expected> some) {
    return compare(Set.of(), some);
  }

  private Map<String, Verdict> compare(Set<StudyInstanceUid> studies, Collection<Expected> all) {
    Map<String, Expected> expected = new LinkedHashMap<>();
    Map<String, Verdict> verdicts = new LinkedHashMap<>();
    List<Node.Wanted> wanted = new ArrayList<>();
    for (Expected each : all) {
      expected.put(each.sop(), each);
      verdicts.put(each.sop(), new Verdict.Missing());
      wanted.add(each.wanted());
    }
    all(
        studies,
        wanted,
        arrived -> {
          Expected here = expected.get(arrived.sop());
          // One that is given twice must be right twice.
          if (here != null && !(verdicts.get(arrived.sop()) instanceof Verdict.Other)) {
            verdicts.put(arrived.sop(), verdict(here, arrived));
          }
          return false;
        });
    return verdicts;
  }

  static Verdict verdict(Expected expected, Arrived arrived) {
    InstanceFacts instance = arrived.instance().orElse(expected.instance());
    if (expected.isSame(instance, arrived.file().digests())) {
      return new Verdict.Same(expected.digests().file().equals(arrived.file().digests().file()));
    }
    if (expected.isConverted(instance, arrived.file().digests())) {
      return new Verdict.Same(false, true);
    }
    Optional<Outline> outline = expected.outlineFor(instance.transferSyntaxUid());
    List<Integer> tags =
        outline.isPresent() && arrived.outline().isPresent()
            ? outline.get().differencesFrom(arrived.outline().get())
            : List.of();
    return new Verdict.Other(tags, expected.hasSamePixels(arrived.file().digests()));
  }
}
