package serdab.restore;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.Standing;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.SideFiles;
import serdab.report.Progress;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// Sets up a new machine from a destination alone. Nothing in the destination is changed.
public final class Recovery {

  private static final int ENTRIES_MAX = 10;
  private static final int NOTE_BYTES_MAX = 1 << 16;
  private static final int INSTALLATIONS_MAX = 1000;

  private Recovery() {}

  /// One installation that left something in a destination.
  ///
  /// @param id as in `docs/format/recovery.md`
  /// @param newest when its newest copy of the catalogue was made; empty when there is none
  public record Installation(String id, Optional<Instant> newest) {}

  /// Who left something to recover from, the newest first.
  public static List<Installation> installations(Destination destination) {
    Map<String, Optional<Instant>> found = new HashMap<>();
    for (String name : beside(destination).names("")) {
      int slash = name.indexOf('/');
      if (slash > 0 && found.size() < INSTALLATIONS_MAX) {
        Optional<Instant> made =
            name.startsWith(RecoveryKit.CATALOGUE_PREFIX, slash + 1)
                ? RecoveryKit.madeAt(name)
                : Optional.empty();
        found.merge(
            name.substring(0, slash),
            made,
            (a, b) -> b.isPresent() && (a.isEmpty() || b.get().isAfter(a.get())) ? b : a);
      }
    }
    List<Installation> all = new ArrayList<>();
    found.forEach((id, newest) -> all.add(new Installation(id, newest)));
    all.sort((a, b) -> {
      int later = b.newest().orElse(Instant.MIN).compareTo(a.newest().orElse(Instant.MIN));
      return later != 0 ? later : a.id().compareTo(b.id());
    });
    return all;
  }

  private static SideFiles beside(Destination destination) {
    return destination
        .beside(RecoveryKit.FOLDER)
        .orElseThrow(() ->
            new SerdabException.Refused(
                new Problem(
                    "nothing-to-recover-from",
                    destination.describe() + " keeps no catalogue beside its copies.",
                    "Run: serdab catalogue rebuild")));
  }

  /// The plans that an installation left; empty when it left none.
  public static Optional<byte[]> plans(Destination destination, String installation) {
    return beside(destination).document(installation + "/" + RecoveryKit.PLANS);
  }

  /// What became of the copies of the catalogue.
  ///
  /// @param used when the one that was taken was made; empty when none could be
  /// @param damaged how many newer ones could not be used
  public record Taken(Optional<Instant> used, int damaged) {}

