package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static serdab.dicom.DicomBytes.UNDEFINED;
import static serdab.dicom.DicomBytes.anInstance;
import static serdab.dicom.DicomBytes.explicitBig;
import static serdab.dicom.DicomBytes.explicitLittle;
import static serdab.dicom.DicomBytes.implicitLittle;
import static serdab.dicom.TransferSyntax.DEFLATED_EXPLICIT_LITTLE_ENDIAN;
import static serdab.dicom.TransferSyntax.EXPLICIT_BIG_ENDIAN;
import static serdab.dicom.TransferSyntax.EXPLICIT_LITTLE_ENDIAN;
import static serdab.dicom.TransferSyntax.IMPLICIT_LITTLE_ENDIAN;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import serdab.PatientData;
import serdab.dicom.Anomaly.Kind;
import serdab.testing.SeededTest;

/// What can be wrong or strange in a file, one behaviour each.
class ReadingTest {

  private static final int AT_DATA_SET =
      132 + DicomBytes.meta(EXPLICIT_LITTLE_ENDIAN).bytes().length;
  private static final int PRIVATE_SEQUENCE = 0x00091001;
  private static final int SOME_SEQUENCE = 0x00081140;
  private static final int LATE_SEQUENCE = 0x00400275;
  private static final int LATE_TEXT = 0x00400254;

  @Nested
  class WhereTheDataSetStarts {

    @Test
    void aFileAsTheStandardWantsItHasNoAnomalies() throws IOException {
      DicomFile file = read(anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(file.isDicom()).isTrue();
      assertThat(file.anomalies()).isEmpty();
      assertThat(file.dataSetOffset()).isEqualTo(AT_DATA_SET);
      assertThat(file.facts().study().value()).isEqualTo("1.2.3");
      assertThat(file.facts().series().value()).isEqualTo("1.2.3.4");
      assertThat(file.facts().sop().value()).isEqualTo("1.2.3.4.5");
      assertThat(file.facts().modality()).isEqualTo("OT");
      assertThat(file.facts().patientName()).isEqualTo(PatientData.of("Doe^Jane"));
    }

    @Test
    void thePreambleIsKeptAsItIs() throws IOException {
      byte[] bytes = anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN);
      bytes[0] = 'I';
      bytes[1] = 'I';
      bytes[2] = 42;

      DicomFile file = read(bytes);

      assertThat(file.preamble()).contains(Arrays.copyOf(bytes, 128));
      assertThat(file.anomalies()).isEmpty();
    }

    @Test
    void aProgramInThePreambleIsTold() throws IOException {
      byte[] bytes = anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN);
      for (String magic : List.of("MZ", "\u007fELF", "#!/bin/sh", "\u00cf\u00fa\u00ed\u00fe")) {
        byte[] start = magic.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(start, 0, bytes, 0, start.length);

        assertThat(kinds(read(bytes))).containsExactly(Kind.PREAMBLE_EXECUTABLE);
      }
    }

    @Test
    void aDataSetWithoutPreambleAndMetaIsRecognised() throws IOException {
      for (DicomBytes empty : List.of(explicitLittle(), implicitLittle(), explicitBig())) {
        DicomFile file = read(anInstance(empty).bytes());

        assertThat(file.isDicom()).isTrue();
        assertThat(file.facts().sop().value()).isEqualTo("1.2.3.4.5");
        assertThat(kinds(file))
            .containsExactly(Kind.NO_PREAMBLE, Kind.NO_FILE_META, Kind.NO_TRANSFER_SYNTAX);
      }
    }

    @Test
    void metaWithoutPreambleAndPrefixIsRecognised() throws IOException {
      byte[] bytes =
          DicomBytes.meta(IMPLICIT_LITTLE_ENDIAN).raw(anInstance(implicitLittle())).bytes();

      DicomFile file = read(bytes);

      assertThat(kinds(file)).containsExactly(Kind.NO_PREAMBLE);
      assertThat(file.transferSyntax().uid()).isEqualTo(IMPLICIT_LITTLE_ENDIAN);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void aPrefixWithoutPreambleIsRecognised() throws IOException {
      byte[] whole = anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN);

      DicomFile file = read(Arrays.copyOfRange(whole, 128, whole.length));

      assertThat(kinds(file)).containsExactly(Kind.NO_PREAMBLE);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void otherFilesAreNamedForWhatTheyAre() throws IOException {
      assertThat(whatElse(new byte[0])).isEqualTo("an empty file");
      assertThat(whatElse(new byte[4096])).isEqualTo("zeros");
      assertThat(whatElse(ascii("\u0000\u0005\u0016\u0007" + "x".repeat(40))))
          .isEqualTo("an AppleDouble file");
      assertThat(whatElse(ascii("Dear colleague,\nplease find enclosed\n")))
          .isEqualTo("a text file");
      assertThat(whatElse(ascii("%PDF-1.7 and so on and so on"))).isEqualTo("a PDF file");
      assertThat(whatElse(ascii("SQLite format 3\u0000 and so on")))
          .isEqualTo("an SQLite database");
      assertThat(whatElse(ascii("PK\u0003\u0004 and so on and so on"))).isEqualTo("a ZIP file");
    }

    @SeededTest(runs = 500)
    void noiseIsNotTakenForDicom(RandomGenerator random) throws IOException {
      byte[] noise = new byte[random.nextInt(8, 4096)];
      random.nextBytes(noise);

      assertThat(read(noise).isDicom()).isFalse();
    }
  }

  @Nested
  class FileMeta {

    @Test
    void aWrongGroupLengthIsToldAndNotBelieved() throws IOException {
      for (long length : new long[] {0, 7, 90_000, 0xFFFF_FFFFL}) {
        DicomBytes file =
            explicitLittle().preamble().ul(Tag.FileMetaInformationGroupLength, length);
        file.text(Tag.MediaStorageSOPInstanceUID, Vr.UI, "1.2.3.4.5")
            .text(Tag.TransferSyntaxUID, Vr.UI, EXPLICIT_LITTLE_ENDIAN)
            .raw(anInstance(explicitLittle()));

        DicomFile read = read(file.bytes());

        assertThat(kinds(read)).containsExactly(Kind.META_LENGTH_WRONG);
        assertThat(read.anomalies().getFirst().position()).isEqualTo(132);
        assertThat(read.facts().modality()).isEqualTo("OT");
      }
    }

