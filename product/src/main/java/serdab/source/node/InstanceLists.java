package serdab.source.node;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import serdab.Sha256;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.web.InstanceRow;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;

/// Which instances a node lists for its studies, and what they are called here. The lists of
/// studies at hand are kept, as each is asked for several times in a row. Thread-safe.
final class InstanceLists {

  private static final int KEPT = 32;

  private final Function<SourceStudy, Map<String, InstanceRow>> node;
  private final Map<String, Map<String, InstanceRow>> lists =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(
                Map.Entry<String, Map<String, InstanceRow>> eldest) {
              return size() > KEPT;
            }
          });

  /// @param node asks for the instances of a study, by SOP Instance UID
  InstanceLists(Function<SourceStudy, Map<String, InstanceRow>> node) {
    this.node = node;
  }

  /// Asks the node now.
  Map<String, InstanceRow> ask(SourceStudy study) {
    Map<String, InstanceRow> rows = node.apply(study);
    lists.put(study.handle(), rows);
    return rows;
  }

  private Map<String, InstanceRow> known(SourceStudy study) {
    Map<String, InstanceRow> list = lists.get(study.handle());
    return list == null ? ask(study) : list;
  }

  /// What the node says of the study, and which instances it lists. Values that somebody corrects
  /// inside an instance show in neither, unless they are the study's own.
  String look(SourceStudy study) {
    if (ListedStudies.isNotListed(study)) {
      return study.fingerprint();
    }
    MessageDigest hasher = Sha256.hasher();
    hasher.update((study.fingerprint() + "\n").getBytes(StandardCharsets.UTF_8));
    ask(study).values().stream()
        .map(row -> row.series() + " " + row.sop() + "\n")
        .sorted()
        .forEach(line -> hasher.update(line.getBytes(StandardCharsets.UTF_8)));
    return Sha256.finish(hasher).hex();
  }

  List<SourceFile> files(SourceStudy study) {
    if (ListedStudies.isNotListed(study)) {
      return List.of(ListedStudies.fileNotListed());
    }
    return known(study).values().stream().map(InstanceLists::file).toList();
  }

  /// An instance as it is listed.
  static SourceFile file(InstanceRow row) {
    return new SourceFile(path(row.series(), row.sop()), -1, 0);
  }

  /// A name for an instance, which has none at a node: its series and its own UID, made safe.
  static String path(SeriesInstanceUid series, SopInstanceUid sop) {
    return safe(series.value()) + "/" + safe(sop.value()) + ".dcm";
  }

  private static String safe(String uid) {
    String plain = uid.replaceAll("[^0-9A-Za-z.]", "_");
    boolean faithful = plain.equals(uid) && !uid.isEmpty() && !uid.startsWith(".");
    if (faithful && uid.length() <= 100) {
      return uid;
    }
    String hash = Sha256.digest(uid.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
    return "_" + plain.substring(0, Math.min(64, plain.length())) + "~" + hash;
  }

  void clear() {
    lists.clear();
  }
}
