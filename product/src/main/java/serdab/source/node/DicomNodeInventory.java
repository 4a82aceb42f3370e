package serdab.source.node;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.net.find.Questions;
import serdab.dicom.net.find.StudySearch;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;

/// What a DICOM node listed when it was asked.
final class DicomNodeInventory implements Inventory {

  /// How long after its date a study is looked at in each run where the node does not count.
  private static final int YOUNG_DAYS = 30;

  private final DicomNodeSource.Means means;
  private final ListedStudies studies;
  private final String argument;
  private final InstanceLists lists;

  /// Studies that the node does not count, with what it lists of them.
  private final Map<String, SourceStudy> counted = new ConcurrentHashMap<>();

  DicomNodeInventory(DicomNodeSource.Means means, StudySearch search) {
    this.means = means;
    this.studies = new ListedStudies(search.rows().values(), search.doubt(), search.strange());
    this.argument = search.argument();
    this.lists = new InstanceLists(study -> ask(study).rows());
  }

  private Questions.Instances ask(SourceStudy study) {
    try (Questions questions = new Questions(means.requests(), means.gate(), means.patience())) {
      return questions.instances(ListedStudies.uid(study), study.facts().patientId());
    } catch (SerdabException.Unavailable e) {
      throw DicomNodeSource.away(e);
    }
  }

  @Override
  public long studyCount() {
    return studies.rows().size();
  }

  @Override
  public Stream<Finding> findings() {
    return studies.doubt().isEmpty()
        ? Stream.concat(
            Stream.of(Finding.about("", "list-argued", argument)), studies.findings().stream())
        : studies.findings().stream();
  }

  @Override
  public Stream<SourceStudy> studies(Order order) {
    return studies
        .inOrder(order)
        .map(study ->
            isCounted(study) || !isYoung(study)
                ? study
                : counted.computeIfAbsent(study.handle(), _ -> count(study)));
  }

  private static boolean isCounted(SourceStudy study) {
    return study.fileCount() > 1 || ListedStudies.isNotListed(study);
  }

  /// Studies change while they are young, or have no date.
  private boolean isYoung(SourceStudy study) {
    LocalDate begin =
        LocalDate.ofInstant(means.clock().instant(), ZoneOffset.UTC).minusDays(YOUNG_DAYS);
    return study.facts().studyDate().map(date -> date.isAfter(begin)).orElse(true);
  }

  /// What the node does not count is counted here: that more came shows in nothing else.
  private SourceStudy count(SourceStudy study) {
    String look = lists.look(study);
    return new SourceStudy(
        study.facts(),
        look,
        Math.max(1, lists.files(study).size()),
        study.dateAdded(),
        study.findings(),
        study.handle());
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
  public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
    if (ListedStudies.isNotListed(study)) {
      return studies.deliverNotListed(receiver);
    }
    Questions.Instances before = ask(study);
    StudyFetch fetch =
        StudyFetch.of(
            means.folder(),
            means.address().toString(),
            means.address().called().value(),
            ListedStudies.uid(study),
            means.clock().instant());
    try {
      fetch.bring(means.retrieval(), before, study.facts().patientId(), means.patience());
    } catch (SerdabException.Unavailable e) {
      throw DicomNodeSource.away(e);
    }
    Questions.Instances after = ask(study);
    if (!after.rows().keySet().equals(before.rows().keySet())) {
      Set<String> gone = new HashSet<>(before.rows().keySet());
      gone.removeAll(after.rows().keySet());
      fetch.leaveOut(gone);
      return new Delivery.Changed(new SourceFile("", -1, 0));
    }
    Delivery given = give(fetch, leaveOut, receiver);
    if (given instanceof Delivery.Complete) {
      nameMissing(fetch, before, receiver);
      fetch.forget();
    }
    return given;
  }

  private static Delivery give(StudyFetch fetch, Set<String> leaveOut, StudyReceiver receiver) {
    Set<String> given = new HashSet<>();
    for (StudyFetch.Arrived each : fetch.all()) {
      String path = InstanceLists.path(each.series(), each.sop());
      // Other bytes of the same name: a node may hold two.
      for (int twin = 2; !given.add(path); twin++) {
        path = InstanceLists.path(each.series(), each.sop()) + "~" + twin;
      }
      SourceFile file = new SourceFile(path, each.lengthBytes(), 0);
      if (leaveOut.contains(path)) {
        receiver.notGiven(
            file, StudyReceiver.NotGiven.UNREADABLE, "Reading it failed after some of its bytes.");
        continue;
      }
      try (ByteSource bytes = ByteSource.open(each.file())) {
        receiver.take(file, bytes);
      } catch (IOException e) {
        return new Delivery.Broke(
            file, "It cannot be read (" + e.getClass().getSimpleName() + ").");
      }
    }
    return new Delivery.Complete();
  }

  private static void nameMissing(
      StudyFetch fetch, Questions.Instances listed, StudyReceiver receiver) {
    fetch
        .missing(listed)
        .forEach(row ->
            receiver.notGiven(
                InstanceLists.file(row),
                StudyReceiver.NotGiven.MISSING,
                "The node lists it and does not give it."));
    long came = fetch.all().stream().map(each -> each.sop().value()).distinct().count();
    // A count alone is a hint. Where the list is known to be cut, it is all that is left.
    boolean cut = !listed.complete() || came > listed.rows().size();
    if (cut && (listed.counted() == 0 || listed.counted() > came)) {
      receiver.notGiven(
          new SourceFile("instances that the node does not list", -1, 0),
          StudyReceiver.NotGiven.MISSING,
          listed.counted() == 0
              ? "The node cuts its list of the study's instances and does not count them; it gave "
                  + came
                  + "."
              : "The node cuts its list of the study's instances, counts "
                  + listed.counted()
                  + " and gave "
                  + came
                  + ".");
    }
  }

  @Override
  public void close() {
    lists.clear();
  }
}
