package serdab.destination;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.world.WorldClock;
import serdab.ziptree.NamingProfile;

/// Opens ZIP trees for tests. Its threads end with the JVM.
final class ZipTrees {

  static final WorldClock CLOCK = new WorldClock(Instant.parse("2026-11-20T04:15:00Z"));

  private static final ExecutorService CREW =
      Executors.newFixedThreadPool(
          2,
          task -> {
            Thread thread = new Thread(task, "crew");
            thread.setDaemon(true);
            return thread;
          });

  private ZipTrees() {}

  static ZipTreeDestination in(Path folder) {
    return on(LocalFolder.create(folder, new SplittableRandom(7)));
  }

  /// A tree that stores images as JPEG-LS.
  static ZipTreeDestination withJpegLs(Path folder) {
    return ZipTreeDestination.open(
        LocalFolder.create(folder, new SplittableRandom(7)),
        new ZipTreeDestination.Options(
            NamingProfile.HOROS_ZIP, ZipTreeDestination.Access.WRITE, CREW, 2, "Serdab test", true),
        Set.of(),
        CLOCK,
        new SplittableRandom(42));
  }

  static ZipTreeDestination on(BlobStore store) {
    return on(store, ZipTreeDestination.Access.WRITE, Set.of());
  }

  static ZipTreeDestination on(
      BlobStore store, ZipTreeDestination.Access access, Set<DestinationId> expected) {
    return on(store, access, expected, NamingProfile.HOROS_ZIP);
  }

  static ZipTreeDestination on(
      BlobStore store,
      ZipTreeDestination.Access access,
      Set<DestinationId> expected,
      NamingProfile naming) {
    return ZipTreeDestination.open(
        store,
        new ZipTreeDestination.Options(naming, access, CREW, 2, "Serdab test"),
        expected,
        CLOCK,
        new SplittableRandom(42));
  }
}
