package serdab.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.testing.SharedData;

class ArchitectureTest {

  @TempDir Path temp;

  private final Layers layers = Layers.of(architecture());

  @Test
  void noClassUsesWhatItsRowDoesNotAllow() throws Exception {
    assertThat(layers.brokenBy(productClasses().resolve("serdab"))).isEmpty();
  }

  @Test
  void noImportBreaksTheTable() throws Exception {
    assertThat(layers.importsThatBreakIt(productSources())).isEmpty();
  }

  @Test
  void everyRowThatIsNotPlannedExistsAndEveryPackageHasOne() throws Exception {
    assertThat(layers.rowsIn(productClasses().resolve("serdab"))).isEqualTo(layers.builtRows());
  }

  @Test
  void everyPermissionIsOneThatCanBeChecked() {
    assertThat(layers.unknownActions()).isEmpty();
  }

  // ---- the checker is checked on classes made for it

  @Test
  void aForbiddenImportIsFound() throws Exception {
    Path classes =
        compile(
            "package serdab.backup; public final class Above {}",
            "package serdab.store; import serdab.backup.Above; final class Below { Object o = new Above(); }");

    assertThat(layers.brokenBy(classes))
        .containsExactly("serdab/store/Below uses serdab/backup/Above");
  }

  @Test
  void aNameSpelledOutAFieldAndAnArrayAreFoundToo() throws Exception {
    Path classes =
        compile(
            "package serdab.backup; public final class Above {}",
            "package serdab.store; abstract class Field { serdab.backup.Above field; }",
            "package serdab.store; abstract class Result { abstract java.util.List<serdab.backup.Above> all(); }",
            "package serdab.store; final class Array { Object o = serdab.backup.Above[].class; }");

    assertThat(layers.brokenBy(classes))
        .containsExactlyInAnyOrder(
            "serdab/store/Field uses serdab/backup/Above",
            "serdab/store/Result uses serdab/backup/Above",
            "serdab/store/Array uses serdab/backup/Above");
  }

  @Test
  void aConstantThatTheCompilerCopiesIsFoundInTheSource() throws Exception {
    compile(
        "package serdab.backup; public final class Above { public static final int LIMIT = 3; }",
        "package serdab.store; import serdab.backup.Above; final class Below { int i = Above.LIMIT; }");

    assertThat(layers.importsThatBreakIt(temp.resolve("sources")))
        .containsExactly("serdab/store/Below.java imports from serdab.backup");
  }

  @Test
  void whatTheTableAllowsIsNotFound() throws Exception {
    Path classes =
        compile(
            "package serdab; public final class Root {}",
            "package serdab.store; public final class Below { serdab.Root root; }",
            "package serdab.source.horos; final class Hidden { serdab.store.Below below; }",
            "package serdab.backup; final class Above { serdab.store.Below below; }",
            "package serdab.cli; final class Top { java.time.Instant now = java.time.Instant.now(); }");

    assertThat(layers.brokenBy(classes)).isEmpty();
  }

  @Test
  void restoreMustNotUseBackup() throws Exception {
    Path classes =
        compile(
            "package serdab.backup; public final class Backup {}",
            "package serdab.restore; final class Restore { serdab.backup.Backup backup; }");

    assertThat(layers.brokenBy(classes)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "System.out.println()",
        "System.err.flush()",
        "new Exception().printStackTrace()",
        "System.exit(1)",
        "Runtime.getRuntime().halt(1)",
        "System.currentTimeMillis()",
        "java.time.Instant.now()",
        "java.time.LocalDate.now()",
        "java.time.Clock.systemUTC()",
        "java.time.InstantSource.system()",
        "java.time.ZoneId.systemDefault()",
        "new java.util.Random()",
        "new java.util.SplittableRandom()",
        "java.util.UUID.randomUUID()",
        "Math.random()",
        "java.util.concurrent.ThreadLocalRandom.current()",
        "java.nio.file.Files.size(null)",
        "new java.io.File(\"\").exists()",
        "java.nio.channels.FileChannel.open(null)",
        "new java.io.FileInputStream(\"\")",
        "java.sql.DriverManager.getConnection(null)",
        "new ProcessBuilder()"
      })
  void whatOnlySomePackagesMayDoIsFound(String call) throws Exception {
    Path classes =
        compile(
            "package serdab.ziptree; final class Some { void act() throws Exception { "
                + call
                + "; } }");

    assertThat(layers.brokenBy(classes)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "new java.util.SplittableRandom(7)",
        "System.nanoTime()",
        "java.time.Instant.EPOCH.plusSeconds(1)",
        "java.time.LocalDate.now(java.time.Clock.fixed(java.time.Instant.EPOCH, java.time.ZoneOffset.UTC))"
      })
  void whatGivesTheSameAnswerEveryTimeIsAllowedEverywhere(String call) throws Exception {
    Path classes =
        compile(
            "package serdab.ziptree; final class Some { void act() throws Exception { "
                + call
                + "; } }");

    assertThat(layers.brokenBy(classes)).isEmpty();
  }

  @Test
  void whoMayLookAtAFolderMayNotChangeIt() throws Exception {
    Path classes =
        compile(
            "package serdab.backup; final class Look { boolean b = java.nio.file.Files.exists(null); }",
            "package serdab.backup; final class Touch { void t() throws Exception { java.nio.file.Files.delete(null); } }");

    assertThat(layers.brokenBy(classes))
        .singleElement()
        .asString()
        .startsWith("serdab/backup/Touch must not open or change files");
  }

  @Test
  void aPackageWithoutARowIsFound() throws Exception {
    Path classes = compile("package serdab.helpers; final class Some {}");

    assertThat(layers.brokenBy(classes))
        .containsExactly("serdab/helpers/Some is in a package without a row");
  }

  // ---- what the tests are written in

  private static String architecture() {
    try {
      return Files.readString(SharedData.checkout().resolve("ARCHITECTURE.md"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Path productClasses() throws URISyntaxException {
    return Path.of(
        SerdabException.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static Path productSources() {
    return SharedData.checkout().resolve("product/src/main/java");
  }

  /// Compiles sources whose first words are their package and one of whose next is their class.
  private Path compile(String... sources) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("-proc:none", "-nowarn", "-d", temp.resolve("classes").toString()));
    for (String source : sources) {
      String packageName = source.substring("package ".length(), source.indexOf(';'));
      String type = source.replaceFirst("(?s).*? class (\\w+).*", "$1");
      Path file =
          temp.resolve("sources").resolve(packageName.replace('.', '/')).resolve(type + ".java");
      Files.createDirectories(file.resolveSibling(""));
      Files.writeString(file, source);
      arguments.add(file.toString());
    }
    JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    assertThat(compiler.run(null, null, null, arguments.toArray(String[]::new))).isZero();
    return temp.resolve("classes");
  }
}
