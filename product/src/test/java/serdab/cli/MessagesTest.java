package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import serdab.Problem;
import serdab.testing.Codes;
import serdab.testing.SharedData;

/// What commands print for people, in each language that there is.
class MessagesTest {

  private static final Messages PORTUGUESE = Messages.in("pt_BR");
  private static final String SENTENCE = "problem.";
  private static final Pattern KEY =
      Pattern.compile(
          "\"((?:any|backup|check|forecast|hold|import|init|keys|plan|progress|prune|recover|repository|restore|safe|service|status|studies|time|verify)\\.[a-z-]*[a-z])\"");

  @TempDir Path folder;

  static Stream<String> bundles() {
    return Stream.concat(
        Stream.of(""), Messages.TRANSLATED.stream().map(language -> "_" + language));
  }

  /// Of two lines with one key the last would count, silently.
  @ParameterizedTest
  @MethodSource("bundles")
  void noKeyStandsTwice(String bundle) throws IOException {
    Path file =
        SharedData.checkout()
            .resolve("product/src/main/resources/serdab/cli/messages" + bundle + ".properties");
    List<String> keys =
        Files.readAllLines(file).stream()
            .filter(line -> line.contains(" = "))
            .map(line -> line.substring(0, line.indexOf(" = ")))
            .toList();

    assertThat(keys).hasSizeGreaterThan(100).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void everyCodeOfAProblemHasItsSentencesInEveryLanguage(String bundle) {
    Properties lines = Messages.read(bundle);
    SortedSet<String> wanted = new TreeSet<>();
    for (String code : Codes.ofTheProduct().problems()) {
      wanted.add(SENTENCE + code + ".what");
      wanted.add(SENTENCE + code + ".next");
    }

    SortedSet<String> there =
        keys(lines).stream()
            .filter(key -> key.startsWith(SENTENCE))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(there).containsExactlyElementsOf(wanted);
    assertThat(there)
        .allSatisfy(key -> assertThat(lines.getProperty(key).length()).as(key).isGreaterThan(9));
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void everyKindOfFindingIsExplainedInEveryLanguage(String bundle) {
    assertThat(keys(Messages.read(bundle)))
        .containsAll(Codes.ofTheProduct().findings().stream().map("finding."::concat).toList());
  }

  @ParameterizedTest
  @MethodSource("bundles")
  void everyLineOfALanguageTakesTheSameValuesAsInEnglish(String bundle) {
    Properties english = Messages.read("");
    Properties lines = Messages.read(bundle);

    assertThat(keys(lines)).containsExactlyElementsOf(keys(english));
    for (String key : keys(lines)) {
      if (!key.startsWith(SENTENCE)) {
        assertThat(values(lines.getProperty(key)))
            .as(key)
            .isEqualTo(values(english.getProperty(key)));
      }
    }
  }

  @Test
  void aWarningAndAFindingAreToldInTheLanguageWithTheirEnglishBehind() {
    Messages portuguese = Messages.in("pt_BR");
    Problem warning = new Problem("same-disk", "Both are on vda.", "Add another disk.");

    assertThat(portuguese.warning(warning))
        .startsWith("Aviso: A origem e o destino estão no mesmo disco.")
        .contains("[same-disk: Both are on vda. Add another disk.]")
        .endsWith("pasta na nuvem.");
    assertThat(portuguese.detail("index-missing", "It is not there."))
        .startsWith("O índice do visualizador não está lá;")
        .endsWith(" [It is not there.]");
    assertThat(Messages.ENGLISH.detail("index-missing", "It is not there."))
        .isEqualTo("It is not there.");
    assertThat(Messages.ENGLISH.warning(warning))
        .isEqualTo("Warning: Both are on vda. Add another disk.");
  }

  /// A lone apostrophe would hide what follows it.
  @ParameterizedTest
  @MethodSource("bundles")
  void apostrophesOfPatternsAreDoubled(String bundle) {
    Properties lines = Messages.read(bundle);
    for (String key : keys(lines)) {
      if (!key.startsWith(SENTENCE)) {
        assertThat(lines.getProperty(key).replace("''", "")).as(key).doesNotContain("'");
      }
    }
  }

  @Test
  void everyKeyThatTheCodeNamesIsThereAndTranslatedLinesAreNotTheEnglishOnes() throws Exception {
    Properties english = Messages.read("");
    Properties portuguese = Messages.read("_pt_BR");
    SortedSet<String> named = new TreeSet<>();
    Path cli = SharedData.checkout().resolve("product/src/main/java/serdab/cli");
    try (Stream<Path> files = Files.list(cli)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        KEY.matcher(Files.readString(file)).results().forEach(found -> named.add(found.group(1)));
      }
    }

    assertThat(named).hasSizeGreaterThan(50).isSubsetOf(keys(english));
    assertThat(
            keys(portuguese).stream()
                .filter(key -> english.getProperty(key).equals(portuguese.getProperty(key)))
                .filter(key ->
                    english.getProperty(key).replaceAll("\\{[^ ]*\\}", "").matches(".*[a-z]{3}.*")))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "pt_BR.UTF-8,,,,false",
    "pt-BR,,,en_US.UTF-8,false",
    ",,,pt_BR.UTF-8,false",
    ",,pt_PT.UTF-8,en_US.UTF-8,false",
    "en,pt_BR.UTF-8,,,true",
    ",C,,pt_BR.UTF-8,true",
    ",,,de_DE.UTF-8,true",
    "ptolemaic,,,,true"
  })
  void theEnvironmentSaysWhichLanguage(
      String serdab, String all, String messages, String lang, boolean english) {
    Map<String, String> environment = new java.util.HashMap<>();
    put(environment, "SERDAB_LANG", serdab);
    put(environment, "LC_ALL", all);
    put(environment, "LC_MESSAGES", messages);
    put(environment, "LANG", lang);

    assertThat(Messages.of(environment, Locale.ENGLISH).isEnglish()).isEqualTo(english);
  }

