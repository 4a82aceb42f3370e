package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

class CommandSetTest {

  private static final CommandSet STORE =
      CommandSet.of(Command.C_STORE_RQ, true)
          .uid(CommandSet.AFFECTED_SOP_CLASS_UID, "1.2.3")
          .number(CommandSet.MESSAGE_ID, 7)
          .uid(CommandSet.AFFECTED_SOP_INSTANCE_UID, "1.2.3.4");

  /// Written out by hand from PS3.7 sections 6.3.1, 9.3.5.1 and E.1.
  @Test
  void anEchoHasItsBytesWhereTheStandardPutsThem() {
    byte[] bytes =
        CommandSet.of(Command.C_ECHO_RQ, false)
            .uid(CommandSet.AFFECTED_SOP_CLASS_UID, "1.2.840.10008.1.1")
            .number(CommandSet.MESSAGE_ID, 1)
            .bytes();

    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            ("0000 0000 04000000 38000000"
                    + " 0000 0200 12000000 312e322e3834302e31303030382e312e3100"
                    + " 0000 0001 02000000 3000"
                    + " 0000 1001 02000000 0100"
                    + " 0000 0008 02000000 0101")
                .replace(" ", ""));
  }

  @Test
  void whatIsWrittenReadsAsTheSame() {
    CommandSet read = CommandSet.read(STORE.bytes());

    assertThat(read.bytes()).isEqualTo(STORE.bytes());
    assertThat(read.commandField()).isEqualTo(Command.C_STORE_RQ);
    assertThat(read.hasDataSet()).isTrue();
    assertThat(read.text(CommandSet.AFFECTED_SOP_INSTANCE_UID)).isEqualTo("1.2.3.4");
  }

  @Test
  void anAnswerNamesWhatItAnswers() {
    CommandSet answer = STORE.response(DimseStatus.OUT_OF_RESOURCES, false);

    assertThat(answer.commandField()).isEqualTo(0x8001);
    assertThat(answer.number(CommandSet.MESSAGE_ID_BEING_RESPONDED_TO)).hasValue(7);
    assertThat(answer.text(CommandSet.AFFECTED_SOP_CLASS_UID)).isEqualTo("1.2.3");
    assertThat(answer.status()).isEqualTo(DimseStatus.OUT_OF_RESOURCES);
    assertThat(answer.hasDataSet()).isFalse();
  }

  @Test
  void anAnswerWithoutAStatusIsNoSuccess() {
    CommandSet answer = CommandSet.read(CommandSet.of(0x8001, false).bytes());

    assertThat(answer.status().isSuccess()).isFalse();
  }

  @Test
  void anElementLongerThanItsCommandIsMalformed() {
    byte[] bytes = STORE.bytes();
    bytes[16] = (byte) 0xFF;
    bytes[17] = (byte) 0xFF;

    assertThatThrownBy(() -> CommandSet.read(bytes)).isInstanceOf(IllegalArgumentException.class);
  }

  @SeededTest(runs = 300)
  void cutOrChangedBytesAreReadOrMalformedAndNothingElse(RandomGenerator random) {
    byte[] bytes = STORE.bytes();
    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));

    try {
      assertThat(CommandSet.read(cut).commandField()).isNotNegative();
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageStartingWith("a");
    }
  }
}
