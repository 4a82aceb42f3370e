package serdab.plan;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;

/// Where a secret is kept: `env:NAME`, a variable of the environment, or `file:PATH`, a file's
/// content. The secret itself is never part of a configuration; it is read when it is used.
///
/// @param kind what holds the secret
/// @param name the variable's name, or the file's absolute path
public record SecretReference(Kind kind, String name) {

  /// More than any key or password; a wrong path does not fill the memory.
  private static final int BYTES_MAX = 64 * 1024;

  /// What may hold a secret.
  public enum Kind {
    ENVIRONMENT("env:"),
    FILE("file:");

    private final String prefix;

    Kind(String prefix) {
      this.prefix = prefix;
    }
  }

  /// Reads a reference; empty when the text is none, such as a secret itself.
  public static Optional<SecretReference> parse(String text) {
    for (Kind kind : Kind.values()) {
      if (!text.startsWith(kind.prefix)) {
        continue;
      }
      String name = text.substring(kind.prefix.length());
      boolean good =
          switch (kind) {
            case ENVIRONMENT -> name.matches("[A-Za-z_][A-Za-z0-9_]{0,200}");
            case FILE -> Addresses.isAbsolute(name);
          };
      return good ? Optional.of(new SecretReference(kind, name)) : Optional.empty();
    }
    return Optional.empty();
  }

  /// As it is written in a configuration.
  public String text() {
    return kind.prefix + name;
  }

  /// The file that holds the secret, when one does.
  public Optional<Path> file() {
    return kind == Kind.FILE ? Optional.of(Path.of(Addresses.withHome(name))) : Optional.empty();
  }

  /// Reads the secret; one line feed at a file's end is no part of it.
  ///
  /// @param environment the process's environment
  /// @throws SerdabException.Misconfigured when it is not there, empty or too long
  public String resolve(Map<String, String> environment) {
    String secret =
        switch (kind) {
          case ENVIRONMENT -> environment.getOrDefault(name, "");
          case FILE -> content();
        };
    if (secret.isEmpty()) {
      throw missing(null);
    }
    return secret;
  }

  private String content() {
    try (InputStream in = Files.newInputStream(file().orElseThrow())) {
      byte[] bytes = in.readNBytes(BYTES_MAX + 1);
      if (bytes.length > BYTES_MAX) {
        throw missing(null);
      }
      String text = new String(bytes, StandardCharsets.UTF_8);
      int end = text.length();
      if (text.endsWith("\n")) {
        end--;
      }
      if (end > 0 && text.charAt(end - 1) == '\r') {
        end--;
      }
      return text.substring(0, end);
    } catch (IOException | InvalidPathException e) {
      throw missing(e);
    }
  }

  private SerdabException.Misconfigured missing(@org.jspecify.annotations.Nullable Exception why) {
    Problem problem =
        new Problem(
            "secret-missing",
            "The configuration refers to a secret in "
                + text()
                + ", which is not there, is empty or cannot be read.",
            kind == Kind.ENVIRONMENT
                ? "Set this variable in the environment of serdab, also where it is started by a"
                    + " schedule."
                : "Make this file, readable by you only, with the secret as its one line.");
    return why == null
        ? new SerdabException.Misconfigured(problem)
        : new SerdabException.Misconfigured(problem, why);
  }
}
