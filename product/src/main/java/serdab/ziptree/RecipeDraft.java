package serdab.ziptree;

import java.util.Arrays;
import java.util.HexFormat;

/// An entry in the making, and how it becomes the file again. The file is gone through once, from
/// its first byte to its last. One thread at a time.
final class RecipeDraft {

  private static final HexFormat HEX = HexFormat.of();

  private final byte[] file;
  private final StringBuilder steps = new StringBuilder();
  private byte[] entry;
  private int entryBytes;
  private int at;

  /// The step being gathered.
  private char kind = ' ';

  private int count;
  private int putFrom;

  /// @param file what the entry is made from
  RecipeDraft(byte[] file) {
    this.file = file;
    this.entry = new byte[file.length / 2 + 1024];
  }

  /// How far the file was gone through.
  int at() {
    return at;
  }

  byte[] entry() {
    return Arrays.copyOf(entry, entryBytes);
  }

  /// The steps so far, the one being gathered included.
  String steps() {
    end();
    return steps.toString();
  }

  /// The next bytes of the file stand in the entry, too.
  void keep(int bytes) {
    if (bytes > 0) {
      append(file, at, bytes);
      step(Recipe.KEEP, bytes);
      at += bytes;
    }
  }

  /// Bytes of the entry that the file has not.
  void add(byte... bytes) {
    if (bytes.length > 0) {
      append(bytes, 0, bytes.length);
      step(Recipe.SKIP, bytes.length);
    }
  }

  /// The next bytes of the file do not stand in the entry.
  void leaveOut(int bytes) {
    if (bytes > 0) {
      if (kind != Recipe.PUT) {
        end();
        putFrom = at;
      }
      kind = Recipe.PUT;
      count += bytes;
      at += bytes;
    }
  }

  /// A coded frame stands for the next bytes of the file.
  void frame(byte[] coded, boolean signed, int bytes) {
    append(coded, 0, coded.length);
    end();
    step(signed ? Recipe.SIGNED : Recipe.UNSIGNED, coded.length);
    end();
    at += bytes;
  }

  private void step(char wanted, int bytes) {
    if (kind != wanted) {
      end();
    }
    kind = wanted;
    count += bytes;
  }

  private void end() {
    if (count > 0) {
      steps.append(steps.isEmpty() ? "" : " ").append(kind);
      if (kind == Recipe.PUT) {
        steps.append(HEX.formatHex(file, putFrom, putFrom + count));
      } else {
        steps.append(count);
      }
    }
    kind = ' ';
    count = 0;
  }

  private void append(byte[] bytes, int from, int length) {
    if (length > entry.length - entryBytes) {
      entry = Arrays.copyOf(entry, Math.max(entry.length + entry.length / 2, entryBytes + length));
    }
    System.arraycopy(bytes, from, entry, entryBytes, length);
    entryBytes += length;
  }
}
