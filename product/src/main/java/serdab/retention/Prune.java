package serdab.retention;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.Removals;
import serdab.catalogue.RunTotals;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.SideFiles;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.plan.RetentionRules;
import serdab.report.Progress;

/// Carries out a retention plan that a person confirmed. One thread at a time.
///
/// Every copy is judged again, with what its own manifest says of its study, and the copies that
/// stay are proven, before a certificate of intent is written; right before it goes, it is judged
/// once more. After the last removal of a certificate the complete one is written beside the
/// intent. What a run that was killed began is finished by the next one.
public final class Prune {

  /// The folder of certificates in a destination.
  public static final String FOLDER = "_retention";

  /// How the names of certificates begin.
  public static final String CERTIFICATE = "certificate-";

  /// A plan that is older says little about what there is now.
  public static final Duration PLAN_FOR = Duration.ofDays(7);

  /// What one certificate holds at most, so that it stays readable and fits into memory.
  static final int COPIES_PER_CERTIFICATE = 2000;

  static final long FILES_PER_CERTIFICATE = 100_000;

  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final Setting setting;
  private final Destination destination;
  private final Catalogue catalogue;
  private final Removals removals;
  private final String here;
  private final Elsewhere others;
  private final List<PruneReport.Kept> kept = new ArrayList<>();
  private final List<PruneReport.Written> written = new ArrayList<>();

  /// Locations of copies that stay, and were read in this run.
  private final Set<String> readNow = new HashSet<>();

  /// What a removal takes away is of no month that is kept, so these months stay as they are.
  private Optional<YearMonth> keptSince = Optional.empty();

  private long removed;
  private long removedBytes;

  /// Prepares; nothing is done yet.
  public Prune(Setting setting) {
    this.setting = setting;
    this.destination = setting.destination();
    this.catalogue = setting.catalogue();
    this.removals = catalogue.removals();
    this.here = destination.id().toString();
    this.others = Elsewhere.read(setting.others(), catalogue, setting.clock());
  }

  /// Where certificates are kept besides the destination itself.
  @FunctionalInterface
  public interface Papers {
    /// Keeps a document, in place of one of this name.
    void keep(String name, byte[] content);
  }

  /// What a pruning works with. The caller keeps and closes all of it.
  ///
  /// @param destination opened for writing
  /// @param others the other destinations that are there now, opened to read
  /// @param home a second place for certificates
  /// @param stop asked before each removal
  /// @param author the person who confirmed
  /// @param worker which machine and process this is
  /// @param writtenBy program and version
  public record Setting(
      Destination destination,
      List<Destination> others,
      Catalogue catalogue,
      InstantSource clock,
      Papers home,
      Progress progress,
      BooleanSupplier stop,
      String author,
      String worker,
      String writtenBy) {

    public Setting {
      others = List.copyOf(others);
    }
  }

  /// A planned copy that was judged again and may go.
  private record Ready(PlanFile.Planned planned, Certificate.More more) {}

  /// Removes what the plan says and a fresh look confirms.
  ///
  /// @param rules those that hold now; a plan by others is refused
  /// @param lastCopies whether the person confirmed that last copies go too
  /// @throws SerdabException.HeldBack `retention-frozen`, or `hold-damaged` when nobody knows what
  ///   a hold beside the copies holds; nothing more is removed then
  /// @throws SerdabException.Refused when the plan is of another destination, too old, or by other
  ///   rules; nothing was removed then
  public PruneReport execute(PlanFile plan, RetentionRules rules, boolean lastCopies) {
    require(plan, rules);
    keptSince =
        RetentionPlan.terms(
                rules, List.of(), setting.clock().instant(), plan.proofsFor(), catalogue, here)
            .keptSince();
    List<PlanFile.Planned> wanted = new ArrayList<>();
    for (PlanFile.Planned planned : plan.copies()) {
      if (lastCopies || planned.verdict() == Verdict.GO) {
        wanted.add(planned);
      }
    }
    long run = catalogue.beginRun("prune", plan.hash().hex(), "", List.of(here), setting.worker());
    String outcome = "failed";
    try {
      finishBegun();
      setting.progress().planned(wanted.size());
      // The oldest version of a study first: whatever ends the run, the newest are left.
      List<PlanFile.Planned> ordered = new ArrayList<>(wanted.reversed());
      ordered.sort(Comparator.comparing(planned -> planned.copy().study()));
      boolean interrupted = removeAll(plan, rules, ordered);
      PruneReport report = new PruneReport(removed, removedBytes, kept, written, interrupted);
      outcome = interrupted ? "interrupted" : kept.isEmpty() ? "good" : "incomplete";
      return report;
    } finally {
      catalogue.endRun(run, outcome, totals(plan, wanted.size()));
    }
  }

