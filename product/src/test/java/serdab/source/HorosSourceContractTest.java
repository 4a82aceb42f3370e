package serdab.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import serdab.source.horos.HorosSource;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;

/// A viewer's library keeps the promises of a source.
class HorosSourceContractTest extends SourceContract {

  private static final ZoneId ZONE = ZoneId.of("UTC");

  @Override
  List<Path> fill(List<TinyDicom> images) throws IOException {
    List<Path> files = new ArrayList<>();
    try (HorosLibraryFixture library =
        HorosLibraryBuilder.in(temp.resolve("documents")).zone(ZONE).create()) {
      for (TinyDicom image : images) {
        files.add(library.fileNumbered(library.importFile(image)));
      }
    }
    return files;
  }

  @Override
  Source open() throws IOException {
    return new HorosSource(
        rootFolder(),
        HorosSource.Settings.in(ZONE),
        Files.createDirectories(temp.resolve("work")),
        () -> Instant.parse("2026-03-01T12:00:00Z"),
        _ -> {});
  }

  @Override
  Path rootFolder() {
    return temp.resolve("documents/Horos Data");
  }
}
