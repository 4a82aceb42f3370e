package serdab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.SerdabException;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

class ConfigurationTest {

  private static final ZoneId UTC = ZoneId.of("UTC");

  /// The least that a plan needs; tests put what they are about behind it, from line 4 on.
  private static final String PLAN =
      """
      [plan.daily]
      from = ["/pacs"]
      to = ["zip:/backup"]
      """;

  @TempDir private Path folder;

  // ---- what is right

  @Test
  void theExampleOfTheDocumentationIsRead() throws IOException {
    Configuration read = Configuration.parse(example(), "the example", UTC);

    ZoneId berlin = ZoneId.of("Europe/Berlin");
    NamedPlan daily = read.plan("daily").orElseThrow();
    assertThat(daily.enabled()).isTrue();
    assertThat(daily.every()).contains(Duration.ofMinutes(10));
    BackupPlan first =
        BackupPlan.from("/Volumes/PACS/Database/Horos Data", berlin)
            .name("daily")
            .destinations(List.of("zip:/Volumes/Backup", "zip:/Volumes/Away/Backup"))
            .selection(
                new Selection(
                    Set.of("CT", "MR"),
                    Optional.of(LocalDate.of(2020, 1, 1)),
                    Optional.empty(),
                    Set.of(),
                    Optional.empty()))
            .order(Order.SMART)
            .batch(15)
            .pause(Duration.ofSeconds(1))
            .sentinels(List.of(".pacs_sentinel"))
            .closed(
                List.of(
                    new ClosedHours(
                        Set.of(
                            DayOfWeek.MONDAY,
                            DayOfWeek.TUESDAY,
                            DayOfWeek.WEDNESDAY,
                            DayOfWeek.THURSDAY,
                            DayOfWeek.FRIDAY),
                        LocalTime.of(7, 30),
                        LocalTime.of(19, 0)),
                    new ClosedHours(
                        Set.of(DayOfWeek.SATURDAY), LocalTime.of(8, 0), LocalTime.of(12, 0))))
            .adaptive(true)
            .rules(
                List.of(
                    new PriorityRule(Set.of(), OptionalInt.of(7), Set.of()),
                    new PriorityRule(
                        Set.of("CT", "MR"), OptionalInt.empty(), Set.of("unread", "dictated"))))
            .plan();
    assertThat(daily.plans())
        .containsExactly(first, first.changed("folder:/Volumes/PACS/Old CDs").plan());
    NamedPlan everything = read.plan("everything").orElseThrow();
    assertThat(everything.enabled()).isFalse();
    assertThat(everything.plans().getFirst().strategy()).isEqualTo(Strategy.FULL);
    assertThat(everything.plans().getFirst().zone()).isEqualTo(UTC);
    assertThat(read.retentionOf("zip:/Volumes/Backup/"))
        .isEqualTo(
            new RetentionRules(
                OptionalInt.of(3),
                Optional.of(Period.ofYears(1)),
                Optional.of(Period.ofYears(30)),
                OptionalInt.of(24),
                List.of(
                    new RetentionRules.LegalTime(
                        Set.of("MG"), Period.ofYears(15), OptionalInt.empty()),
                    new RetentionRules.LegalTime(
                        Set.of(), Period.ofYears(10), OptionalInt.of(28)))));
    assertThat(read.retentionOf("zip:/elsewhere")).isEqualTo(RetentionRules.ALL);
    assertThat(read.diskSetOf("zip:/Volumes/Away 1/../Away 1/Backup"))
        .contains(
            new DiskSet(
                "away", List.of("zip:/Volumes/Away/Backup", "zip:/Volumes/Away 1/Backup"), 14));
    assertThat(read.logs()).isEqualTo(new LogSettings(100L << 20, 10, false, 10));
    assertThat(read.names().pseudonymKey())
        .contains(new SecretReference(SecretReference.Kind.FILE, "/etc/serdab/pseudonym.key"));
  }

