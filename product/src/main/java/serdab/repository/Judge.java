package serdab.repository;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.HeldBytes;
import serdab.store.ReadableBytes;

/// Says whether a small file is bit for bit as its maker left it, without any key. One thread at a
/// time.
final class Judge {

  static final long BYTES_MAX = 256 << 20;
  static final String QUARANTINE = "quarantine/";

  private static final Pattern GENERATION = Pattern.compile("keys/([1-9][0-9]{0,8})\\.json");
  private static final Pattern SEALED =
      Pattern.compile("keys/([1-9][0-9]{0,8}|person-[^/]+)\\.age");
  private static final Pattern WRITER = Pattern.compile("writers/[0-9a-f]{32}(\\.revoked)?\\.json");
  private static final Pattern TOMBSTONE = Pattern.compile("tombstones/[0-9a-f]{32}\\.json");
  private static final Pattern ERASED = Pattern.compile("erased/(?:[12]/)?([0-9a-f]{32})\\.json");
  private static final int VOTES_MAX = 5;

  private final Shelf shelf;
  private final Charter charter;
  private final Trust trust;
  private final Map<String, Optional<Sha256>> majorities = new HashMap<>();
  private final Map<String, Optional<Sha256>> signed = new HashMap<>();

  Judge(Shelf shelf, Charter charter) {
    this.shelf = shelf;
    this.charter = charter;
    this.trust = new Trust(writers(), Optional.empty(), GroupKey.OWNER);
  }

  /// Whose signatures count. A writer whose file is lost or damaged is known by a copy of it: else
  /// nothing that it signed would say what is missing.
  private Writers writers() {
    Map<String, Writer> good = new HashMap<>();
    for (String file : shelf.names(Layout.WRITERS)) {
      take(file, contentOf(file), good);
    }
    for (String copies : shelf.names(Layout.COPIES)) {
      for (String file : writersIn(copies)) {
        if (!good.containsKey(file)) {
          take(file, Copies.read(shelf, copies, file), good);
        }
      }
    }
    return Writers.of(charter.owner(), good.values());
  }

  private void take(String file, Optional<byte[]> content, Map<String, Writer> good) {
    if (WRITER.matcher(file).matches() && content.isPresent()) {
      try {
        good.put(file, Writer.read(file, content.get(), charter.owner()));
      } catch (SerdabException.Damaged e) {
        // A copy may be better.
      }
    }
  }

