package serdab.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Found;
import serdab.dicom.net.web.InstanceRow;
import serdab.dicom.net.web.StudyRow;
import serdab.store.PlaceCheck.Result;
import serdab.store.PlaceCheck.Verdict;

/// Whether a DICOMweb node behaves as a backup needs. Only asks and retrieves: what is stored at a
/// node cannot be taken away again.
final class WebNodeCheck {

  /// An instance longer than this is not read whole to learn what one looks like.
  private static final int INSTANCE_BYTES_MAX = 256 << 20;

  private final Surroundings around;
  private final boolean json;
  private final Map<String, Result> results = new LinkedHashMap<>();
  private long studies;

  WebNodeCheck(Surroundings around, boolean json) {
    this.around = around;
    this.json = json;
  }

  int check(String specification) {
    for (String name : new String[] {"answers", "lists", "pages", "instances", "retrieves"}) {
      results.put(name, new Result(Verdict.NOT_TRIED, Optional.empty()));
    }
    try (DicomWeb node = new Nodes(around).client(specification)) {
      ask(node);
    }
    boolean good = results.values().stream().noneMatch(each -> each.verdict() == Verdict.BAD);
    int code = good ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
    if (json) {
      printJson(Nodes.address(specification), good, code);
    } else {
      print(Nodes.address(specification), good);
    }
    return code;
  }

  private void ask(DicomWeb node) {
    String at = "answers";
    try {
      node.probe();
      results.put(at, good());
      at = "lists";
      Found<StudyRow> found = node.studies(Map.of());
      studies = found.rows().size();
      results.put(at, good());
      results.put("pages", found.certain() ? good() : new Result(Verdict.WEAK, Optional.empty()));
      if (found.rows().isEmpty()) {
        return;
      }
      at = "instances";
      StudyRow first = found.all().getFirst();
      Found<InstanceRow> instances = node.instances(first.study());
      results.put(at, instances.rows().isEmpty() ? noInstance(node) : good());
      if (instances.rows().isEmpty()) {
        return;
      }
      at = "retrieves";
      results.put(at, retrieve(node, first, instances.all().getFirst()));
    } catch (SerdabException e) {
      results.put(at, new Result(Verdict.BAD, Optional.of(e.problem())));
    }
  }

  private static Result retrieve(DicomWeb node, StudyRow study, InstanceRow wanted) {
    AtomicLong right = new AtomicLong();
    node.retrieve(
        study.study(),
        wanted.series(),
        wanted.sop(),
        in -> {
          byte[] bytes = in.readNBytes(INSTANCE_BYTES_MAX);
          if (DicomFile.read(ByteSource.of(bytes)).facts().sop().equals(wanted.sop())) {
            right.incrementAndGet();
          }
        });
    return right.get() == 1 ? good() : noInstance(node);
  }

  private static Result good() {
    return new Result(Verdict.GOOD, Optional.empty());
  }

  private static Result noInstance(DicomWeb node) {
    return new Result(
        Verdict.BAD,
        Optional.of(
            new Problem(
                "dicomweb-not-given",
                "The node at " + node.describe() + " does not give an instance that it lists.",
                "Check in the node's log what it says of retrieving, and what it allows.")));
  }

  private void print(String address, boolean good) {
    Messages say = around.terminal().messages();
    var out = around.terminal().out();
    out.println(say.text("check.web-node", address));
    results.forEach((name, result) -> {
      out.println(CheckCommand.line(say, result.verdict(), say.text("check.aspect-" + name)));
      result.problem().ifPresent(problem -> out.println("            " + say.line(problem)));
    });
    out.println(say.text("check.web-node-studies", studies));
    out.println(say.text("check.web-node-storing"));
    out.println(say.text(good ? "check.good" : "check.bad"));
    out.flush();
  }

  private void printJson(String address, boolean good, int code) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-check-v1");
          writer.writeStringProperty("kind", "dicomweb");
          writer.writeStringProperty("path", address);
          writer.writeBooleanProperty("good", good);
          writer.writeNumberProperty("exit_code", code);
          writer.writeArrayPropertyStart("checks");
          results.forEach((name, result) -> CheckCommand.check(writer, name, result));
          writer.writeEndArray();
          writer.writeStringProperty("file_system", "");
          writer.writeBooleanProperty("network", true);
          writer.writeStringProperty("read_back", "");
          CheckCommand.number(writer, "usable_bytes", OptionalLong.empty());
          CheckCommand.number(writer, "total_bytes", OptionalLong.empty());
          writer.writeNumberProperty("write_bytes_per_second", 0);
          writer.writeNumberProperty("read_bytes_per_second", 0);
          writer.writeStringProperty("left_behind", "");
          writer.writeNumberProperty("studies", studies);
          writer.writeNumberProperty("groups", 0);
          writer.writeNumberProperty("files", 0);
          writer.writeArrayPropertyStart("findings");
          writer.writeEndArray();
        });
  }
}