    @Test
    void aMissingGroupLengthIsTold() throws IOException {
      DicomFile file =
          read(
              explicitLittle()
                  .preamble()
                  .text(Tag.TransferSyntaxUID, Vr.UI, IMPLICIT_LITTLE_ENDIAN)
                  .raw(anInstance(implicitLittle()))
                  .bytes());

      assertThat(kinds(file)).containsExactly(Kind.META_LENGTH_WRONG);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void elementsInOddOrderAreRead() throws IOException {
      DicomFile file =
          read(
              explicitLittle()
                  .preamble()
                  .text(Tag.TransferSyntaxUID, Vr.UI, IMPLICIT_LITTLE_ENDIAN)
                  .text(Tag.MediaStorageSOPInstanceUID, Vr.UI, "1.2.3.4.5")
                  .raw(anInstance(implicitLittle()))
                  .bytes());

      assertThat(kinds(file)).containsExactly(Kind.OUT_OF_ORDER, Kind.META_LENGTH_WRONG);
      assertThat(file.transferSyntax().uid()).isEqualTo(IMPLICIT_LITTLE_ENDIAN);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void metaInImplicitVrIsRead() throws IOException {
      DicomFile file =
          read(
              implicitLittle()
                  .preamble()
                  .ul(Tag.FileMetaInformationGroupLength, 26)
                  .text(Tag.TransferSyntaxUID, Vr.UI, IMPLICIT_LITTLE_ENDIAN)
                  .raw(anInstance(implicitLittle()))
                  .bytes());

      assertThat(kinds(file)).containsExactly(Kind.META_ENCODING);
      assertThat(file.transferSyntax().uid()).isEqualTo(IMPLICIT_LITTLE_ENDIAN);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void groupTwoInsideTheDataSetIsTold() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle()).text(Tag.ImplementationVersionName, Vr.SH, "X_1");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.OUT_OF_ORDER, Kind.META_IN_DATA_SET);
    }

    @Test
    void anotherInstanceInTheMetaIsTold() throws IOException {
      DicomBytes data =
          explicitLittle()
              .text(Tag.SOPInstanceUID, Vr.UI, "9.9.9")
              .text(Tag.StudyInstanceUID, Vr.UI, "1.2.3")
              .text(Tag.SeriesInstanceUID, Vr.UI, "1.2.3.4");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.UID_MISMATCH);
      assertThat(file.facts().sop().value()).isEqualTo("9.9.9");
    }

