package serdab.dicom;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The standard's own table of attributes (PS3.6), loaded when it is first asked. Thread-safe.
///
/// Private attributes are not in it: their VR is unknown unless the file says it (PS3.5 section
/// 7.8).
public final class Dictionary {

  private static final String RESOURCE = "dictionary.txt";

  /// A table of at least twice the entries keeps probing short.
  private static final int SLOTS = 1 << 14;

  private static final int TAG_DIGITS = 8;
  private static final int LINES_MAX = 8_000;

  private Dictionary() {}

  /// The VR of an attribute; [Vr#UN] when it is private or not in the standard. Where the standard
  /// leaves a choice this is what implicit VR files hold (PS3.5 annex A.1): OW for OB or OW, and US
  /// for US or SS, which [#isSignedByPixelRepresentation] tells apart.
  public static Vr vrOf(int tag) {
    if (Tag.isGroupLength(tag)) {
      return Vr.UL;
    }
    if (Tag.isPrivate(tag)) {
      return Tag.isPrivateCreator(tag) ? Vr.LO : Vr.UN;
    }
    int line = Table.LOADED.lineOf(tag);
    return line < 0 ? Vr.UN : Vr.ofCode(Table.LOADED.vrs[line]);
  }

  /// Whether the standard has this attribute.
  public static boolean isKnown(int tag) {
    return Tag.isGroupLength(tag) || (!Tag.isPrivate(tag) && Table.LOADED.lineOf(tag) >= 0);
  }

  /// Whether the standard gives it the VR "US or SS", which Pixel Representation (0028,0103)
  /// decides.
  public static boolean isSignedByPixelRepresentation(int tag) {
    int line = Table.LOADED.lineOf(tag);
    return line >= 0 && Table.LOADED.signedChoice[line];
  }

  /// The keyword, such as `StudyInstanceUID`; empty when it is private or not in the standard.
  public static String keywordOf(int tag) {
    if (Tag.isPrivate(tag)) {
      return "";
    }
    int line = Table.LOADED.lineOf(tag);
    return line < 0 ? "" : Table.LOADED.keywords[line];
  }

  /// The attribute with this keyword; of a repeating group, its first.
  public static Optional<Integer> tagOf(String keyword) {
    return Optional.ofNullable(Keywords.TAGS.get(keyword));
  }

  /// Loaded apart, since few ask by keyword.
  private static final class Keywords {

    static final Map<String, Integer> TAGS = new HashMap<>(SLOTS);

    static {
      Table table = Table.LOADED;
      for (int line = 0; line < table.size; line++) {
        if (!table.keywords[line].isEmpty()) {
          TAGS.putIfAbsent(table.keywords[line], table.tags[line]);
        }
      }
    }
  }

  private static final class Table {

    static final Table LOADED = new Table();

    final int[] tags = new int[LINES_MAX];
    final byte[] vrs = new byte[LINES_MAX];
    final boolean[] signedChoice = new boolean[LINES_MAX];
    final String[] keywords = new String[LINES_MAX];
    int size;

    /// Line plus one by hashed tag; 0 is free.
    private final short[] slots = new short[SLOTS];

    /// The lines whose tags leave digits open, and which digits are fixed.
    private int[] openLines = new int[0];

    private int[] openMasks = new int[0];

    Table() {
      byte[] text = bytesOfResource();
      int at = 0;
      while (at < text.length) {
        int end = at;
        while (end < text.length && text[end] != '\n') {
          end++;
        }
        if (text[at] != '#') {
          add(text, at, end);
        }
        at = end + 1;
      }
    }

    private static byte[] bytesOfResource() {
      try (InputStream in = Dictionary.class.getResourceAsStream(RESOURCE)) {
        if (in == null) {
          throw new IllegalStateException("the program lacks its resource " + RESOURCE);
        }
        return in.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read the program's resource " + RESOURCE, e);
      }
    }

    private void add(byte[] text, int from, int to) {
      int tag = 0;
      int mask = 0;
      for (int i = from; i < from + TAG_DIGITS; i++) {
        boolean open = text[i] == 'X';
        tag = (tag << 4) | (open ? 0 : Character.digit(text[i], 16));
        mask = (mask << 4) | (open ? 0 : 0xF);
      }
      int line = size++;
      int at = from + TAG_DIGITS + 1;
      Vr vr = Vr.UN;
      boolean canBeUnsigned = false;
      boolean canBeSigned = false;
      while (true) {
        Vr named = Vr.ofLetters(text[at], text[at + 1]);
        canBeUnsigned |= named == Vr.US;
        canBeSigned |= named == Vr.SS;
        // Words win over the other choices; SS is chosen by Pixel Representation alone.
        if (vr == Vr.UN || named == Vr.OW) {
          vr = named == null ? Vr.UN : named;
        }
        at += 2;
        if (text[at] != '/') {
          break;
        }
        at++;
      }
      String keyword = new String(text, at + 1, to - at - 1, StandardCharsets.ISO_8859_1);
      tags[line] = tag;
      vrs[line] = (byte) vr.code();
      signedChoice[line] = canBeUnsigned && canBeSigned && vr != Vr.OW;
      keywords[line] = keyword.equals("-") ? "" : keyword;
      if (mask == -1) {
        int slot = hash(tag);
        while (slots[slot] != 0) {
          slot = (slot + 1) & (SLOTS - 1);
        }
        slots[slot] = (short) (line + 1);
      } else {
        openLines = Arrays.copyOf(openLines, openLines.length + 1);
        openMasks = Arrays.copyOf(openMasks, openMasks.length + 1);
        openLines[openLines.length - 1] = line;
        openMasks[openMasks.length - 1] = mask;
      }
    }

    int lineOf(int tag) {
      int slot = hash(tag);
      while (slots[slot] != 0) {
        int line = slots[slot] - 1;
        if (tags[line] == tag) {
          return line;
        }
        slot = (slot + 1) & (SLOTS - 1);
      }
      return isOfRepeatingGroup(tag) ? lineOfOpenTag(tag) : -1;
    }

    /// The groups in which the standard leaves digits open.
    private static boolean isOfRepeatingGroup(int tag) {
      int group = Tag.group(tag);
      return switch (group) {
        case 0x0020, 0x0028, 0x1000, 0x1010 -> true;
        // Repeating groups go up to 1E (PS3.5 section 7.6).
        default ->
            (group & 0xFFE1) == 0x5000 || (group & 0xFFE1) == 0x6000 || (group & 0xFF01) == 0x7F00;
      };
    }

    private int lineOfOpenTag(int tag) {
      for (int i = 0; i < openLines.length; i++) {
        if ((tag & openMasks[i]) == tags[openLines[i]]) {
          return openLines[i];
        }
      }
      return -1;
    }

    private static int hash(int tag) {
      return (tag * 0x9E3779B9) >>> (Integer.SIZE - 14);
    }
  }
}
