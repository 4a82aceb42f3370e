package serdab.source.horos;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.stream.Stream;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceStudy;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;

/// A process that lists a library with a large index, and prints how long that took and how much
/// heap it needed. The index is of rows only: no file of it exists.
///
/// Arguments: a folder for the library, the number of studies, of images in each, and how often a
/// study is asked for its files.
public final class LargeLibrary {

  private LargeLibrary() {}

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    long studies = Long.parseLong(arguments[1]);
    int images = Integer.parseInt(arguments[2]);
    int filesOfEvery = Integer.parseInt(arguments[3]);
    long begun = System.nanoTime();
    if (!Files.exists(folder.resolve("Horos Data"))) {
      make(folder, studies, images);
    }
    Path index = folder.resolve("Horos Data/Database.sql");
    long made = System.nanoTime();

    HorosSource source =
        new HorosSource(
            folder,
            HorosSource.Settings.in(ZoneId.of("UTC")),
            folder.resolve("work"),
            InstantSource.fixed(Instant.now().plusSeconds(3600)),
            time -> {});
    long seen;
    long files = 0;
    long looked;
    long listed;
    try (Inventory inventory = source.inventory()) {
      looked = System.nanoTime();
      seen = 0;
      try (Stream<SourceStudy> all = inventory.studies(Order.DATE_ADDED_NEWEST)) {
        for (SourceStudy study : (Iterable<SourceStudy>) all::iterator) {
          if (++seen % filesOfEvery == 0) {
            files += inventory.files(study).size();
          }
        }
      }
      listed = System.nanoTime();
    }
    System.out.printf(
        "studies %d, image rows %d, index %d MB; made in %.1f s%n",
        studies, studies * images, Files.size(index) >> 20, (made - begun) / 1e9);
    System.out.printf(
        "inventory %.1f s, listing %d studies and groups with %d files of some %.1f s, peak heap %d MB%n",
        (looked - made) / 1e9, seen, files, (listed - looked) / 1e9, peakHeapMegabytes());
  }

  private static void make(Path folder, long studies, int images) {
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(folder).create()) {
      library.sql(
          """
          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO ZSTUDY (Z_PK, Z_ENT, Z_OPT, ZDATE, ZDATEADDED, ZDATEOFBIRTH, ZNAME,
            ZPATIENTID, ZPATIENTUID, ZSTUDYINSTANCEUID, ZSTUDYNAME, ZMODALITY, ZHASDICOM)
          SELECT i, 5, 3, i * 3000.5 + 1e8, (i * 7919) % 500000000 + 0.25, -8e8, 'NAME OF PATIENT ' || i,
            'ID' || i, 'NAME OF PATIENT ' || i || '-ID' || i || '-19700131',
            '1.2.840.113619.2.55.3.604688119.971.1183012345.' || (i * 48271 % 2147483647),
            'Thorax with contrast medium', 'CT', 1 FROM n\
          """,
          studies);
      library.sql(
          """
          INSERT INTO ZSERIES (Z_ENT, Z_OPT, ZSTUDY, ZID, ZMODALITY, ZNAME, ZSERIESINSTANCEUID,
            ZSERIESDICOMUID, ZDATE)
          SELECT 4, 2, t.Z_PK, s.value, CASE s.value WHEN 3 THEN 'SR' ELSE 'CT' END, 'Axial 5mm',
            '0000000' || s.value || t.ZSTUDYINSTANCEUID || '.' || s.value,
            t.ZSTUDYINSTANCEUID || '.' || s.value, t.ZDATE
          FROM ZSTUDY t, json_each('[1,2,3]') s\
          """);
      // Images of a series mostly, but not always, lie together: every tenth comes later.
      library.sql(
          """
          WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
          INSERT INTO ZIMAGE (Z_ENT, Z_OPT, ZINSTANCENUMBER, ZPATHNUMBER, ZSERIES, ZDATE,
            ZSLICELOCATION, ZCOMPRESSEDSOPINSTANCEUID)
          SELECT 2, 1, i % 500, i + 2,
            CASE WHEN i % 10 = 0 THEN (i * 48271) % ?2 + 1 ELSE i / ?3 + 1 END,
            1e8 + i, i * 0.625, zeroblob(26)
          FROM n\
          """,
          studies * images, studies * 3, Math.max(1, images / 3));
    }
  }

  private static long peakHeapMegabytes() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .mapToLong((MemoryPoolMXBean pool) -> pool.getPeakUsage().getUsed())
            .sum()
        >> 20;
  }
}