  private Optional<byte[]> contentOf(String file) {
    try {
      return shelf.whole(file, Charter.BYTES_MAX);
    } catch (SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  private List<String> writersIn(String copies) {
    try (ReadableBytes zip = shelf.store().open(copies)) {
      return StoredZip.entries(zip).keySet().stream()
          .filter(file -> WRITER.matcher(file).matches())
          .toList();
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return List.of();
    }
  }

  Trust trust() {
    return trust;
  }

  Charter charter() {
    return charter;
  }

  enum Verdict {
    GOOD,
    /// Other bits than were written, whoever is to blame.
    DAMAGED,
    /// Nobody who may write here signed it like this.
    UNSIGNED,
    /// Nothing in it says, and there are not enough copies to compare it with.
    UNPROVEN,
    /// No file that belongs here is called that.
    UNKNOWN
  }

  /// The group that was erased, by the name of the file that says so.
  static Optional<String> erasedOf(String file) {
    Matcher matcher = ERASED.matcher(file);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  static boolean isErased(String file) {
    return erasedOf(file).isPresent();
  }

  /// Whether [#of] can say something of it; packs, parity, index and copies are not small.
  static boolean isSmall(String file) {
    return file.equals(Layout.REPOSITORY)
        || Repository.DOCUMENTS.contains(file)
        || GENERATION.matcher(file).matches()
        || SEALED.matcher(file).matches()
        || WRITER.matcher(file).matches()
        || GroupKey.FILE.matcher(file).matches()
        || Layout.At.of(file).isPresent()
        || Layout.removalOf(file).isPresent()
        || TOMBSTONE.matcher(file).matches()
        || isErased(file);
  }

  /// Judges a small file.
  Verdict of(String file, byte[] content) {
    try {
      return judge(file, content);
    } catch (SerdabException.Damaged e) {
      return e.problem().code().equals("repository-signature-wrong")
          ? Verdict.UNSIGNED
          : Verdict.DAMAGED;
    }
  }

  /// Whether a small file is there and [Verdict#GOOD].
  boolean isGood(String file) {
    try {
      return shelf
          .whole(file, BYTES_MAX)
          .filter(content -> of(file, content) == Verdict.GOOD)
          .isPresent();
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  private Verdict judge(String file, byte[] content) {
    if (file.equals(Layout.REPOSITORY)) {
      return goodIf(Arrays.equals(content, charter.content()));
    }
    if (Repository.DOCUMENTS.contains(file)) {
      return charter
          .digestOf(file)
          .map(digest -> goodIf(digest.equals(Sha256.digest(content).hex())))
          .orElse(Verdict.UNPROVEN);
    }
    Matcher generation = GENERATION.matcher(file);
    if (generation.matches()) {
      Generation.read(Integer.parseInt(generation.group(1)), content, charter.owner());
      return Verdict.GOOD;
    }
    if (SEALED.matcher(file).matches()) {
      return sealed(file)
          .or(() -> majority(file))
          .map(digest -> goodIf(digest.equals(Sha256.digest(content))))
          .orElse(Verdict.UNPROVEN);
    }
    if (WRITER.matcher(file).matches()) {
      Writer.read(file, content, charter.owner());
      return Verdict.GOOD;
    }
    Matcher group = GroupKey.FILE.matcher(file);
    if (group.matches()) {
      int number = Integer.parseInt(group.group(2));
      GroupKey.read(group.group(1), number, content, trust.writers());
      return goodIf(file.equals(GroupKey.file(group.group(1), number)));
    }
    Optional<Layout.At> snapshot = Layout.At.of(file);
    if (snapshot.isPresent()) {
      return snapshot(snapshot.get(), content);
    }
    if (Layout.removalOf(file).isPresent() || TOMBSTONE.matcher(file).matches() || isErased(file)) {
      if (!Doc.parse(content).isWrittenAs(content)) {
        return Verdict.DAMAGED;
      }
      trust.requireSigned(content, Notices.firstOf(file).orElse(file));
      return Verdict.GOOD;
    }
    return Verdict.UNKNOWN;
  }

  private static Verdict goodIf(boolean isGood) {
    return isGood ? Verdict.GOOD : Verdict.DAMAGED;
  }

  private Verdict snapshot(Layout.At at, byte[] content) {
    HeldBytes bytes = new HeldBytes(content);
    try (SnapshotFile snapshot = SnapshotFile.open(bytes, at, trust)) {
      snapshot.requireIntact();
    }
    return goodIf(isCanonical(content));
  }

  /// Whether a ZIP is, to the last bit, the one that its entries make.
  static boolean isCanonical(byte[] zip) {
    return Arrays.equals(StoredZip.of(entries(zip)), zip);
  }

  /// @throws SerdabException.Damaged when it is no ZIP of ours
  static Map<String, byte[]> entries(byte[] zip) {
    HeldBytes bytes = new HeldBytes(zip);
    Map<String, byte[]> entries = new LinkedHashMap<>();
    StoredZip.entries(bytes)
        .forEach((name, entry) -> {
          byte[] data = new byte[(int) entry.lengthBytes()];
          bytes.readFully(entry.offset(), ByteBuffer.wrap(data));
          entries.put(name, data);
        });
    return entries;
  }

  /// What the owner signed that a sealed file is; empty where the public part is lost with its
  /// copies or does not say.
  private Optional<Sha256> sealed(String file) {
    return signed.computeIfAbsent(
        file,
        _ -> {
          Matcher name = SEALED.matcher(file);
          if (!name.matches()) {
            return Optional.empty();
          }
          if (name.group(1).startsWith("person-")) {
            return kept(file);
          }
          int number = Integer.parseInt(name.group(1));
          try {
            return KeyFiles.readWithCopies(
                    shelf.store(),
                    Generation.file(number),
                    bytes -> Generation.read(number, bytes, charter.owner()))
                .sealed();
          } catch (SerdabException.Damaged e) {
            return Optional.empty();
          }
        });
  }

  private Optional<Sha256> kept(String file) {
    try {
      return Generations.all(shelf.store(), charter.owner()).reversed().stream()
          .flatMap(each -> Optional.ofNullable(each.kept().get(file)).stream())
          .findFirst();
    } catch (SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  /// What most of a file and its copies say; empty when fewer than two agree, or as many differ.
  Optional<Sha256> majority(String file) {
    return majorities.computeIfAbsent(
        file,
        _ -> {
          Map<Sha256, Integer> votes = new HashMap<>();
          try {
            shelf
                .whole(file, Charter.BYTES_MAX)
                .ifPresent(content -> votes.merge(Sha256.digest(content), 1, Integer::sum));
          } catch (SerdabException.Damaged e) {
            // No vote.
          }
          int count = votes.size();
          for (String copies : shelf.names(Layout.COPIES)) {
            Optional<byte[]> copy = Copies.read(shelf, copies, file);
            if (copy.isPresent()) {
              votes.merge(Sha256.digest(copy.get()), 1, Integer::sum);
              if (++count >= VOTES_MAX) {
                break;
              }
            }
          }
          List<Map.Entry<Sha256, Integer>> best =
              votes.entrySet().stream()
                  .sorted(Map.Entry.<Sha256, Integer>comparingByValue().reversed())
                  .toList();
          return best.isEmpty()
                  || best.getFirst().getValue() < 2
                  || (best.size() > 1 && best.get(0).getValue().equals(best.get(1).getValue()))
              ? Optional.empty()
              : Optional.of(best.getFirst().getKey());
        });
  }
}
