package serdab.ziptree;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import serdab.Sha256;
import serdab.dicom.DicomWriter;
import serdab.dicom.Tag;
import serdab.dicom.Vr;

/// One SOP instance of the Inventory IOD (PS3.3 section A.88). One thread at a time.
final class InventoryFile {

  /// Inventory Storage (PS3.4 annex GG).
  static final String SOP_CLASS = "1.2.840.10008.5.1.4.1.1.201.1";

  private static final int ContentTime = 0x00080033;
  private static final int TimezoneOffsetFromUTC = 0x00080201;
  private static final int ScopeOfInventorySequence = 0x00080400;
  private static final int InventoryPurpose = 0x00080401;
  private static final int InventoryInstanceDescription = 0x00080402;
  private static final int InventoryLevel = 0x00080403;
  private static final int FileAccessURI = 0x00080409;
  private static final int ContainerFileType = 0x0008040A;
  private static final int StoredInstanceTransferSyntaxUID = 0x0008040E;
  private static final int IncorporatedInventoryInstanceSequence = 0x00080422;
  private static final int InventoriedStudiesSequence = 0x00080423;
  private static final int InventoryCompletionStatus = 0x00080426;
  private static final int NumberOfStudyRecordsInInstance = 0x00080427;
  private static final int TotalNumberOfStudyRecords = 0x00080428;
  private static final int ReferencedSOPClassUID = 0x00081150;
  private static final int ReferencedSOPInstanceUID = 0x00081155;
  private static final int SoftwareVersions = 0x00181020;

  private static final String PURPOSE = "Finding and restoring instances that are stored in ZIPs";
  private static final String EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";

  private record Part(InventoriedStudy study, int from, int to) {}

  private final List<Part> parts = new ArrayList<>();
  private long bytes;

  /// About how many bytes it has by now.
  long bytes() {
    return bytes;
  }

  void add(InventoriedStudy study, int from, int to) {
    parts.add(new Part(study, from, to));
    bytes += study.bytes(from) - (to == study.size() ? 0 : study.bytes(to));
  }

  /// The whole file.
  byte[] bytes(String uid, Instant at, String description, String writtenBy) {
    return write(
        uid,
        out -> {
          head(out, uid, at, description, writtenBy);
          out.beginSequence(InventoriedStudiesSequence);
          for (Part part : parts) {
            part.study().write(out, part.from(), part.to());
          }
          out.endSequence();
          // It is one month of a tree; the inventory that names them all is the whole.
          tail(out, "PARTIAL", parts.size(), parts.size(), writtenBy);
        });
  }

  /// The inventory that incorporates others.
  ///
  /// @param incorporated SOP Instance UIDs by the path of the file in the tree
  static byte[] root(
      String uid,
      Instant at,
      Map<String, String> incorporated,
      long studies,
      boolean complete,
      String writtenBy) {
    return write(
        uid,
        out -> {
          head(out, uid, at, "All studies of this place", writtenBy);
          out.beginSequence(IncorporatedInventoryInstanceSequence);
          for (Map.Entry<String, String> one : incorporated.entrySet()) {
            out.beginItem();
            out.text(FileAccessURI, Vr.UR, "./" + one.getKey());
            out.text(ContainerFileType, Vr.CS, "INDIVIDUAL");
            out.uid(StoredInstanceTransferSyntaxUID, EXPLICIT_LITTLE_ENDIAN);
            out.uid(ReferencedSOPClassUID, SOP_CLASS);
            out.uid(ReferencedSOPInstanceUID, one.getValue());
            out.endItem();
          }
          out.endSequence();
          tail(out, complete ? "COMPLETE" : "PARTIAL", 0, studies, writtenBy);
        });
  }

  private interface Content {
    void writeTo(DicomWriter out) throws IOException;
  }

  private static byte[] write(String uid, Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      DicomWriter out = DicomWriter.begin(bytes, SOP_CLASS, uid);
      content.writeTo(out);
      out.end();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  private static void head(
      DicomWriter out, String uid, Instant at, String description, String writtenBy)
      throws IOException {
    out.text(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192");
    out.uid(Tag.SOPClassUID, SOP_CLASS);
    out.uid(Tag.SOPInstanceUID, uid);
    out.text(Tag.ContentDate, Vr.DA, format("yyyyMMdd", at));
    out.text(ContentTime, Vr.TM, format("HHmmss", at));
    out.text(Tag.Manufacturer, Vr.LO, writtenBy);
    out.text(TimezoneOffsetFromUTC, Vr.SH, "+0000");
    out.beginSequence(ScopeOfInventorySequence).endSequence();
    out.text(InventoryPurpose, Vr.LT, PURPOSE);
    out.text(InventoryInstanceDescription, Vr.LT, description);
    out.text(InventoryLevel, Vr.CS, "INSTANCE");
  }

  private static void tail(DicomWriter out, String status, long here, long total, String writtenBy)
      throws IOException {
    out.text(InventoryCompletionStatus, Vr.CS, status);
    out.numbers(NumberOfStudyRecordsInInstance, Vr.UL, here);
    out.numbers(TotalNumberOfStudyRecords, Vr.UV, total);
    out.text(SoftwareVersions, Vr.LO, writtenBy);
  }

  private static String format(String pattern, Instant at) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ROOT).withZone(ZoneOffset.UTC).format(at);
  }

  /// A UID made from a UUID (PS3.5 section B.2) that is made from a text: version 8 of RFC 9562.
  static String uid(String text) {
    byte[] bytes = Arrays.copyOf(Sha256.digest(text.getBytes(StandardCharsets.UTF_8)).bytes(), 16);
    bytes[6] = (byte) (bytes[6] & 0x0F | 0x80);
    bytes[8] = (byte) (bytes[8] & 0x3F | 0x80);
    return "2.25." + new BigInteger(1, bytes);
  }
}
