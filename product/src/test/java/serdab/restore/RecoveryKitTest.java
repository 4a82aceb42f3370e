package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunTotals;
import serdab.destination.Destination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.testing.world.World;

/// What a run leaves for the day its machine is lost.
class RecoveryKitTest {

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"1, 0", "9223372036854775807, 8"})
  void aLargeCatalogueIsStoredAsItIsAndASmallOneIsDeflated(long storedFrom, int method)
      throws IOException {
    try (World world = World.drawnFrom(new SplittableRandom(61))) {
      world.addStudy(1);
      world.backUp();
      Path there = folder.resolve("recovered.db");
      try (Destination destination = world.open(0, Access.WRITE);
          Catalogue left =
              Catalogue.inFile(
                  folder.resolve("catalogue.db"), world.clock(), new SplittableRandom(62))) {
        long run = left.beginRun("backup", "", "s", List.of("d"), "w");
        left.endRun(run, "good", RunTotals.NONE);
        new RecoveryKit(left, folder, world.clock(), "World", storedFrom)
            .leave(destination, "", left.runs(1).getFirst(), true);

        Recovery.Taken taken = Recovery.catalogue(
                destination, left.installation(), there, world.clock(), new SplittableRandom(64));

        assertThat(taken.used()).contains(world.clock().instant());
        assertThat(taken.damaged()).isZero();
        assertThat(methodIn(destination)).isEqualTo(method);
      }
      try (Catalogue back = Catalogue.inFile(there, world.clock(), new SplittableRandom(63))) {
        assertThat(back.runs(1).getFirst().outcome()).isEqualTo("good");
      }
    }
  }

  private static int methodIn(Destination destination) throws IOException {
    var files = destination.beside(RecoveryKit.FOLDER).orElseThrow();
    String name =
        files.names("").stream().filter(one -> one.endsWith(".zip")).findFirst().orElseThrow();
    try (ZipInputStream zip = new ZipInputStream(files.open(name))) {
      Optional<ZipEntry> first = Optional.ofNullable(zip.getNextEntry());
      assertThat(first.orElseThrow().getName()).isEqualTo(RecoveryKit.DATABASE_ENTRY);
      return first.orElseThrow().getMethod();
    }
  }

  @Test
  void aDamagedStoredCatalogueIsNotTaken() throws IOException {
    try (World world = World.drawnFrom(new SplittableRandom(64))) {
      world.addStudy(1);
      world.backUp();
      try (Destination destination = world.open(0, Access.WRITE);
          Catalogue left =
              Catalogue.inFile(
                  folder.resolve("catalogue.db"), world.clock(), new SplittableRandom(65))) {
        long run = left.beginRun("backup", "", "s", List.of("d"), "w");
        left.endRun(run, "good", RunTotals.NONE);
        new RecoveryKit(left, folder, world.clock(), "World", 1)
            .leave(destination, "", left.runs(1).getFirst(), true);
        String path =
            world.disk().files().stream()
                .filter(file -> file.contains(RecoveryKit.CATALOGUE_PREFIX))
                .findFirst()
                .orElseThrow();
        world.disk().flipBit(path, 8L * 20_000);
        Path there = folder.resolve("recovered.db");

        Recovery.Taken taken = Recovery.catalogue(
                destination, left.installation(), there, world.clock(), new SplittableRandom(64));

        assertThat(taken.used()).isEmpty();
        assertThat(taken.damaged()).isEqualTo(1);
        assertThat(Files.exists(there)).isFalse();
      }
    }
  }
}
