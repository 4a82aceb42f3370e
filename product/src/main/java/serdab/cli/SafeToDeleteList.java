package serdab.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.PatientData.Purpose;
import serdab.backup.Media;
import serdab.backup.Medium;
import serdab.backup.SafeToDelete;
import serdab.backup.SafeToDelete.Answer;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;
import serdab.catalogue.StudyRow;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.Configuration;
import serdab.plan.DiskSet;
import tools.jackson.core.JsonGenerator;

/// `serdab status --safe-to-delete`: prints the studies that could be deleted in their source
/// without being lost, one by one as they are read. Deletes nothing.
final class SafeToDeleteList {

  private final Surroundings around;
  private final boolean json;

  SafeToDeleteList(Surroundings around, boolean json) {
    this.around = around;
    this.json = json;
  }

  /// Decides of a study in all its sources: whoever deletes it does not look at which source is
  /// meant, and what is safe in one may have been edited in another.
  private static Answer answer(
      Safety.PresentStudy present, SafeToDelete rules, Catalogue catalogue, Set<String> sources) {
    Answer here = rules.answer(present);
    if (!(here instanceof Answer.Safe)) {
      return here;
    }
    for (String source : sources) {
      if (!source.equals(present.study().sourceId())) {
        Optional<Answer> there =
            catalogue.safety().present(source, present.study().facts().key()).map(rules::answer);
        // A library that was moved or given up is a source that nobody looks at any more.
        if (there.isPresent()
            && there.get() instanceof Answer.NotSafe no
            && no.why() != SafeToDelete.Why.SOURCE_NOT_LOOKED_AT) {
          return no;
        }
      }
    }
    return here;
  }

  /// Where studies can be deleted. A destination that was copied to another is no such source.
  private static Set<String> sources(Catalogue catalogue) {
    Set<String> destinations =
        catalogue.destinations().stream().map(Catalogue.UsedPlace::id).collect(Collectors.toSet());
    return catalogue.sources().stream()
        .map(Catalogue.UsedPlace::id)
        .filter(source -> !destinations.contains(source))
        .collect(Collectors.toSet());
  }

