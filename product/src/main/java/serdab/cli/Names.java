package serdab.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.BackupPlan;
import serdab.ziptree.NamingProfile;
import serdab.ziptree.PseudonymKey;

/// What the naming of copies needs beside the plan: where the key for pseudonyms is, and the list
/// that resolves them. Holds no secret itself.
///
/// @param key `env:NAME` or `file:PATH`
/// @param mapping the path of the list
record Names(Optional<String> key, Optional<String> mapping) {

  static final Names NONE = new Names(Optional.empty(), Optional.empty());

  private static final String ENVIRONMENT = "env:";
  private static final String FILE = "file:";
  private static final int KEY_BYTES_MAX = 4096;

  /// How the ZIPs of a plan are named.
  ///
  /// @param text the plan's naming
  /// @throws SerdabException.Misconfigured when it is no naming, or what it needs is not given
  NamingProfile profile(String text, Map<String, String> environment) {
    NamingProfile profile =
        NamingProfile.parse(text)
            .orElseThrow(() ->
                new SerdabException.Misconfigured(
                    new Problem(
                        "wrong-option",
                        "--naming is " + text + "; that is no way to name copies.",
                        "Write horos-zip, uid, pseudonym, or a template such as"
                            + " {study-date}_{patient}_{uid}.")));
    return profile instanceof NamingProfile.PseudonymWithoutKey ? pseudonym(environment) : profile;
  }

  private NamingProfile pseudonym(Map<String, String> environment) {
    PseudonymKey secret =
        PseudonymKey.of(
            secret(
                key.orElseThrow(() ->
                    missing(
                        "pseudonym-key-missing",
                        "Naming by pseudonyms needs a key.",
                        "Say where it is: --pseudonym-key env:NAME or --pseudonym-key file:PATH. To"
                            + " make one: openssl rand -hex 32")),
                environment));
    return new NamingProfile.Pseudonym(secret, new PseudonymMapping(mappingFile()));
  }

  private Path mappingFile() {
    String path =
        mapping.orElseThrow(() ->
            missing(
                "pseudonym-mapping-missing",
                "Naming by pseudonyms needs a list that resolves them.",
                "Say where it is kept, away from the copies: --pseudonym-mapping PATH"));
    try {
      return Path.of(path).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw missing("wrong-option", "--pseudonym-mapping names no path.", "Write a file's path.");
    }
  }

  /// Sees to it that the list does not lie where the copies are: whoever finds the one would have
  /// the other.
  ///
  /// @return warnings
  /// @throws SerdabException.Misconfigured when it lies inside a destination or the source
  List<String> guard(BackupPlan plan) {
    if (!plan.naming().equals(NamingProfile.PSEUDONYM_WITHOUT_KEY.text())) {
      return List.of();
    }
    Path file = mappingFile();
    List<String> warnings = new ArrayList<>();
    refuseInside(file, Wiring.sourceFolder(plan.source()), "source");
    for (String specification : plan.destinations()) {
      Path folder = Wiring.destinationFolder(specification);
      refuseInside(file, folder, "destination");
      key.filter(reference -> reference.startsWith(FILE))
          .ifPresent(reference ->
              refuseInside(keyFile(reference), folder, "destination"));
      if (sameVolume(file, folder)) {
        warnings.add(
            "The list that resolves pseudonyms, "
                + file
                + ", is on the same volume as "
                + folder
                + ": whoever gets the one gets the other. Keep it elsewhere.");
      }
    }
    return warnings;
  }

  private static void refuseInside(Path file, Path folder, String what) {
    if (real(file).startsWith(real(folder))) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "pseudonym-secret-beside-data",
              "The file " + file + " lies inside the " + what + " " + folder + ".",
              "Keep the key and the list that resolves pseudonyms away from the copies, best on"
                  + " another machine or in a safe."));
    }
  }

  private static boolean sameVolume(Path a, Path b) {
    try {
      return Files.getFileStore(nearest(a)).equals(Files.getFileStore(nearest(b)));
    } catch (IOException e) {
      return false;
    }
  }

  private static Path nearest(Path path) {
    Path at = path;
    Path parent = at.getParent();
    while (parent != null && !Files.exists(at)) {
      at = parent;
      parent = at.getParent();
    }
    return at;
  }

  /// The path with links followed, as far as it exists.
  private static Path real(Path path) {
    Deque<Path> below = new ArrayDeque<>();
    Path at = path.toAbsolutePath().normalize();
    Path parent = at.getParent();
    while (parent != null && !Files.exists(at)) {
      below.push(at.getFileName());
      at = parent;
      parent = at.getParent();
    }
    try {
      at = at.toRealPath();
    } catch (IOException e) {
      return path;
    }
    for (Path part : below) {
      at = at.resolve(part);
    }
    return at;
  }

  private static byte[] secret(String reference, Map<String, String> environment) {
    if (reference.startsWith(ENVIRONMENT)) {
      String name = reference.substring(ENVIRONMENT.length());
      String value = environment.getOrDefault(name, "");
      if (value.isBlank()) {
        throw missing(
            "pseudonym-key-missing",
            "The key for pseudonyms is to be in the environment as "
                + name
                + ", and it is not there.",
            "Set it for this program, or refer to a file: file:PATH");
      }
      return value.strip().getBytes(StandardCharsets.UTF_8);
    }
    try (InputStream in = Files.newInputStream(keyFile(reference))) {
      String text = new String(in.readNBytes(KEY_BYTES_MAX), StandardCharsets.UTF_8);
      return text.strip().getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw missing(
          "pseudonym-key-missing",
          "The file of the key for pseudonyms, "
              + reference.substring(FILE.length())
              + ", cannot be read.",
          "Connect the disk it is on. Restoring and verifying need no key.");
    }
  }

  private static Path keyFile(String reference) {
    if (!reference.startsWith(FILE)) {
      throw missing(
          "wrong-option",
          "--pseudonym-key holds no reference; the key itself must not stand there.",
          "Write env:NAME or file:PATH.");
    }
    try {
      return Path.of(reference.substring(FILE.length())).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw missing("wrong-option", "--pseudonym-key names no path.", "Write file:PATH.");
    }
  }

  private static SerdabException.Misconfigured missing(String code, String what, String next) {
    return new SerdabException.Misconfigured(new Problem(code, what, next));
  }
}