  private RunTotals totals(PlanFile plan, long wanted) {
    return new RunTotals(plan.copies().size(), wanted, 0, 0, 0, 0, kept.size(), 0, 0, 0);
  }

  private void require(PlanFile plan, RetentionRules rules) {
    if (!plan.destinationId().equals(here)) {
      throw refused(
          "plan-of-another-destination",
          "This plan was made for another destination than " + destination.describe() + ".");
    }
    if (!plan.rules().equals(RulesText.lines(rules))) {
      throw refused("plan-by-other-rules", "The rules have changed since this plan was made.");
    }
    Duration age = Duration.between(plan.madeAt(), setting.clock().instant());
    if (age.isNegative() || age.compareTo(PLAN_FOR) > 0) {
      throw refused(
          "plan-too-old",
          "This plan was made "
              + plan.madeAt()
              + "; one is good for "
              + PLAN_FOR.toDays()
              + " days.");
    }
    Optional<Problem> frozen = Freeze.of(catalogue, here);
    if (frozen.isPresent()) {
      throw new SerdabException.HeldBack(frozen.get());
    }
    new HoldPapers(catalogue).require(destination);
  }

  private static SerdabException.Refused refused(String code, String what) {
    return new SerdabException.Refused(
        new Problem(
            code, what, "Nothing was removed. Make a new one with: serdab prune DEST --plan"));
  }

  /// @return whether it was stopped
  private boolean removeAll(PlanFile plan, RetentionRules rules, List<PlanFile.Planned> wanted) {
    int next = 0;
    while (next < wanted.size()) {
      List<Ready> part = new ArrayList<>();
      long files = 0;
      while (next < wanted.size()
          && part.size() < COPIES_PER_CERTIFICATE
          && (part.isEmpty()
              || files + wanted.get(next).copy().fileCount() <= FILES_PER_CERTIFICATE)) {
        if (setting.stop().getAsBoolean()) {
          break;
        }
        PlanFile.Planned planned = wanted.get(next++);
        Optional<Ready> ready = ready(planned, rules, plan);
        if (ready.isPresent()) {
          part.add(ready.get());
          files += planned.copy().fileCount();
        }
      }
      if (setting.stop().getAsBoolean()) {
        return true; // Nothing of this part was begun.
      }
      // Another machine may have left a hold here meanwhile.
      new HoldPapers(catalogue).require(destination);
      if (!part.isEmpty() && removePart(plan, rules, part)) {
        return true;
      }
    }
    return false;
  }

  // ---- judging again

  private StudyJudgement judgement(RetentionRules rules, PlanFile plan) {
    return new StudyJudgement(destination, catalogue, terms(rules, plan), others, true);
  }

  private Terms terms(RetentionRules rules, PlanFile plan) {
    return new Terms(
        rules,
        catalogue.holds().standing(),
        setting.clock().instant(),
        plan.proofsFor(),
        keptSince);
  }

