package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.store.Staged;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// The life of a repository, as somebody lives it who types commands.
class RepositoryCommandsTest {

  private static final String PASSPHRASE = "a long passphrase";

  @TempDir private Path folder;

  // ---- beginning

  @Test
  void aRepositoryIsMadeWithEverythingThatOpensIt() throws IOException {
    CommandLineRun.Result made = init("sealed");

    assertThat(made.exitCode()).as(made.err()).isZero();
    assertThat(made.out()).contains("was made at repo:" + folder.resolve("sealed"));
    Path keys = theOnly(folder.resolve("home/repositories"), ".json");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keys)))
        .isEqualTo("rw-------");
    assertThat(folder.resolve("sealed/keys/person-owner.age"))
        .hasSameBinaryContentAs(folder.resolve("owner.age"));
    assertThat(theOnly(folder.resolve("home/repositories"), "-sheet.txt"))
        .content()
        .contains("RECOVERY SHEET", "-----BEGIN AGE ENCRYPTED FILE-----")
        .doesNotContain("AGE-SECRET-KEY", PASSPHRASE);
    assertThat(theOnly(folder.resolve("home/repositories"), "-sheet.svg"))
        .content()
        .startsWith("<svg");
  }

  @Test
  void whatReadsItWithoutThisProgramIsStoredInIt() {
    init("sealed");

    Path checkout = SharedData.checkout();
    assertThat(folder.resolve("sealed/repository.md"))
        .hasSameBinaryContentAs(checkout.resolve("docs/format/repository.md"));
    assertThat(folder.resolve("sealed/restore.py"))
        .hasSameBinaryContentAs(checkout.resolve("docs/format/restore-from-repository.py"));
    assertThat(folder.resolve("sealed/LICENSE.txt"))
        .hasSameBinaryContentAs(checkout.resolve("LICENSE"));
  }

  @Test
  void aPassphraseThatWasTypedIsAskedForTwice() {
    String[] init = {"repository", "init", repo("sealed")};

    CommandLineRun.Result twoOthers = home("home").typing("one\nother\nsame\nsame\n").run(init);
    CommandLineRun.Result opened =
        home("home")
            .with("SERDAB_PASSPHRASE", "same")
            .run(
                "restore",
                "--from",
                repo("sealed"),
                "--all",
                "--to",
                folder.resolve("back").toString(),
                "--dry-run");

    assertThat(twoOthers.exitCode()).as(twoOthers.err()).isZero();
    assertThat(twoOthers.err()).contains("two different ones");
    assertThat(opened.exitCode()).as(opened.err()).isZero();
  }

  @Test
  void nothingIsMadeWithoutAPassphrase() {
    CommandLineRun.Result refused = home("home").run("repository", "init", repo("sealed"));

    assertThat(refused.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(refused.err()).contains("SERDAB_PASSPHRASE");
    assertThat(folder.resolve("sealed/repository.json")).doesNotExist();
  }

  @Test
  void aSecondRepositoryAtAPlaceIsRefusedAndSoIsATreeOfZips() throws IOException {
    init("sealed");
    source("1.2.3");
    home("home").run("backup", "--from", source(), "--to", "zip:" + folder.resolve("zips"));

    CommandLineRun.Result again = init("sealed");
    CommandLineRun.Result overZips = init("zips");
    CommandLineRun.Result zipsInside =
        home("home").run("backup", "--from", source(), "--to", "zip:" + folder.resolve("sealed"));

    assertThat(again.exitCode()).isNotZero();
    assertThat(again.err()).contains("owner.age is there already");
    assertThat(overZips.exitCode()).isNotZero();
    assertThat(folder.resolve("zips/repository.json")).doesNotExist();
    assertThat(zipsInside.exitCode()).isEqualTo(Main.ExitCodes.HELD_BACK);
    assertThat(folder.resolve("sealed/destination.json")).doesNotExist();
  }

  @Test
  void aPlaceWithoutARepositoryGetsNoCopiesAndNoFolder() throws IOException {
    source("1.2.3");

    CommandLineRun.Result refused = backUp("home", "nowhere");

    assertThat(refused.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(refused.err()).contains("serdab repository init " + repo("nowhere"));
    assertThat(folder.resolve("nowhere")).doesNotExist();
  }

  // ---- the life on real files

  @Test
  @Needs(Peer.SHARED_DATA)
  void realFilesComeBackBitForBitAndAreCopiedOnce() throws IOException {
    for (String each : List.of("odd_pydicom", "mr_siemens_dcm_qa_decubitus", "odd_libdicom")) {
      copyTree(SharedData.dicom().resolve(each), folder.resolve("source").resolve(each));
    }
    init("sealed");

    CommandLineRun.Result first = backUp("home", "sealed");
    long stored = bytesIn(folder.resolve("sealed/packs"));
    CommandLineRun.Result second = backUp("home", "sealed");
    CommandLineRun.Result readable = owner("home").run("verify", repo("sealed"));
    CommandLineRun.Result restored = restore("back");

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(second.out()).contains(" 0 copied and proven,").contains("All good.");
    assertThat(bytesIn(folder.resolve("sealed/packs"))).isEqualTo(stored);
    assertThat(readable.exitCode()).as(readable.out()).isZero();
    assertThat(readable.out()).contains("checked to READABLE", " 0 NOT good");
    assertThat(restored.exitCode()).as(restored.err()).isZero();
    assertThat(digests(folder.resolve("back"))).containsAll(digests(folder.resolve("source")));
    assertThat(stored).isLessThan(bytesIn(folder.resolve("source")) * 3 / 4);
  }

  @Test
  void theFastWayIsLosslessToo() throws IOException {
    source("1.2.3");
    init("sealed");

    backUp("home", "sealed", "--compression", "fast");
    CommandLineRun.Result restored = restore("back");

    assertThat(restored.exitCode()).as(restored.err()).isZero();
    assertThat(digests(folder.resolve("back"))).containsAll(digests(folder.resolve("source")));
  }

  // ---- what works without a key

  @Test
  void withoutTheIdentityCopiesAreProvenIntactAndNotRead() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");

    CommandLineRun.Result intact = home("home").run("verify", repo("sealed"), "--depth", "intact");
    CommandLineRun.Result readable = home("home").run("verify", repo("sealed"));
    CommandLineRun.Result restored =
        home("home").run("restore", "--from", repo("sealed"), "--all", "--to", path("back"));
    CommandLineRun.Result listed = home("home").run("repository", "snapshots", repo("sealed"));
    CommandLineRun.Result checked = home("home").run("repository", "check", repo("sealed"));

    assertThat(intact.exitCode()).as(intact.err()).isZero();
    assertThat(readable.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(readable.err()).contains("--identity FILE").contains("--depth intact");
    assertThat(restored.err()).contains("--identity FILE");
    assertThat(folder.resolve("back")).doesNotExist();
    assertThat(listed.out()).contains("1 version of 1 study or group").doesNotContain("1.2.3");
    assertThat(checked.out()).contains("1 versions in 1 packs: 0 NOT good");
  }

  @Test
  void theReaderInPythonIsShortEnoughToBeReadByAStranger() throws IOException {
    Path reader = SharedData.checkout().resolve("docs/format/restore-from-repository.py");

    assertThat(Files.readAllLines(reader)).hasSizeLessThanOrEqualTo(300);
  }

  @Test
  void aWrongPassphraseAndAWrongKeyAreToldAsSuch() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Files.writeString(
        folder.resolve("other.txt"),
        serdab.repository.age.AgeIdentity.generate(new java.security.SecureRandom()).text());

    CommandLineRun.Result passphrase =
        home("home").with("SERDAB_PASSPHRASE", "wrong").run("verify", repo("sealed"));
    CommandLineRun.Result key =
        home("home").run("verify", repo("sealed"), "--identity", path("other.txt"));

    assertThat(passphrase.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(passphrase.err()).contains("The passphrase does not open the sealed file");
    assertThat(key.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(key.err()).contains("sealed to");
  }

  @Test
  void theIdentityIsTakenFromAFileAndThePassphraseToo() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Files.writeString(folder.resolve("secret.txt"), PASSPHRASE + "\n");

    CommandLineRun.Result read =
        home("home")
            .run(
                "verify",
                repo("sealed"),
                "--identity",
                path("owner.age"),
                "--passphrase-file",
                path("secret.txt"));

    assertThat(read.exitCode()).as(read.err()).isZero();
  }

  // ---- other machines

  @Test
  void anotherMachineIsEnrolledAndCopiesNothingThatIsThere() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");

    CommandLineRun.Result stranger = backUp("second", "sealed");
    CommandLineRun.Result enrolled =
        owner("second").run("repository", "key", "enrol", repo("sealed"), "--machine", "two");
    long stored = bytesIn(folder.resolve("sealed/packs"));
    CommandLineRun.Result after = backUp("second", "sealed");

    assertThat(stranger.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(stranger.err()).contains("serdab repository key enrol " + repo("sealed"));
    assertThat(enrolled.exitCode()).as(enrolled.err()).isZero();
    assertThat(after.exitCode()).as(after.err()).isZero();
    assertThat(after.out()).contains(" 1 adopted,");
    assertThat(bytesIn(folder.resolve("sealed/packs"))).isEqualTo(stored);
  }

  @Test
  void aMachineThatWasRevokedWritesNothingThatWouldNotCount() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    String machine =
        home("home")
            .run("repository", "key", "list", repo("sealed"))
            .out()
            .lines()
            .filter(line -> line.startsWith("Machine "))
            .map(line -> line.split(" ", -1)[1])
            .findFirst()
            .orElseThrow();

    CommandLineRun.Result revoked =
        owner("home").run("repository", "key", "revoke", repo("sealed"), machine);
    source("1.2.4");
    CommandLineRun.Result after = backUp("home", "sealed");
    CommandLineRun.Result listed = home("home").run("repository", "snapshots", repo("sealed"));

    assertThat(revoked.exitCode()).as(revoked.err()).isZero();
    assertThat(after.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(after.err()).contains("revoked");
    assertThat(listed.out()).contains("1 version of 1 study");
  }

  @Test
  void aNewMachineGoesOnFromARepositoryAlone() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");

    CommandLineRun.Result without = home("new").run("recover", "--from", repo("sealed"));
    CommandLineRun.Result recovered = owner("new").run("recover", "--from", repo("sealed"));
    CommandLineRun.Result next = backUp("new", "sealed");

    assertThat(without.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(without.err()).contains("--identity FILE");
    assertThat(recovered.exitCode()).as(recovered.err()).isZero();
    assertThat(recovered.out()).contains("The catalogue of", "1 copies known, 0 remembered anew");
    assertThat(next.exitCode()).as(next.err()).isZero();
    assertThat(next.out()).contains(" 0 copied and proven, 1 already there");
  }

  /// Without keys of its own it cannot even tell which studies are there.
  @Test
  void aMachineThatWasNeverEnrolledProvesThatCopiesAreIntactWithTheIdentity() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    String[] verify = {"verify", repo("sealed"), "--depth", "intact"};

    CommandLineRun.Result without = home("new").run(verify);
    CommandLineRun.Result kept = owner("new").run(verify);
    CommandLineRun.Result named =
        owner("other")
            .run("verify", repo("sealed"), "--depth", "intact", "--identity", path("owner.age"));

    assertThat(without.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(without.err()).contains("--identity FILE");
    // Enrolled, with a catalogue that knows none of the copies.
    owner("third").run("repository", "key", "enrol", repo("sealed"), "--machine", "three");
    String[] withIdentity = {
      "verify", repo("sealed"), "--depth", "intact", "--identity", path("owner.age")
    };
    CommandLineRun.Result enrolled = owner("third").run(withIdentity);
    for (CommandLineRun.Result result : List.of(kept, named, enrolled)) {
      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(result.out()).contains("1 checked to INTACT: 1 good, 0 NOT good");
    }
  }

  // ---- keys

  @Test
  void keysAreRotatedAndPeopleComeAndGo() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    var second = serdab.repository.age.AgeIdentity.generate(new java.security.SecureRandom());
    Files.writeString(folder.resolve("second.txt"), second.text());
    String recipient = second.recipient().text();
    String[] verify = {"verify", repo("sealed"), "--identity", path("second.txt")};

    CommandLineRun.Result closed = home("home").run(verify);
    CommandLineRun.Result added =
        owner("home").run("repository", "key", "add", repo("sealed"), recipient);
    CommandLineRun.Result open = home("home").run(verify);
    CommandLineRun.Result rotated =
        home("home")
            .run("repository", "key", "rotate", repo("sealed"), "--identity", path("second.txt"));
    CommandLineRun.Result removed =
        owner("home").run("repository", "key", "remove", repo("sealed"), recipient);
    CommandLineRun.Result enrols =
        home("third")
            .run("repository", "key", "enrol", repo("sealed"), "--identity", path("second.txt"));
    CommandLineRun.Result still = owner("home").run("verify", repo("sealed"));
    CommandLineRun.Result next = backUp("home", "sealed");

    assertThat(closed.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(added.out()).contains("Generation 2").contains("1 studies and groups were sealed");
    assertThat(open.exitCode()).as(open.err()).isZero();
    assertThat(rotated.out()).as(rotated.err()).contains("Generation 3");
    assertThat(removed.out()).as(removed.err()).contains("Generation 4");
    assertThat(enrols.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(enrols.err()).contains("an earlier generation");
    assertThat(still.exitCode()).as(still.err()).isZero();
    assertThat(next.exitCode()).as(next.err()).isZero();
  }

  @Test
  void theLastPersonWhoCanOpenARepositoryIsNotRemoved() {
    init("sealed");
    String only =
        home("home")
            .run("repository", "key", "list", repo("sealed"))
            .out()
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("age1"))
            .findFirst()
            .orElseThrow();

    CommandLineRun.Result refused =
        owner("home").run("repository", "key", "remove", repo("sealed"), only);

    assertThat(refused.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(refused.err()).contains("Nobody else can open the repository");
  }

  // ---- which repository it is

  @Test
  void anotherRepositoryAtTheSameAddressGetsNothingUntilAPersonSaysSo() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Files.move(folder.resolve("sealed"), folder.resolve("away"));
    Files.delete(folder.resolve("owner.age"));
    init("sealed");

    CommandLineRun.Result heldBack = backUp("home", "sealed");
    CommandLineRun.Result adopted = backUp("home", "sealed", "--adopt");

    assertThat(heldBack.exitCode()).isEqualTo(Main.ExitCodes.HELD_BACK);
    assertThat(heldBack.err()).contains("not the one that was there before");
    assertThat(adopted.exitCode()).as(adopted.err()).isZero();
    assertThat(adopted.out()).contains(" 1 copied and proven");
  }

  @Test
  void aRepositoryThatIsNotConnectedHoldsTheRunBack() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Files.move(folder.resolve("sealed"), folder.resolve("away"));

    CommandLineRun.Result gone = backUp("home", "sealed");
    Files.createDirectory(folder.resolve("sealed"));
    CommandLineRun.Result empty = backUp("home", "sealed");

    assertThat(gone.exitCode()).isEqualTo(Main.ExitCodes.HELD_BACK);
    assertThat(empty.exitCode()).isEqualTo(Main.ExitCodes.HELD_BACK);
    assertThat(empty.err()).contains("repository.json is missing");
    assertThat(folder.resolve("sealed")).isEmptyDirectory();
  }

  // ---- from one form to the other

  @Test
  void aRepositoryIsASourceForZipsAndZipsForARepository() throws IOException {
    source("1.2.3");
    source("1.2.4");
    init("sealed");
    backUp("home", "sealed");
    String zips = "zip:" + folder.resolve("zips");
    String[] toZips = {"backup", "--from", repo("sealed"), "--to", zips};

    CommandLineRun.Result without = home("home").run(toZips);
    CommandLineRun.Result out = owner("home").run(toZips);
    Files.delete(folder.resolve("owner.age"));
    init("other");
    CommandLineRun.Result in = home("home").run("backup", "--from", zips, "--to", repo("other"));
    CommandLineRun.Result across =
        owner("home").run("backup", "--from", repo("sealed"), "--to", repo("other"));

    assertThat(without.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(without.err()).contains("--identity FILE");
    assertThat(out.exitCode()).as(out.err()).isZero();
    assertThat(out.out()).contains(" 2 copied and proven");
    assertThat(in.exitCode()).as(in.err()).isZero();
    assertThat(in.out()).contains(" 2 copied and proven");
    assertThat(across.out()).as(across.err()).contains(" 0 copied and proven, 2 already there");
  }

  @Test
  void aPlanOfTheConfigurationMayNameARepository() throws IOException {
    source("1.2.3");
    init("sealed");
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        "[plan.daily]\nfrom = \"%s\"\nto = \"%s\"\ncompression = \"fast\"\n"
            .formatted(source(), repo("sealed")));

    CommandLineRun.Result copied = home("home").run("backup");
    CommandLineRun.Result status = home("home").run("status");

    assertThat(copied.exitCode()).as(copied.err()).isZero();
    assertThat(status.exitCode()).as(status.out()).isZero();
    assertThat(status.out()).contains(repo("sealed")).contains("generation 1 of its keys");
  }

  // ---- removing

  @Test
  void packsOfAVersionThatWentAreFreedByAPruneAndNoOthers() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Files.write(
        folder.resolve("source/1.2.3-2.dcm"),
        TinyDicom.image().study("1.2.3").sop("1.2.3.2").bytes());
    backUp("home", "sealed", "--quiet-time", "0s");
    CommandLineRun.Result needed = home("home").run("repository", "prune", repo("sealed"), "--yes");
    home("home").run("prune", repo("sealed"), "--plan", "--keep-versions", "1");
    CommandLineRun.Result removed =
        owner("home")
            .run(
                "prune",
                repo("sealed"),
                "--execute",
                theOnly(folder.resolve("home/plans"), ".json").toString(),
                "--confirm",
                "1");

    CommandLineRun.Result planned = home("home").run("repository", "prune", repo("sealed"));
    CommandLineRun.Result pruned = home("home").run("repository", "prune", repo("sealed"), "--yes");
    CommandLineRun.Result readable = owner("home").run("verify", repo("sealed"));

    assertThat(needed.out()).contains("there is nothing to remove");
    assertThat(removed.exitCode()).as(removed.out() + removed.err()).isZero();
    assertThat(planned.out()).as(planned.err()).contains("can go. Nothing was removed");
    assertThat(pruned.out()).as(pruned.err()).contains("removed");
    assertThat(readable.exitCode()).as(readable.out() + readable.err()).isZero();
  }

  /// Whoever may write to the place can put a newer version of somebody's study there.
  @Test
  void aVersionThatNobodyEnrolledSignedTakesNoOthersPlace() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Files.write(
        folder.resolve("source/1.2.3-2.dcm"),
        TinyDicom.image().study("1.2.3").sop("1.2.3.2").bytes());
    owner("stranger")
        .run("repository", "init", repo("theirs"), "--identity-file", path("theirs.age"));
    backUp("stranger", "theirs", "--quiet-time", "0s");
    for (String part : List.of("snapshots", "packs", "groups", "index", "copies")) {
      copyTree(folder.resolve("theirs").resolve(part), folder.resolve("sealed").resolve(part));
    }

    CommandLineRun.Result checked = home("home").run("repository", "check", repo("sealed"));
    CommandLineRun.Result planned =
        owner("home").run("prune", repo("sealed"), "--plan", "--keep-versions", "1");
    String[] prune = {"repository", "prune", repo("sealed"), "--yes"};
    CommandLineRun.Result stopped = home("home").run(prune);
    List<String> names = new ArrayList<>(List.of("repository", "prune", repo("sealed")));
    Matcher named = Pattern.compile("[0-9a-f]{32}/[0-9]{8}").matcher(stopped.err());
    while (named.find()) {
      names.addAll(List.of("--give-up", named.group()));
    }
    names.addAll(List.of("--reason", "Somebody else put them there."));
    CommandLineRun.Result given = home("home").run(names.toArray(String[]::new));
    CommandLineRun.Result pruned = home("home").run(prune);
    CommandLineRun.Result readable = owner("home").run("verify", repo("sealed"));

    assertThat(checked.exitCode()).as(checked.out()).isNotZero();
    assertThat(checked.out()).contains("snapshots/");
    assertThat(planned.out())
        .as(planned.err())
        .contains("Kept: 1 copies", "May go: 0 copies", "cannot be read as copies");
    assertThat(stopped.exitCode()).isNotZero();
    assertThat(stopped.err()).contains("nothing is removed");
    assertThat(given.exitCode()).as(given.err()).isZero();
    assertThat(pruned.exitCode()).as(pruned.err()).isZero();
    assertThat(readable.exitCode()).as(readable.out() + readable.err()).isZero();
    assertThat(readable.out()).contains("1 good");
  }

  @Test
  void whatAKilledRunLeftGoesWithAPruneAlsoWhereNoPackGoes() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Path sealed = folder.resolve("sealed");
    Path left = folder.resolve("left.part");
    Path part;
    try (BlobStore place = LocalFolder.openShared(sealed, new SplittableRandom(3));
        Staged _ = place.stage("packs/00/killed.age")) {
      part = theOnly(sealed.resolve("packs/00"), ".part");
      Files.copy(part, left);
    }
    Files.copy(left, part);

    CommandLineRun.Result asked = home("home").run("repository", "prune", repo("sealed"));
    boolean stays = Files.exists(part);
    CommandLineRun.Result pruned = home("home").run("repository", "prune", repo("sealed"), "--yes");

    assertThat(asked.exitCode()).as(asked.err()).isZero();
    assertThat(stays).isTrue();
    assertThat(pruned.out()).as(pruned.err()).contains("there is nothing to remove");
    assertThat(part).doesNotExist();
  }

  @Test
  void aCheckNamesTheDamagedPackAndARepairMendsItFromAnotherCopy() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Path pack = firstFile(folder.resolve("sealed/packs"));
    byte[] bytes = Files.readAllBytes(pack);
    bytes[bytes.length / 2] ^= 1;
    Files.write(pack, bytes);

    CommandLineRun.Result checked = home("home").run("repository", "check", repo("sealed"));
    CommandLineRun.Result verified =
        home("home").run("verify", repo("sealed"), "--depth", "intact");
    CommandLineRun.Result hopeless = home("home").run("repository", "repair", repo("sealed"));
    Path other = Files.createDirectories(folder.resolve("other/packs"));
    copyTree(folder.resolve("sealed"), folder.resolve("other"));
    Path whole = other.resolve(folder.resolve("sealed/packs").relativize(pack).toString());
    bytes[bytes.length / 2] ^= 1;
    Files.write(whole, bytes);
    CommandLineRun.Result mended =
        home("home").run("repository", "repair", repo("sealed"), "--from", repo("other"));
    CommandLineRun.Result after = home("home").run("repository", "check", repo("sealed"));

    assertThat(hopeless.exitCode()).isEqualTo(Main.ExitCodes.INCOMPLETE);
    assertThat(hopeless.out()).contains("NOT mended: packs/");
    assertThat(mended.exitCode()).as(mended.out() + mended.err()).isZero();
    assertThat(mended.out()).contains("Mended from the other place: packs/");
    assertThat(after.exitCode()).as(after.out()).isZero();
    assertThat(checked.exitCode()).isEqualTo(Main.ExitCodes.INCOMPLETE);
    assertThat(checked.out()).contains(pack.getFileName().toString()).contains("1 NOT good");
    assertThat(verified.exitCode()).isEqualTo(Main.ExitCodes.INCOMPLETE);
  }

  /// Nothing protects a repository without parity from that; the source does.
  @Test
  void whatIsLostWithAPackIsStoredAnewByTheNextBackupWithoutBeingAskedTo() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    source("1.2.4");
    backUp("home", "sealed");
    Files.delete(firstFile(folder.resolve("sealed/packs")));

    CommandLineRun.Result restored = restore("half");
    CommandLineRun.Result planned = backUp("home", "sealed", "--dry-run");
    CommandLineRun.Result again = backUp("home", "sealed");
    CommandLineRun.Result readable = owner("home").run("verify", repo("sealed"));
    CommandLineRun.Result whole = restore("back");

    assertThat(restored.exitCode()).isEqualTo(Main.ExitCodes.INCOMPLETE);
    assertThat(restored.out()).contains("1 gap", "A file that a version needs");
    assertThat(planned.out()).as(planned.err()).contains("copy missing");
    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(again.out()).contains("1 copied");
    assertThat(again.err()).contains("1 proven copy in");
    assertThat(readable.exitCode()).as(readable.out() + readable.err()).isZero();
    assertThat(whole.exitCode()).as(whole.out() + whole.err()).isZero();
    assertThat(digests(folder.resolve("back"))).containsAll(digests(folder.resolve("source")));
  }

  @Test
  void whatACheckFindsDamagedIsTrustedByNoBackup() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    flipABit(firstFile(folder.resolve("sealed/packs")));

    CommandLineRun.Result trusted = backUp("home", "sealed");
    CommandLineRun.Result checked =
        home("home").run("repository", "check", repo("sealed"), "--json");
    CommandLineRun.Result again = backUp("home", "sealed");
    CommandLineRun.Result whole = restore("back");

    assertThat(trusted.out()).as("a listing does not show it").contains("0 copied");
    assertThat(checked.out().replace(" ", "")).contains("\"copies_lost\":1");
    assertThat(again.out()).as(again.err()).contains("1 copied");
    assertThat(whole.exitCode()).as(whole.out() + whole.err()).isZero();
    assertThat(digests(folder.resolve("back"))).containsAll(digests(folder.resolve("source")));
  }

  @Test
  void copiesCountAgainWhenWhatTheyNeedIsMended() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    copyTree(folder.resolve("sealed"), Files.createDirectories(folder.resolve("other")));
    flipABit(firstFile(folder.resolve("sealed/packs")));

    CommandLineRun.Result hopeless =
        home("home").run("repository", "repair", repo("sealed"), "--json");
    CommandLineRun.Result unsafe = home("home").run("status");
    CommandLineRun.Result mended =
        home("home").run("repository", "repair", repo("sealed"), "--from", repo("other"), "--json");
    CommandLineRun.Result after = backUp("home", "sealed");

    assertThat(hopeless.out().replace(" ", "")).contains("\"copies_lost\":1");
    assertThat(unsafe.out()).contains("1 DAMAGED");
    assertThat(mended.out().replace(" ", "")).contains("\"copies_again\":1");
    assertThat(mended.out().replace(" ", "")).contains("\"copies_lost\":0");
    assertThat(after.out()).contains("0 copied").contains("1 already there");
  }

  @Test
  void aRepositoryWhoseDescriptionIsLostIsReadFromItsCopiesAndNoOtherIsMadeOverIt()
      throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Path description = folder.resolve("sealed/repository.json");
    byte[] content = Files.readAllBytes(description);
    Files.delete(description);
    source("1.2.4");

    CommandLineRun.Result begun =
        owner("other")
            .run("repository", "init", repo("sealed"), "--identity-file", path("other.age"));
    CommandLineRun.Result again = backUp("home", "sealed");
    CommandLineRun.Result trees =
        home("home").run("backup", "--from", source(), "--to", "zip:" + path("sealed"));
    CommandLineRun.Result whole = restore("back");
    CommandLineRun.Result checked = home("home").run("repository", "check", repo("sealed"));
    CommandLineRun.Result repaired = home("home").run("repository", "repair", repo("sealed"));

    assertThat(begun.exitCode()).isNotZero();
    assertThat(begun.err()).contains("There is a repository at");
    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(again.out()).contains("1 copied");
    assertThat(again.err()).contains("repository.json is lost");
    assertThat(trees.exitCode()).isEqualTo(Main.ExitCodes.HELD_BACK);
    assertThat(whole.exitCode()).as(whole.out() + whole.err()).isZero();
    assertThat(digests(folder.resolve("back"))).containsAll(digests(folder.resolve("source")));
    assertThat(checked.exitCode()).isEqualTo(Main.ExitCodes.INCOMPLETE);
    assertThat(checked.out()).contains("repository.json");
    assertThat(repaired.exitCode()).as(repaired.out() + repaired.err()).isZero();
    assertThat(Files.readAllBytes(description)).isEqualTo(content);
    assertThat(backUp("home", "sealed").err()).doesNotContain("repository.json is lost");
  }

  private static void flipABit(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  @Test
  void aRepairMakesTheIndexAgainInTheRunInWhichItMendsAPack() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    copyTree(folder.resolve("sealed"), Files.createDirectories(folder.resolve("other")));
    for (String damaged : new String[] {"packs", "index"}) {
      Path file = firstFile(folder.resolve("sealed").resolve(damaged));
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);
    }

    CommandLineRun.Result mended =
        home("home").run("repository", "repair", repo("sealed"), "--from", repo("other"));
    CommandLineRun.Result after = home("home").run("repository", "check", repo("sealed"));

    assertThat(mended.exitCode()).as(mended.out() + mended.err()).isZero();
    assertThat(mended.out()).contains("packs/", "The index was made again.");
    assertThat(after.exitCode()).as(after.out()).isZero();
  }

  @Test
  void aSnapshotThatIsLostForGoodIsNamedByThePruneAndGivenUpByAPerson() throws IOException {
    source("1.2.3");
    init("sealed");
    backUp("home", "sealed");
    Path snapshot =
        filesIn(folder.resolve("sealed/snapshots")).stream()
            .filter(file -> file.endsWith("00000001.zip"))
            .findFirst()
            .orElseThrow();
    source("1.2.4");
    backUp("home", "sealed");
    for (String kind : List.of("index", "copies")) {
      for (Path file : filesIn(folder.resolve("sealed").resolve(kind))) {
        Files.delete(file);
      }
    }
    byte[] bytes = Files.readAllBytes(snapshot);
    bytes[70] ^= 1;
    Files.write(snapshot, bytes);
    String[] prune = {"repository", "prune", repo("sealed"), "--yes", "--untouched", "0s"};

    CommandLineRun.Result stopped = home("home").run(prune);
    Matcher named = Pattern.compile("snapshot ([0-9a-f]{32}/[0-9]{8})").matcher(stopped.err());
    assertThat(named.find()).as(stopped.err()).isTrue();
    String lost = named.group(1);
    String[] giveUp = {"repository", "prune", repo("sealed"), "--give-up", lost};
    CommandLineRun.Result silent = home("home").run(giveUp);
    CommandLineRun.Result given =
        home("home")
            .run(
                Stream.concat(Arrays.stream(giveUp), Stream.of("--reason", "A disk failed."))
                    .toArray(String[]::new));
    CommandLineRun.Result pruned = home("home").run(prune);
    CommandLineRun.Result checked = home("home").run("repository", "check", repo("sealed"));
    CommandLineRun.Result again = backUp("home", "sealed");

    assertThat(stopped.exitCode()).isNotZero();
    assertThat(stopped.err()).contains("--give-up SNAPSHOT --reason WHY");
    assertThat(silent.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(given.exitCode()).as(given.err()).isZero();
    assertThat(given.out()).contains("Given up: snapshot " + lost);
    assertThat(pruned.exitCode()).as(pruned.err()).isZero();
    assertThat(checked.exitCode()).as(checked.out()).isZero();
    assertThat(again.exitCode()).as(again.err()).isZero();
  }

  // ---- helpers

  private CommandLineRun home(String machine) {
    return new CommandLineRun(folder.resolve(machine));
  }

  /// Somebody who knows the passphrase.
  private CommandLineRun owner(String machine) {
    return home(machine).with("SERDAB_PASSPHRASE", PASSPHRASE);
  }

  // ---- what it would take

  @Test
  @Needs(Peer.SHARED_DATA)
  void aDryRunTellsBeforehandWhatRealFilesWillTake() throws IOException {
    owner("home")
        .run(
            "repository",
            "init",
            repo("sealed"),
            "--identity-file",
            path("owner.age"),
            "--parity",
            "none");
    String data = SharedData.dicom().toString();
    String[] dryRun = {"backup", "--from", data, "--to", repo("sealed"), "--dry-run", "--json"};

    CommandLineRun.Result first = home("home").run(dryRun);
    CommandLineRun.Result second = home("home").run(dryRun);
    long before = sizeOf(folder.resolve("sealed"));
    CommandLineRun.Result backup =
        home("home").run("backup", "--from", data, "--to", repo("sealed"));

    assertThat(backup.exitCode()).as(backup.err()).isIn(0, Main.ExitCodes.INCOMPLETE);
    long stored = sizeOf(folder.resolve("sealed")) - before;
    long expected = figure(first.out(), "stored_bytes");
    assertThat(figure(second.out(), "stored_bytes")).isEqualTo(expected);
    assertThat((double) expected / stored).isBetween(0.9, 1.1);
    assertThat(figure(first.out(), "length_bytes")).isGreaterThan(2 * stored);
  }

  private static long figure(String json, String name) {
    Matcher found = Pattern.compile("\"" + name + "\":([0-9]+)").matcher(json);
    assertThat(found.find()).as(json).isTrue();
    return Long.parseLong(found.group(1));
  }

  private static long sizeOf(Path place) throws IOException {
    try (Stream<Path> all = Files.walk(place)) {
      long sum = 0;
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        sum += Files.size(file);
      }
      return sum;
    }
  }

  private CommandLineRun.Result init(String place) {
    return owner("home")
        .run("repository", "init", repo(place), "--identity-file", path("owner.age"));
  }

  private String repo(String place) {
    return "repo:" + folder.resolve(place);
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private String source() {
    return path("source");
  }

  private void source(String study) throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Files.write(
        folder.resolve("source/" + study + ".dcm"),
        TinyDicom.image().study(study).sop(study + ".1").bytes());
  }

  private CommandLineRun.Result backUp(String machine, String place, String... more) {
    Stream<String> always = Stream.of("backup", "--from", source(), "--to", repo(place));
    return home(machine).run(Stream.concat(always, Arrays.stream(more)).toArray(String[]::new));
  }

  private CommandLineRun.Result restore(String to) {
    return owner("home").run("restore", "--from", repo("sealed"), "--all", "--to", path(to));
  }

  private static Path theOnly(Path folder, String end) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(end)).findFirst().orElseThrow();
    }
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static Path firstFile(Path folder) throws IOException {
    return filesIn(folder).getFirst();
  }

  private static long bytesIn(Path folder) throws IOException {
    long bytes = 0;
    for (Path file : filesIn(folder)) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  private static List<String> digests(Path folder) throws IOException {
    List<String> digests = new ArrayList<>();
    for (Path file : filesIn(folder)) {
      digests.add(serdab.Sha256.digest(Files.readAllBytes(file)).hex());
    }
    return digests;
  }

  private static void copyTree(Path from, Path to) throws IOException {
    for (Path file : filesIn(from)) {
      Path copy = to.resolve(from.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
  }
}
