package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.testing.SeededTest;

class PduCodecTest {

  private static final Pdu.UserInformation EVERYTHING =
      new Pdu.UserInformation(
          16_384,
          "1.2.3",
          "NAME",
          Optional.of(new Pdu.AsyncWindow(8, 1)),
          List.of(new Pdu.RoleSelection("1.2.840.10008.5.1.4.1.1.2", false, true)),
          Optional.empty(),
          false);

  static List<Pdu> pdus() {
    return List.of(
        new Pdu.AssociateRequest(
            1,
            AeTitle.ours("CALLED"),
            AeTitle.ours("CALLING"),
            Pdu.APPLICATION_CONTEXT,
            List.of(
                new PresentationContext(1, "1.2.840.10008.1.1", List.of("1.2.840.10008.1.2")),
                new PresentationContext(
                    255,
                    "1.2.840.10008.5.1.4.1.1.2",
                    List.of("1.2.840.10008.1.2.1", "1.2.840.10008.1.2"))),
            EVERYTHING),
        new Pdu.AssociateAccept(
            1,
            AeTitle.ours("CALLED"),
            AeTitle.ours("CALLING"),
            Pdu.APPLICATION_CONTEXT,
            List.of(
                new Pdu.ContextAnswer(1, 0, "1.2.840.10008.1.2"),
                new Pdu.ContextAnswer(255, 4, "")),
            EVERYTHING),
        new Pdu.AssociateReject(1, 1, 7),
        new Pdu.ReleaseRequest(),
        new Pdu.ReleaseResponse(),
        new Pdu.Abort(2, 6));
  }

  @ParameterizedTest
  @MethodSource("pdus")
  void whatIsWrittenReadsAsTheSame(Pdu pdu) throws Exception {
    byte[] bytes = PduCodec.bytes(pdu);

    assertThat(read(bytes)).isEqualTo(pdu);
    assertThat(ByteBuffer.wrap(bytes).getInt(2)).isEqualTo(bytes.length - Pdu.HEADER_BYTES);
  }

  /// Written out by hand from PS3.8 sections 9.3.2 and D.1, and PS3.7 section D.3.3.
  @Test
  void aRequestHasItsBytesWhereTheStandardPutsThem() {
    byte[] bytes =
        PduCodec.bytes(
            new Pdu.AssociateRequest(
                1,
                AeTitle.ours("SCP"),
                AeTitle.ours("SCU"),
                "1.2",
                List.of(new PresentationContext(1, "1.1", List.of("1.3"))),
                new Pdu.UserInformation(
                    0x4000,
                    "1.4",
                    "V",
                    Optional.empty(),
                    List.of(),
                    Optional.of(UserIdentity.ofNameAndPasscode("u", "p")),
                    false)));

    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            ("01 00 00000085 0001 0000"
                    + " 53435020202020202020202020202020 53435520202020202020202020202020"
                    + " "
                    + "00".repeat(32)
                    + " 10 00 0003 312e32"
                    + " 20 00 0012 01 00 00 00 30 00 0003 312e31 40 00 0003 312e33"
                    + " 50 00 0020 51 00 0004 00004000 52 00 0003 312e34 55 00 0001 56"
                    + " 58 00 0008 02 01 0001 75 0001 70")
                .replace(" ", ""));
  }

  @Test
  void itemsThatNobodyKnowsArePassedOver() throws Exception {
    byte[] bytes = PduCodec.bytes(pdus().getFirst());
    byte[] unknown = {0x7F, 0, 0, 2, 1, 2};
    byte[] longer = Arrays.copyOf(bytes, bytes.length + unknown.length);
    System.arraycopy(unknown, 0, longer, bytes.length, unknown.length);

    assertThat(read(longer)).isEqualTo(pdus().getFirst());
  }

  @Test
  void anIdentityPrintsNothingOfItself() {
    assertThat(UserIdentity.ofNameAndPasscode("alice", "secret").toString())
        .doesNotContain("alice", "secret");
  }

  @Test
  void moreContextsThanAnAssociationHasAreMalformed() {
    List<PresentationContext> many =
        IntStream.range(0, 129)
            .mapToObj(i -> new PresentationContext(1 + 2 * (i % 128), "1.1", List.of("1.2")))
            .toList();
    byte[] bytes =
        PduCodec.bytes(
            new Pdu.AssociateRequest(
                1, AeTitle.ours("A"), AeTitle.ours("B"), "1.2", many, EVERYTHING));

    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(MalformedPduException.class)
        .hasMessageContaining("more than 128 presentation contexts");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, 8, 9, 0x47, 0xFF})
  void otherTypesThanTheSevenAreMalformed(int type) {
    assertThatThrownBy(() -> PduCodec.lengthMax(type)).isInstanceOf(MalformedPduException.class);
  }

  @SeededTest(runs = 300)
  void cutOrChangedBytesAreReadOrMalformedAndNothingElse(RandomGenerator random) {
    byte[] bytes = PduCodec.bytes(pdus().get(random.nextInt(pdus().size()))).clone();
    int changes = random.nextInt(1, 6);
    for (int i = 0; i < changes; i++) {
      bytes[random.nextInt(Pdu.HEADER_BYTES, bytes.length)] = (byte) random.nextInt();
    }
    byte[] cut = Arrays.copyOf(bytes, random.nextInt(Pdu.HEADER_BYTES, bytes.length + 1));

    try {
      assertThat(read(cut)).isNotNull();
    } catch (MalformedPduException e) {
      assertThat(e.abortReason()).isPositive();
    }
  }

  private static Pdu read(byte[] bytes) throws MalformedPduException {
    return PduCodec.read(
        bytes[0], ByteBuffer.wrap(bytes, Pdu.HEADER_BYTES, bytes.length - Pdu.HEADER_BYTES));
  }
}