  /// Judges a planned copy by what there is now.
  ///
  /// @return the reason why it stays; empty when it may go
  private Optional<Problem> judge(PlanFile.Planned planned, List<Line> lines) {
    Optional<Line> line =
        lines.stream().filter(one -> isSame(one.copy(), planned.copy())).findFirst();
    if (line.isEmpty()) {
      return Optional.of(
          stays("copy-not-as-planned", "It is not there any more as it was when it was planned."));
    }
    boolean may =
        switch (line.get().verdict()) {
          case KEEP -> false;
          // For a study that goes as a whole nobody proves what remains, so it goes so or not.
          case GO -> line.get().endsStudy() || !planned.endsStudy();
          case GO_AS_LAST -> planned.verdict() == Verdict.GO_AS_LAST;
        };
    if (may) {
      return Optional.empty();
    }
    String reasons = String.join("; ", line.get().reasons().stream().map(Reason::text).toList());
    return Optional.of(
        line.get().verdict() == Verdict.GO_AS_LAST
            ? stays(
                "copy-is-last",
                "No other destination could be asked that holds a proven copy of its study now.")
            : stays("copy-kept", "It is kept by now: " + reasons + "."));
  }

  private static Problem stays(String code, String what) {
    return new Problem(code, what, "Make a new plan to see what may go now.");
  }

  private static boolean isSame(HeldVersion one, HeldVersion other) {
    return one.id().equals(other.id())
        && one.location().equals(other.location())
        && one.storedBytes() == other.storedBytes();
  }

  private Optional<Ready> ready(PlanFile.Planned planned, RetentionRules rules, PlanFile plan) {
    HeldVersion copy = planned.copy();
    setting.progress().began(catalogue.label(copy.study()));
    if (isRemovedAlready(copy)) {
      setting.progress().ended(catalogue.label(copy.study()), "removed before");
      return Optional.empty(); // By the run that this one goes on with.
    }
    try {
      List<Line> lines =
          judgement(rules, plan).lines(copy.study(), destination.versions(copy.study()));
      Optional<Problem> problem = judge(planned, lines);
      List<String> remains = new ArrayList<>();
      if (problem.isEmpty()) {
        problem = planned.endsStudy() ? Optional.empty() : proveRemaining(lines, remains);
      }
      if (problem.isEmpty()) {
        remains.addAll(elsewhere(copy));
        return Optional.of(new Ready(planned, new Certificate.More(digests(copy), remains)));
      }
      keep(copy, problem.get());
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      keep(copy, e.problem());
    }
    return Optional.empty();
  }

  private boolean isRemovedAlready(HeldVersion copy) {
    return catalogue.copies(copy.study()).stream()
            .anyMatch(row ->
                row.destinationId().equals(here)
                    && row.version().equals(copy.id())
                    && row.location().equals(copy.location())
                    && row.state().equals("removed"))
        && destination.prove(copy, Depth.PRESENT) instanceof ProofOutcome.Gone;
  }

  private void keep(HeldVersion copy, Problem problem) {
    kept.add(new PruneReport.Kept(catalogue.label(copy.study()), problem));
    setting.progress().ended(catalogue.label(copy.study()), "kept");
  }

  /// Sees that the copies which stay are good, by reading them now: what was good a week ago and is
  /// damaged since would be all that is left.
  private Optional<Problem> proveRemaining(List<Line> lines, List<String> remains) {
    boolean one = false;
    for (Line line : lines) {
      Optional<CopyRow> row = row(line.copy());
      if (line.verdict() == Verdict.GO || row.isEmpty() || !row.get().isProven()) {
        continue;
      }
      // Not by dates: a clock that was ahead would have read it in the future.
      boolean read = !readNow.add(line.copy().location());
      Optional<Problem> bad =
          prove(line.copy(), read ? Depth.PRESENT : destination.traits().copiedDepth());
      if (bad.isPresent()) {
        return Optional.of(
            new Problem(
                "remaining-copy-not-good",
                "A copy of the same study that should remain is not good: " + bad.get().what(),
                "Run: serdab verify, and the backup; then make a new plan."));
      }
      one = true;
      Proof proof = row(line.copy()).map(CopyRow::proof).orElse(row.get().proof());
      remains.add(
          "here, version " + line.copy().id().hex() + ", " + proof.depth() + " " + proof.at());
    }
    return one
        ? Optional.empty()
        : Optional.of(stays("copy-is-last", "No other proven copy of its study is here."));
  }

