package serdab.ziptree;

import java.util.Arrays;
import java.util.HexFormat;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.codec.FrameFormat;
import serdab.dicom.codec.JpegLsDecoder;

/// How the entry of a ZIP becomes the file again that it was made from
/// (`docs/format/zip-tree-recipes.md`).
///
/// @param entryBytes the entry's length
/// @param entry SHA-256 of the entry
/// @param planar whether a frame's samples stand plane by plane in the file
/// @param steps what to do, one after another
record Recipe(long entryBytes, Sha256 entry, boolean planar, String steps) {

  /// What entries with a recipe are encoded as.
  static final String TRANSFER_SYNTAX = "1.2.840.10008.1.2.4.80";

  /// Longer files are stored as they are: one is held in memory as a whole.
  static final int FILE_BYTES_MAX = 32 << 20;

  /// An entry is worth its recipe only when it is shorter than its file.
  static final int ENTRY_BYTES_MAX = FILE_BYTES_MAX;

  static final int STEPS_MAX = 256 << 10;

  static final char KEEP = '=';
  static final char SKIP = '-';
  static final char PUT = '+';
  static final char UNSIGNED = 'u';
  static final char SIGNED = 's';

  private static final HexFormat HEX = HexFormat.of();

  /// Takes the bytes of a file as they come.
  @FunctionalInterface
  interface Sink {
    /// Takes the next `length` bytes, which may change as soon as it returns.
    void take(byte[] bytes, int from, int length);
  }

  /// Makes the file.
  ///
  /// @param lengthBytes how long it must become
  /// @param path what messages call it
  /// @throws SerdabException.Damaged when entry and recipe do not make such a file
  byte[] rebuild(byte[] entryOfFile, long lengthBytes, String path) {
    if (lengthBytes > FILE_BYTES_MAX) {
      throw damaged(path, "it would become longer than any file with a recipe");
    }
    byte[] file = new byte[(int) lengthBytes];
    int[] filled = {0};
    rebuild(
        entryOfFile,
        path,
        (bytes, from, length) -> {
          if (length > file.length - filled[0]) {
            throw damaged(path, "its recipe makes a longer file");
          }
          System.arraycopy(bytes, from, file, filled[0], length);
          filled[0] += length;
        });
    if (filled[0] != file.length) {
      throw damaged(path, "its recipe makes a shorter file");
    }
    return file;
  }

  /// Makes the file piece by piece.
  ///
  /// @throws SerdabException.Damaged when the entry does not fit the recipe
  void rebuild(byte[] entryOfFile, String path, Sink sink) {
    JpegLsDecoder decoder = new JpegLsDecoder();
    byte[] frame = {};
    int at = 0;
    int begin = 0;
    while (begin < steps.length()) {
      int blank = steps.indexOf(' ', begin);
      int end = blank < 0 ? steps.length() : blank;
      String step = steps.substring(begin, end);
      begin = end + 1;
      char kind = step.isEmpty() ? ' ' : step.charAt(0);
      if (kind == PUT) {
        byte[] put = bytes(step, path);
        sink.take(put, 0, put.length);
        continue;
      }
      int count = count(step, path);
      if (count > entryOfFile.length - at) {
        throw damaged(path, "its recipe asks for more than the entry has");
      }
      switch (kind) {
        case KEEP -> sink.take(entryOfFile, at, count);
        case SKIP -> {}
        case UNSIGNED, SIGNED -> {
          FrameFormat format = format(entryOfFile, at, count, path);
          if (frame.length != format.lengthBytes()) {
            frame = new byte[format.lengthBytes()];
          }
          // What is left from the frame before must not stand for what was decoded.
          Arrays.fill(frame, (byte) 0x5A);
          decoder.decode(entryOfFile, at, at + count, format, frame, 0);
          if (kind == SIGNED) {
            extendSigns(frame, format);
          }
          sink.take(frame, 0, frame.length);
        }
        default -> throw damaged(path, "its recipe has a step that nobody knows");
      }
      at += count;
    }
    if (at != entryOfFile.length) {
      throw damaged(path, "its recipe leaves bytes of the entry over");
    }
  }

  private FrameFormat format(byte[] entryOfFile, int at, int count, String path) {
    JpegLsDecoder.Info info = JpegLsDecoder.info(entryOfFile, at, at + count);
    if (info.near() != 0 || info.samplesPerPixel() > 3) {
      throw damaged(path, "a frame is not what its recipe says");
    }
    try {
      FrameFormat format =
          new FrameFormat(
              info.rows(), info.columns(), info.samplesPerPixel(), info.bitsPerSample(), planar);
      if (format.lengthBytes() > FILE_BYTES_MAX) {
        throw damaged(path, "a frame is longer than the file");
      }
      return format;
    } catch (IllegalArgumentException e) {
      throw damaged(path, "a frame is not what its recipe says");
    }
  }

  private static void extendSigns(byte[] frame, FrameFormat format) {
    int bits = format.bitsPerSample();
    if (format.bytesPerSample() == 1) {
      int shift = Integer.SIZE - bits;
      for (int i = 0; i < frame.length; i++) {
        frame[i] = (byte) (frame[i] << shift >> shift);
      }
      return;
    }
    int sign = 1 << (bits - 9);
    int above = -1 << (bits - 8);
    for (int i = 1; i < frame.length; i += 2) {
      if ((frame[i] & sign) != 0) {
        frame[i] |= (byte) above;
      }
    }
  }

  private static int count(String step, String path) {
    try {
      int count = Integer.parseInt(step, 1, step.length(), 10);
      if (count > 0) {
        return count;
      }
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      // Told below.
    }
    throw damaged(path, "its recipe has a step without a number");
  }

  private static byte[] bytes(String step, String path) {
    try {
      return HEX.parseHex(step, 1, step.length());
    } catch (IllegalArgumentException e) {
      throw damaged(path, "its recipe has a step without bytes");
    }
  }

  private static SerdabException.Damaged damaged(String path, String how) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-damaged",
            "The copy of " + path + " is not what it should be: " + how + ".",
            "Restore it from another copy; verify this one to see what else is damaged."));
  }
}
