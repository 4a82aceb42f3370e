package serdab.ziptree;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobStore;
import serdab.store.Expected;

/// Lists of what a tree holds, for people and programs that have nothing but the tree: a page to
/// search in and DICOM Inventories (`docs/format/tree-index.md`). One thread at a time.
///
/// All of it follows from the ZIPs and can be made again at any time. A month is listed again when
/// its ZIPs are not those that were listed; what was read of a ZIP before is used again as long as
/// its name and length are the same.
public final class TreeIndex {

  static final String FOLDER = "_index/";

  /// How many ZIPs of months that were never listed one run looks into. A tree that was made
  /// without an index gets it in some runs, none of which takes long.
  static final int NEW_ZIPS_MAX = 1_000;

  /// A part of a month's list is begun anew here; a document has 16 MiB at most.
  private static final int PART_CHARACTERS_MAX = 4 << 20;

  /// The list of months is written after so many, so that a run that ends early was not in vain.
  private static final int SAVED_AFTER_MONTHS = 25;

  private final BlobStore store;
  private final ZipTree tree;
  private final NamingProfile naming;
  private final Inventories inventories;

  public TreeIndex(BlobStore store, ZipTree tree, InstantSource clock) {
    this(store, tree, clock, Inventories.BYTES_MAX);
  }

  TreeIndex(BlobStore store, ZipTree tree, InstantSource clock, int inventoryBytesMax) {
    this.inventories = new Inventories(store, tree, clock, inventoryBytesMax);
    this.store = store;
    this.tree = tree;
    this.naming = tree.naming();
  }

  /// What is to be kept up to date.
  ///
  /// @param page the page and its lists
  /// @param inventories DICOM Inventories
  /// @param everything every month is read again, also those that seem unchanged
  public record Wish(boolean page, boolean inventories, boolean everything) {}

  /// Brings the lists up to date. A tree that hides its patients has none.
  public void update(Wish wish) {
    if (NamingProfile.hidesPatients(naming) || (!wish.page() && !wish.inventories())) {
      return;
    }
    IndexLedger ledger = wish.everything() ? IndexLedger.empty() : IndexLedger.read(store);
    Optional<List<ZipTree.TreeZip>> listed = wish.everything() ? Optional.empty() : tree.listed();
    if (listed.isEmpty() && ledger.isComplete()) {
      return; // Nothing was copied, and nothing was missing.
    }
    NavigableMap<String, List<ZipTree.TreeZip>> months = byMonth(listed);
    Set<String> adopted =
        (listed.isPresent() ? tree.listedAdopted() : Optional.<Set<String>>empty())
            .orElseGet(tree::allAdopted);
    boolean changed = false;
    boolean complete = true;
    int budget = NEW_ZIPS_MAX;
    int rewritten = 0;
    for (Map.Entry<String, List<ZipTree.TreeZip>> month : months.descendingMap().entrySet()) {
      IndexLedger.@Nullable Month before = ledger.months().get(month.getKey());
      String fingerprint = fingerprint(month.getValue(), adopted);
      if (before != null && isUpToDate(before, fingerprint, wish)) {
        continue;
      }
      if (before == null && !wish.everything()) {
        if (budget <= 0) {
          complete = false;
          continue;
        }
        budget -= month.getValue().size();
      }
      ledger.months().put(month.getKey(), listMonth(month, before, fingerprint, wish));
      changed = true;
      if (++rewritten % SAVED_AFTER_MONTHS == 0) {
        ledger.complete(false);
        ledger.write(store);
      }
    }
    for (String gone : List.copyOf(ledger.months().keySet())) {
      if (!months.containsKey(gone)) {
        IndexLedger.@Nullable Month last = ledger.months().remove(gone);
        if (last != null) {
          emptyParts(gone, 0, last.parts());
        }
        if (last != null && !last.inventories().isEmpty()) {
          inventories.update(gone, List.of(), false);
        }
        changed = true;
      }
    }
    if (changed || complete != ledger.isComplete()) {
      ledger.complete(complete);
      if (wish.inventories()) {
        inventories.writeRoot(ledger);
      }
      ledger.write(store);
      FormatDocument.storeIn(store, false);
    }
    if (wish.page()) {
      IndexPage.write(store, ledger);
    }
  }

  private static boolean isUpToDate(IndexLedger.Month before, String fingerprint, Wish wish) {
    return before.fingerprint().equals(fingerprint)
        && (!wish.page() || before.parts() > 0)
        && (!wish.inventories() || !before.inventories().isEmpty());
  }

