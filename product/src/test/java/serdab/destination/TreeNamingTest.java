package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Depth;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.LocalFolder;
import serdab.ziptree.NameTemplate;
import serdab.ziptree.NamingProfile;
import serdab.ziptree.PseudonymKey;

/// Trees whose names are not the usual ones: what they hide, and that nothing in them is lost.
class TreeNamingTest {

  private static final String UID = "1.2.840.113619.2.55.3.77";

  @TempDir private Path folder;

  private final List<String> mapping = new ArrayList<>();
  private final NamingProfile pseudonym = pseudonym("the key of this test, long enough");

  private NamingProfile pseudonym(String key) {
    return new NamingProfile.Pseudonym(
        PseudonymKey.of(key.getBytes(StandardCharsets.UTF_8)),
        (name, facts) -> mapping.add(name + " " + facts.key().value()));
  }

  private ZipTreeDestination open(NamingProfile naming, ZipTreeDestination.Access access) {
    return ZipTrees.on(
        LocalFolder.create(folder, new SplittableRandom(7)), access, Set.of(), naming);
  }

  private static TestStudy study(String uid, int images) {
    return TestStudy.drawnFrom(new SplittableRandom(images), uid, images);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .map(path -> folder.relativize(path).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void noNameInAPseudonymTreeSaysWhoseStudyItIs() throws IOException {
    try (ZipTreeDestination tree = open(pseudonym, ZipTreeDestination.Access.WRITE)) {
      study(UID, 2).copyTo(tree);
      tree.note(
          new Destination.Issue(
              "MISSING_FILE",
              Optional.of(study(UID, 2).key()),
              "A listed file could not be read.",
              "DATABASE.noindex/Doe Jane/" + UID + ".dcm"));
    }

    String issues = Files.readString(folder.resolve("issues.csv"));
    assertThat(names())
        .anyMatch(name -> name.matches("2021_01/P-[0-9a-f]{12}_S-[0-9a-f]{12}\\.zip"))
        .noneMatch(name -> name.contains(UID) || name.contains("Doe") || name.contains("1980"));
    assertThat(issues).containsPattern(",MISSING_FILE,S-[0-9a-f]{12},").doesNotContain(UID, "Doe");
    assertThat(Files.readString(folder.resolve("destination.json"))).contains("\"pseudonym\"");
    assertThat(mapping).hasSize(1).allMatch(line -> line.endsWith(" " + UID));
  }

  @Test
  void theVersionsOfAStudyAreFoundByItsPseudonym() throws IOException {
    HeldVersion first;
    try (ZipTreeDestination tree = open(pseudonym, ZipTreeDestination.Access.WRITE)) {
      first = study(UID, 2).copyTo(tree);
    }

    HeldVersion second;
    try (ZipTreeDestination tree = open(pseudonym, ZipTreeDestination.Access.WRITE)) {
      second = study(UID, 3).supersedes(first.id()).copyTo(tree);
      study("1.2.3", 1).copyTo(tree);

      assertThat(tree.versions(study(UID, 2).key()))
          .extracting(HeldVersion::id)
          .containsExactly(first.id(), second.id());
      assertThat(tree.find(study(UID, 2).key(), first.id())).isPresent();
    }
    assertThat(second.location()).isEqualTo(first.location().replace(".zip", "_2.zip"));
  }

  @Test
  void withoutTheKeyEverythingIsListedFoundProvenAndRead() {
    TestStudy study = study(UID, 2);
    HeldVersion copy;
    try (ZipTreeDestination tree = open(pseudonym, ZipTreeDestination.Access.WRITE)) {
      copy = study.copyTo(tree);
      study("1.2.3", 1).copyTo(tree);
    }

    try (ZipTreeDestination tree = open(NamingProfile.AS_FOUND, ZipTreeDestination.Access.READ)) {
      assertThat(tree.held()).hasSize(2);
      assertThat(tree.versions(study.key())).extracting(HeldVersion::id).containsExactly(copy.id());
      assertThat(tree.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
      assertThat(TestStudy.readAll(tree, copy)).hasSameSizeAs(study.files());
    }
  }

  @Test
  void withoutTheKeyNoCopyIsAdded() throws IOException {
    try (ZipTreeDestination tree = open(pseudonym, ZipTreeDestination.Access.WRITE)) {
      study(UID, 1).copyTo(tree);
    }
    List<String> before = names();

    try (ZipTreeDestination tree = open(NamingProfile.AS_FOUND, ZipTreeDestination.Access.WRITE)) {
      assertThatThrownBy(() -> study("1.2.3", 1).copyTo(tree))
          .isInstanceOf(SerdabException.Misconfigured.class)
          .hasMessageContaining("key");
    }
    assertThat(names()).isEqualTo(before);
  }

  @Test
  void aCopyIsNotMadeWhenItsNameCannotBeWrittenDown() throws IOException {
    NamingProfile full =
        new NamingProfile.Pseudonym(
            PseudonymKey.of(new byte[32]),
            (_, _) -> {
              throw new SerdabException.Unavailable(new Problem("full", "Full.", ""));
            });

    try (ZipTreeDestination tree = open(full, ZipTreeDestination.Access.WRITE)) {
      assertThatThrownBy(() -> study(UID, 1).copyTo(tree))
          .isInstanceOf(SerdabException.Unavailable.class);
    }
    assertThat(names()).noneMatch(name -> name.endsWith(".zip"));
  }

  @Test
  void aTreeIsNotNamedInTwoWays() {
    open(pseudonym, ZipTreeDestination.Access.WRITE).close();

    assertThatThrownBy(() -> open(NamingProfile.HOROS_ZIP, ZipTreeDestination.Access.WRITE))
        .isInstanceOf(SerdabException.HeldBack.class)
        .hasMessageContaining("named by pseudonym");
    assertThatThrownBy(() -> open(NamingProfile.UID, ZipTreeDestination.Access.ADOPT))
        .isInstanceOf(SerdabException.HeldBack.class);
    assertThatThrownBy(
            () -> open(pseudonym("another key, long enough"), ZipTreeDestination.Access.WRITE))
        .isInstanceOf(SerdabException.HeldBack.class)
        .hasMessageContaining("another key");
  }

  @Test
  void aTreeNamedByATemplateKeepsItAndFindsItsVersions() throws IOException {
    NamingProfile template =
        new NamingProfile.Template(NameTemplate.parse("{study-date}-{accession}_{patient}"));
    HeldVersion first;
    try (ZipTreeDestination tree = open(template, ZipTreeDestination.Access.WRITE)) {
      first = study(UID, 1).copyTo(tree);
    }

    try (ZipTreeDestination tree = open(NamingProfile.AS_FOUND, ZipTreeDestination.Access.WRITE)) {
      HeldVersion second = study(UID, 2).patient("Doe^Janet").copyTo(tree);

      assertThat(tree.versions(study(UID, 1).key()))
          .extracting(HeldVersion::location)
          .containsExactly(first.location(), second.location());
      assertThat(second.location()).matches("2021_01/2021-01-10-ACC-1_Doe_Janet_U-.{16}_2\\.zip");
    }
  }
}