  @Test
  void theExampleUsesEveryKeyAndTheTablesDescribeEachWithItsRightDefault() throws IOException {
    String document = document();
    Matcher row =
        Pattern.compile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\| ([^|]+) \\|").matcher(document);
    Set<String> described = new TreeSet<>();
    while (row.find()) {
      described.add(row.group(1));
      if (row.group(2).startsWith("`") && defaultText().contains("\n" + row.group(1) + " = ")) {
        assertThat(defaultText())
            .contains("\n" + row.group(1) + " = " + row.group(2).replace("`", "") + "\n");
      }
    }
    Matcher key = Pattern.compile("(?m)^([a-z_]+) = ").matcher(example());
    Set<String> used = new TreeSet<>(Set.of("until", "study"));
    while (key.find()) {
      used.add(key.group(1));
    }

    assertThat(described).isEqualTo(used);
  }

  /// What a plan of nothing but source and destination is written as.
  private static String defaultText() {
    return Configuration.parse(PLAN, "", UTC).text();
  }

  @Test
  void whatIsNotSaidIsAtItsDefault() {
    Configuration read = Configuration.parse(PLAN, "", UTC);

    BackupPlan plan = read.plan("daily").orElseThrow().plans().getFirst();
    assertThat(plan)
        .isEqualTo(
            BackupPlan.from("/pacs", UTC)
                .name("daily")
                .destinations(List.of("zip:/backup"))
                .plan());
    assertThat(read.logs()).isEqualTo(LogSettings.DEFAULT);
  }

  @Test
  void aConfigurationWithoutPlansIsRead() {
    assertThat(Configuration.parse("", "", UTC)).isEqualTo(Configuration.of(UTC, List.of()));
  }

  @Test
  void aListOfOneNeedsNoBrackets() {
    assertThat(
            Configuration.parse(
                "[plan.daily]\nfrom = '/pacs'\nto = 'zip:/backup'\nmodality='ct, mr'", "", UTC))
        .isEqualTo(Configuration.parse(PLAN + "modality = ['CT', 'MR']", "", UTC));
  }

  @Test
  void aTildeStandsForTheUsersFolder() {
    String home = System.getProperty("user.home");

    Configuration read =
        Configuration.parse("[plan.a]\nfrom = 'horos:~/Data'\nto = 'zip:~'", "", UTC);

    assertThat(read.plans().getFirst().sources()).containsExactly("horos:" + home + "/Data");
    assertThat(read.plans().getFirst().destinations()).containsExactly("zip:" + home);
  }

