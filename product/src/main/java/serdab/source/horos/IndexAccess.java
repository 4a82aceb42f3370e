package serdab.source.horos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Gives an inventory its copy of the index and what was computed from it, with as little work as
/// what is kept allows (`docs/decisions/0007-kept-index.md`):
///
/// - the index is in the state in which it was copied last: copy and facts are those;
/// - it changed: it is copied again, and the facts follow it page by page;
/// - nothing is kept, it is too old, or anything is unusual: all is computed.
///
/// Used once, by one thread.
final class IndexAccess {

  private final Path index;
  private final LibraryFolders folders;
  private final KeptIndex kept;
  private final Optional<KeptIndex.About> about;
  private final IndexSnapshot snapshots;
  private final Path privateFolder;
  private final Instant now;
  private final Path factsFile;
  private Basis basis = Basis.NOTHING;
  private IndexSnapshot.Check check = IndexSnapshot.Check.QUICK;
  private Optional<String> state = Optional.empty();
  private IndexSnapshot.Outcome.@Nullable Taken taken;

  /// What an inventory stands on.
  enum Basis {
    /// The index alone.
    NOTHING,
    /// An earlier copy and its facts.
    EARLIER,
    /// The copy that is kept.
    SAME
  }

  /// @param about what is kept and may be used
  /// @param privateFolder the inventory's, which is empty
  IndexAccess(
      LibraryFolders folders,
      KeptIndex kept,
      Optional<KeptIndex.About> about,
      IndexSnapshot snapshots,
      Path privateFolder,
      Instant now) {
    this.index = folders.indexFile();
    this.folders = folders;
    this.kept = kept;
    this.about = about;
    this.snapshots = snapshots;
    this.privateFolder = privateFolder;
    this.now = now;
    this.factsFile = privateFolder.resolve("facts.sqlite");
  }

  private Path earlier() {
    return privateFolder.resolve("earlier.sql");
  }

  /// A copy of the index, which must exist.
  IndexSnapshot.Outcome snapshot() throws IOException {
    state = KeptIndex.state(index);
    Path folder = Files.createDirectory(privateFolder.resolve("snapshot"));
    if (about.isPresent()
        && state.equals(Optional.of(about.get().state()))
        && about.get().isRecent(now, KeptIndex.UNCHANGED_FOR)) {
      Path copy = Files.createDirectory(folder.resolve("kept")).resolve(LibraryFolders.INDEX);
      IndexState present = IndexState.of(index);
      // Not the state that was looked at, when the viewer has saved since.
      if (present.fingerprint().equals(about.get().state())
          && kept.give(about.get(), copy, factsFile)) {
        basis = Basis.SAME;
        return new IndexSnapshot.Outcome.Taken(copy, IndexSnapshot.Means.FILE_COPY, 1, present);
      }
      Files.delete(copy.getParent());
    } else if (about.isPresent()
        && about.get().isRecent(now, KeptIndex.FOLLOWED_FOR)
        && kept.give(about.get(), earlier(), factsFile)) {
      basis = Basis.EARLIER;
    }
    if (IndexGroups.isCheckDue(privateFolder, folders, IndexState.of(index), now)) {
      check = IndexSnapshot.Check.WHOLE;
    } else if (basis == Basis.EARLIER) {
      check = IndexSnapshot.Check.OPENS;
    }
    IndexSnapshot.Outcome outcome = snapshots.take(index, folder, check);
    if (outcome instanceof IndexSnapshot.Outcome.Taken copied) {
      taken = copied;
    }
    return outcome;
  }

  /// What follows from the copy, which is attached and leads from studies to files.
  ///
  /// @throws SQLException when what is kept turns out to be of no use
  IndexFacts facts(Workbook workbook, IndexSchema schema) throws SQLException, IOException {
    if (basis == Basis.SAME) {
      return IndexFacts.of(workbook, schema, factsFile);
    }
    IndexSnapshot.Outcome.Taken copied = taken;
    if (basis == Basis.EARLIER && copied != null && about.isPresent()) {
      if (about.get().uuid().equals(IndexReader.readIndexId(workbook, schema))) {
        Optional<IndexFacts> facts =
            IndexFacts.update(workbook, schema, factsFile, earlier(), copied.copy());
        if (facts.isPresent()) {
          return facts.get();
        }
      }
      if (check == IndexSnapshot.Check.OPENS) {
        throw new SQLException("an unusual change of an index that was not checked");
      }
      basis = Basis.NOTHING;
      Files.deleteIfExists(factsFile);
    }
    return IndexFacts.compute(workbook, schema, factsFile);
  }

  /// How the facts were found.
  Basis basis() {
    return basis;
  }

  /// Keeps copy and facts for the next inventory, when it pays. That they cannot be kept harms
  /// nothing.
  ///
  /// @param sound whether nothing is known against the index
  /// @param fromBytes an index of this size or more is kept
  void keep(String uuid, boolean sound, long fromBytes) {
    if (basis == Basis.SAME) {
      return;
    }
    IndexSnapshot.Outcome.Taken copied = taken;
    try {
      if (copied == null
          || !sound
          || copied.means() != IndexSnapshot.Means.FILE_COPY
          || !state.equals(Optional.of(copied.state().fingerprint()))
          || Files.size(copied.copy()) < fromBytes) {
        kept.forget();
        return;
      }
      Instant computedAt =
          basis == Basis.EARLIER ? about.map(KeptIndex.About::computedAt).orElse(now) : now;
      kept.keep(copied.state().fingerprint(), uuid, computedAt, now, copied.copy(), factsFile);
    } catch (IOException e) {
      kept.forget();
    }
  }
}
