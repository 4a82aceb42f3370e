package serdab.source.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.Sha256;
import serdab.dicom.DicomFile;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.find.StudyListing;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.InstanceRow;
import serdab.dicom.net.web.Spool;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;

/// What a DICOMweb node listed when it was asked.
final class WebNodeInventory implements Inventory {

  private static final long INSTANCES_MAX = 10_000_000;

  private final DicomWeb node;
  private final Path scratch;
  private final ListedStudies studies;
  private final InstanceLists lists;

  WebNodeInventory(DicomWeb node, Path scratch, StudyListing listing) {
    this.node = node;
    this.scratch = scratch;
    this.studies = new ListedStudies(listing.rows().values(), listing.doubt(), listing.strange());
    this.lists = new InstanceLists(study -> node.instances(ListedStudies.uid(study)).rows());
  }

  @Override
  public long studyCount() {
    return studies.rows().size();
  }

  @Override
  public Stream<Finding> findings() {
    return studies.findings().stream();
  }

  @Override
  public Stream<SourceStudy> studies(Order order) {
    return studies.inOrder(order);
  }

  @Override
  public String look(SourceStudy study) {
    return lists.look(study);
  }

  @Override
  public List<SourceFile> files(SourceStudy study) {
    return lists.files(study);
  }

  @Override
  public boolean mayRest() {
    return false;
  }

  // ---- giving

  @Override
  public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
    if (ListedStudies.isNotListed(study)) {
      return studies.deliverNotListed(receiver);
    }
    Map<String, InstanceRow> before = lists.ask(study);
    try (Spool spool = new Spool(scratch)) {
      Giving giving = new Giving(ListedStudies.uid(study), leaveOut, receiver, spool);
      giving.giveAll();
      for (InstanceRow row : before.values()) {
        if (!giving.came.contains(row.sop().value())) {
          giving.giveOne(row);
        }
      }
      for (InstanceRow row : before.values()) {
        if (!giving.came.contains(row.sop().value())) {
          receiver.notGiven(
              InstanceLists.file(row),
              StudyReceiver.NotGiven.MISSING,
              "The node lists it and does not give it.");
        }
      }
      if (giving.broke.isPresent()) {
        return giving.broke.get();
      }
    }
    Map<String, InstanceRow> after = lists.ask(study);
    return after.keySet().equals(before.keySet())
        ? new Delivery.Complete()
        : new Delivery.Changed(new SourceFile("", -1, 0));
  }

  /// One delivery. What arrives counts, listed or not.
  private final class Giving {
    private final StudyInstanceUid study;
    private final Set<String> leaveOut;
    private final StudyReceiver receiver;
    private final Spool spool;
    private final Set<String> came = new HashSet<>();

    /// What was given, by path: a node may give an instance twice.
    private final Map<String, Sha256> given = new HashMap<>();

    private Optional<Delivery> broke = Optional.empty();

    Giving(StudyInstanceUid study, Set<String> leaveOut, StudyReceiver receiver, Spool spool) {
      this.study = study;
      this.leaveOut = leaveOut;
      this.receiver = receiver;
      this.spool = spool;
    }

    void giveAll() {
      node.retrieve(study, INSTANCES_MAX, in -> take(in, true));
    }

    void giveOne(InstanceRow row) {
      if (!row.series().isEmpty()) {
        node.retrieve(study, row.series(), row.sop(), in -> take(in, false));
      }
    }

    /// @param mayComeAgain whether a damaged one is left for later, to be asked for by its own name
    private void take(InputStream in, boolean mayComeAgain) throws IOException {
      try (Spool.Held held = spool.take(in)) {
        DicomFile index = DicomFile.read(held.bytes());
        if (!index.isDicom()
            || !index.facts().study().equals(study)
            || index.facts().sop().isEmpty()
            || (mayComeAgain && index.isDamaged())
            || broke.isPresent()) {
          return;
        }
        String path = InstanceLists.path(index.facts().series(), index.facts().sop());
        Sha256 digest = digest(held);
        for (int twin = 2; given.containsKey(path); twin++) {
          if (digest.equals(given.get(path))) {
            return;
          }
          path = InstanceLists.path(index.facts().series(), index.facts().sop()) + "~" + twin;
        }
        given.put(path, digest);
        came.add(index.facts().sop().value());
        SourceFile file = new SourceFile(path, held.lengthBytes(), 0);
        if (leaveOut.contains(path)) {
          receiver.notGiven(
              file,
              StudyReceiver.NotGiven.UNREADABLE,
              "Reading it failed after some of its bytes.");
          return;
        }
        give(file, held);
      }
    }

    private void give(SourceFile file, Spool.Held held) {
      try {
        receiver.take(file, held.bytes());
      } catch (IOException e) {
        broke =
            Optional.of(
                new Delivery.Broke(
                    file, "It cannot be read (" + e.getClass().getSimpleName() + ")."));
      }
    }

    private static Sha256 digest(Spool.Held held) throws IOException {
      MessageDigest hasher = Sha256.hasher();
      byte[] chunk = new byte[64 << 10];
      try (InputStream in = held.open()) {
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
          hasher.update(chunk, 0, count);
        }
      }
      return Sha256.finish(hasher);
    }
  }

  @Override
  public void close() {
    lists.clear();
  }
}