  private Optional<Problem> prove(HeldVersion copy, Depth depth) {
    return switch (destination.prove(copy, depth)) {
      case ProofOutcome.Proven proven -> {
        if (depth != Depth.PRESENT) {
          catalogue.recordProof(copy.study(), copy.id(), here, proven.proof(), "good");
        }
        yield Optional.empty();
      }
      case ProofOutcome.Bad bad -> {
        record(copy, Depth.PRESENT, "bad");
        yield Optional.of(bad.problem());
      }
      case ProofOutcome.Gone gone -> {
        record(copy, Depth.CLAIMED, "gone");
        yield Optional.of(gone.problem());
      }
    };
  }

  private void record(HeldVersion copy, Depth depth, String state) {
    Proof asked = new Proof(depth, ProofMeans.ASKED, setting.clock().instant());
    catalogue.recordProof(copy.study(), copy.id(), here, asked, state);
  }

  private Optional<CopyRow> row(HeldVersion copy) {
    return catalogue.copies(copy.study()).stream()
        .filter(row -> row.destinationId().equals(here))
        .filter(row -> row.version().equals(copy.id()))
        .filter(row -> row.location().equals(copy.location()))
        .findFirst();
  }

  private List<String> elsewhere(HeldVersion copy) {
    return catalogue.copies(copy.study()).stream()
        .filter(row -> !row.destinationId().equals(here) && row.isProven())
        .map(row ->
            "destination "
                + row.destinationId()
                + ", version "
                + row.version().hex()
                + ", "
                + row.proof().depth()
                + " "
                + row.proof().at())
        .toList();
  }

  private List<String> digests(HeldVersion copy) {
    List<String> digests = new ArrayList<>();
    try (VersionReader reader = destination.read(copy)) {
      for (StoredFile file : reader.version().files()) {
        digests.add(file.digests().file().hex() + " " + file.lengthBytes());
      }
    }
    return digests;
  }

  // ---- removing

  /// @return whether it was stopped
  private boolean removePart(PlanFile plan, RetentionRules rules, List<Ready> part) {
    Removals.CertificateRow act = begin(plan.hash().hex(), plan.rules(), part.size());
    List<RemovalRow> copies = new ArrayList<>();
    Map<Integer, Certificate.More> more = new HashMap<>();
    for (Ready ready : part) {
      RemovalRow row = row(copies.size(), ready.planned());
      copies.add(row);
      more.put(row.ordinal(), ready.more());
    }
    removals.intend(act, copies);
    keepPaper(
        intentName(act.id()),
        new Certificate(
                act, destination.describe(), setting.writtenBy(), copies, more, destination::shown)
            .json());
    boolean stopped = false;
    for (int i = 0; i < part.size(); i++) {
      RemovalRow row = copies.get(i);
      HeldVersion copy = part.get(i).planned().copy();
      stopped |= setting.stop().getAsBoolean();
      Optional<Problem> problem =
          stopped
              ? Optional.of(stays("stopped", "The run was stopped before its turn came."))
              : remove(part.get(i).planned(), row, rules, plan);
      if (problem.isPresent()) {
        removals.kept(act.id(), row, problem.get().what());
        if (!stopped) {
          keep(copy, problem.get());
        }
      } else {
        removals.removed(act.id(), row, "");
        removed++;
        removedBytes += copy.storedBytes();
        setting.progress().ended(catalogue.label(copy.study()), "removed");
      }
    }
    complete(act, more);
    return stopped;
  }

