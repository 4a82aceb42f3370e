package serdab.repository;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.SerdabException;
import serdab.store.BlobStore;

/// The generations of a repository's keys. A generation counts when its `keys/G.json` is there and
/// the owner signed it; that file is written last.
final class Generations {

  private static final String FOLDER = "keys/";
  private static final Pattern FILE = Pattern.compile("keys/([1-9][0-9]{0,8})\\.(json|age)");

  private Generations() {}

  /// Those that count, the oldest first, read from a copy when the file is lost or damaged. One
  /// that is damaged with its copies does not; when none counts, the damage is thrown.
  static List<Generation> all(BlobStore place, OwnerKey owner) {
    List<Generation> generations = new ArrayList<>();
    Optional<SerdabException.Damaged> damage = Optional.empty();
    for (String file : Copies.names(new Shelf(place), FOLDER)) {
      Matcher name = FILE.matcher(file);
      if (!name.matches() || !name.group(2).equals("json")) {
        continue;
      }
      try {
        int number = Integer.parseInt(name.group(1));
        generations.add(
            KeyFiles.readWithCopies(place, file, bytes -> Generation.read(number, bytes, owner)));
      } catch (SerdabException.Damaged e) {
        damage = Optional.of(e);
      }
    }
    if (generations.isEmpty()) {
      throw damage.orElseGet(() -> KeyProblems.missing(Generation.file(1)));
    }
    generations.sort(java.util.Comparator.comparingInt(Generation::number));
    return List.copyOf(generations);
  }

  static Generation newest(BlobStore place, OwnerKey owner) {
    return all(place, owner).getLast();
  }

  /// A number that no file of a generation has, above them all.
  static int free(BlobStore place) {
    int highest = 0;
    for (String file : KeyFiles.names(place, FOLDER)) {
      Matcher name = FILE.matcher(file);
      if (name.matches()) {
        highest = Math.max(highest, Integer.parseInt(name.group(1)));
      }
    }
    return highest + 1;
  }
}
