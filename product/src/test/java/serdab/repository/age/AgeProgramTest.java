package serdab.repository.age;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// Both ways with the program age.
@Needs({Peer.AGE, Peer.PYTHON})
class AgeProgramTest {

  /// Runs its arguments on a terminal of their own and types the passphrase at every question.
  private static final String TYPE =
      """
      import os, pty, sys
      child, terminal = pty.fork()
      if child == 0:
          os.execvp(sys.argv[2], sys.argv[2:])
      asked = b""
      while True:
          try:
              said = os.read(terminal, 1024)
          except OSError:
              break
          if not said:
              break
          asked += said
          if asked.rstrip().endswith(b":"):
              asked = b""
              os.write(terminal, sys.argv[1].encode() + b"\\n")
      sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
      """;

  @TempDir Path folder;

  private final Random random = new Random(4);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65535, 65536, 65537, 131072, 5_000_000})
  void ageOpensWhatWeSeal(int lengthBytes) throws Exception {
    AgeIdentity identity = AgeIdentity.generate(random);
    byte[] plain = bytes(lengthBytes);
    write("key.txt", (identity.text() + "\n").getBytes(UTF_8));
    write("sealed.age", AgeFile.seal(List.of(identity.recipient()), plain, random));

    run("age", "-d", "-i", "key.txt", "sealed.age");

    assertThat(read("said")).isEqualTo(plain);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65535, 65536, 65537, 131072, 5_000_000})
  void weOpenWhatAgeSeals(int lengthBytes) throws Exception {
    byte[] plain = bytes(lengthBytes);
    write("plain", plain);
    run("age-keygen", "-o", "key.txt");
    AgeIdentity identity =
        AgeIdentity.parseFile(Files.readString(folder.resolve("key.txt"))).getFirst();

    run("age", "-r", identity.recipient().text(), "-o", "sealed.age", "plain");
    run("age", "-a", "-r", identity.recipient().text(), "-o", "armored.age", "plain");

    assertThat(AgeFile.open(read("sealed.age"), List.of(identity))).isEqualTo(plain);
    assertThat(AgeFile.open(read("armored.age"), List.of(identity))).isEqualTo(plain);
  }

  @Test
  void theRecipientIsTheOneThatAgeKeygenTells() throws Exception {
    run("age-keygen", "-o", "key.txt");
    run("age-keygen", "-y", "-o", "recipient.txt", "key.txt");

    AgeIdentity identity =
        AgeIdentity.parseFile(Files.readString(folder.resolve("key.txt"))).getFirst();

    assertThat(identity.recipient().text() + "\n")
        .isEqualTo(new String(read("recipient.txt"), UTF_8));
    assertThat(new String(read("key.txt"), UTF_8)).contains(identity.text());
  }

  @Test
  void eachOfSeveralRecipientsOpensTheFile() throws Exception {
    List<AgeIdentity> people =
        List.of(
            AgeIdentity.generate(random),
            AgeIdentity.generate(random),
            AgeIdentity.generate(random));
    byte[] plain = bytes(70_000);
    write("plain", plain);
    write(
        "sealed.age",
        AgeFile.seal(people.stream().map(AgeIdentity::recipient).toList(), plain, random));
    run(
        "age",
        "-o",
        "theirs.age",
        "-r",
        people.get(0).recipient().text(),
        "-r",
        people.get(1).recipient().text(),
        "-r",
        people.get(2).recipient().text(),
        "plain");

    for (AgeIdentity person : people) {
      write("key.txt", person.text().getBytes(UTF_8));
      run("age", "-d", "-i", "key.txt", "-o", "opened", "sealed.age");
      assertThat(read("opened")).isEqualTo(plain);
      assertThat(AgeFile.open(read("theirs.age"), List.of(person))).isEqualTo(plain);
    }
  }

  @Test
  void passphrasesWorkBothWays() throws Exception {
    String passphrase = "caminhão über-7";
    byte[] plain = bytes(1000);
    write("plain", plain);
    write("ours.age", AgeFile.sealWithPassphrase(passphrase.toCharArray(), 15, plain, random));

    typing(passphrase, "age", "-p", "-o", "theirs.age", "plain");
    typing(passphrase, "age", "-d", "-o", "opened", "ours.age");

    assertThat(read("opened")).isEqualTo(plain);
    assertThat(AgeFile.needsPassphrase(read("theirs.age"))).isTrue();
    assertThat(AgeFile.openWithPassphrase(read("theirs.age"), passphrase.toCharArray()))
        .isEqualTo(plain);
  }

  private void typing(String passphrase, String... command) throws Exception {
    String[] all = new String[4 + command.length];
    all[0] = "python3";
    all[1] = "-c";
    all[2] = TYPE;
    all[3] = passphrase;
    System.arraycopy(command, 0, all, 4, command.length);
    run(all);
  }

  private void run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("said").toFile())
            .start();
    process.getOutputStream().close();
    assertThat(process.waitFor())
        .as("%s: %s", Arrays.toString(command), new String(read("said"), ISO_8859_1))
        .isZero();
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private void write(String name, byte[] content) throws IOException {
    Files.deleteIfExists(folder.resolve(name));
    Files.write(folder.resolve(name), content);
  }

  private byte[] read(String name) throws IOException {
    return Files.readAllBytes(folder.resolve(name));
  }
}
