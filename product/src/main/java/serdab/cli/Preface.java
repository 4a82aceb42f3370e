package serdab.cli;

import java.time.Instant;
import java.util.List;
import serdab.source.horos.ViewerPreferences;

/// The comments at the top of a configuration that `serdab init` writes: where to read more, and
/// the DICOM nodes that the viewers' preferences name, for the day when copies can go there.
final class Preface {

  private static final int NODES_MAX = 50;

  private Preface() {}

  static boolean knowsNodes(ViewerPreferences preferences) {
    return preferences.pluginDefaults().isPresent() || !preferences.nodes().isEmpty();
  }

  static String of(Instant now, List<ViewerPreferences> preferences) {
    StringBuilder text = new StringBuilder();
    text.append("# Written by serdab init on ").append(now.toString(), 0, 10);
    text.append("; edit it as you like. docs/configuration.md describes every key.\n");
    for (ViewerPreferences each : preferences) {
      if (!knowsNodes(each)) {
        continue;
      }
      text.append("#\n# DICOM nodes from the preferences of ").append(each.viewer());
      text.append(". Copies cannot go to DICOM nodes yet: until they can,\n");
      text.append("# these lines stand here as comments only and have no effect.\n");
      each.pluginDefaults()
          .ifPresent(node ->
              text.append("#   to = [\"dicom://")
                  .append(shown(node.calledAeTitle()))
                  .append('@')
                  .append(shown(node.host()))
                  .append(':')
                  .append(node.port())
                  .append("?calling=")
                  .append(shown(node.callingAeTitle()))
                  .append("\"]   # the backup plug-in's\n"));
      each.nodes().stream()
          .limit(NODES_MAX)
          .forEach(node ->
              text.append("#   to = [\"dicom://")
                  .append(shown(node.aeTitle()))
                  .append('@')
                  .append(shown(node.host()))
                  .append(':')
                  .append(node.port())
                  .append("\"]   # ")
                  .append(shown(node.description()))
                  .append('\n'));
    }
    return text.append('\n').toString();
  }

  /// On one line, whatever the preferences hold.
  private static String shown(String value) {
    String plain = value.replaceAll("[\\p{Cntrl}\\u2028\\u2029\"\\\\]", " ").strip();
    return plain.length() <= 80 ? plain : plain.substring(0, 80);
  }
}
