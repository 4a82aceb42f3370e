package serdab.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What opens repositories, as a person gives it on the command line.
final class KeyOptions {

  /// Nothing was given, and nothing is asked for.
  static final KeyOptions NONE = new KeyOptions();

  @Option(
      names = "--identity",
      paramLabel = "FILE",
      description =
          "For a repository: the file with the identity that opens it, sealed with a passphrase or"
              + " not. Used in memory only. Default: the one kept in the repository, if its"
              + " passphrase is given. Repeatable.")
  private List<String> identities = List.of();

  @Option(
      names = "--passphrase-file",
      paramLabel = "FILE",
      description =
          "The passphrase is the first line of this file. Default: the environment's"
              + " SERDAB_PASSPHRASE; else it is asked for on a terminal.")
  private @Nullable String passphraseFile;

  List<String> identities() {
    return identities;
  }

  @Nullable String passphraseFile() {
    return passphraseFile;
  }
}
