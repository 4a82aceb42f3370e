package serdab.source.inbox;

import java.nio.file.Path;
import java.time.InstantSource;
import serdab.source.Arrivals;
import serdab.source.FolderSource;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceId;

/// What an inbox has received: studies for which nothing has come for a while. Of a study that was
/// quiet once and then got more, what was there before counts at once, and the rest when it is
/// quiet again.
public final class InboxSource implements Source {

  private final InboxFolder folder;
  private final Path cache;
  private final InstantSource clock;

  private InboxSource(InboxFolder folder, Path cache, InstantSource clock) {
    this.folder = folder;
    this.cache = cache;
    this.clock = clock;
  }

  /// Opens an inbox for reading; nothing in it is changed.
  ///
  /// @param root the inbox
  /// @param cache a file of ours that keeps what was seen from run to run
  /// @throws serdab.SerdabException.Unavailable `inbox-missing` when there is none
  public static InboxSource open(Path root, Path cache, InstantSource clock) {
    return new InboxSource(InboxFolder.at(root), cache, clock);
  }

  @Override
  public SourceId id() {
    return new SourceId("inbox:" + folder.root());
  }

  @Override
  public String describe() {
    return "the inbox " + folder.root();
  }

  @Override
  public Path root() {
    return folder.root();
  }

  /// Nothing was sent yet, or its quiet time is not over.
  @Override
  public boolean mayBeEmpty() {
    return true;
  }

  @Override
  public Inventory inventory() {
    Arrivals arrivals = Arrivals.quietFor(folder.quiet(), clock.instant());
    try (FolderSource files = FolderSource.open(folder.received(), cache, arrivals)) {
      return files.inventory();
    }
  }

  @Override
  public void close() {}
}
