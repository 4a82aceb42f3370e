package serdab.cli;

import java.io.PrintStream;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import serdab.dicom.TransferSyntax;
import serdab.dicom.convert.LosslessConversion;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.NodeSheet;
import serdab.dicom.net.NodeSheet.Service;
import serdab.dicom.net.NodeTrial;
import serdab.dicom.net.StoreTrial;
import serdab.store.PlaceCheck.Verdict;

/// The capability sheet of a DICOM node, as `serdab check dicom://…` prints it.
final class NodeCheck {

  /// What of a node is judged, in the order of the sheet.
  private enum Aspect {
    ECHO,
    STORE,
    FIND,
    RETRIEVE,
    COMMITMENT
  }

  private final NodeAddress node;
  private final NodeSheet sheet;
  private final NodeTrial trial;
  private final Optional<StoreTrial> stored;
  private final Map<Aspect, Verdict> verdicts = new EnumMap<>(Aspect.class);

  private NodeCheck(
      NodeAddress node, NodeSheet sheet, NodeTrial trial, Optional<StoreTrial> stored) {
    this.node = node;
    this.sheet = sheet;
    this.trial = trial;
    this.stored = stored;
    verdicts.put(Aspect.ECHO, sheet.echo().isSuccess() ? Verdict.GOOD : Verdict.BAD);
    boolean takesSomething = sheet.syntaxes().values().stream().anyMatch(all -> !all.isEmpty());
    verdicts.put(Aspect.STORE, takesSomething ? Verdict.GOOD : Verdict.BAD);
    verdicts.put(Aspect.FIND, offers(Service.FIND_STUDY_ROOT, Service.FIND_PATIENT_ROOT));
    verdicts.put(
        Aspect.RETRIEVE,
        offers(
            Service.GET_STUDY_ROOT,
            Service.GET_PATIENT_ROOT,
            Service.MOVE_STUDY_ROOT,
            Service.MOVE_PATIENT_ROOT));
    verdicts.put(Aspect.COMMITMENT, offers(Service.STORAGE_COMMITMENT));
  }

  private Verdict offers(Service... any) {
    for (Service service : any) {
      if (sheet.services().contains(service)) {
        return Verdict.GOOD;
      }
    }
    return Verdict.WEAK;
  }

  static boolean isNode(String what) {
    return what.startsWith(NodeAddress.SCHEME);
  }

  /// Asks the node and prints its sheet.
  ///
  /// @param node asked as the user whom its address names
  /// @param random for a made-up study that is stored there and stays; empty stores nothing
  /// @return the exit code
  static int run(
      NodeAddress node, Terminal terminal, boolean json, Optional<RandomGenerator> random) {
    NodeCheck check =
        new NodeCheck(
            node,
            NodeSheet.of(node),
            NodeTrial.of(node),
            random.map(chance -> StoreTrial.of(node, chance)));
    if (json) {
      check.json(terminal);
    } else {
      check.text(terminal);
    }
    return check.exitCode();
  }

  private boolean isGood() {
    return !verdicts.containsValue(Verdict.BAD);
  }

  private int exitCode() {
    return isGood() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
  }

  /// The kinds of images it takes in no syntax at all.
  private Set<String> refusedClasses() {
    Set<String> refused = new LinkedHashSet<>(NodeSheet.CLASSES.keySet());
    sheet.syntaxes().values().forEach(refused::removeAll);
    return refused;
  }

  private void text(Terminal terminal) {
    Messages say = terminal.messages();
    var out = terminal.out();
    out.println(
        say.text("check.node", node.called(), node.host(), "" + node.port(), node.calling()));
    verdicts.forEach((aspect, verdict) ->
        out.println(
            CheckCommand.line(
                say,
                verdict,
                say.text(
                    (verdict == Verdict.GOOD ? "check.node-" : "check.node-no-") + word(aspect),
                    "" + sheet.echoTime().toMillis()))));
    out.println(say.text("check.node-program", sheet.versionName(), sheet.classUid()));
    out.println(
        say.text(
            "check.node-limits",
            "" + sheet.pduLengthMax(),
            sheet.window(),
            sheet.associations(),
            NodeSheet.ASSOCIATIONS_ASKED));
    if (node.identity().isPresent()) {
      out.println(
          say.text(sheet.identityTaken() ? "check.node-user-taken" : "check.node-user-ignored"));
    }
    if (trial.studies() >= 0) {
      out.println(
          say.text(
              "check.node-lists-" + word(trial.lists()), trial.studies(), NodeTrial.STUDIES_MAX));
      out.println(say.text("check.node-counts-" + word(trial.counts())));
      trial.gave().ifPresent(way -> out.println(say.text("check.node-gave", "C-" + way)));
      trial.trouble().ifPresent(problem -> out.println(say.line(problem)));
    }
    stored.ifPresent(each -> stored(say, out, each));
    out.println(say.text("check.node-syntaxes", NodeSheet.CLASSES.size()));
    NodeSheet.SYNTAXES.forEach(
        (uid, name) -> out.printf("  %4d  %-24s  %s%n", accepted(uid), uid, name));
    String convertible =
        NodeSheet.SYNTAXES.keySet().stream()
            .filter(this::isConvertible)
            .map(uid -> NodeSheet.SYNTAXES.getOrDefault(uid, uid))
            .collect(Collectors.joining("; "));
    if (!convertible.isEmpty()) {
      out.println(say.text("check.node-convertible", convertible));
    }
    if (verdicts.get(Aspect.STORE) == Verdict.GOOD && !refusedClasses().isEmpty()) {
      out.println(say.text("check.node-refused"));
      refusedClasses()
          .forEach(uid ->
              out.printf("        %-28s  %s%n", uid, NodeSheet.CLASSES.getOrDefault(uid, "")));
    }
    out.println(say.text(isGood() ? "check.good" : "check.node-bad"));
    out.flush();
  }

