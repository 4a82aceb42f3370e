package serdab.cli.service;

import java.util.List;
import java.util.stream.Collectors;

/// A task of the Windows scheduler, as `schtasks /Create /XML` reads it.
public final class TaskScheduler {

  private TaskScheduler() {}

  /// The task's XML; to be stored as UTF-16.
  public static String task(Schedule schedule) {
    List<String> command = schedule.command();
    String arguments =
        command.subList(1, command.size()).stream()
            .map(TaskScheduler::quoted)
            .collect(Collectors.joining(" "));
    return """
    <?xml version="1.0" encoding="UTF-16"?>
    <Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
      <RegistrationInfo>
        <Description>Backup of medical images</Description>
      </RegistrationInfo>
      <Triggers>
        <TimeTrigger>
          <Repetition>
            <Interval>%s</Interval>
            <StopAtDurationEnd>false</StopAtDurationEnd>
          </Repetition>
          <StartBoundary>2020-01-01T00:00:00</StartBoundary>
          <Enabled>true</Enabled>
        </TimeTrigger>
      </Triggers>
      <Principals>
        <Principal id="Author">
          <UserId>%s</UserId>
          <LogonType>S4U</LogonType>
          <RunLevel>LeastPrivilege</RunLevel>
        </Principal>
      </Principals>
      <Settings>
        <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
        <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
        <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
        <StartWhenAvailable>true</StartWhenAvailable>
        <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
        <Priority>8</Priority>
      </Settings>
      <Actions Context="Author">
        <Exec>
          <Command>%s</Command>
          <Arguments>%s</Arguments>
        </Exec>
      </Actions>
    </Task>
    """
        .formatted(
            schedule.every(),
            Xml.text(schedule.user()),
            Xml.text(command.getFirst()),
            Xml.text(arguments));
  }

  /// One argument as the usual Windows parsing of command lines reads it: backslashes count only
  /// before a quote.
  private static String quoted(String word) {
    StringBuilder quoted = new StringBuilder("\"");
    int backslashes = 0;
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c == '\\') {
        backslashes++;
      } else {
        quoted.repeat('\\', c == '"' ? 2 * backslashes + 1 : backslashes);
        quoted.append(c);
        backslashes = 0;
      }
    }
    return quoted.repeat('\\', 2 * backslashes).append('"').toString();
  }
}
