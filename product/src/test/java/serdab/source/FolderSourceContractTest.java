package serdab.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import serdab.testing.horos.TinyDicom;

/// A folder keeps the promises of a source.
class FolderSourceContractTest extends SourceContract {

  @Override
  List<Path> fill(List<TinyDicom> images) throws IOException {
    Files.createDirectories(rootFolder());
    List<Path> files = new ArrayList<>();
    for (TinyDicom image : images) {
      files.add(Files.write(rootFolder().resolve("IM" + files.size()), image.bytes()));
    }
    return files;
  }

  @Override
  Source open() {
    return FolderSource.open(rootFolder(), temp.resolve("cache.db"));
  }

  @Override
  Path rootFolder() {
    return temp.resolve("images");
  }
}
