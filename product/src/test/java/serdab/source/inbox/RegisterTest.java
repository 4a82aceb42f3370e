package serdab.source.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;

/// What is looked for in the register of an inbox is found, whatever stands around it.
class RegisterTest {

  private static final int MANY = 20_000;

  @TempDir private Path root;

  private InboxFolder folder;

  @BeforeEach
  void makeInbox() throws IOException {
    folder = InboxFolder.make(root, Optional.empty());
  }

  @Test
  void eachOfManyIsFoundAndNothingElse() throws IOException {
    Register register = new Register(folder);
    try (Register.Appender lines = register.append()) {
      for (int i = 0; i < MANY; i++) {
        lines.add(line(i));
        if (i == MANY / 2) {
          lines.sync();
          assertThat(register.of("1.2." + i)).containsExactly(line(i));
        }
      }
      lines.sync();
    }

    for (Register each : List.of(register, new Register(folder))) {
      for (int i = 0; i < MANY; i += 7) {
        assertThat(each.of("1.2." + i)).containsExactly(line(i));
      }
      assertThat(each.of("1.2." + MANY)).isEmpty();
      assertThat(each.of("")).isEmpty();
    }
  }

  @Test
  void allThatCameUnderOneUidIsFoundOnce() throws IOException {
    Register register = new Register(folder);
    Register.Line first = new Register.Line(place("1.2.dcm"), digest(1));
    Register.Line other = new Register.Line(place("1.2-0123456789ab.dcm"), digest(2));
    Register.Line near = new Register.Line(place("1.2.3.dcm"), digest(3));
    Register.Line odd = new Register.Line(place("x-0123456789ab0123456789ab.dcm"), digest(4));
    append(register, first, near, other, odd, first);

    assertThat(register.of("1.2")).containsExactly(first, other);
    assertThat(register.of("x-0123456789ab0123456789ab")).containsExactly(odd);
    assertThat(register.of("x")).isEmpty();
  }

  /// A receiver was killed in the middle of a line.
  @Test
  void whatIsTornIsCutOff() throws IOException {
    Register register = new Register(folder);
    append(register, line(1));
    byte[] whole = Files.readAllBytes(file());
    for (int left = 0; left < whole.length; left += 13) {
      Files.write(file(), whole);
      append(register, line(2));
      byte[] both = Files.readAllBytes(file());
      Files.write(file(), Arrays.copyOf(both, whole.length + left));

      Register again = new Register(folder);
      assertThat(again.of("1.2.2")).isEmpty();
      append(again, line(3));

      assertThat(again.of("1.2.1")).containsExactly(line(1));
      assertThat(again.of("1.2.2")).isEmpty();
      assertThat(again.of("1.2.3")).containsExactly(line(3));
    }
  }

  /// People may write into it, or take it away; nothing outside of the inbox is ever looked at.
  @Test
  void whatIsNoLineOfOursIsPassedOver() throws IOException {
    Register register = new Register(folder);
    append(register, line(1));
    Files.writeString(
        file(),
        "\nnot a digest  received/1.2/1.2.2.dcm\n"
            + digest(2).hex()
            + "  received/../../1.2.2.dcm\n"
            + "x".repeat(5000)
            + "\n",
        StandardOpenOption.APPEND);
    append(register, line(3));

    assertThat(register.of("1.2.1")).containsExactly(line(1));
    assertThat(register.of("1.2.2")).isEmpty();
    assertThat(register.of("1.2.3")).containsExactly(line(3));
    Files.delete(file());
    assertThat(register.of("1.2.1")).isEmpty();
    append(register, line(4));
    assertThat(register.of("1.2.4")).containsExactly(line(4));
    assertThat(register.of("1.2.1")).isEmpty();
  }

  private static void append(Register register, Register.Line... lines) throws IOException {
    try (Register.Appender out = register.append()) {
      for (Register.Line line : lines) {
        out.add(line);
      }
      out.sync();
    }
  }

  private Register.Line line(int i) {
    return new Register.Line(place("1.2." + i + ".dcm"), digest(i));
  }

  private Path place(String name) {
    return folder.received().resolve("1.2").resolve(name);
  }

  private Path file() {
    return root.resolve("received.sha256");
  }

  private static Sha256 digest(int seed) {
    return Sha256.digest(new byte[] {(byte) seed, (byte) (seed >> 8), (byte) (seed >> 16)});
  }
}
