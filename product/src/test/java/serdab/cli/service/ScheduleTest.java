package serdab.cli.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;
import serdab.testing.Needs;
import serdab.testing.Peer;

class ScheduleTest {

  /// Everything that a quoting rule could stumble over.
  private static final String HARD = "/Volumes/A \"B\" & <C> 100% $HOME \\ it's/serdab";

  @TempDir private Path folder;

  private Schedule schedule(String program) {
    return new Schedule(
        List.of(program, "backup", "--scheduled"),
        Duration.ofMinutes(10),
        "radiology",
        Map.of("SERDAB_HOME", "/data/100% \"safe\" $home"),
        folder.resolve("output.txt"));
  }

  @Test
  @Needs(Peer.PYTHON)
  void launchdGetsTheCommandWordForWord() throws Exception {
    Path file = folder.resolve("job.plist");
    Files.writeString(file, Launchd.propertyList(schedule(HARD), true));

    String read =
        output(
            "python3",
            "-c",
            "import plistlib,sys\n"
                + "p=plistlib.load(open(sys.argv[1],'rb'))\n"
                + "print(p['ProgramArguments'][-3]); print(p['StartInterval'], p['UserName'],"
                + " p['LowPriorityIO'], p['ProcessType'], p['ProgramArguments'][0])\n"
                + "print(p['EnvironmentVariables']['SERDAB_HOME'])",
            file.toString());

    assertThat(read.lines())
        .containsExactly(
            HARD, "600 radiology True Background /usr/bin/caffeinate", "/data/100% \"safe\" $home");
  }

  @Test
  @Needs(Peer.PLISTUTIL)
  void thePropertyListIsOneForItsOwnTools() throws Exception {
    Path file = folder.resolve("job.plist");
    Files.writeString(file, Launchd.propertyList(schedule(HARD), false));

    String xml = output("plistutil", "-i", file.toString(), "-f", "xml");

    assertThat(xml).contains("<key>StartInterval</key>").doesNotContain("UserName");
  }

  @Test
  @Needs(Peer.SYSTEMD)
  void systemdFindsNoFaultInTheUnits() throws Exception {
    Path program = folder.resolve("a program");
    Files.writeString(program, "#!/bin/sh\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    Path service = folder.resolve(Schedule.NAME + ".service");
    Path timer = folder.resolve(Schedule.NAME + ".timer");
    Files.writeString(service, Systemd.service(schedule(program.toString()), false, false));
    Files.writeString(timer, Systemd.timer(schedule(program.toString())));

    Process verify =
        new ProcessBuilder(
                "systemd-analyze", "verify", "--man=no", service.toString(), timer.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(verify.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(verify.waitFor()).as(said).isZero();
    assertThat(said).doesNotContain(Schedule.NAME);
  }

  @Test
  @Needs(Peer.SYSTEMD)
  void systemdFindsAFaultWhereThereIsOne() throws Exception {
    Path service = folder.resolve(Schedule.NAME + ".service");
    Files.writeString(service, Systemd.service(schedule("/not/there"), false, false));

    Process verify =
        new ProcessBuilder("systemd-analyze", "verify", "--man=no", service.toString())
            .redirectErrorStream(true)
            .start();
    verify.getInputStream().readAllBytes();

    assertThat(verify.waitFor()).isNotZero();
  }

  @Test
  void systemdRunsTheProgramGentlyAndAsItsUser() {
    String unit = Systemd.service(schedule("/usr/local/bin/serdab"), true, true);

    assertThat(unit)
        .contains(
            "User=radiology\n",
            "IOSchedulingClass=idle\n",
            "Environment=\"SERDAB_HOME=/data/100%% \\\"safe\\\" $home\"\n",
            "\"--what=sleep:idle\"",
            "\"/usr/local/bin/serdab\" \"backup\" \"--scheduled\"\n");
    assertThat(Systemd.timer(schedule("/usr/local/bin/serdab"))).contains("OnUnitInactiveSec=600s");
  }

  @Test
  void theWindowsTaskIsXmlWithTheCommandWordForWord() throws Exception {
    String program = "C:\\Program Files\\A & B\\serdab.cmd";
    Schedule schedule =
        new Schedule(
            List.of(program, "backup", "ends with \\", "a \"b\""),
            Duration.ofMinutes(90),
            "CLINIC\\radiology",
            Map.of(),
            Path.of("out"));

    Document task =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(TaskScheduler.task(schedule))));

    assertThat(text(task, "Command")).isEqualTo(program);
    assertThat(text(task, "Arguments")).isEqualTo("\"backup\" \"ends with \\\\\" \"a \\\"b\\\"\"");
    assertThat(text(task, "Interval")).isEqualTo("PT1H30M");
    assertThat(text(task, "UserId")).isEqualTo("CLINIC\\radiology");
    assertThat(text(task, "MultipleInstancesPolicy")).isEqualTo("IgnoreNew");
  }

  @Test
  void aScheduleOfSecondsIsRefused() {
    assertThatThrownBy(
            () -> new Schedule(List.of("x"), Duration.ofSeconds(59), "u", Map.of(), Path.of("out")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String text(Document document, String element) {
    return document.getElementsByTagName(element).item(0).getTextContent();
  }

  private static String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(text).isZero();
    return text;
  }
}