  @Test
  void withoutAWordInTheEnvironmentTheSystemSaysWhichLanguage() {
    assertThat(Messages.of(Map.of(), Locale.forLanguageTag("pt-BR")).isEnglish()).isFalse();
    assertThat(Messages.of(Map.of("LANG", ""), Locale.ENGLISH).isEnglish()).isTrue();
  }

  @Test
  void aProblemIsToldInPortugueseWithItsFactsAsTheyWereAndWhatToDo() {
    Problem problem = new Problem("no-studies", "The source X lists nothing.", "Look at X.");

    assertThat(PORTUGUESE.told(problem))
        .containsExactly(
            "A origem não lista nenhum estudo.",
            "[no-studies: The source X lists nothing. Look at X.]",
            Messages.read("_pt_BR").getProperty("problem.no-studies.next"));
    assertThat(Messages.ENGLISH.told(problem))
        .containsExactly("The source X lists nothing.", "Look at X.");
    assertThat(Messages.ENGLISH.line(problem)).isEqualTo(problem.text());
  }

  @Test
  void aCodeThatNobodyTranslatedIsToldAsItIs() {
    Problem problem = new Problem("of-tomorrow", "What is new.", "");

    assertThat(PORTUGUESE.line(problem)).isEqualTo("What is new.");
  }

  @ParameterizedTest
  @CsvSource({"0,0 minutos", "60,1 minuto", "7199,119 minutos", "7200,2 horas", "172800,2 dias"})
  void timesAreSaidAsPeopleSayThem(long seconds, String said) {
    assertThat(PORTUGUESE.length(Duration.ofSeconds(seconds))).isEqualTo(said);
  }

  @Test
  void numbersArePutAsTheLanguageWritesThem() {
    assertThat(PORTUGUESE.text("status.all-safe", 51_204, 0, PORTUGUESE.length(Duration.ofDays(3))))
        .isEqualTo("Todos os 51.204 estudos em segurança; última comprovação há 3 dias.");
    assertThat(Messages.ENGLISH.text("status.all-safe", 51_204, 0, "3 days"))
        .isEqualTo("All 51,204 studies safe, last proven 3 days ago.");
  }

