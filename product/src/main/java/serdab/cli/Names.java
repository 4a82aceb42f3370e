package serdab.cli;

import java.io.IOException;
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
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.BackupPlan;
import serdab.plan.NameSettings;
import serdab.plan.SecretReference;
import serdab.ziptree.NamingProfile;
import serdab.ziptree.PseudonymKey;

/// What the naming of copies needs beside the plan: where the key for pseudonyms is, and the list
/// that resolves them; and whether names are shown in a page. Holds no secret itself.
///
/// @param settings as the command line or the configuration has them
/// @param indexPage whether a page for people without this program is kept beside the copies
record Names(NameSettings settings, boolean indexPage) {

  static final Names NONE = new Names(NameSettings.NONE, true);

  /// From options of a command.
  ///
  /// @throws SerdabException.Misconfigured when the key is no reference; it is not repeated
  static Names of(@Nullable String key, @Nullable String mapping, boolean indexPage) {
    Optional<SecretReference> reference = Optional.empty();
    if (key != null) {
      reference = SecretReference.parse(key);
      if (reference.isEmpty()) {
        throw missing(
            "wrong-option",
            "--pseudonym-key holds no reference; the key itself must not stand there.",
            "Write env:NAME, or file: and a whole path.");
      }
    }
    return new Names(new NameSettings(reference, Optional.ofNullable(mapping), false), indexPage);
  }

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
    SecretReference reference =
        settings
            .pseudonymKey()
            .orElseThrow(() ->
                missing(
                    "pseudonym-key-missing",
                    "Naming by pseudonyms needs a key.",
                    "Say where it is: --pseudonym-key env:NAME or --pseudonym-key file:PATH. To make"
                        + " one: openssl rand -hex 32"));
    byte[] key = reference.resolve(environment).strip().getBytes(StandardCharsets.UTF_8);
    PseudonymKey secret = PseudonymKey.of(key);
    return new NamingProfile.Pseudonym(secret, new PseudonymMapping(mappingFile()));
  }

  private Path mappingFile() {
    String path =
        settings
            .pseudonymMapping()
            .orElseThrow(() ->
                missing(
                    "pseudonym-mapping-missing",
                    "Naming by pseudonyms needs a list that resolves them.",
                    "Say where it is kept, away from the copies: --pseudonym-mapping PATH, or in"
                        + " the configuration as pseudonym_mapping in [names]."));
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
  List<Problem> guard(BackupPlan plan) {
    if (!plan.naming().equals(NamingProfile.PSEUDONYM_WITHOUT_KEY.text())) {
      return List.of();
    }
    Path file = mappingFile();
    List<Problem> warnings = new ArrayList<>();
    if (!Nodes.isNode(plan.source())) {
      refuseInside(file, Wiring.sourceFolder(plan.source()), "source");
    }
    for (String specification : plan.destinations()) {
      if (Nodes.isNode(specification)) {
        continue;
      }
      Path folder = Wiring.destinationFolder(specification);
      refuseInside(file, folder, "destination");
      settings
          .pseudonymKey()
          .flatMap(SecretReference::file)
          .ifPresent(secret -> refuseInside(secret, folder, "destination"));
      if (sameVolume(file, folder)) {
        warnings.add(
            new Problem(
                "pseudonym-secret-beside-data",
                "The list that resolves pseudonyms, "
                    + file
                    + ", is on the same volume as "
                    + folder
                    + ": whoever gets the one gets the other.",
                "Keep it elsewhere."));
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

  private static SerdabException.Misconfigured missing(String code, String what, String next) {
    return new SerdabException.Misconfigured(new Problem(code, what, next));
  }
}