  private Removals.CertificateRow begin(String planHash, List<String> rules, int copies) {
    Instant now = setting.clock().instant();
    // A catalogue that was made again counts anew, and no certificate may stand for another.
    String id = STAMP.format(now) + "-" + removals.nextNumber();
    while (beside().lengthBytes(intentName(id)).isPresent()) {
      id = STAMP.format(now) + "-" + removals.nextNumber();
    }
    setting
        .progress()
        .tell("progress.certificate", "Certificate " + id + ": " + copies + " copies.", id, copies);
    return new Removals.CertificateRow(
        id,
        here,
        planHash,
        String.join("\n", rules),
        setting.author(),
        setting.worker(),
        now,
        Optional.empty(),
        "");
  }

  private RemovalRow row(int ordinal, PlanFile.Planned planned) {
    HeldVersion copy = planned.copy();
    return new RemovalRow(
        ordinal,
        copy.study(),
        copy.id(),
        here,
        copy.location(),
        copy.storedBytes(),
        copy.fileCount(),
        planned.endsStudy(),
        planned.reasons(),
        "intended",
        "");
  }

  /// @return why it stays; empty when it is gone
  private Optional<Problem> remove(
      PlanFile.Planned planned, RemovalRow row, RetentionRules rules, PlanFile plan) {
    HeldVersion copy = planned.copy();
    try {
      List<Line> lines =
          judgement(rules, plan).lines(copy.study(), destination.versions(copy.study()));
      Optional<Problem> problem = judge(planned, lines);
      if (problem.isEmpty()) {
        removals.going(row);
        if (planned.endsStudy()) {
          destination.removeLast(copy);
        } else {
          destination.remove(copy);
        }
      }
      return problem;
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return Optional.of(e.problem());
    }
  }

  // ---- erasing

  /// Has a whole study destroyed at once, with a certificate, and says what became of each copy.
  ///
  /// @param rules what a person said, a line each, for the certificate
  /// @param copies those that go; with none there is no certificate
  /// @param destroy makes all of them go, or throws
  PruneReport destroy(List<String> rules, List<HeldVersion> copies, Runnable destroy) {
    String hash = RulesText.hash(rules).hex();
    long run = catalogue.beginRun("erase", hash, "", List.of(here), setting.worker());
    String outcome = "failed";
    try {
      finishBegun();
      if (copies.isEmpty()) {
        destroy.run();
      } else {
        destroyed(begin(hash, rules, copies.size()), rules, copies, destroy);
      }
      outcome = "good";
      return new PruneReport(removed, removedBytes, kept, written, false);
    } finally {
      catalogue.endRun(
          run, outcome, new RunTotals(copies.size(), copies.size(), 0, 0, 0, 0, 0, 0, 0, 0));
    }
  }

  private void destroyed(
      Removals.CertificateRow act, List<String> rules, List<HeldVersion> copies, Runnable destroy) {
    List<RemovalRow> rows = new ArrayList<>();
    Map<Integer, Certificate.More> more = new HashMap<>();
    for (HeldVersion copy : copies) {
      RemovalRow row =
          new RemovalRow(
              rows.size(),
              copy.study(),
              copy.id(),
              here,
              copy.location(),
              copy.storedBytes(),
              copy.fileCount(),
              true,
              rules,
              "intended",
              "");
      rows.add(row);
      more.put(row.ordinal(), new Certificate.More(digestsIfReadable(copy), elsewhere(copy)));
    }
    removals.intend(act, rows);
    keepPaper(
        intentName(act.id()),
        new Certificate(
                act, destination.describe(), setting.writtenBy(), rows, more, destination::shown)
            .json());
    rows.forEach(removals::going);
    try {
      destroy.run();
    } catch (SerdabException e) {
      rows.forEach(row -> finish(act, row));
      complete(act, more);
      throw e;
    }
    for (RemovalRow row : rows) {
      removals.removed(act.id(), row, "");
      removed++;
      removedBytes += row.storedBytes();
    }
    complete(act, more);
  }