  /// Prints them.
  ///
  /// @return the exit code
  int print(DateRange range, Duration provenWithin) {
    Home home = around.home();
    if (!home.exists()) {
      if (json) {
        printJson(range, provenWithin, Stream.empty(), null, null);
      } else {
        around.terminal().out().println(around.terminal().messages().text("safe.nothing-yet"));
      }
      return Main.ExitCodes.GOOD;
    }
    Optional<Configuration> configuration = StatusCommand.configuration(home);
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        Stream<Safety.PresentStudy> studies =
            catalogue.safety().presentStudies(range.from(), range.to())) {
      SafeToDelete rules =
          new SafeToDelete(
              around.clock().instant(),
              provenWithin,
              places(catalogue, configuration),
              lastGood(catalogue),
              partlyRead(catalogue));
      if (json) {
        printJson(range, provenWithin, studies, catalogue, rules);
      } else {
        printText(range, provenWithin, studies, catalogue, rules);
      }
      return Main.ExitCodes.GOOD;
    }
  }

  private static Map<String, RunRow> lastGood(Catalogue catalogue) {
    Map<String, RunRow> lastGood = new HashMap<>();
    for (Catalogue.UsedPlace source : catalogue.sources()) {
      catalogue.lastGoodRun("backup", source.id()).ifPresent(run -> lastGood.put(source.id(), run));
    }
    return lastGood;
  }

  /// Sources whose last good run could not look into everything: a study may have files there that
  /// nobody knows of.
  private static Set<String> partlyRead(Catalogue catalogue) {
    return lastGood(catalogue).entrySet().stream()
        .filter(source ->
            Stream.of(StudyKey.UNREAD_FILES, StudyKey.UNREAD_FOLDERS)
                .flatMap(gap -> catalogue.study(source.getKey(), gap).stream())
                .anyMatch(gap -> gap.lastSeenRun() >= source.getValue().id()))
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  private Map<String, SafeToDelete.Place> places(
      Catalogue catalogue, Optional<Configuration> configuration) {
    Media media = new Media(catalogue, around.clock());
    Map<String, String> nowAt = new HashMap<>();
    Map<String, Catalogue.UsedPlace> last = new LinkedHashMap<>();
    for (Catalogue.UsedPlace used : catalogue.destinations()) {
      nowAt.putIfAbsent(used.spec(), used.id());
      last.putIfAbsent(used.id(), used);
    }
    Map<String, DiskSet> sets = new HashMap<>();
    List<Medium> outsideSets = new ArrayList<>();
    last.forEach((id, used) ->
        setOf(used, configuration)
            .ifPresentOrElse(
                set -> sets.put(id, set), () -> media.of(id).ifPresent(outsideSets::add)));
    Map<String, SafeToDelete.Place> places = new HashMap<>();
    last.forEach((id, used) -> {
      Optional<DiskSet> set = Optional.ofNullable(sets.get(id));
      // Where a new destination was begun in place of another, the other is not there any more.
      if (set.isEmpty() && !id.equals(nowAt.get(used.spec()))) {
        return;
      }
      Medium seen = media.of(id).orElse(Medium.UNKNOWN);
      // That the disks of a set differ, a person said; not that nothing else lies on them.
      Medium medium =
          set.filter(_ -> !outsideSets.contains(seen))
              .map(disks -> Medium.ofSet(disks.name(), id))
              .orElse(seen);
      Instant since =
          media.since(id).filter(used.firstUsedAt()::isBefore).orElse(used.firstUsedAt());
      places.put(id, new SafeToDelete.Place(medium, since));
    });
    return places;
  }

  private static Optional<DiskSet> setOf(
      Catalogue.UsedPlace used, Optional<Configuration> configuration) {
    return configuration.stream()
        .flatMap(all -> all.disks().stream())
        .filter(set ->
            set.destinations().stream().map(StatusCommand::address).anyMatch(used.spec()::equals))
        .findFirst();
  }

  /// What was counted while the studies went by.
  private static final class Tally {
    private long safe;
    private long notThere;
    private final Map<SafeToDelete.Why, Long> notSafe = new EnumMap<>(SafeToDelete.Why.class);

    boolean count(Answer answer) {
      return switch (answer) {
        case Answer.Safe _ -> {
          safe++;
          yield true;
        }
        case Answer.NotSafe no -> {
          notSafe.merge(no.why(), 1L, Long::sum);
          yield false;
        }
        case Answer.NotThere _ -> {
          notThere++;
          yield false;
        }
      };
    }
  }

  private void printText(
      DateRange range,
      Duration provenWithin,
      Stream<Safety.PresentStudy> studies,
      Catalogue catalogue,
      SafeToDelete rules) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    Tally tally = new Tally();
    Set<String> sources = sources(catalogue);
    studies
        .filter(present -> sources.contains(present.study().sourceId()))
        .forEach(present -> {
          Answer answer = answer(present, rules, catalogue, sources);
          if (tally.count(answer) && answer instanceof Answer.Safe safe) {
            StudyRow study = present.study();
            StudyFacts facts = study.facts();
            out.printf(
                "%s  %s  %-8s %s  %s  %s%n",
                catalogue.label(facts.key()),
                facts.studyDate().map(LocalDate::toString).orElse(""),
                String.join("\\", facts.modalities()),
                say.text("studies.files", "%5d".formatted(study.fileCount())),
                say.text("safe.study", safe.media(), day(safe.oldestProof())),
                facts.patientName().reveal(Purpose.SHOW_TO_OWNER));
          }
        });
    out.println(
        say.text(
            "safe.totals",
            tally.safe,
            range.from(),
            range.to(),
            SafeToDelete.MEDIA,
            provenWithin.toDays()));
    tally.notSafe.forEach((why, count) ->
        out.println(say.text("safe.not-safe", count, count, say.text("safe.why." + why.code()))));
    if (tally.notThere > 0) {
      out.println(say.text("safe.not-there", tally.notThere));
    }
    out.println(say.text("safe.nothing-deleted"));
    out.flush();
  }

  private static String day(Instant time) {
    return time.toString().substring(0, 10);
  }

  private void printJson(
      DateRange range,
      Duration provenWithin,
      Stream<Safety.PresentStudy> studies,
      @Nullable Catalogue catalogue,
      @Nullable SafeToDelete rules) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-safe-v1");
          writer.writeStringProperty("from", range.from().toString());
          writer.writeStringProperty("to", range.to().toString());
          writer.writeNumberProperty("proven_within_days", provenWithin.toDays());
          writer.writeArrayPropertyStart("studies");
          Tally tally = new Tally();
          if (catalogue != null && rules != null) {
            Set<String> sources = sources(catalogue);
            studies
                .filter(present -> sources.contains(present.study().sourceId()))
                .forEach(present -> {
                  Answer answer = answer(present, rules, catalogue, sources);
                  if (tally.count(answer) && answer instanceof Answer.Safe safe) {
                    write(writer, present.study(), safe, catalogue);
                  }
                });
          }
          writer.writeEndArray();
          writer.writeNumberProperty("safe", tally.safe);
          writer.writeObjectPropertyStart("not_safe");
          tally.notSafe.forEach((why, count) -> writer.writeNumberProperty(why.code(), count));
          writer.writeEndObject();
          writer.writeNumberProperty("not_listed_any_more", tally.notThere);
        });
  }

  private static void write(
      JsonGenerator writer, StudyRow study, Answer.Safe safe, Catalogue catalogue) {
    StudyFacts facts = study.facts();
    writer.writeStartObject();
    writer.writeStringProperty("label", catalogue.label(facts.key()).value());
    writer.writeStringProperty("key", facts.key().value());
    writer.writeStringProperty("source", study.sourceId());
    writer.writeStringProperty("patient_name", facts.patientName().reveal(Purpose.SHOW_TO_OWNER));
    writer.writeStringProperty("patient_id", facts.patientId().reveal(Purpose.SHOW_TO_OWNER));
    writer.writeStringProperty("study_date", facts.studyDate().map(LocalDate::toString).orElse(""));
    writer.writeNumberProperty("files", study.fileCount());
    writer.writeNumberProperty("media", safe.media());
    writer.writeStringProperty("oldest_proof", safe.oldestProof().toString());
    writer.writeEndObject();
  }
}