  private static void stored(Messages say, PrintStream out, StoreTrial each) {
    out.println(
        say.text(
            "check.node-stored",
            each.stored(),
            each.sent(),
            TerminalProgress.Sizes.text(each.bytesPerSecond()),
            each.study()));
    if (each.gave().isEmpty()) {
      out.println(say.text("check.node-stored-not-given"));
    } else {
      out.println(
          each.altered().isEmpty()
              ? say.text("check.node-stored-unaltered", "C-" + each.gave().get())
              : say.text(
                  "check.node-stored-altered",
                  "C-" + each.gave().get(),
                  String.join(" ", each.altered())));
    }
    out.println(say.text("check.node-commitment-" + word(each.commitment())));
  }

  /// Whether some kinds are taken natively and not in this syntax, from which they can be converted
  /// without loss.
  private boolean isConvertible(String syntax) {
    int natively =
        Math.max(
            accepted(TransferSyntax.EXPLICIT_LITTLE_ENDIAN),
            accepted(TransferSyntax.IMPLICIT_LITTLE_ENDIAN));
    return LosslessConversion.takes(syntax) && accepted(syntax) < natively;
  }

  private int accepted(String syntax) {
    return sheet.syntaxes().getOrDefault(syntax, Set.of()).size();
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void json(Terminal terminal) {
    Json.object(
        terminal.out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-checknode-v1");
          writer.writeStringProperty("node", node.toString());
          writer.writeBooleanProperty("good", isGood());
          writer.writeNumberProperty("exit_code", exitCode());
          writer.writeArrayPropertyStart("checks");
          verdicts.forEach((aspect, verdict) -> {
            writer.writeStartObject();
            writer.writeStringProperty("name", word(aspect));
            writer.writeStringProperty("verdict", word(verdict));
            writer.writeEndObject();
          });
          writer.writeEndArray();
          writer.writeNumberProperty("echo_milliseconds", sheet.echoTime().toMillis());
          writer.writeStringProperty("program", sheet.versionName());
          writer.writeStringProperty("program_uid", sheet.classUid());
          writer.writeNumberProperty("pdu_bytes_max", sheet.pduLengthMax());
          writer.writeNumberProperty("operations_at_a_time", sheet.window());
          writer.writeNumberProperty("associations_at_a_time", sheet.associations());
          if (node.identity().isPresent()) {
            writer.writeBooleanProperty("user_taken", sheet.identityTaken());
          }
          writer.writeArrayPropertyStart("services");
          sheet.services().stream().sorted().forEach(service -> writer.writeString(word(service)));
          writer.writeEndArray();
          writer.writeNumberProperty("studies_answered", trial.studies());
          writer.writeStringProperty("lists", word(trial.lists()));
          writer.writeStringProperty("counts", word(trial.counts()));
          writer.writeStringProperty("gives", trial.gave().map(NodeCheck::word).orElse(""));
          stored.ifPresent(each -> {
            writer.writeObjectPropertyStart("stored");
            writer.writeStringProperty("study", each.study());
            writer.writeNumberProperty("sent", each.sent());
            writer.writeNumberProperty("stored", each.stored());
            writer.writeNumberProperty("bytes_per_second", each.bytesPerSecond());
            writer.writeStringProperty("gives", each.gave().map(NodeCheck::word).orElse(""));
            writer.writeArrayPropertyStart("altered");
            each.altered().forEach(writer::writeString);
            writer.writeEndArray();
            writer.writeStringProperty("commitment", word(each.commitment()));
            writer.writeEndObject();
          });
          writer.writeNumberProperty("sop_classes_asked", NodeSheet.CLASSES.size());
          writer.writeArrayPropertyStart("transfer_syntaxes");
          NodeSheet.SYNTAXES.forEach((uid, name) -> {
            writer.writeStartObject();
            writer.writeStringProperty("uid", uid);
            writer.writeStringProperty("name", name);
            writer.writeNumberProperty("sop_classes_accepted", accepted(uid));
            writer.writeBooleanProperty("convertible", isConvertible(uid));
            writer.writeEndObject();
          });
          writer.writeEndArray();
          writer.writeArrayPropertyStart("sop_classes_refused");
          refusedClasses().forEach(writer::writeString);
          writer.writeEndArray();
        });
  }
}