    @Test
    void aPrefixAloneIsAnEmptyDataSet() throws IOException {
      DicomFile file = read(explicitLittle().preamble().bytes());

      assertThat(file.isDicom()).isTrue();
      assertThat(file.isDamaged()).isTrue();
      assertThat(kinds(file)).contains(Kind.EMPTY_DATA_SET);
    }
  }

  @Nested
  class Encodings {

    @Test
    void everyPlainSyntaxIsRead() throws IOException {
      assertThat(read(anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN)).anomalies())
          .isEmpty();
      assertThat(read(anInstance(implicitLittle()).inFile(IMPLICIT_LITTLE_ENDIAN)).anomalies())
          .isEmpty();
      assertThat(read(anInstance(explicitBig()).inFile(EXPLICIT_BIG_ENDIAN)).anomalies()).isEmpty();
      assertThat(read(anInstance(implicitLittle()).inFile(TransferSyntax.GE_DLX)).anomalies())
          .isEmpty();
      assertThat(TransferSyntax.of(TransferSyntax.GE_DLX).hasBigEndianPixels()).isTrue();
    }

    @Test
    void whatIsWrittenIsBelievedRatherThanWhatIsDeclared() throws IOException {
      for (String declared :
          List.of(
              EXPLICIT_LITTLE_ENDIAN,
              IMPLICIT_LITTLE_ENDIAN,
              EXPLICIT_BIG_ENDIAN,
              DEFLATED_EXPLICIT_LITTLE_ENDIAN)) {
        for (DicomBytes written : List.of(explicitLittle(), implicitLittle(), explicitBig())) {
          byte[] bytes = anInstance(written).inFile(declared);

          DicomFile file = read(bytes);

          assertThat(file.facts().sop().value()).as(declared).isEqualTo("1.2.3.4.5");
          assertThat(file.transferSyntax().uid()).isEqualTo(declared);
          TransferSyntax claim = TransferSyntax.of(declared);
          TransferSyntax found = file.transferSyntax();
          assertThat(kinds(file).contains(Kind.SYNTAX_MISMATCH)).isEqualTo(!claim.equals(found));
          assertThat(found.deflated()).isFalse();
        }
      }
    }

    @Test
    void anUnknownSyntaxIsToldAndReadAsItIsWritten() throws IOException {
      DicomFile file = read(anInstance(implicitLittle()).inFile("1.2.999"));

      assertThat(kinds(file)).containsExactly(Kind.UNKNOWN_TRANSFER_SYNTAX, Kind.SYNTAX_MISMATCH);
      assertThat(file.facts().transferSyntaxUid()).isEqualTo("1.2.999");
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void anElementWithoutVrInAnExplicitFileIsRead() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .raw(implicitLittle().text(0x00200010, Vr.SH, "12"))
              .text(Tag.InstanceNumber, Vr.IS, "7");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.MIXED_ENCODING);
      assertThat(file.facts().studyId()).isEqualTo("12");
      assertThat(file.facts().instanceNumber()).isEqualTo("7");
    }

    @Test
    void anElementWithVrInAnImplicitFileIsRead() throws IOException {
      DicomBytes data =
          anInstance(implicitLittle())
              .raw(explicitLittle().text(0x00200010, Vr.SH, "12"))
              .text(Tag.InstanceNumber, Vr.IS, "7");

      DicomFile file = read(data.inFile(IMPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.MIXED_ENCODING);
      assertThat(file.facts().studyId()).isEqualTo("12");
      assertThat(file.facts().instanceNumber()).isEqualTo("7");
    }

    @Test
    void aBlankVrIsToldAndSteppedOver() throws IOException {
      for (String vr : List.of("  ", "\u0000\u0000", "??", "-x")) {
        DicomBytes data =
            anInstance(explicitLittle())
                .header(0x00200010, vr, false, 2)
                .raw(ascii("12"))
                .text(Tag.InstanceNumber, Vr.IS, "7");

        DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

        assertThat(kinds(file)).as(vr).isSubsetOf(Kind.INVALID_VR, Kind.MIXED_ENCODING).hasSize(1);
        assertThat(file.facts().studyId()).isEqualTo("12");
        assertThat(file.facts().instanceNumber()).isEqualTo("7");
      }
    }

    @Test
    void everyVrHasTheLengthItsFormSays() throws IOException {
      for (Vr vr : Vr.values()) {
        if (vr == Vr.NONE || vr == Vr.SQ) {
          continue;
        }
        DicomBytes data =
            anInstance(explicitLittle())
                .header(0x00211001, vr, 8)
                .raw(new byte[8])
                .text(LATE_TEXT, Vr.LO, "behind");

        DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

        assertThat(file.anomalies()).as(vr.name()).isEmpty();
        assertThat(file.dataSet().string(LATE_TEXT)).contains("behind");
        assertThat(file.dataSet().find(0x00211001).orElseThrow().valueLength()).isEqualTo(8);
        assertThat(file.dataSet().find(0x00211001).orElseThrow().vr()).isEqualTo(vr);
      }
    }

    @Test
    void aVrOfALaterEditionHasTheLongForm() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(0x00211001, "ZZ", true, 4)
              .raw(new byte[4])
              .text(LATE_TEXT, Vr.LO, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.INVALID_VR);
      assertThat(file.dataSet().find(0x00211001).orElseThrow().vr()).isEqualTo(Vr.UN);
      assertThat(file.dataSet().string(LATE_TEXT)).contains("behind");
    }

    @Test
    void anUnknownVrWithAShortLengthIsSteppedOver() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(0x00211001, "ZZ", false, 4)
              .raw(new byte[4])
              .text(LATE_TEXT, Vr.LO, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.INVALID_VR);
      assertThat(file.dataSet().string(LATE_TEXT)).contains("behind");
    }

    @Test
    void aLongVrWrittenWithAShortLengthIsRead() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(0x00211001, "UT", false, 4)
              .raw(ascii("text"))
              .text(LATE_TEXT, Vr.LO, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.MIXED_ENCODING);
      assertThat(file.dataSet().string(0x00211001)).contains("text");
      assertThat(file.dataSet().string(LATE_TEXT)).contains("behind");
    }

    @Test
    void privateElementsWithoutVrAreUnknownAndTheirCreatorIsText() throws IOException {
      DicomBytes data =
          anInstance(implicitLittle())
              .text(0x00290010, Vr.LO, "ACME 1.0")
              .text(0x00291001, Vr.LO, "something");

      DataSet dataSet = read(data.inFile(IMPLICIT_LITTLE_ENDIAN)).dataSet();

      assertThat(dataSet.find(0x00290010).orElseThrow().vr()).isEqualTo(Vr.LO);
      assertThat(dataSet.find(0x00291001).orElseThrow().vr()).isEqualTo(Vr.UN);
      assertThat(dataSet.value(dataSet.indexOf(0x00291001))).contains(ascii("something "));
    }

    @Test
    void pixelRepresentationDecidesBetweenUsAndSs() throws IOException {
      for (int representation : new int[] {0, 1}) {
        DicomBytes data =
            anInstance(implicitLittle())
                .us(Tag.PixelRepresentation, representation)
                .us(0x00280106, 0xFFFF);

        DataSet dataSet = read(data.inFile(IMPLICIT_LITTLE_ENDIAN)).dataSet();

        assertThat(dataSet.number(0x00280106)).contains(representation == 0 ? 65535L : -1L);
      }
    }

    @Test
    void repeatingGroupsAreKnown() throws IOException {
      DicomBytes data =
          anInstance(implicitLittle())
              .us(0x50020005, 1)
              .us(0x60100010, 512)
              .element(0x60103000, Vr.OW, new byte[4]);

      DataSet dataSet = read(data.inFile(IMPLICIT_LITTLE_ENDIAN)).dataSet();

      assertThat(dataSet.number(0x50020005)).contains(1L);
      assertThat(dataSet.number(0x60100010)).contains(512L);
      assertThat(dataSet.find(0x60103000).orElseThrow().vr()).isEqualTo(Vr.OW);
    }
  }

  @Nested
  class Deflated {

    @Test
    void aDeflatedDataSetIsReadFromItsInflatedBytes() throws IOException {
      DicomFile file = read(deflated(anInstance(explicitLittle()).bytes(), true, new byte[0]));

      assertThat(file.anomalies()).isEmpty();
      assertThat(file.facts().modality()).isEqualTo("OT");
      assertThat(file.dataSet().position(0)).isZero();
      assertThat(file.transferSyntax().deflated()).isTrue();
      assertThat(file.dataSet().string(Tag.PatientName)).contains("Doe^Jane");
    }

    @Test
    void oneByteOfPaddingIsAllowedAndMoreIsTold() throws IOException {
      byte[] data = anInstance(explicitLittle()).bytes();

      assertThat(read(deflated(data, true, new byte[1])).anomalies()).isEmpty();
      assertThat(kinds(read(deflated(data, true, new byte[9]))))
          .containsExactly(Kind.TRAILING_BYTES);
    }

    @Test
    void aZlibHeaderIsToldAndTolerated() throws IOException {
      DicomFile file = read(deflated(anInstance(explicitLittle()).bytes(), false, new byte[0]));

      assertThat(kinds(file)).containsExactly(Kind.ZLIB_HEADER);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void aCutStreamGivesWhatWasInflated() throws IOException {
      byte[] text = new byte[60_000];
      RandomGenerator.of("L64X128MixRandom").nextBytes(text);
      byte[] whole =
          deflated(
              anInstance(explicitLittle()).element(0x00420011, Vr.OB, text).bytes(),
              true,
              new byte[0]);

      DicomFile file = read(Arrays.copyOf(whole, whole.length - 30_000));

      assertThat(kinds(file)).containsExactly(Kind.TRUNCATED, Kind.TRUNCATED);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void aDamagedStreamGivesWhatStandsInFrontOfTheDamage() throws IOException {
      byte[] noise = new byte[100_000];
      RandomGenerator.of("L64X128MixRandom").nextBytes(noise);
      byte[] data = anInstance(explicitLittle()).element(0x00420011, Vr.OB, noise).bytes();
      byte[] bytes = deflated(data, true, new byte[0]);
      // Noise is stored as it is, in blocks whose lengths are written twice.
      Arrays.fill(bytes, bytes.length - 60_000, bytes.length, (byte) 0xFF);

      DicomFile file = read(bytes);

      assertThat(kinds(file)).startsWith(Kind.INFLATE_FAILED).contains(Kind.TRUNCATED);
      assertThat(file.facts().modality()).isEqualTo("OT");
      assertThat(file.dataSet().find(0x00420011).orElseThrow().valueLength())
          .isBetween(20_000L, 99_999L);
    }

    @Test
    void aBombIsStoppedByItsLength() throws IOException {
      byte[] data =
          anInstance(explicitLittle()).element(0x00420011, Vr.OB, new byte[1 << 20]).bytes();
      Limits limits = Limits.DEFAULT.withInflatedBytesMax(1 << 18);

      DicomFile file = DicomFile.read(ByteSource.of(deflated(data, true, new byte[0])), limits);

      assertThat(kinds(file)).contains(Kind.INFLATED_TOO_LARGE);
      assertThat(file.dataSet().source().lengthBytes()).isEqualTo(1 << 18);
      assertThat(file.facts().modality()).isEqualTo("OT");
    }

    @Test
    void aBombIsStoppedByItsRatio() throws IOException {
      byte[] data =
          anInstance(explicitLittle()).element(0x00420011, Vr.OB, new byte[4 << 20]).bytes();
      Limits limits = Limits.DEFAULT.withInflatedRatioMax(100).withInflatedRatioFreeBytes(1 << 20);

      DicomFile file = DicomFile.read(ByteSource.of(deflated(data, true, new byte[0])), limits);

      assertThat(kinds(file)).contains(Kind.INFLATED_TOO_LARGE);
      assertThat(file.dataSet().source().lengthBytes()).isBetween(1L << 20, 3L << 20);
    }

    private byte[] deflated(byte[] data, boolean raw, byte[] behind) {
      ByteArrayOutputStream compressed = new ByteArrayOutputStream();
      try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, raw);
          DeflaterOutputStream out = new DeflaterOutputStream(compressed, deflater)) {
        out.write(data);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return explicitLittle()
          .preamble()
          .raw(DicomBytes.meta(DEFLATED_EXPLICIT_LITTLE_ENDIAN))
          .raw(compressed.toByteArray())
          .raw(behind)
          .bytes();
    }
  }

  @Nested
  class Sequences {

    @Test
    void everyMixOfDefinedAndUndefinedLengthsIsRead() throws IOException {
      for (DicomBytes empty : List.of(explicitLittle(), implicitLittle(), explicitBig())) {
        DicomBytes data =
            empty
                .undefinedSequence(
                    SOME_SEQUENCE,
                    outer ->
                        outer
                            .item(e -> e.sequence(LATE_SEQUENCE, s -> s.item(named("one"))))
                            .undefinedItem(e ->
                                e.undefinedSequence(
                                    LATE_SEQUENCE,
                                    s -> s.item(named("two")).undefinedItem(named("three")))))
                .sequence(
                    LATE_SEQUENCE,
                    outer ->
                        outer.undefinedItem(
                            e -> e.sequence(LATE_SEQUENCE, s -> s.undefinedItem(named("four")))));

        DataSet dataSet = DicomFile.read(ByteSource.of(data.bytes())).dataSet();

        List<DataSet> outer = dataSet.sequence(SOME_SEQUENCE);
        assertThat(outer).hasSize(2);
        assertThat(names(outer.get(0).sequence(LATE_SEQUENCE))).containsExactly("one");
        assertThat(names(outer.get(1).sequence(LATE_SEQUENCE))).containsExactly("two", "three");
        assertThat(names(dataSet.sequence(LATE_SEQUENCE).getFirst().sequence(LATE_SEQUENCE)))
            .containsExactly("four");
      }
    }

    @Test
    void anItemIsADataSetOfItsOwn() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .sequence(
                  LATE_SEQUENCE,
                  s ->
                      s.item(named("one"))
                          .item(e -> e.sequence(LATE_SEQUENCE, in -> in.item(named("two")))));

      DataSet dataSet = read(data.inFile(EXPLICIT_LITTLE_ENDIAN)).dataSet();
      DataSet item = dataSet.sequence(LATE_SEQUENCE).get(1);

      assertThat(item.size()).isEqualTo(3);
      assertThat(item.depth(0)).isZero();
      assertThat(item.parent(0)).isEqualTo(-1);
      assertThat(item.parent(1)).isZero();
      assertThat(item.depth(2)).isEqualTo(1);
      assertThat(item.next(0)).isEqualTo(3);
      assertThat(dataSet.string(LATE_TEXT)).isEmpty();
      assertThat(item.position()).isGreaterThan(dataSet.position(dataSet.indexOf(LATE_SEQUENCE)));
    }

    @Test
    void unknownOfUndefinedLengthIsAnImplicitSequenceWhateverSurroundsIt() throws IOException {
      byte[] items =
          implicitLittle()
              .undefinedItem(e -> e.text(LATE_TEXT, Vr.LO, "inside"))
              .endOfSequence()
              .bytes();
      for (DicomBytes empty : List.of(explicitLittle(), explicitBig())) {
        DicomBytes data =
            anInstance(empty)
                .header(0x00291001, Vr.UN, UNDEFINED)
                .raw(items)
                .text(LATE_TEXT, Vr.LO, "behind");

        DicomFile file = DicomFile.read(ByteSource.of(data.bytes()));

        int i = file.dataSet().indexOf(0x00291001);
        assertThat(file.dataSet().vr(i)).isEqualTo(Vr.UN);
        assertThat(names(file.dataSet().items(i))).containsExactly("inside");
        assertThat(file.dataSet().string(LATE_TEXT)).contains("behind");
        assertThat(file.isDamaged()).isFalse();
      }
    }

    @Test
    void unknownOfUndefinedLengthWithExplicitItemsIsReadToo() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(0x00291001, Vr.UN, UNDEFINED)
              .raw(explicitLittle().item(named("inside")).endOfSequence())
              .text(LATE_TEXT, Vr.LO, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      DataSet dataSet = file.dataSet();
      assertThat(names(dataSet.items(dataSet.indexOf(0x00291001)))).containsExactly("inside");
      assertThat(dataSet.string(LATE_TEXT)).contains("behind");
      assertThat(kinds(file)).containsExactly(Kind.MIXED_ENCODING);
    }

    @Test
    void aPrivateSequenceWithoutVrIsReadByItsItems() throws IOException {
      DicomBytes data =
          anInstance(implicitLittle())
              .header(PRIVATE_SEQUENCE + 0x00200000, Vr.SQ, UNDEFINED)
              .item(named("inside"))
              .endOfSequence()
              .text(LATE_TEXT, Vr.LO, "behind");

      DataSet dataSet = read(data.inFile(IMPLICIT_LITTLE_ENDIAN)).dataSet();

      assertThat(names(dataSet.sequence(PRIVATE_SEQUENCE + 0x00200000))).containsExactly("inside");
      assertThat(dataSet.string(LATE_TEXT)).contains("behind");
    }

    @Test
    void aDelimiterWithALengthIsTold() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(LATE_SEQUENCE, Vr.SQ, UNDEFINED)
              .tag(Tag.Item)
              .u32(UNDEFINED)
              .text(LATE_TEXT, Vr.LO, "inside")
              .tag(Tag.ItemDelimitationItem)
              .u32(99)
              .endOfSequence();

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.DELIMITER_WITH_LENGTH);
      assertThat(names(file.dataSet().sequence(LATE_SEQUENCE))).containsExactly("inside");
    }

    @Test
    void missingDelimitersAreTold() throws IOException {
      DicomBytes open =
          anInstance(explicitLittle())
              .header(LATE_SEQUENCE, Vr.SQ, UNDEFINED)
              .tag(Tag.Item)
              .u32(UNDEFINED)
              .text(LATE_TEXT, Vr.LO, "inside");

      DicomFile file = read(open.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.MISSING_DELIMITER, Kind.MISSING_DELIMITER);
      assertThat(names(file.dataSet().sequence(LATE_SEQUENCE))).containsExactly("inside");
      assertThat(file.isDamaged()).isTrue();
    }

    @Test
    void anItemThatIsNotClosedEndsWhereTheNextStarts() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(LATE_SEQUENCE, Vr.SQ, UNDEFINED)
              .tag(Tag.Item)
              .u32(UNDEFINED)
              .text(LATE_TEXT, Vr.LO, "one")
              .item(named("two"))
              .endOfSequence()
              .text(0x00400280, Vr.ST, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.MISSING_DELIMITER);
      assertThat(names(file.dataSet().sequence(LATE_SEQUENCE))).containsExactly("one", "two");
      assertThat(file.dataSet().string(0x00400280)).contains("behind");
    }

    @Test
    void aSequenceThatIsNotClosedEndsWhereAnElementStarts() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .header(LATE_SEQUENCE, Vr.SQ, UNDEFINED)
              .item(named("one"))
              .text(0x00400280, Vr.ST, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.MISSING_DELIMITER);
      assertThat(file.dataSet().string(0x00400280)).contains("behind");
    }

    @Test
    void strayDelimitersAreToldAndSteppedOver() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .sequence(LATE_SEQUENCE, s -> s.item(named("one")).endOfSequence())
              .endOfItem()
              .text(0x00400280, Vr.ST, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.UNEXPECTED_DELIMITER, Kind.UNEXPECTED_DELIMITER);
      assertThat(file.dataSet().string(0x00400280)).contains("behind");
    }

    @Test
    void anElementThatReachesBehindItsItemIsCutThere() throws IOException {
      DicomBytes data =
          anInstance(explicitLittle())
              .sequence(
                  LATE_SEQUENCE,
                  s -> s.item(e -> e.header(LATE_TEXT, Vr.LO, 500).raw(ascii("cut "))))
              .text(0x00400280, Vr.ST, "behind");

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.OVERRUN);
      assertThat(names(file.dataSet().sequence(LATE_SEQUENCE))).containsExactly("cut");
      assertThat(file.dataSet().string(0x00400280)).contains("behind");
    }
  }

  @Nested
  class Pixels {

    @Test
    void fragmentsAreRangesOfTheFile() throws IOException {
      byte[] one = {1, 2, 3, 4};
      byte[] two = {5, 6};
      byte[] bytes =
          anInstance(explicitLittle())
              .fragments(new byte[0], one, two)
              .inFile("1.2.840.10008.1.2.4.50");

      DicomFile file = read(bytes);

      assertThat(file.anomalies()).isEmpty();
      DataSet dataSet = file.dataSet();
      List<ByteRange> fragments = dataSet.fragments(dataSet.indexOf(Tag.PixelData));
      assertThat(fragments).extracting(ByteRange::length).containsExactly(0L, 4L, 2L);
      ByteRange range = fragments.get(1);
      assertThat(Arrays.copyOfRange(bytes, (int) range.offset(), (int) range.end())).isEqualTo(one);
      assertThat(dataSet.items(dataSet.indexOf(Tag.PixelData))).isEmpty();
    }

    @Test
    void fragmentsCutByTheEndOfTheFileAreTold() throws IOException {
      byte[] whole =
          anInstance(explicitLittle())
              .fragments(new byte[0], new byte[100])
              .inFile("1.2.840.10008.1.2.4.50");

      DicomFile inFragment = read(Arrays.copyOf(whole, whole.length - 20));
      DicomFile beforeDelimiter = read(Arrays.copyOf(whole, whole.length - 8));

      assertThat(kinds(inFragment)).containsExactly(Kind.TRUNCATED);
      assertThat(kinds(beforeDelimiter)).containsExactly(Kind.MISSING_DELIMITER);
    }

    @Test
    void aLengthThatDoesNotFitRowsAndColumnsIsTold() throws IOException {
      assertThat(kinds(read(image(32)))).isEmpty();
      assertThat(kinds(read(image(30)))).containsExactly(Kind.PIXEL_DATA_SHORT);
      assertThat(kinds(read(image(64)))).containsExactly(Kind.PIXEL_DATA_LONG);
    }

    @Test
    void nativePixelsOfUndefinedLengthGoToTheEnd() throws IOException {
      byte[] bytes =
          anInstance(explicitLittle())
              .header(Tag.PixelData, Vr.OW, UNDEFINED)
              .raw(new byte[50])
              .inFile(EXPLICIT_LITTLE_ENDIAN);

      DicomFile file = read(bytes);

      assertThat(kinds(file)).containsExactly(Kind.UNDEFINED_LENGTH, Kind.MISSING_DELIMITER);
      assertThat(file.dataSet().find(Tag.PixelData).orElseThrow().valueLength()).isEqualTo(50);
    }

    @Test
    void aScanStopsInFrontOfThePixels() throws IOException {
      byte[] bytes = image(32);

      DicomFile scanned = DicomFile.scan(ByteSource.of(bytes));

      assertThat(scanned.dataSet().find(Tag.PixelData)).isEmpty();
      assertThat(scanned.facts()).isEqualTo(read(bytes).facts());
    }

    @Test
    void aScanReadsLittleOfALongFile() throws IOException {
      byte[] bytes =
          anInstance(explicitLittle())
              .element(0x00291010, Vr.OB, new byte[300_000])
              .us(Tag.PixelRepresentation, 0)
              .element(Tag.PixelData, Vr.OW, new byte[1_000_000])
              .inFile(EXPLICIT_LITTLE_ENDIAN);
      Counting source = new Counting(ByteSource.of(bytes));

      DicomFile.scan(source);

      assertThat(source.bytesRead).isLessThan(20_000);
    }

    private byte[] image(int pixelBytes) {
      return anInstance(explicitLittle())
          .us(Tag.SamplesPerPixel, 1)
          .us(Tag.Rows, 4)
          .us(Tag.Columns, 4)
          .us(Tag.BitsAllocated, 16)
          .element(Tag.PixelData, Vr.OW, new byte[pixelBytes])
          .inFile(EXPLICIT_LITTLE_ENDIAN);
    }
  }

  @Nested
  class Damage {

    @Test
    void everyPlaceToCutAFileIsSurvivedAndToldWithItsPosition() throws IOException {
      byte[] whole =
          anInstance(explicitLittle())
              .undefinedSequence(LATE_SEQUENCE, s -> s.undefinedItem(named("inside")))
              .us(0x00400555, 1)
              .inFile(EXPLICIT_LITTLE_ENDIAN);
      assertThat(read(whole).anomalies()).isEmpty();
      DataSet uncut = read(whole).dataSet();
      // A cut between two elements leaves a shorter data set that is right.
      Set<Long> betweenElements = new HashSet<>();
      for (int i = 0; i < uncut.size(); i = uncut.next(i)) {
        betweenElements.add(uncut.position(i));
      }
      for (int length = AT_DATA_SET + 1; length < whole.length; length++) {
        DicomFile file = read(Arrays.copyOf(whole, length));

        assertThat(file.isDicom()).isTrue();
        long cut = length;
        assertThat(file.isDamaged())
            .as("cut at " + cut + " " + file.anomalies())
            .isEqualTo(!betweenElements.contains(cut));
        assertThat(file.anomalies()).allMatch(a -> a.position() >= 0 && a.position() <= cut);
      }
    }

    @Test
    void aHugeLengthInAShortFileCostsNothing() throws IOException {
      for (Vr vr : List.of(Vr.OB, Vr.UT, Vr.SQ, Vr.UN)) {
        byte[] bytes =
            anInstance(explicitLittle())
                .header(LATE_SEQUENCE, vr, 0xFFFF_FFFEL)
                .raw(new byte[16])
                .inFile(EXPLICIT_LITTLE_ENDIAN);

        DicomFile file = read(bytes);

        assertThat(kinds(file)).contains(Kind.TRUNCATED);
        assertThat(file.dataSet().find(LATE_SEQUENCE).orElseThrow().valueLength()).isEqualTo(16);
      }
    }

    @Test
    void bytesBehindThePixelsAreTold() throws IOException {
      byte[] data = anInstance(explicitLittle()).element(Tag.PixelData, Vr.OW, new byte[4]).bytes();
      for (byte[] behind : List.of(new byte[3], new byte[500], ascii("%PDF-1.4 something else"))) {
        DicomFile file =
            read(explicitLittle().raw(data).raw(behind).inFile(EXPLICIT_LITTLE_ENDIAN));

        assertThat(kinds(file)).containsExactly(Kind.TRAILING_BYTES);
        assertThat(file.anomalies().getFirst().position())
            .isEqualTo(AT_DATA_SET + (long) data.length);
      }
    }

    @Test
    void trailingPaddingAndGroupLengthsAreElementsLikeOthers() throws IOException {
      DicomFile file =
          read(
              explicitLittle()
                  .ul(0x00080000, 100)
                  .raw(anInstance(explicitLittle()))
                  .element(Tag.DataSetTrailingPadding, Vr.OB, new byte[10])
                  .inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(file.anomalies()).isEmpty();
      assertThat(file.dataSet().find(Tag.DataSetTrailingPadding)).isPresent();
      assertThat(file.dataSet().number(0x00080000)).contains(100L);
    }

    @Test
    void oddLengthsAreReadExactly() throws IOException {
      DicomFile file =
          read(
              anInstance(explicitLittle())
                  .element(LATE_TEXT, Vr.LO, ascii("odd"))
                  .text(0x00400280, Vr.ST, "behind")
                  .inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.ODD_LENGTH);
      assertThat(file.dataSet().string(LATE_TEXT)).contains("odd");
      assertThat(file.dataSet().string(0x00400280)).contains("behind");
    }

    @Test
    void disorderAndDuplicatesAreToldAndKept() throws IOException {
      DicomFile file =
          read(
              anInstance(explicitLittle())
                  .text(LATE_TEXT, Vr.LO, "one")
                  .text(LATE_TEXT, Vr.LO, "two")
                  .text(Tag.StudyDescription, Vr.LO, "late")
                  .inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).containsExactly(Kind.DUPLICATE_ELEMENT, Kind.OUT_OF_ORDER);
      assertThat(file.dataSet().string(LATE_TEXT)).contains("one");
      assertThat(file.facts().studyDescription()).isEqualTo("late");
    }

    @Test
    void damageIsToldEvenBehindManyOddities() throws IOException {
      DicomBytes data = anInstance(explicitLittle());
      for (int i = 0; i < 300; i++) {
        data.element(0x00291001 + i, Vr.LO, ascii("odd"));
      }
      data.header(LATE_TEXT, Vr.LO, 200);

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(file.isDamaged()).isTrue();
      assertThat(kinds(file)).contains(Kind.MORE_ANOMALIES, Kind.TRUNCATED);
      assertThat(file.anomalies()).hasSize(Limits.ANOMALIES_MAX + 2);
    }

    @SeededTest(runs = 400)
    void randomDamageIsSurvived(RandomGenerator random) {
      byte[] bytes =
          anInstance(random.nextBoolean() ? explicitLittle() : implicitLittle())
              .undefinedSequence(
                  SOME_SEQUENCE + 0x00400000, s -> s.undefinedItem(named("one")).item(named("two")))
              .fragments(new byte[0], new byte[50], new byte[70])
              .inFile(random.nextBoolean() ? EXPLICIT_LITTLE_ENDIAN : IMPLICIT_LITTLE_ENDIAN);
      for (int i = random.nextInt(1, 8); i > 0; i--) {
        bytes[random.nextInt(132, bytes.length)] = (byte) random.nextInt(256);
      }

      assertThatCode(
              () -> {
                DicomFile file = read(bytes);
                DataSet dataSet = file.dataSet();
                for (int i = 0; i < dataSet.size(); i++) {
                  Element element = dataSet.element(i);
                  assertThat(element.value().end()).isLessThanOrEqualTo(bytes.length);
                  assertThat(element.valueLength()).isNotNegative();
                  dataSet.stringsAt(i);
                  dataSet.items(i);
                  dataSet.fragments(i);
                }
                DicomFile.scan(ByteSource.of(bytes));
              })
          .doesNotThrowAnyException();
    }

    @Test
    void anErrorOfTheDiskIsNotTakenForDamage() {
      byte[] bytes =
          anInstance(explicitLittle())
              .element(0x00291010, Vr.OB, new byte[300_000])
              .us(Tag.PixelRepresentation, 0)
              .inFile(EXPLICIT_LITTLE_ENDIAN);
      ByteSource failing =
          new Counting(ByteSource.of(bytes)) {
            @Override
            public int read(long position, ByteBuffer target) throws IOException {
              if (position > 100_000) {
                throw new IOException("I/O error");
              }
              return super.read(position, target);
            }
          };

      assertThatIOException().isThrownBy(() -> DicomFile.read(failing)).withMessage("I/O error");
    }
  }

  @Nested
  class Identity {

    @Test
    void strangeUidsAreKeptAndTold() throws IOException {
      String tooLong = "1.2." + "3".repeat(80);
      for (String uid : List.of(tooLong, "1.02.3", "1..2", "abc", "1.2.3.", "../../etc/passwd")) {
        DicomBytes data =
            explicitLittle()
                .text(Tag.SOPInstanceUID, Vr.UI, uid)
                .text(Tag.StudyInstanceUID, Vr.UI, "1.2.3")
                .text(Tag.SeriesInstanceUID, Vr.UI, "1.2.3.4");

        DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

        assertThat(file.facts().sop().value()).isEqualTo(uid);
        assertThat(file.facts().sop().isValid()).isFalse();
        assertThat(kinds(file)).contains(Kind.INVALID_UID);
      }
    }

    @Test
    void paddingIsNoPartOfAUid() throws IOException {
      for (String padded : List.of("1.2.3\u0000", "1.2.3 ", " 1.2.3", "1.2.3\u0000\u0000\u0000")) {
        DicomBytes data =
            explicitLittle()
                .text(Tag.SOPInstanceUID, Vr.UI, "1.2.3.4.5")
                .text(Tag.StudyInstanceUID, Vr.UI, padded)
                .text(Tag.SeriesInstanceUID, Vr.UI, "1.2.3.4");

        DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

        assertThat(file.facts().study()).isEqualTo(new StudyInstanceUid("1.2.3"));
        assertThat(file.facts().study().isValid()).isTrue();
      }
    }

    @Test
    void equalUidsAreTold() throws IOException {
      DicomBytes data =
          explicitLittle()
              .text(Tag.SOPInstanceUID, Vr.UI, "1.2.3.4.5")
              .text(Tag.StudyInstanceUID, Vr.UI, "1.2.3")
              .text(Tag.SeriesInstanceUID, Vr.UI, "1.2.3");

      assertThat(kinds(read(data.inFile(EXPLICIT_LITTLE_ENDIAN)))).containsExactly(Kind.SAME_UID);
    }

    @Test
    void valuesOfUnknownVrAreReadByTheirTag() throws IOException {
      DicomBytes data =
          explicitLittle()
              .element(Tag.SOPInstanceUID, Vr.UN, ascii("1.2.3.4.5\u0000"))
              .element(Tag.StudyInstanceUID, Vr.UN, ascii("1.2.3\u0000"))
              .element(Tag.SeriesInstanceUID, Vr.UN, ascii("1.2.3.4\u0000"));

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(file.facts().study().value()).isEqualTo("1.2.3");
    }

    @Test
    void nothingAboutAPatientIsPrinted() throws IOException {
      DicomFile file =
          read(
              anInstance(explicitLittle())
                  .element(Tag.PatientName + 1, Vr.LO, ascii("Doe"))
                  .inFile(EXPLICIT_LITTLE_ENDIAN));

      String printed = file.facts() + " " + file.dataSet() + " " + file.anomalies();

      assertThat(printed).doesNotContain("Doe").doesNotContain("Jane");
    }

    @Test
    void aDirectoryOfAFileSetIsRecognised() throws IOException {
      DicomBytes data =
          explicitLittle()
              .text(Tag.FileSetID, Vr.CS, "SET")
              .sequence(
                  Tag.DirectoryRecordSequence,
                  s -> s.item(e -> e.text(Tag.DirectoryRecordType, Vr.CS, "PATIENT")));

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(file.isDicomDir()).isTrue();
      assertThat(read(anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN)).isDicomDir())
          .isFalse();
    }

    @Test
    void characterSetsAreThoseOfTheClosestItem() throws IOException {
      byte[] name = "Hünig".getBytes(StandardCharsets.UTF_8);
      byte[] latin = "Hünig".getBytes(StandardCharsets.ISO_8859_1);
      DicomBytes data =
          explicitLittle()
              .text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192")
              .element(Tag.InstitutionName, Vr.LO, name)
              .sequence(
                  LATE_SEQUENCE,
                  s ->
                      s.item(e -> e.element(LATE_TEXT, Vr.LO, name))
                          .item(e ->
                              e.text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 100")
                                  .element(LATE_TEXT, Vr.LO, latin)));

      DataSet dataSet = DicomFile.read(ByteSource.of(data.bytes())).dataSet();

      assertThat(dataSet.string(Tag.InstitutionName)).contains("Hünig");
      assertThat(names(dataSet.sequence(LATE_SEQUENCE))).containsExactly("Hünig", "Hünig");
    }
  }

  @Nested
  class LimitsHold {

    @Test
    void depth() throws IOException {
      DicomBytes data = anInstance(explicitLittle());
      for (int i = 0; i < 1_800; i++) {
        data.header(LATE_SEQUENCE, Vr.SQ, UNDEFINED).tag(Tag.Item).u32(UNDEFINED);
      }

      DicomFile file = read(data.inFile(EXPLICIT_LITTLE_ENDIAN));

      assertThat(kinds(file)).contains(Kind.TOO_DEEP);
      assertThat(file.facts().modality()).isEqualTo("OT");
      DataSet dataSet = file.dataSet();
      assertThat(dataSet.depth(dataSet.size() - 1)).isEqualTo(Limits.DEPTH_MAX);
    }

    @Test
    void theDeepestAllowedNestingIsRead() throws IOException {
      DicomBytes data = anInstance(explicitLittle());
      for (int i = 0; i < Limits.DEPTH_MAX; i++) {
        data.header(LATE_SEQUENCE, Vr.SQ, UNDEFINED).tag(Tag.Item).u32(UNDEFINED);
      }
      for (int i = 0; i < Limits.DEPTH_MAX; i++) {
        data.endOfItem().endOfSequence();
      }

      assertThat(read(data.inFile(EXPLICIT_LITTLE_ENDIAN)).anomalies()).isEmpty();
    }

    @Test
    void elements() throws IOException {
      byte[] bytes = anInstance(explicitLittle()).inFile(EXPLICIT_LITTLE_ENDIAN);

      DicomFile file = DicomFile.read(ByteSource.of(bytes), Limits.DEFAULT.withElementsMax(5));

      assertThat(kinds(file)).contains(Kind.TOO_MANY_ELEMENTS);
      assertThat(file.dataSet().size()).isEqualTo(5);
    }

    @Test
    void items() throws IOException {
      byte[] bytes =
          anInstance(explicitLittle())
              .sequence(LATE_SEQUENCE, s -> s.item(e -> {}).item(e -> {}).item(e -> {}))
              .inFile(EXPLICIT_LITTLE_ENDIAN);

      DicomFile file = DicomFile.read(ByteSource.of(bytes), Limits.DEFAULT.withItemsMax(2));

      assertThat(kinds(file)).containsExactly(Kind.TOO_MANY_ITEMS);
      assertThat(file.dataSet().sequence(LATE_SEQUENCE)).hasSize(2);
    }

    @Test
    void fragments() throws IOException {
      byte[] bytes =
          anInstance(explicitLittle())
              .fragments(new byte[0], new byte[2], new byte[2])
              .inFile("1.2.840.10008.1.2.4.50");

      DicomFile file = DicomFile.read(ByteSource.of(bytes), Limits.DEFAULT.withFragmentsMax(2));

      assertThat(kinds(file)).containsExactly(Kind.TOO_MANY_FRAGMENTS);
      DataSet dataSet = file.dataSet();
      assertThat(dataSet.fragments(dataSet.indexOf(Tag.PixelData))).hasSize(2);
    }

    @Test
    void valuesInMemory() throws IOException {
      byte[] bytes =
          anInstance(explicitLittle())
              .element(0x00420011, Vr.OB, new byte[Limits.VALUE_BYTES_MAX])
              .element(0x00420012, Vr.UT, new byte[Limits.VALUE_BYTES_MAX + 2])
              .inFile(EXPLICIT_LITTLE_ENDIAN);

      DataSet dataSet = read(bytes).dataSet();

      assertThat(dataSet.value(dataSet.indexOf(0x00420011))).isPresent();
      assertThat(dataSet.value(dataSet.indexOf(0x00420012))).isEmpty();
      assertThat(dataSet.string(0x00420012)).isEmpty();
    }

    @Test
    void valuesOfOneElement() throws IOException {
      byte[] bytes =
          anInstance(explicitLittle())
              .element(0x00420012, Vr.UC, ascii("\\".repeat(Values.VALUES_MAX * 2)))
              .inFile(EXPLICIT_LITTLE_ENDIAN);

      assertThat(read(bytes).dataSet().strings(0x00420012)).hasSize(Values.VALUES_MAX + 1);
    }
  }

  /// Counts what is read.
  private static class Counting implements ByteSource {
    private final ByteSource source;
    long bytesRead;

    Counting(ByteSource source) {
      this.source = source;
    }

    @Override
    public long lengthBytes() throws IOException {
      return source.lengthBytes();
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      int read = source.read(position, target);
      bytesRead += Math.max(0, read);
      return read;
    }

    @Override
    public void close() throws IOException {
      source.close();
    }
  }

  private static DicomFile read(byte[] bytes) throws IOException {
    return DicomFile.read(ByteSource.of(bytes));
  }

  private static List<Kind> kinds(DicomFile file) {
    return file.anomalies().stream().map(Anomaly::kind).toList();
  }

  private static String whatElse(byte[] bytes) throws IOException {
    DicomFile file = read(bytes);
    assertThat(file.isDicom()).isFalse();
    assertThat(kinds(file)).containsExactly(Kind.NOT_DICOM);
    return file.anomalies().getFirst().detail();
  }

  private static List<String> names(List<DataSet> items) {
    return items.stream()
        .map(item -> {
          try {
            return item.string(LATE_TEXT).orElse("");
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        })
        .toList();
  }

  private static Consumer<DicomBytes> named(String name) {
    return elements -> elements.text(LATE_TEXT, Vr.LO, name);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