  @Test
  void aBackupAndItsStatusSpeakPortugueseAndTheirJsonDoesNot() {
    CommandLineRun portuguese = new CommandLineRun(folder.resolve("home")).speaking(PORTUGUESE);
    String library = SharedData.checkout().resolve("examples/Horos Data").toString();
    String copies = "zip:" + folder.resolve("copies");

    assertThat(portuguese.run("status").out()).startsWith("Ainda não há nenhum backup");
    var backup = portuguese.run("backup", "--from", library, "--to", copies);
    assertThat(backup.exitCode()).as(backup.err()).isZero();
    assertThat(backup.out()).contains("10 estudos listados", "Tudo certo.");
    var status = portuguese.run("status");
    assertThat(status.out().lines().findFirst().orElse(""))
        .isEqualTo("Todos os 10 estudos em segurança; última comprovação há 0 minutos.");
    assertThat(status.out()).contains("execução 1  backup ", "boa");
    assertThat(portuguese.run("status", "--json").out())
        .contains("\"All 10 studies safe, last proven 0 minutes ago.\"")
        .doesNotContain("estudos");
    assertThat(portuguese.run("verify", copies).out()).contains("12 boas, 0 NÃO boas");
    assertThat(
            portuguese
                .run("restore", "--from", copies, "--to", folder.resolve("b").toString(), "--all")
                .out())
        .contains("arquivos gravados");
  }

  @Test
  void theFirstSentenceOfStatusIsTheSameInEnglishWhicheverWayItIsMade() {
    CommandLineRun english = new CommandLineRun(folder.resolve("home"));
    english.run(
        "backup",
        "--from",
        SharedData.checkout().resolve("examples/Horos Data").toString(),
        "--to",
        "zip:" + folder.resolve("copies"));

    assertThat(english.run("status").out().lines().findFirst().orElse(""))
        .isEqualTo(Messages.ENGLISH.text("status.all-safe", 10, 0, "0 minutes"));
  }

  @Test
  void aTypicalProblemIsToldInPortuguese() {
    CommandLineRun portuguese = new CommandLineRun(folder.resolve("home")).speaking(PORTUGUESE);

    var result =
        portuguese.run(
            "backup", "--from", folder.resolve("none").toString(), "--to", "zip:" + folder);

    assertThat(result.exitCode()).isNotZero();
    List<String> lines = result.err().lines().toList();
    assertThat(lines)
        .anySatisfy(line -> assertThat(line).startsWith("serdab: Essa pasta não existe."));
    assertThat(lines)
        .anySatisfy(
            line -> assertThat(line.strip()).startsWith("[source-gone: There is no folder"));
    assertThat(lines).anySatisfy(line -> assertThat(line).contains("corrija o caminho em --from"));
  }

  @Test
  void initAsksInPortugueseAndTakesSimForYes() throws Exception {
    Path library = SharedData.checkout().resolve("examples/Horos Data");
    Files.createDirectories(folder.resolve("disk"));
    var out = new java.io.ByteArrayOutputStream();
    var print = new java.io.PrintStream(out, true, java.nio.charset.StandardCharsets.UTF_8);
    Terminal terminal =
        new Terminal(
                print,
                print,
                true,
                new java.io.BufferedReader(
                    new java.io.StringReader(folder.resolve("disk") + "\ntalvez\nsim\n")))
            .speaking(PORTUGUESE);

    int code =
        Main.run(
            new String[] {"init", "--from", library.toString()},
            new Surroundings(
                terminal,
                Map.of(
                    "SERDAB_HOME",
                    folder.resolve("home").toString(),
                    "HOME",
                    folder.resolve("user").toString()),
                java.time.InstantSource.system()));

    String said = out.toString(java.nio.charset.StandardCharsets.UTF_8);
    assertThat(code).as(said).isZero();
    assertThat(said)
        .contains("Para onde vão as cópias", "(sim/não)", "Responda sim ou não.", "Gravado: ")
        .doesNotContain("Wrote");
  }

  private static void put(Map<String, String> environment, String name, String value) {
    if (value != null) {
      environment.put(name, value);
    }
  }

  private static SortedSet<String> keys(Properties lines) {
    return new TreeSet<>(lines.stringPropertyNames());
  }

  /// Which values a pattern takes, by their numbers.
  private static SortedSet<String> values(String pattern) {
    MessageFormat _ = new MessageFormat(pattern, Locale.ROOT);
    return Pattern.compile("\\{(\\d)[,}]")
        .matcher(pattern)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