  private NavigableMap<String, List<ZipTree.TreeZip>> byMonth(
      Optional<List<ZipTree.TreeZip>> listed) {
    TreeMap<String, List<ZipTree.TreeZip>> months = new TreeMap<>();
    try (Stream<ZipTree.TreeZip> zips = listed.isPresent() ? listed.get().stream() : tree.zips()) {
      zips.forEach(zip -> {
        MonthFolder month = MonthFolder.ofPath(zip.path());
        if (month.isMonth()) {
          months.computeIfAbsent(month.value(), _ -> new ArrayList<>()).add(zip);
        }
      });
    }
    months.values().forEach(zips -> zips.sort(Comparator.comparing(ZipTree.TreeZip::path)));
    return months;
  }

  /// @param adopted ZIPs that became copies by a manifest beside them, their own bytes unchanged
  private static String fingerprint(List<ZipTree.TreeZip> zips, Set<String> adopted) {
    MessageDigest sha256 = Sha256.hasher();
    for (ZipTree.TreeZip zip : zips) {
      String mark = adopted.contains(zip.path()) ? "+" : "";
      String line = mark + zip.lengthBytes() + " " + zip.path() + "\n";
      sha256.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return Sha256.finish(sha256).hex().substring(0, 16);
  }

  private IndexLedger.Month listMonth(
      Map.Entry<String, List<ZipTree.TreeZip>> month,
      IndexLedger.@Nullable Month before,
      String fingerprint,
      Wish wish) {
    int partsBefore = before == null ? 0 : before.parts();
    int parts = 0;
    String newest = before == null ? "" : before.newest();
    if (wish.page()) {
      List<IndexedCopy> copies = copies(month, partsBefore);
      parts = writeParts(month.getKey(), copies);
      emptyParts(month.getKey(), parts, partsBefore);
      newest = copies.stream().map(IndexedCopy::readAt).max(String::compareTo).orElse("");
    }
    String listed = before == null ? "" : before.inventories();
    if (wish.inventories()) {
      listed = inventories.update(month.getKey(), month.getValue(), wish.everything());
    }
    return new IndexLedger.Month(month.getValue().size(), fingerprint, parts, listed, newest);
  }

  // ---- the lists of the page

  private List<IndexedCopy> copies(
      Map.Entry<String, List<ZipTree.TreeZip>> month, int partsBefore) {
    Map<String, IndexedCopy> known = new HashMap<>();
    for (int part = 1; part <= partsBefore; part++) {
      store
          .document(part(month.getKey(), part))
          .map(bytes -> IndexedCopy.read(new String(bytes, StandardCharsets.UTF_8)))
          .orElse(List.of())
          .forEach(copy -> known.put(copy.zip(), copy));
    }
    List<IndexedCopy> copies = new ArrayList<>();
    for (ZipTree.TreeZip zip : month.getValue()) {
      IndexedCopy before = known.get(zip.path());
      if (before != null && before.lengthBytes() == zip.lengthBytes() && !before.isDamaged()) {
        copies.add(before);
      } else {
        look(zip).ifPresent(copies::add);
      }
    }
    copies.sort(
        Comparator.comparing(IndexedCopy::studyDate).reversed().thenComparing(IndexedCopy::zip));
    return copies;
  }

  private Optional<IndexedCopy> look(ZipTree.TreeZip zip) {
    try {
      Manifest.Summary summary = tree.summary(zip.path());
      int version = StudyNames.version(zip.path(), naming, summary.head().study());
      return Optional.of(IndexedCopy.of(zip, version, summary));
    } catch (SerdabException.Damaged e) {
      // Another program's ZIP is none of ours; one of ours is shown, and shown as what it is.
      return e.problem().code().equals("manifest-missing")
          ? Optional.empty()
          : Optional.of(IndexedCopy.damaged(zip));
    } catch (SerdabException.Refused e) {
      if (e.problem().code().equals("blob-missing")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private int writeParts(String month, List<IndexedCopy> copies) {
    int part = 0;
    int at = 0;
    do {
      StringBuilder script = new StringBuilder(begin(month));
      String comma = "";
      while (at < copies.size()) {
        String line = copies.get(at).json();
        if (script.length() + line.length() > PART_CHARACTERS_MAX && !comma.isEmpty()) {
          break;
        }
        script.append(comma).append(line);
        comma = ",\n";
        at++;
      }
      part++;
      put(part(month, part), script.append(END).toString());
    } while (at < copies.size());
    return part;
  }

  private void emptyParts(String month, int kept, int before) {
    for (int part = kept + 1; part <= before; part++) {
      put(part(month, part), begin(month) + END);
    }
  }

  private void put(String name, String text) {
    store.replace(name, text.getBytes(StandardCharsets.UTF_8), Expected.anything());
  }

  private static final String END = "\n]);\n";

  private static String begin(String month) {
    return "studiesOf(\"" + month + "\", [\n";
  }

  private static String part(String month, int part) {
    return FOLDER + month + (part == 1 ? "" : "-" + part) + ".js";
  }
}