  /// What cannot be read is destroyed all the same, and the certificate then knows less of it.
  private List<String> digestsIfReadable(HeldVersion copy) {
    try {
      return digests(copy);
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return List.of();
    }
  }

  // ---- certificates

  private void complete(Removals.CertificateRow act, Map<Integer, Certificate.More> more) {
    Removals.CertificateRow ended =
        new Removals.CertificateRow(
            act.id(),
            act.destinationId(),
            act.planHash(),
            act.rules(),
            act.author(),
            act.worker(),
            act.begunAt(),
            Optional.of(setting.clock().instant()),
            "");
    Certificate certificate =
        new Certificate(
            ended,
            destination.describe(),
            setting.writtenBy(),
            removals.of(act.id()),
            more,
            destination::shown);
    byte[] json = keepPaper(name(act.id()), certificate.json());
    String digest = Sha256.digest(json).hex();
    keepPaper(CERTIFICATE + act.id() + ".txt", certificate.text(digest));
    removals.ended(act.id(), digest);
    written.add(new PruneReport.Written(name(act.id()), digest));
  }

  private static String name(String id) {
    return CERTIFICATE + id + ".json";
  }

  private static String intentName(String id) {
    return CERTIFICATE + id + "-intent.json";
  }

  /// Whose paper a name in [#FOLDER] is.
  ///
  /// @param name begins with [#CERTIFICATE]
  public static String certificateId(String name) {
    int end = name.lastIndexOf('.');
    String id = name.substring(CERTIFICATE.length(), Math.max(end, CERTIFICATE.length()));
    return id.endsWith("-intent") ? id.substring(0, id.length() - "-intent".length()) : id;
  }

  /// Keeps a paper in both places; one that is there already, from a run that was killed a moment
  /// later, stays as it is.
  ///
  /// @return what is kept
  private byte[] keepPaper(String name, byte[] content) {
    SideFiles beside = beside();
    byte[] present;
    if (beside.lengthBytes(name).isPresent()) {
      try (InputStream in = beside.open(name)) {
        present = in.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    } else {
      beside.write(name, out -> out.write(content));
      present = content;
    }
    setting.home().keep(name, present);
    return present;
  }

  private SideFiles beside() {
    return destination
        .beside(FOLDER)
        .orElseThrow(() ->
            new SerdabException.Refused(
                new Problem(
                    "no-place-for-certificates",
                    "The destination " + destination.describe() + " keeps no files beside copies.",
                    "Nothing is removed without a certificate beside what remains.")));
  }

  /// Certificates that a run began and did not finish are finished by what is there now.
  private void finishBegun() {
    for (Removals.CertificateRow act : removals.certificates(here)) {
      if (act.endedAt().isPresent()) {
        continue;
      }
      Map<Integer, Certificate.More> more = Map.of();
      if (beside().lengthBytes(intentName(act.id())).isPresent()) {
        try (InputStream in = beside().open(intentName(act.id()))) {
          more = Certificate.readMore(in);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      for (RemovalRow row : removals.of(act.id())) {
        if (row.state().equals("intended")) {
          finish(act, row);
        }
      }
      complete(act, more);
    }
  }

  private void finish(Removals.CertificateRow act, RemovalRow row) {
    HeldVersion copy =
        new HeldVersion(
            row.study(),
            row.version(),
            row.location(),
            row.storedBytes(),
            row.fileCount(),
            Optional.empty(),
            Optional.empty());
    switch (destination.prove(copy, Depth.PRESENT)) {
      case ProofOutcome.Gone _ -> {
        removals.removed(
            act.id(), row, "Found gone afterwards: the run that meant to remove it was cut short.");
        removed++;
        removedBytes += row.storedBytes();
      }
      case ProofOutcome.Proven _, ProofOutcome.Bad _ ->
          removals.kept(act.id(), row, "Not removed: the run that meant to was cut short.");
    }
  }
}
