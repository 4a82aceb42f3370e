package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.Finding;
import serdab.PatientData;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.Order;
import serdab.plan.PriorityRule;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;
import serdab.testing.SeededTest;

/// What `docs/order.md` says of the order `smart`, one sentence each.
class SmartOrderTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  private final Marks marks = new Marks();
  private final List<PriorityRule> rules = new ArrayList<>();

  @Test
  void whatWasNeverCopiedGoesBeforeWhatWas() {
    SmartOrder.Candidate copied = candidate("1", 0, "CT", true);
    SmartOrder.Candidate never = candidate("2", 300, "CT", false);

    assertThat(smart(copied, never)).containsExactly("2", "1");
  }

  @Test
  void theIndexOfAViewerGoesBeforeAllThatIsNotAboutToBeCleaned() {
    SmartOrder.Candidate never = candidate("1", 0, "CT", false);
    SmartOrder.Candidate endangered = candidate("2", 300, "CT", false);
    SmartOrder.Candidate index = candidate("_library/horos-1/index", 0, "", true);
    SmartOrder.Candidate made = candidate("_library/horos-1/made", 0, "", false);
    SmartOrder.Candidate reports = candidate("_library/horos-1/reports", 0, "", false);
    marks.endangered.add("2");

    assertThat(smart(never, reports, made, endangered, index))
        .containsExactly(
            "2",
            "_library/horos-1/made",
            "_library/horos-1/index",
            "1",
            "_library/horos-1/reports");
    assertThat(inventoryOrder(never, reports, made, endangered, index))
        .containsExactly(
            "2",
            "_library/horos-1/made",
            "_library/horos-1/index",
            "1",
            "_library/horos-1/reports");
  }

  @Test
  void whatIsAboutToBeCleanedGoesBeforeTheOthers() {
    SmartOrder.Candidate calm = candidate("1", 0, "CT", false);
    SmartOrder.Candidate endangered = candidate("2", 300, "CT", false);
    marks.endangered.add("2");

    assertThat(smart(calm, endangered)).containsExactly("2", "1");
  }

  @Test
  void aCopiedStudyThatIsEndangeredComesAfterTheNeverCopied() {
    SmartOrder.Candidate never = candidate("1", 300, "CT", false);
    SmartOrder.Candidate endangered = candidate("2", 0, "CT", true);
    marks.endangered.add("2");

    assertThat(smart(endangered, never)).containsExactly("1", "2");
  }

  @Test
  void whatWasAddedInTheLastSevenDaysGoesBeforeTheRestWhateverTheRulesSay() {
    rules.add(new PriorityRule(Set.of("MR"), OptionalInt.empty(), Set.of()));
    SmartOrder.Candidate old = candidate("1", 8, "MR", false);
    SmartOrder.Candidate recent = candidate("2", 6, "CT", false);

    assertThat(smart(old, recent)).containsExactly("2", "1");
  }

  @Test
  void amongTheRecentTheRulesDecideBeforeTheDate() {
    rules.add(new PriorityRule(Set.of("MR"), OptionalInt.empty(), Set.of()));
    SmartOrder.Candidate newest = candidate("1", 1, "CT", false);
    SmartOrder.Candidate wanted = candidate("2", 5, "MR", false);

    assertThat(smart(newest, wanted)).containsExactly("2", "1");
  }

  @Test
  void theFirstRuleThatMatchesDecides() {
    rules.add(new PriorityRule(Set.of("US"), OptionalInt.empty(), Set.of()));
    rules.add(new PriorityRule(Set.of(), OptionalInt.of(30), Set.of()));
    rules.add(new PriorityRule(Set.of("MR"), OptionalInt.empty(), Set.of()));
    SmartOrder.Candidate none = candidate("1", 100, "CT", false);
    SmartOrder.Candidate third = candidate("2", 100, "MR", false);
    SmartOrder.Candidate second = candidate("3", 29, "MR", false);
    SmartOrder.Candidate first = candidate("4", 100, "US", false);

    assertThat(smart(none, third, second, first)).containsExactly("4", "3", "2", "1");
  }

  @Test
  void aRuleMayAskForTheStateInTheViewer() {
    rules.add(new PriorityRule(Set.of(), OptionalInt.empty(), Set.of("unread", "dictated")));
    SmartOrder.Candidate reviewed = candidate("1", 10, "CT", false);
    SmartOrder.Candidate unread = candidate("2", 20, "CT", false);
    marks.states.putAll(Map.of("1", "reviewed", "2", "unread"));

    assertThat(smart(reviewed, unread)).containsExactly("2", "1");
  }

  @Test
  void withoutRulesTheNewestComesFirstAndEqualOnesByUid() {
    SmartOrder.Candidate b = candidate("2", 50, "CT", false);
    SmartOrder.Candidate a = candidate("1", 50, "CT", false);
    SmartOrder.Candidate newer = candidate("3", 40, "CT", false);
    SmartOrder.Candidate undated = candidate("0", -1, "CT", false);

    assertThat(smart(undated, b, a, newer)).containsExactly("3", "1", "2", "0");
  }

  @Test
  void groupsOfOtherFilesComeLast() {
    SmartOrder.Candidate group = candidate("_other/loose", 0, "", false);
    SmartOrder.Candidate copied = candidate("1", 300, "CT", true);

    assertThat(smart(group, copied)).containsExactly("1", "_other/loose");
  }

  @Test
  void inEveryOtherOrderTheEndangeredGoFirstAndTheRestStaysAsItIs() {
    List<SmartOrder.Candidate> all =
        List.of(
            candidate("5", 1, "CT", false),
            candidate("4", 1, "CT", true),
            candidate("3", 1, "CT", false),
            candidate("2", 1, "CT", false));
    marks.endangered.addAll(Set.of("4", "3"));

    List<String> ordered = keys(new SmartOrder(marks, rules, NOW).endangeredFirst(all));

    assertThat(ordered).containsExactly("3", "4", "5", "2");
  }

  @SeededTest(runs = 100)
  void theOrderHangsOnTheStudiesAloneNotOnHowTheyCome(RandomGenerator random) {
    rules.add(new PriorityRule(Set.of("MR"), OptionalInt.empty(), Set.of()));
    rules.add(new PriorityRule(Set.of(), OptionalInt.of(20), Set.of("unread")));
    List<SmartOrder.Candidate> all = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String uid = "1." + i;
      all.add(
          candidate(
              uid,
              random.nextInt(-1, 12) * 3,
              random.nextBoolean() ? "CT" : "MR",
              random.nextBoolean()));
      if (random.nextInt(4) == 0) {
        marks.endangered.add(uid);
      }
      marks.states.put(uid, random.nextBoolean() ? "unread" : "reviewed");
    }
    List<String> once = keys(new SmartOrder(marks, rules, NOW).smart(all));
    Collections.shuffle(all, new Random(random.nextLong()));

    List<String> again = keys(new SmartOrder(marks, rules, NOW).smart(all));

    assertThat(again).isEqualTo(once).hasSize(60);
    Map<String, SmartOrder.Candidate> byKey = new HashMap<>();
    all.forEach(each -> byKey.put(each.item().study().key().value(), each));
    List<Boolean> copied =
        once.stream()
            .map(key -> java.util.Objects.requireNonNull(byKey.get(key)).copied())
            .toList();
    assertThat(copied).isSorted();
    List<Boolean> calm =
        once.stream()
            .filter(key -> !java.util.Objects.requireNonNull(byKey.get(key)).copied())
            .map(key -> !marks.endangered.contains(key))
            .toList();
    assertThat(calm).isSorted();
  }

  // ----

  private List<String> smart(SmartOrder.Candidate... candidates) {
    return keys(new SmartOrder(marks, rules, NOW).smart(List.of(candidates)));
  }

  private List<String> inventoryOrder(SmartOrder.Candidate... candidates) {
    return keys(new SmartOrder(marks, rules, NOW).endangeredFirst(List.of(candidates)));
  }

  private static List<String> keys(List<WorkItem> items) {
    return items.stream().map(item -> item.study().key().value()).toList();
  }

  /// @param addedDaysAgo negative means that nobody knows
  private static SmartOrder.Candidate candidate(
      String uid, int addedDaysAgo, String modality, boolean copied) {
    StudyFacts facts =
        new StudyFacts(
            new StudyKey(uid),
            PatientData.of(""),
            PatientData.of(""),
            Optional.empty(),
            Optional.empty(),
            List.of(modality),
            PatientData.of(""),
            PatientData.of(""));
    Optional<Instant> added =
        addedDaysAgo < 0 ? Optional.empty() : Optional.of(NOW.minus(Duration.ofDays(addedDaysAgo)));
    SourceStudy study = new SourceStudy(facts, "", 1, added, List.of(), uid);
    return new SmartOrder.Candidate(
        new WorkItem(study, WorkItem.Reason.NEW, List.of(0), false), copied);
  }

  /// A source of which only states and dangers are asked.
  private static final class Marks implements Inventory {
    private final Set<String> endangered = new HashSet<>();
    private final Map<String, String> states = new HashMap<>();

    @Override
    public boolean endangered(SourceStudy study) {
      return endangered.contains(study.key().value());
    }

    @Override
    public Optional<String> state(SourceStudy study) {
      return Optional.ofNullable(states.get(study.key().value()));
    }

    @Override
    public long studyCount() {
      return 0;
    }

    @Override
    public Stream<Finding> findings() {
      return Stream.empty();
    }

    @Override
    public Stream<SourceStudy> studies(Order order) {
      return Stream.empty();
    }

    @Override
    public String look(SourceStudy study) {
      return "";
    }

    @Override
    public List<SourceFile> files(SourceStudy study) {
      return List.of();
    }

    @Override
    public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
      return new Delivery.Complete();
    }

    @Override
    public void close() {}
  }
}
