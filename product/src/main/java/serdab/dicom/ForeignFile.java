package serdab.dicom;

import java.nio.charset.StandardCharsets;

/// Names what a file is that is not DICOM, as far as its first bytes tell.
final class ForeignFile {

  private ForeignFile() {}

  /// @param head the first bytes of the file, as many as are at hand
  static String describe(byte[] head, int length) {
    if (length == 0) {
      return "an empty file";
    }
    if (starts(head, length, 0, 0x00, 0x05, 0x16, 0x07)) {
      return "an AppleDouble file";
    }
    if (starts(head, length, 0, 0x00, 0x00, 0x00, 0x01, 'B', 'u', 'd', '1')) {
      return "a Finder folder file (.DS_Store)";
    }
    if (starts(head, length, 0, 0xD0, 0xCF, 0x11, 0xE0)) {
      return "an OLE file";
    }
    if (starts(head, length, 0, 'P', 'K', 3, 4)) {
      return "a ZIP file";
    }
    if (starts(head, length, 0, 0x1F, 0x8B)) {
      return "a gzip file";
    }
    if (starts(head, length, 0, '%', 'P', 'D', 'F')) {
      return "a PDF file";
    }
    if (starts(head, length, 0, 0xFF, 0xD8, 0xFF)) {
      return "a JPEG file";
    }
    if (starts(head, length, 0, 0x89, 'P', 'N', 'G')) {
      return "a PNG file";
    }
    if (starts(head, length, 0, 'G', 'I', 'F', '8')) {
      return "a GIF file";
    }
    if (starts(head, length, 0, 'B', 'M')) {
      return "a BMP file";
    }
    if (isTiff(head, length)) {
      return "a TIFF file";
    }
    if (starts(head, length, 0, 'S', 'Q', 'L', 'i', 't', 'e')) {
      return "an SQLite database";
    }
    if (starts(head, length, 0, 'b', 'p', 'l', 'i', 's', 't')) {
      return "a property list";
    }
    if (starts(head, length, 4, 'f', 't', 'y', 'p')) {
      return "a QuickTime or MPEG-4 file";
    }
    if (isProgram(head, length)) {
      return "a program";
    }
    if (isAll(head, length, 0)) {
      return length < 4 ? "too short to tell" : "zeros";
    }
    if (isText(head, length)) {
      return new String(head, 0, Math.min(5, length), StandardCharsets.ISO_8859_1).equals("<?xml")
          ? "an XML file"
          : "a text file";
    }
    return "no DICM prefix, and no data set at its start";
  }

  /// Whether these bytes start like something a system would run: PE, ELF, Mach-O or a script.
  static boolean isProgram(byte[] head, int length) {
    return starts(head, length, 0, 'M', 'Z')
        || starts(head, length, 0, 0x7F, 'E', 'L', 'F')
        || starts(head, length, 0, '#', '!')
        || starts(head, length, 0, 0xFE, 0xED, 0xFA, 0xCE)
        || starts(head, length, 0, 0xFE, 0xED, 0xFA, 0xCF)
        || starts(head, length, 0, 0xCE, 0xFA, 0xED, 0xFE)
        || starts(head, length, 0, 0xCF, 0xFA, 0xED, 0xFE)
        || starts(head, length, 0, 0xCA, 0xFE, 0xBA, 0xBE);
  }

  private static boolean isTiff(byte[] head, int length) {
    return starts(head, length, 0, 'I', 'I', 42, 0) || starts(head, length, 0, 'M', 'M', 0, 42);
  }

  private static boolean starts(byte[] head, int length, int at, int... magic) {
    if (length < at + magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((head[at + i] & 0xFF) != magic[i]) {
        return false;
      }
    }
    return true;
  }

  private static boolean isAll(byte[] head, int length, int value) {
    for (int i = 0; i < length; i++) {
      if (head[i] != value) {
        return false;
      }
    }
    return true;
  }

  private static boolean isText(byte[] head, int length) {
    for (int i = 0; i < length; i++) {
      int c = head[i] & 0xFF;
      if (c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f') {
        return false;
      }
    }
    return true;
  }
}
