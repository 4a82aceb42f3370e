package serdab.dicom;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/// What one reader says a file holds: an entry per element, item and fragment, by its path in the
/// nesting.
final class Listing {

  /// @param length as written; `-` when undefined, `.` when that reader does not tell
  /// @param value in that reader's own notation; `.` when it does not tell
  record Entry(String vr, String length, String value) {}

  final Map<String, Entry> entries = new LinkedHashMap<>();

  /// Why that reader gave up; empty when it did not.
  String failure = "";

  private final Map<String, Integer> counts = new HashMap<>();
  private final Deque<String> items = new ArrayDeque<>();
  private String lastElement = "";
  private final Deque<String> sequences = new ArrayDeque<>();

  /// Adds an element at a depth of so many items.
  void element(int depth, int tag, Entry entry) {
    backTo(depth);
    String path = (items.isEmpty() ? "" : items.peek()) + Tag.text(tag);
    lastElement = numbered(path);
    entries.put(lastElement, entry);
  }

  /// Adds an item or fragment of the last element at that depth.
  void item(int depth, Entry entry) {
    if (items.size() > depth) {
      while (items.size() > depth) {
        items.pop();
        lastElement = sequences.pop();
      }
    }
    int number = counts.merge(lastElement + "[]", 1, Integer::sum);
    String path = lastElement + "[" + number + "]";
    entries.put(path, entry);
    sequences.push(lastElement);
    items.push(path);
  }

  private void backTo(int depth) {
    while (items.size() > depth) {
      items.pop();
      lastElement = sequences.pop();
    }
  }

  private String numbered(String path) {
    int number = counts.merge(path, 1, Integer::sum);
    return number == 1 ? path : path + "#" + number;
  }

  /// Where the value of an entry stands; only our own listing has places.
  record Place(DataSet dataSet, int i) {}

  final Map<String, Place> places = new HashMap<>();

  /// Our own reading.
  ///
  /// @param fragments whether fragments are entries of their own, or all one value
  static Listing ofOurs(DicomFile file, boolean fragments) {
    Listing listing = new Listing();
    listing.add(file.fileMeta(), fragments);
    listing.add(file.dataSet(), fragments);
    return listing;
  }

  private void add(DataSet dataSet, boolean fragments) {
    for (int i = 0; i < dataSet.size(); i++) {
      boolean holdsMore = dataSet.vr(i) == Vr.SQ || dataSet.next(i) > i + 1;
      String length = dataSet.hasUndefinedLength(i) ? "-" : Long.toString(dataSet.valueLength(i));
      Entry entry = new Entry(dataSet.vr(i).name(), length, holdsMore ? "." : "");
      if (dataSet.tag(i) != Tag.Item) {
        element(dataSet.depth(i), dataSet.tag(i), entry);
        if (!holdsMore || (dataSet.isEncapsulated(i) && !fragments)) {
          places.put(lastElement, new Place(dataSet, i));
        }
      } else if (!dataSet.isEncapsulated(dataSet.parent(i))) {
        item(dataSet.depth(i), entry);
      } else if (fragments) {
        item(dataSet.depth(i), entry);
        places.put(items.peek(), new Place(dataSet, i));
      }
    }
  }

  /// The SHA-1 of a value field as it stands in the file, which is what the pydicom script prints.
  static String sha1(DataSet dataSet, int i) throws IOException {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      ByteBuffer part = ByteBuffer.allocate(1 << 16);
      long done = 0;
      while (done < dataSet.valueLength(i)) {
        part.clear();
        int read = dataSet.read(i, done, part);
        if (read <= 0) {
          break;
        }
        sha1.update(part.flip());
        done += read;
      }
      return HexFormat.of().formatHex(sha1.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
