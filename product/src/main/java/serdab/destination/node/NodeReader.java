package serdab.destination.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyVersion;
import serdab.dicom.net.web.Spool;

/// A version that was retrieved from a node. Its files are what arrived, under the paths that they
/// had: where a node wrote a data set anew, with the bytes and digests that it has now. One thread
/// at a time.
final class NodeReader implements VersionReader {

  private final Spool spool;
  private final StudyVersion version;
  private final Map<String, Spool.Held> held;

  private NodeReader(Spool spool, StudyVersion version, Map<String, Spool.Held> held) {
    this.spool = spool;
    this.version = version;
    this.held = held;
  }

  /// Retrieves a version that was proven before.
  ///
  /// @param expected its instances
  static NodeReader of(Node node, Spool spool, StudyVersion known, List<Expected> expected) {
    Map<String, ReadBack.Arrived> arrivals = new HashMap<>();
    Set<StudyInstanceUid> studies = new HashSet<>();
    List<Node.Wanted> wanted = new ArrayList<>();
    Set<String> sops = new HashSet<>();
    Map<String, OtherForm> forms = new HashMap<>();
    for (Expected each : expected) {
      studies.add(each.instance().study());
      sops.add(each.sop());
      wanted.add(each.wanted());
      each.form().ifPresent(form -> forms.put(each.sop(), form));
    }
    try {
      new ReadBack(node, spool)
          .all(
              studies,
              wanted,
              arrived ->
                  sops.contains(arrived.sop())
                      && arrivals.putIfAbsent(arrived.sop(), arrived) == null);
      return of(spool, known, arrivals, forms);
    } catch (RuntimeException e) {
      spool.close();
      throw e;
    }
  }

  private static NodeReader of(
      Spool spool,
      StudyVersion known,
      Map<String, ReadBack.Arrived> arrivals,
      Map<String, OtherForm> forms) {
    List<StoredFile> files = new ArrayList<>();
    Map<String, Spool.Held> held = new HashMap<>();
    for (StoredFile file : known.files()) {
      Optional<ReadBack.Arrived> arrived =
          file.instance()
              .flatMap(instance -> Optional.ofNullable(arrivals.get(instance.sop().value())));
      Optional<Expected> expected =
          Expected.of(file, Optional.empty(), Optional.empty())
              .map(each -> {
                OtherForm form = forms.get(each.sop());
                return form == null ? each : each.with(form);
              });
      boolean same =
          arrived.isPresent()
              && expected.isPresent()
              && ReadBack.verdict(expected.get(), arrived.get()) instanceof ReadBack.Verdict.Same;
      if (same) {
        files.add(asArrived(file, arrived.get().file(), expected.get().form()));
        held.put(file.path(), arrived.get().held());
      } else {
        files.add(file); // Opening it says that it is not there as it was.
      }
    }
    StudyVersion version =
        StudyVersion.of(
                known.facts(),
                files,
                known.missing(),
                known.findings(),
                known.supersedes(),
                known.source(),
                known.readAt())
            .with(known.sourceRows());
    return new NodeReader(spool, version, held);
  }

  /// The file as it was known, with the bytes that arrived.
  private static StoredFile asArrived(
      StoredFile file, StoredFile arrived, Optional<OtherForm> form) {
    if (arrived.digests().file().equals(file.digests().file())) {
      return file;
    }
    List<Finding> findings = new ArrayList<>(file.findings());
    findings.add(
        form.isPresent()
            ? Finding.about(
                file.path(),
                HeldVersion.SENT_CONVERTED,
                "It was sent to the node in another transfer syntax, without loss; no value in it is"
                    + " another one, and its bytes are.")
            : Finding.about(
                file.path(),
                "encoded-anew",
                "The node has written this instance anew; no value in it is another one."));
    return new StoredFile(
        file.path(),
        arrived.lengthBytes(),
        file.modifiedMillis(),
        arrived.digests(),
        arrived.instance(),
        findings,
        file.sourceRowCount());
  }

  /// Retrieves a study of which only the node knows.
  ///
  /// @param counted how many instances the node says that it has; 0 when it does not say
  /// @param made makes the version of what arrived
  static NodeReader ofWhatIsThere(
      Node node,
      Spool spool,
      StudyInstanceUid study,
      List<Node.Wanted> wanted,
      long counted,
      java.util.function.BiFunction<List<StoredFile>, List<StudyVersion.Missing>, StudyVersion>
          made) {
    Map<String, Spool.Held> held = new LinkedHashMap<>();
    Map<String, StoredFile> files = new LinkedHashMap<>();
    Set<String> come = new HashSet<>();
    try {
      new ReadBack(node, spool)
          .all(
              Set.of(study),
              wanted,
              arrived -> {
                boolean isOfStudy =
                    arrived.instance().filter(one -> one.study().equals(study)).isPresent();
                if (!isOfStudy || held.containsKey(arrived.file().path())) {
                  return false;
                }
                come.add(arrived.sop());
                held.put(arrived.file().path(), arrived.held());
                files.put(arrived.file().path(), arrived.file());
                return true;
              });
    } catch (RuntimeException e) {
      spool.close();
      throw e;
    }
    List<StudyVersion.Missing> missing = new ArrayList<>();
    for (Node.Wanted each : wanted) {
      if (!come.contains(each.sop().value())) {
        missing.add(
            new StudyVersion.Missing(
                each.series() + "/" + each.sop() + ".dcm",
                "missing",
                "The node lists it and does not give it."));
      }
    }
    // A count alone is a hint. Where the list is known to be cut, it is all that is left.
    if (counted > wanted.size() && counted > come.size()) {
      missing.add(
          new StudyVersion.Missing(
              "instances that the node does not list",
              "missing",
              "The node cuts its list of the study's instances, counts "
                  + counted
                  + " and gave "
                  + come.size()
                  + "."));
    }
    return new NodeReader(spool, made.apply(List.copyOf(files.values()), missing), held);
  }

  @Override
  public StudyVersion version() {
    return version;
  }

  @Override
  public ReadableByteChannel open(StoredFile file, long fromByte, long toByte) {
    Spool.Held bytes = held.get(file.path());
    if (bytes == null || toByte > bytes.lengthBytes()) {
      throw new SerdabException.Damaged(
          new Problem(
              "node-not-stored",
              "An instance did not come back from the node as it was: " + file.path() + ".",
              "Restore this study from another destination, and run: serdab verify"));
    }
    return new ReadableByteChannel() {
      private long at = fromByte;
      private boolean open = true;

      @Override
      public int read(ByteBuffer target) throws IOException {
        if (at >= toByte) {
          return -1;
        }
        int count = (int) Math.min(target.remaining(), toByte - at);
        ByteBuffer part = target.slice(target.position(), count);
        int got = bytes.bytes().read(at, part);
        at += Math.max(0, got);
        target.position(target.position() + Math.max(0, got));
        return got;
      }

      @Override
      public boolean isOpen() {
        return open;
      }

      @Override
      public void close() {
        open = false;
      }
    };
  }

  @Override
  public void close() {
    held.values().forEach(Spool.Held::close);
    spool.close();
  }
}