  @Test
  void aFileThatWasSavedOnWindowsIsRead() {
    String saved = "\ufeff" + PLAN.replace("\n", "\r\n");

    assertThat(Configuration.parse(saved, "", UTC)).isEqualTo(Configuration.parse(PLAN, "", UTC));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Mon-Fri 07:30-19:00 | MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY 07:30-19:00",
        "fri-mon 22:00-06:00 | MONDAY,FRIDAY,SATURDAY,SUNDAY 22:00-06:00",
        "Sat , Sun 00:00-24:00 | SATURDAY,SUNDAY 00:00-00:00",
        "Monday,Wed 07:00 - 08:00 | MONDAY,WEDNESDAY 07:00-08:00",
        "12:00-13:00 | MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY,SATURDAY,SUNDAY 12:00-13:00"
      })
  void hoursAreReadAsPeopleWriteThem(String text, String meant) {
    ClosedHours hours = ClosedHours.parse(text);

    assertThat(hours.text()).isEqualTo(meant);
    assertThat(ClosedHours.parse(hours.text())).isEqualTo(hours);
  }

  // ---- what is wrong

  /// Every message that a configuration can get, each with where it points.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          zone = "Berlin"                     | 4:1 | plan.daily.zone is "Berlin"; it must be a time zone such as Europe/Berlin or UTC.
          enabled = "yes"                     | 4:1 | plan.daily.enabled must be true or false; it is a text in quotes.
          modality = [7]                      | 4:13 | plan.daily.modality must hold texts in quotes; here is a whole number.
          modality = 7                        | 4:1 | plan.daily.modality must be a list such as ["a", "b"]; it is a whole number.
          modality = ["CT", "C/T"]            | 4:19 | plan.daily.modality has "C/T"; a modality has at most 16 letters and digits, such as CT.
          since = "31.1.2024"                 | 4:1 | plan.daily.since is "31.1.2024"; it must be a date such as 2024-01-31.
          since = 2024                        | 4:1 | plan.daily.since must be a date such as 2024-01-31; it is a whole number.
          since = 2024-01-31T10:00:00         | 4:1 | plan.daily.since must be a date such as 2024-01-31; it is a date or time.
          order = "newest"                    | 4:1 | plan.daily.order is "newest"; it must be one of study-date, date-added, date-added-newest, smart.
          strategy = 1.5                      | 4:1 | plan.daily.strategy must be a text in quotes; it is a number with a fraction.
          strategy = "all"                    | 4:1 | plan.daily.strategy is "all"; it must be one of incremental, differential, full.
          batch = -1                          | 4:1 | plan.daily.batch is -1; it must be from 0 to 1000000.
          batch = "15"                        | 4:1 | plan.daily.batch must be a whole number from 0 to 1000000; it is a text in quotes.
          workers = 17                        | 4:1 | plan.daily.workers is 17; it must be from 1 to 16.
          pause = 1                           | 4:1 | plan.daily.pause must be a duration in quotes, such as "1s"; it is a whole number.
          pause = "a moment"                  | 4:1 | plan.daily.pause is "a moment"; it must be a duration such as 500ms, 1s, 10m or 24h.
          pause = "2d"                        | 4:1 | plan.daily.pause is "2d"; it must be from 0s to 24h.
          every = "10s"                       | 4:1 | plan.daily.every is "10s"; it must be from 1m to 366d.
          naming = "patient"                  | 4:1 | plan.daily.naming is "patient"; it must be horos-zip, uid, pseudonym, or a template such as "{study-date}_{uid}".
          naming = "pseudonym"                | 4:1 | plan.daily.naming is "pseudonym", which needs a key: add [names] with pseudonym_key = "file:/PATH" or "env:NAME".
          sentinels = ["a/b"]                 | 4:14 | plan.daily.sentinels has "a/b"; a sentinel is the name of a file, without a folder.
          not_during = ["weekdays"]           | 4:15 | plan.daily.not_during has "weekdays"; write hours such as "Mon-Fri 07:30-19:00" or "Sat,Sun 10:00-12:00".
          not_during = ["Mon 25:00-26:00"]    | 4:15 | plan.daily.not_during has "Mon 25:00-26:00"; write hours such as "Mon-Fri 07:30-19:00" or "Sat,Sun 10:00-12:00".
          not_during = ["06:00-06:00"]        | 4:1 | plan.daily.not_during closes every minute of the week, so the plan would never run.
          study = ["1.2 3"]                   | 4:10 | plan.daily.study must hold Study Instance UIDs.
          pasue = "1s"                        | 4:1 | plan.daily.pasue is no key that is known; did you mean pause?
          import-guard-files = 5              | 4:1 | plan.daily.import-guard-files is no key that is known; did you mean import_guard_files?
          colour = "red"                      | 4:1 | plan.daily.colour is no key that is known.
          rule = "CT"                         | 4:1 | plan.daily.rule must be at most 1000 tables: begin each with [[plan.daily.rule]].
          rule = [1]                          | 4:9 | plan.daily.rule must be tables: begin each with [[plan.daily.rule]].
          [[plan.daily.rule]]                 | 4:1 | plan.daily.rule asks for nothing; give it modality, added_within_days or state.
          [plan.Daily]                        | 4:1 | The plans "daily" and "Daily" differ only in upper and lower case; name one of them otherwise.
          [plan.'zip:/x']                     | 4:1 | The plan's name "zip:/x" must begin with a letter or digit and hold only those, blanks and _ . -, at most 64 characters.
          [plans.x]                           | 4:1 | plans is no key that is known; did you mean plan?
          [retention."/backup"]               | 4:1 | The destination of [retention] is "/backup", which is of no kind that is known; write zip:PATH for a tree of ZIPs in a folder, repo:PATH for a repository, or dicomweb:URL or dicom://CALLED@HOST:PORT for a node.
          [disks]                             |     |
          [disks.a]                           | 4:1 | disks.a.at is missing or empty; say where the disks appear, such as at = ["zip:/Volumes/Backup"].
          [disks]\\na = 1                     | 5:1 | disks.a must be a table: begin it with [disks.NAME] on a line of its own.
          [retention."zip:/b"]\\nversions = 0 | 5:1 | retention.zip:/b.versions is 0; it must be from 1 to 1000000.
          [retention."zip:/b"]\\nversions_for = "6m" | 5:1 | retention.zip:/b.versions_for is "6m"; it must be a period such as P1Y, P18M, 30d, 6w or 10y, longer than nothing.
          [retention."zip:/b"]\\nstudies_for = "P0D" | 5:1 | retention.zip:/b.studies_for is "P0D"; it must be a period such as P1Y, P18M, 30d, 6w or 10y, longer than nothing.
          [retention."zip:/b"]\\nmonths = 0 | 5:1 | retention.zip:/b.months is 0; it must be from 1 to 100000.
          [retention."zip:/b"]\\nmonths = "P2M" | 5:1 | retention.zip:/b.months must be a whole number from 1 to 100000; it is a text in quotes.
          [[retention."zip:/b".legal]]        | 4:1 | retention.zip:/b.legal.keep is missing; say how long, such as keep = "P10Y".
          [logs]\\nfiles = 0                  | 5:1 | logs.files is 0; it must be from 1 to 1000.
          [[logs]]                            | 4:1 | logs must be a table: begin it with [logs] on a line of its own.
          [names]\\npseudonym_key = "geheim"  | 5:1 | names.pseudonym_key must say where the key is kept, env:NAME or file:/PATH; the key itself must not stand here.
          [names]\\npseudonym_mapping = "m"   | 5:1 | names.pseudonym_mapping must be a whole path; begin it with / or ~/ (or C:\\\\).
          pause = 1s                          | 4:10 | Unexpected 's', expected a newline or end-of-input.
          pause = "1s                         | 4:12 | Unexpected end of line, expected " or a character.
          [plan.daily]                        | 4:1 | plan.daily previously defined at line 1, column 1.
          """)
  void everyMistakeIsToldWithItsPlace(String line, String where, String message) {
    String text = PLAN + line.strip().replace("\\n", "\n") + "\n";

    List<ConfigurationProblem> problems = Configuration.check(text, UTC);

    if (where == null) {
      assertThat(problems).isEmpty();
    } else {
      assertThat(problems)
          .filteredOn(problem -> problem.what().equals(message.strip().replace("\\\\", "\\")))
          .as("%s", problems)
          .singleElement()
          .satisfies(problem ->
              assertThat(problem.line() + ":" + problem.column()).isEqualTo(where.strip()));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          to = "zip:/b"                         | 1:1 | plan.p.from is missing; a plan needs a source, such as from = ["/Volumes/PACS/Horos Data"].
          from = "/a"                           | 1:1 | plan.p.to is missing; a plan needs a destination, such as to = ["zip:/Volumes/Backup"].
          from = []\\nto = "zip:/b"             | 2:1 | plan.p.from is empty; a plan needs a source, such as from = ["/Volumes/PACS/Horos Data"].
          from = "a"\\nto = "zip:/b"            | 2:1 | plan.p.from is "a", which is no whole path; begin it with / or ~/ (or C:\\\\).
          from = "ftp:/a"\\nto = "zip:/b"       | 2:1 | plan.p.from is "ftp:/a", which is of no kind that is known; write a path, horos:PATH, folder:PATH, inbox:PATH, zip:PATH, repo:PATH, dicomweb:URL or dicom://CALLED@HOST:PORT.
          from = "/a"\\nto = "/b"               | 3:1 | plan.p.to is "/b", which is of no kind that is known; write zip:PATH for a tree of ZIPs in a folder, repo:PATH for a repository, or dicomweb:URL or dicom://CALLED@HOST:PORT for a node.
          from = "/a"\\nto = ["zip:/c", "zip:b"] | 3:17 | plan.p.to is "zip:b", which is no whole path; begin it with / or ~/ (or C:\\\\).
          from = ["/a", "/a/"]\\nto = "zip:/b"  | 2:15 | plan.p.from names "/a/" twice.
          from = "/a"\\nto = ["zip:/b", "zip:/c/../b"] | 3:17 | plan.p.to names "zip:/c/../b" twice.
          from = "horos:/a"\\nto = ["zip:/b", "zip:/a/b"] | 3:17 | The destination "zip:/a/b" of plan "p" lies inside its source "horos:/a"; choose a folder outside of it, best on another disk.
          from = "sftp://me:pw@host/a"\\nto = "zip:/b" | 2:1 | plan.p.from holds a password; secrets are given as env:NAME or file:PATH only.
          from = "/a"\\nto = "zip:/b"\\nsince = 2024-02-01\\nuntil = 2024-01-01 | 5:1 | plan.p.until is before plan.p.since; no study could be between them.
          """)
  void aPlanNeedsSourcesAndDestinationsThatMakeSense(String lines, String where, String message) {
    String text = "[plan.p]\n" + lines.strip().replace("\\n", "\n") + "\n";

    List<ConfigurationProblem> problems = Configuration.check(text, UTC);

    assertThat(problems)
        .singleElement()
        .satisfies(problem -> {
          assertThat(problem.what()).isEqualTo(message.strip().replace("\\\\", "\\"));
          assertThat(problem.line() + ":" + problem.column()).isEqualTo(where.strip());
        });
  }

  @Test
  void allMistakesAreToldAtOnceInTheOrderOfTheFile() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("serdab.toml"),
            """
            zone = "Nowhere"
            [plan.daily]
            from = "/a"
            to = "zip:/a/b"
            workers = 99
            pasue = "1s"
            [logs]
            files = "many"
            """);

    assertThatThrownBy(() -> Configuration.read(file, UTC))
        .isInstanceOfSatisfying(
            SerdabException.Misconfigured.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo("configuration-wrong");
              assertThat(e.problem().what().lines())
                  .hasSize(6)
                  .satisfiesExactly(
                      line -> assertThat(line).endsWith("serdab.toml has 5 problems:"),
                      line -> assertThat(line).startsWith("  line 1, column 1: zone is"),
                      line -> assertThat(line).startsWith("  line 4, column 1: The destination"),
                      line -> assertThat(line).startsWith("  line 5, column 1: plan.daily.workers"),
                      line -> assertThat(line).startsWith("  line 6, column 1: plan.daily.pasue"),
                      line -> assertThat(line).startsWith("  line 8, column 1: logs.files"));
            });
  }

  @Test
  void nothingIsCalledMissingWhileALineCannotBeRead() {
    List<ConfigurationProblem> problems =
        Configuration.check("[plan.daily]\nfrom = /a\nto = \"zip:/b\"\nworkers = 0\n", UTC);

    assertThat(problems).extracting(ConfigurationProblem::line).containsExactly(2, 4);
  }

  @Test
  void whatMayBeASecretIsNeverRepeated() {
    List<ConfigurationProblem> problems =
        Configuration.check(
            PLAN.replace("/pacs", "dav://doc:pA55w0rd@nas/x")
                + "[names]\npseudonym_key = \"hunter2hunter2\"\n",
            UTC);

    assertThat(problems).hasSize(2);
    assertThat(problems.toString()).doesNotContain("hunter2", "pA55");
  }

  @Test
  void aFileOfAnotherEncodingIsToldByItsLine() throws IOException {
    Path file = folder.resolve("serdab.toml");
    Files.write(file, (PLAN + "# Ärzte").getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> Configuration.read(file, UTC))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("line 4, column 3: This is not UTF-8");
  }

  @Test
  void aMissingConfigurationLeadsToInit() {
    assertThatThrownBy(() -> Configuration.read(folder.resolve("serdab.toml"), UTC))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("configuration-missing")
        .hasMessageContaining("serdab init");
  }

  @Test
  void moreProblemsThanAnybodyReadsAreCutShort() {
    StringBuilder text = new StringBuilder(PLAN);
    for (int i = 0; i < 200; i++) {
      text.append("x").append(i).append(" = 1\n");
    }

    assertThatThrownBy(() -> Configuration.parse(text.toString(), "x", UTC))
        .hasMessageContainingAll("200 problems", "and more");
  }

  // ---- who may read it, and secrets

  @Test
  void aConfigurationOrSecretThatOthersCanReadIsAWarning() throws IOException {
    Path secret = Files.writeString(folder.resolve("key"), "k\n");
    Path file =
        Files.writeString(
            folder.resolve("serdab.toml"),
            PLAN + "[names]\npseudonym_key = \"file:" + secret + "\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw----r--"));

    assertThat(Configuration.load(file, UTC).warnings())
        .satisfiesExactly(
            line -> assertThat(line.text()).contains("serdab.toml can be read by other users"),
            line -> assertThat(line.text()).contains("The secret in " + secret));

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("r--------"));
    assertThat(Configuration.load(file, UTC).warnings()).isEmpty();
  }

  @Test
  void aSecretIsReadWhenItIsUsed() throws IOException {
    Path file = Files.writeString(folder.resolve("key"), "open sesame\r\n");
    SecretReference inFile = SecretReference.parse("file:" + file).orElseThrow();
    SecretReference inEnvironment = SecretReference.parse("env:KEY").orElseThrow();

    assertThat(inFile.resolve(Map.of())).isEqualTo("open sesame");
    assertThat(inEnvironment.resolve(Map.of("KEY", "x"))).isEqualTo("x");
    assertThatThrownBy(() -> inEnvironment.resolve(Map.of()))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining("env:KEY");
    Files.delete(file);
    assertThatThrownBy(() -> inFile.resolve(Map.of()))
        .isInstanceOf(SerdabException.Misconfigured.class);
    assertThat(SecretReference.parse("KEY")).isEmpty();
    assertThat(SecretReference.parse("file:relative")).isEmpty();
    assertThat(SecretReference.parse("env:A B")).isEmpty();
  }

  // ---- writing

  @Test
  void whatIsWrittenReadsAsTheSame() throws IOException {
    Configuration read = Configuration.parse(example(), "", UTC);

    assertThat(Configuration.parse(read.text(), "", ZoneId.of("Asia/Tokyo"))).isEqualTo(read);
  }

  @Test
  void whatIsLeftBesideTheCopiesRunsOnAnotherMachine() throws IOException {
    Configuration read = Configuration.parse(example().replace("files = 10", "files = 7"), "", UTC);

    String plans = read.plansText();

    assertThat(plans).doesNotContain("[logs]").contains("file:/etc/serdab/pseudonym.key");
    Configuration again = Configuration.parse(plans, "", UTC);
    assertThat(again.plans()).isEqualTo(read.plans());
    assertThat(again.retention()).isEqualTo(read.retention());
    assertThat(again.disks()).isEqualTo(read.disks());
    assertThat(again.logs()).isEqualTo(LogSettings.DEFAULT);
  }

  @SeededTest(runs = 200)
  void drawnConfigurationsAreWrittenAndReadAgain(RandomGenerator random) {
    Configuration drawn = DrawnConfiguration.from(random);

    assertThat(Configuration.parse(drawn.text(), "", UTC)).as(drawn.text()).isEqualTo(drawn);
  }

  // ---- outside data

  @SeededTest(runs = 300)
  void aMutatedExampleIsReadOrMisconfiguredAndNothingElse(RandomGenerator random)
      throws IOException {
    StringBuilder text = new StringBuilder(example());
    String signs = "\"'[]{}=.,#\n\\ -+:0123456789abctruefalse\u0000ä𝄞_";
    for (int i = random.nextInt(8); i >= 0; i--) {
      int at = random.nextInt(text.length());
      int end = Math.min(text.length(), at + random.nextInt(40));
      switch (random.nextInt(4)) {
        case 0 -> text.delete(at, end);
        case 1 -> text.insert(at, text.substring(at, end));
        case 2 -> text.setCharAt(at, signs.charAt(random.nextInt(signs.length())));
        default -> text.insert(at, signs.charAt(random.nextInt(signs.length())));
      }
    }

    try {
      Configuration read = Configuration.parse(text.toString(), "mutated", UTC);
      assertThat(Configuration.parse(read.text(), "written", UTC)).isEqualTo(read);
    } catch (SerdabException.Misconfigured e) {
      assertThat(e.problem().what()).contains("line ");
    }
  }

  // ----

  private static String document() throws IOException {
    return Files.readString(SharedData.checkout().resolve("docs/configuration.md"));
  }

  private static String example() throws IOException {
    Matcher example = Pattern.compile("(?s)```toml\n(.*?)```").matcher(document());
    assertThat(example.find()).isTrue();
    return example.group(1);
  }
}