  /// Brings back the newest whole copy of an installation's catalogue.
  ///
  /// @param file where it goes; must not exist
  /// @param random as for [Catalogue#inFile]
  /// @return what was taken; nothing is at `file` when nothing could be. No copy in it counts until
  ///   its destination was looked at: the machine that was lost may have removed it since
  public static Taken catalogue(
      Destination destination,
      String installation,
      Path file,
      InstantSource clock,
      RandomGenerator random) {
    SideFiles files = beside(destination);
    List<String> copies = files.names(installation + "/" + RecoveryKit.CATALOGUE_PREFIX);
    int damaged = 0;
    for (String name : copies.reversed()) {
      Path part = file.resolveSibling(file.getFileName() + ".part");
      try {
        Files.deleteIfExists(part);
        try {
          if (unpack(files, name, part) && Catalogue.isWhole(part)) {
            try (Catalogue taken = Catalogue.inFile(part, clock, random)) {
              taken.standing().recovered(clock.instant());
            }
            if (Files.exists(logOf(part))) {
              throw new IOException("a change is not in the file yet");
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            return new Taken(RecoveryKit.madeAt(name), damaged);
          }
          damaged++;
        } finally {
          Files.deleteIfExists(part);
          Files.deleteIfExists(logOf(part));
        }
      } catch (IOException e) {
        throw new SerdabException.Unavailable(
            new Problem(
                "home-not-writable",
                "The catalogue cannot be written to " + file + ".",
                "Check that there is room on its disk and that you may write there."),
            e);
      }
    }
    return new Taken(Optional.empty(), damaged);
  }

  private static Path logOf(Path database) {
    return database.resolveSibling(database.getFileName() + "-wal");
  }

  /// Unpacks one copy; false when it is not what its note says.
  private static boolean unpack(SideFiles files, String name, Path part) throws IOException {
    MessageDigest digest = RecoveryKit.sha256();
    Optional<String> meant = Optional.empty();
    boolean database = false;
    try (ZipInputStream zip = new ZipInputStream(files.open(name))) {
      ZipEntry entry;
      for (int i = 0; i < ENTRIES_MAX && (entry = next(zip)) != null; i++) {
        if (entry.getName().equals(RecoveryKit.DATABASE_ENTRY) && !database) {
          database = true;
          OutputStream file = privateFile(part);
          try (DigestOutputStream out = new DigestOutputStream(file, digest)) {
            if (!copy(zip, out)) {
              return false;
            }
          }
        } else if (entry.getName().equals(RecoveryKit.NOTE_ENTRY)) {
          meant = digestIn(zip);
        }
      }
    } catch (SerdabException.Damaged | UncheckedIOException e) {
      return false;
    }
    if (!database
        || meant.isEmpty()
        || !meant.get().equals(HexFormat.of().formatHex(digest.digest()))) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    return true;
  }

  private static java.util.zip.@org.jspecify.annotations.Nullable ZipEntry next(
      ZipInputStream zip) {
    try {
      return zip.getNextEntry();
    } catch (IOException | IllegalArgumentException e) {
      return null; // Not a whole ZIP; what is missing then is noticed above.
    }
  }

  /// Copies one entry; false when its bytes are damaged. A failure to write is thrown.
  private static boolean copy(ZipInputStream zip, OutputStream out) throws IOException {
    byte[] piece = new byte[1 << 16];
    while (true) {
      int count;
      try {
        count = zip.read(piece);
      } catch (IOException e) {
        return false;
      }
      if (count < 0) {
        return true;
      }
      out.write(piece, 0, count);
    }
  }

  private static OutputStream privateFile(Path file) throws IOException {
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      return Files.newOutputStream(file, StandardOpenOption.WRITE);
    }
    return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private static Optional<String> digestIn(InputStream zip) {
    try (JsonParser json =
        new JsonFactory().createParser(ObjectReadContext.empty(), zip.readNBytes(NOTE_BYTES_MAX))) {
      Optional<String> digest = Optional.empty();
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return digest;
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        if (json.nextToken().isScalarValue() && name.equals("sha256")) {
          digest = Optional.of(json.getString());
        } else {
          json.skipChildren();
        }
      }
      return digest;
    } catch (JacksonException | IOException e) {
      return Optional.empty();
    }
  }

  /// What was brought up to date in a recovered catalogue.
  ///
  /// @param known copies on this destination that the catalogue remembered and that are listed
  /// @param added copies that were made after the catalogue was copied
  /// @param gone copies that the catalogue remembers and the destination does not list
  /// @param unreadable what the destination holds and nobody can read
  public record BroughtUpToDate(
      long known, long added, long gone, List<VerifyReport.BadCopy> unreadable) {}

