package serdab.cli.service;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// The property list of a launchd job on macOS.
///
/// As a daemon it runs without a logged-in user; as an agent only while its user is logged in.
/// `caffeinate` keeps the machine awake while it runs and no longer; launchd starts a job that was
/// due during sleep once, on waking.
public final class Launchd {

  /// Keeps idle, disk and system sleep away for as long as the command runs.
  private static final List<String> AWAKE = List.of("/usr/bin/caffeinate", "-i", "-m", "-s");

  private Launchd() {}

  /// The whole list, as XML.
  ///
  /// @param daemon whether it is for `/Library/LaunchDaemons`, which names the user
  public static String propertyList(Schedule schedule, boolean daemon) {
    List<String> command = new ArrayList<>(AWAKE);
    command.addAll(schedule.command());
    StringBuilder list = new StringBuilder();
    list.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .append("<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\"")
        .append(" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n")
        .append("<plist version=\"1.0\">\n<dict>\n");
    string(list, "Label", Schedule.LAUNCHD_LABEL);
    list.append("  <key>ProgramArguments</key>\n  <array>\n");
    for (String word : command) {
      list.append("    <string>").append(Xml.text(word)).append("</string>\n");
    }
    list.append("  </array>\n");
    if (daemon) {
      string(list, "UserName", schedule.user());
    }
    list.append("  <key>EnvironmentVariables</key>\n  <dict>\n");
    new TreeMap<>(schedule.environment())
        .forEach((name, value) ->
            list.append("    <key>")
                .append(Xml.text(name))
                .append("</key>\n    <string>")
                .append(Xml.text(value))
                .append("</string>\n"));
    list.append("  </dict>\n");
    list.append("  <key>StartInterval</key>\n  <integer>")
        .append(schedule.every().toSeconds())
        .append("</integer>\n");
    flag(list, "RunAtLoad", true);
    string(list, "ProcessType", "Background");
    flag(list, "LowPriorityIO", true);
    flag(list, "LowPriorityBackgroundIO", true);
    list.append("  <key>Nice</key>\n  <integer>10</integer>\n");
    // A run that is stopped ends the study at hand first.
    list.append("  <key>ExitTimeOut</key>\n  <integer>300</integer>\n");
    string(list, "StandardOutPath", schedule.output().toString());
    string(list, "StandardErrorPath", schedule.output().toString());
    return list.append("</dict>\n</plist>\n").toString();
  }

  private static void string(StringBuilder list, String key, String value) {
    list.append("  <key>")
        .append(key)
        .append("</key>\n  <string>")
        .append(Xml.text(value))
        .append("</string>\n");
  }

  private static void flag(StringBuilder list, String key, boolean value) {
    list.append("  <key>").append(key).append("</key>\n  <").append(value).append("/>\n");
  }
}
