package serdab.daemon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import serdab.dicom.DataSet;
import serdab.dicom.Dictionary;
import serdab.dicom.Tag;
import serdab.dicom.Vr;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Holdings.Query;
import serdab.dicom.net.Identifier;

/// The keys of one query, and what an answer to them is made of (PS3.4 section C.4.1.1.3).
final class Keys {

  private static final String ONLINE = "ONLINE";
  private static final String OFFLINE = "OFFLINE";

  /// Keys that say how the query is meant rather than what is wanted.
  private static final List<Integer> NOT_KEYS =
      List.of(Tag.SpecificCharacterSet, Tags.QUERY_RETRIEVE_LEVEL);

  private final Query query;
  private final AeTitle title;

  /// Those of UIDs come first: they need no header.
  private final List<Key> keys;

  /// One key.
  ///
  /// @param wanted its values; empty for "any"
  /// @param isSequence whether it is a sequence, which is neither matched nor answered
  private record Key(int tag, Vr vr, List<String> wanted, boolean isSequence) {}

  private Keys(Query query, AeTitle title, List<Key> keys) {
    this.query = query;
    this.title = title;
    this.keys = keys;
  }

  /// @param title of this node, which answers name as where to retrieve from
  static Keys of(Query query, AeTitle title) {
    DataSet set = query.identifier();
    List<Key> keys = new ArrayList<>();
    try {
      for (int i = 0; i < set.size(); i = set.next(i)) {
        int tag = set.tag(i);
        if (NOT_KEYS.contains(tag) || Tag.isGroupLength(tag)) {
          continue;
        }
        Vr vr = set.vr(i) == Vr.UN ? Dictionary.vrOf(tag) : set.vr(i);
        boolean isSequence = vr == Vr.SQ || !set.items(i).isEmpty();
        List<String> wanted =
            isSequence
                ? List.of()
                : vr.isText()
                    ? set.stringsAt(i)
                    : set.number(tag).map(n -> "" + n).stream().toList();
        keys.add(new Key(tag, vr, wanted, isSequence));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // bytes in memory
    }
    keys.sort(Comparator.comparing(key -> key.vr() != Vr.UI));
    return new Keys(query, title, keys);
  }

  /// What is wanted of an attribute; empty for "any", also when it is not asked for.
  List<String> wanted(int tag) {
    return keys.stream()
        .filter(key -> key.tag() == tag)
        .findFirst()
        .map(Key::wanted)
        .filter(values -> !Matching.isUniversal(values))
        .orElse(List.of());
  }

  /// Whether something has what the keys ask for. A key that is not supported asks for nothing.
  boolean match(Attributes attributes) {
    for (Key key : keys) {
      if (key.isSequence() || Matching.isUniversal(key.wanted()) || isAnswered(key.tag())) {
        continue;
      }
      Optional<String> held = attributes.value(key.tag());
      if (held.isPresent() && !Matching.matches(key.vr(), key.wanted(), held.get())) {
        return false;
      }
    }
    return true;
  }

  /// Whether each key is one that can be asked for.
  boolean areSupportedBy(Attributes attributes) {
    return keys.stream()
        .allMatch(key ->
            isAnswered(key.tag())
                || (!key.isSequence() && attributes.value(key.tag()).isPresent()));
  }

  private static boolean isAnswered(int tag) {
    return tag == Tags.RETRIEVE_AE_TITLE || tag == Tags.INSTANCE_AVAILABILITY;
  }

  /// The answer: each key with its value, empty when there is none.
  Identifier answer(Attributes attributes, boolean isAway) {
    Map<Integer, Vr> asked = new TreeMap<>(Integer::compareUnsigned);
    keys.forEach(key -> asked.put(key.tag(), key.vr()));
    for (int unique : Tags.uniqueOf(query.level(), query.byPatient())) {
      asked.putIfAbsent(unique, Dictionary.vrOf(unique));
    }
    Identifier answer = new Identifier();
    asked.forEach((tag, vr) -> put(answer, tag, vr, attributes.value(tag).orElse("")));
    return answer
        .text(Tags.QUERY_RETRIEVE_LEVEL, query.level().name())
        .text(Tags.RETRIEVE_AE_TITLE, title.value())
        .text(Tags.INSTANCE_AVAILABILITY, isAway ? OFFLINE : ONLINE);
  }

  private static void put(Identifier answer, int tag, Vr vr, String value) {
    if (vr.isText()) {
      answer.text(tag, value);
    } else if (value.isEmpty()) {
      answer.bytes(tag);
    } else {
      ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putLong(Long.parseLong(value)).flip();
      byte[] number = new byte[vr.unitBytes()];
      bytes.get(number);
      answer.bytes(tag, number);
    }
  }
}