  /// Compares a catalogue with what the destination holds: what is listed as it was counts as it
  /// did; what is new is remembered as PRESENT, so that the next run proves it before it counts;
  /// what is not there any more is not believed. Other destinations are looked at when they are
  /// there, by [Arrival].
  public static BroughtUpToDate bringUpToDate(
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      Progress progress,
      BooleanSupplier stop) {
    String id = destination.id().toString();
    Map<String, CopyRow> remembered = new HashMap<>();
    try (Stream<CopyRow> rows = catalogue.copiesOn(id)) {
      rows.filter(CopyRow::shouldBeThere)
          .forEach(row -> remembered.put(name(row.study().value(), row.version().hex()), row));
    }
    Set<String> listedNames = new HashSet<>();
    List<VerifyReport.BadCopy> unreadable = new ArrayList<>();
    List<Standing.Seen> seen = new ArrayList<>();
    long known = 0;
    long added = 0;
    try (Stream<Destination.Listed> held = destination.held()) {
      for (Destination.Listed listed : (Iterable<Destination.Listed>) held::iterator) {
        if (stop.getAsBoolean()) {
          catalogue.standing().seen(id, seen);
          return new BroughtUpToDate(known, added, 0, unreadable);
        }
        switch (listed) {
          case Destination.Listed.Copy readable -> {
            HeldVersion copy = readable.version();
            String name = name(copy.study().value(), copy.id().hex());
            listedNames.add(name);
            CopyRow row = remembered.get(name);
            // What was made again since lies elsewhere, and was proven there by nobody who is left.
            if (row != null
                && row.storedBytes() == copy.storedBytes()
                && (row.location().equals(copy.location()) || isThere(destination, row))) {
              known++;
              if (row.isUnseen()) {
                seen.add(Standing.Seen.of(row));
              }
              continue;
            }
            try {
              Proof present = new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant());
              Rebuild.remember(destination, copy, present, catalogue);
              if (row != null) {
                catalogue.recordProof(copy.study(), copy.id(), id, present, "good");
              }
              added++;
              progress.ended(catalogue.label(copy.study()), "remembered");
            } catch (SerdabException.Damaged e) {
              unreadable.add(
                  new VerifyReport.BadCopy(
                      Optional.of(catalogue.label(copy.study())), copy.location(), e.problem()));
            }
          }
          case Destination.Listed.Unreadable bad ->
              unreadable.add(
                  new VerifyReport.BadCopy(Optional.empty(), bad.location(), bad.problem()));
        }
      }
    }
    catalogue.standing().seen(id, seen);
    return new BroughtUpToDate(
        known, added, forget(catalogue, destination, listedNames, Set.of(), clock), unreadable);
  }

  /// Whether something of that length still lies where a copy was remembered.
  private static boolean isThere(Destination destination, CopyRow row) {
    HeldVersion copy =
        new HeldVersion(
            row.study(),
            row.version(),
            row.location(),
            row.storedBytes(),
            row.fileCount(),
            Optional.empty(),
            Optional.empty());
    return destination.prove(copy, Depth.PRESENT) instanceof ProofOutcome.Proven;
  }

  static String name(String study, String version) {
    return study + ' ' + version;
  }

  /// Copies that a destination does not list count as gone; how many those are. What a person had
  /// removed or erased there is no loss, and does not count.
  ///
  /// @param listed by [#name]
  /// @param unreadableAt locations that are listed and say nothing; copies there are left as they
  ///   are
  static long forget(
      Catalogue catalogue,
      Destination destination,
      Set<String> listed,
      Set<String> unreadableAt,
      InstantSource clock) {
    String id = destination.id().toString();
    List<CopyRow> gone;
    try (Stream<CopyRow> rows = catalogue.copiesOn(id)) {
      gone =
          rows.filter(CopyRow::shouldBeThere)
              .filter(row -> !listed.contains(name(row.study().value(), row.version().hex())))
              .filter(row -> !unreadableAt.contains(row.location()))
              .toList();
    }
    long lost = 0;
    for (CopyRow row : gone) {
      if (destination.isErased(row.study())) {
        catalogue.removals().erased(row.study(), id);
      } else if (destination.isRemoved(row.study(), row.location())) {
        catalogue.removals().removedElsewhere(row.study(), row.version(), id, row.location());
      } else {
        catalogue.recordProof(
            row.study(),
            row.version(),
            id,
            new Proof(Depth.CLAIMED, ProofMeans.ASKED, clock.instant()),
            "gone");
        lost++;
      }
    }
    return lost;
  }
}
