package serdab.repository;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.Sha256;
import serdab.store.BlobStore;

/// The identities of people that a repository keeps, each sealed with a passphrase:
/// `keys/person-NAME.age` (format section 3.1).
public final class PersonKeys {

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
  private static final Pattern FILE =
      Pattern.compile("keys/person-([a-z0-9][a-z0-9-]{0,39})\\.age");

  private PersonKeys() {}

  /// Whether this can be the name of one: small letters, digits and hyphens, 40 at most.
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /// The names of those that are kept, sorted.
  public static List<String> names(BlobStore place) {
    List<String> names = new ArrayList<>();
    for (String file : KeyFiles.names(place, Layout.KEYS)) {
      Matcher matcher = FILE.matcher(file);
      if (matcher.matches()) {
        names.add(matcher.group(1));
      }
    }
    return names;
  }

  /// What each file of one is, by its name.
  static SortedMap<String, Sha256> digests(BlobStore place) {
    SortedMap<String, Sha256> digests = new TreeMap<>();
    for (String name : names(place)) {
      digests.put(file(name), Sha256.digest(read(place, name)));
    }
    return digests;
  }

  /// The age file of one.
  ///
  /// @throws serdab.SerdabException.Damaged when it is not there
  public static byte[] read(BlobStore place, String name) {
    return KeyFiles.require(place, file(name));
  }

  /// Keeps one; false when the name is taken.
  public static boolean write(BlobStore place, String name, byte[] sealed) {
    return KeyFiles.write(place, file(name), sealed);
  }

  private static String file(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException("no name of a person's key: " + name);
    }
    return "keys/person-" + name + ".age";
  }
}
