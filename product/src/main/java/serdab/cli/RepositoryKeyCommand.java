package serdab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.KeyWork;
import serdab.repository.PersonKeys;
import serdab.repository.RecoverySheet;
import serdab.repository.Repository;
import serdab.repository.WriterKeys;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.store.BlobStore;

/// `serdab repository key`: who can open a repository, and which machines may write to it.
@Command(
    name = "key",
    mixinStandardHelpOptions = true,
    header = "Who can open a repository, and which machines may write to it.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      RepositoryKeyCommand.ListCommand.class,
      RepositoryKeyCommand.RotateCommand.class,
      RepositoryKeyCommand.AddCommand.class,
      RepositoryKeyCommand.RemoveCommand.class,
      RepositoryKeyCommand.EnrolCommand.class,
      RepositoryKeyCommand.RevokeCommand.class,
      RepositoryKeyCommand.SheetCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository key list repo:/Volumes/Sealed",
      "  serdab repository key enrol repo:/Volumes/Sealed --identity owner.age"
    })
final class RepositoryKeyCommand implements Runnable {

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  RepositoryKeyCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }

  private static KeyWork work(BlobStore store, Surroundings around) {
    return new KeyWork(store, around.clock(), around.random());
  }

  /// Makes a change that needs a person, and prints what it did.
  private static int change(
      Surroundings around,
      String place,
      KeyOptions keys,
      boolean json,
      Function<KeyWork, Function<List<AgeIdentity>, KeyWork.Rotated>> change) {
    around.home().make();
    try (Wiring wiring = new Wiring(around, keys);
        BlobStore store = wiring.placeOfRepository(RepositoryCommand.address(place))) {
      List<AgeIdentity> person = wiring.requireIdentity(store);
      KeyWork.Rotated done = change.apply(work(store, around)).apply(person);
      int code = done.left().isEmpty() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
      if (json) {
        Json.object(
            around.terminal().out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-keychange-v1");
              writer.writeStringProperty("id", Repository.idAt(store).toString());
              writer.writeNumberProperty("exit_code", code);
              writer.writeNumberProperty("generation", done.generation());
              writer.writeNumberProperty("groups", done.groups());
              writer.writeArrayPropertyStart("left");
              for (Problem problem : done.left()) {
                writer.writeStartObject();
                ReportPrinter.problem(writer, problem);
                writer.writeEndObject();
              }
              writer.writeEndArray();
            });
      } else {
        Terminal terminal = around.terminal();
        done.left().forEach(problem -> Main.tell(terminal, problem));
        terminal
            .out()
            .println(
                terminal
                    .messages()
                    .text(
                        "repository.rotated",
                        done.generation(),
                        done.groups(),
                        done.left().size()));
        terminal.out().flush();
      }
      return code;
    }
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }

  private static AgeRecipient recipient(String text) {
    return AgeRecipient.parse(text);
  }

  /// `serdab repository key list`.
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      header = "Shows the generations of keys, who can open them, and the machines; needs no key.",
      footer = {"", "Example:", "  serdab repository key list repo:/Volumes/Sealed"})
  static final class ListCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Option(names = "--json", description = "Prints one JSON document.")
    private boolean json;

    ListCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      Home home = around.home();
      try (Wiring wiring = new Wiring(around);
          BlobStore store = wiring.placeOfRepository(RepositoryCommand.address(place))) {
        KeyWork work = work(store, around);
        UUID id = Repository.idAt(store);
        Optional<String> here = new WriterFiles(home).read(id).map(WriterKeys::id);
        List<String> kept = PersonKeys.names(store);
        if (json) {
          printJson(id, work, here, kept);
        } else {
          print(work, here, kept);
        }
      }
      return Main.ExitCodes.GOOD;
    }

    private void print(KeyWork work, Optional<String> here, List<String> kept) {
      var out = around.terminal().out();
      Messages say = around.terminal().messages();
      for (KeyWork.KeyGeneration each : work.generations()) {
        out.println(
            say.text(
                "repository.generation",
                each.number(),
                seconds(each.madeAt()),
                say.length(Duration.between(each.madeAt(), around.clock().instant()))));
        each.people().forEach(person -> out.println("  " + person.text()));
      }
      int pending = work.groupsPending();
      if (pending > 0) {
        out.println(say.text("repository.pending", pending));
      }
      kept.forEach(name -> out.println(say.text("repository.kept", name)));
      for (KeyWork.Machine machine : work.machines()) {
        out.println(
            say.text(
                    "repository.machine",
                    machine.id(),
                    machine.name(),
                    seconds(machine.enrolledAt()))
                + machine
                    .revokedAt()
                    .map(time -> " " + say.text("repository.revoked-at", seconds(time)))
                    .orElse("")
                + (here.filter(machine.id()::equals).isPresent()
                    ? " " + say.text("repository.this-machine")
                    : ""));
      }
      out.flush();
    }

    private void printJson(UUID id, KeyWork work, Optional<String> here, List<String> kept) {
      Json.object(
          around.terminal().out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-keys-v1");
            writer.writeStringProperty("id", id.toString());
            writer.writeNumberProperty("groups_pending", work.groupsPending());
            writer.writeArrayPropertyStart("generations");
            for (KeyWork.KeyGeneration each : work.generations()) {
              writer.writeStartObject();
              writer.writeNumberProperty("number", each.number());
              writer.writeStringProperty("made_at", each.madeAt().toString());
              writer.writeArrayPropertyStart("recipients");
              each.people().forEach(person -> writer.writeString(person.text()));
              writer.writeEndArray();
              writer.writeEndObject();
            }
            writer.writeEndArray();
            writer.writeArrayPropertyStart("kept");
            kept.forEach(writer::writeString);
            writer.writeEndArray();
            writer.writeArrayPropertyStart("machines");
            for (KeyWork.Machine machine : work.machines()) {
              writer.writeStartObject();
              writer.writeStringProperty("id", machine.id());
              writer.writeStringProperty("name", machine.name());
              writer.writeStringProperty("enrolled_at", machine.enrolledAt().toString());
              writer.writeStringProperty(
                  "revoked_at", machine.revokedAt().map(Object::toString).orElse(""));
              writer.writeBooleanProperty("here", here.filter(machine.id()::equals).isPresent());
              writer.writeEndObject();
            }
            writer.writeEndArray();
          });
    }
  }

  /// `serdab repository key rotate`.
  @Command(
      name = "rotate",
      mixinStandardHelpOptions = true,
      header = "Makes new keys for the same people, and seals every study's key to them.",
      description =
          "No pack is written again. A rotation that was interrupted goes on when it is begun again.",
      footer = {
        "",
        "Example:",
        "  serdab repository key rotate repo:/Volumes/Sealed --identity owner.age"
      })
  static final class RotateCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Mixin
    @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
    private KeyOptions keys;

    @Option(names = "--json", description = "Prints what was done as JSON.")
    private boolean json;

    RotateCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      return change(around, place, keys, json, work -> work::rotate);
    }
  }

  /// `serdab repository key add`.
  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      header = "Lets another person open the repository, with an identity of their own.",
      footer = {
        "",
        "Example:",
        "  serdab repository key add repo:/Volumes/Sealed RECIPIENT --identity owner.age"
      })
  static final class AddCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(index = "0", paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Parameters(
        index = "1",
        paramLabel = "RECIPIENT",
        description = "The person's age recipient: age1….")
    @SuppressWarnings("NullAway.Init") // required
    private String another;

    @Mixin
    @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
    private KeyOptions keys;

    @Option(names = "--json", description = "Prints what was done as JSON.")
    private boolean json;

    AddCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      AgeRecipient more = recipient(another);
      return change(around, place, keys, json, work -> person -> work.add(person, more));
    }
  }

  /// `serdab repository key remove`.
  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      header = "Leaves a person out of new keys.",
      description =
          "Studies that are begun after this are closed to that person. Older ones stay open to"
              + " whoever kept the old keys and can reach the place: take that away, too.",
      footer = {
        "",
        "Example:",
        "  serdab repository key remove repo:/Volumes/Sealed RECIPIENT --identity owner.age"
      })
  static final class RemoveCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(index = "0", paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Parameters(
        index = "1",
        paramLabel = "RECIPIENT",
        description = "The person's age recipient, as key list shows it.")
    @SuppressWarnings("NullAway.Init") // required
    private String former;

    @Mixin
    @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
    private KeyOptions keys;

    @Option(names = "--json", description = "Prints what was done as JSON.")
    private boolean json;

    RemoveCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      AgeRecipient less = recipient(former);
      return change(around, place, keys, json, work -> person -> work.remove(person, less));
    }
  }

  /// `serdab repository key enrol`.
  @Command(
      name = "enrol",
      mixinStandardHelpOptions = true,
      header = "Lets this machine write to a repository, with keys of its own.",
      footer = {
        "",
        "Example:",
        "  serdab repository key enrol repo:/Volumes/Sealed --identity owner.age"
      })
  static final class EnrolCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Option(
        names = "--machine",
        paramLabel = "NAME",
        description = "What this machine is called there. Default: its host name.")
    private @Nullable String machine;

    @Mixin
    @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
    private KeyOptions keys;

    @Option(names = "--json", description = "Prints what was done as JSON.")
    private boolean json;

    EnrolCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      Home home = around.home().make();
      try (Wiring wiring = new Wiring(around, keys);
          BlobStore store = wiring.placeOfRepository(RepositoryCommand.address(place))) {
        List<AgeIdentity> person = wiring.requireIdentity(store);
        WriterKeys made =
            work(store, around).enrol(person, machine == null ? Wiring.machine() : machine);
        Path file = new WriterFiles(home).keep(made);
        if (json) {
          Json.object(
              around.terminal().out(),
              writer -> {
                writer.writeStringProperty("schema", "serdab-enrol-v1");
                writer.writeStringProperty("id", made.repository().toString());
                writer.writeStringProperty("machine", made.id());
                writer.writeStringProperty("machine_keys", file.toString());
              });
        } else {
          around
              .terminal()
              .out()
              .println(around.terminal().messages().text("repository.enrolled", made.id(), file));
        }
      }
      return Main.ExitCodes.GOOD;
    }
  }

  /// `serdab repository key revoke`.
  @Command(
      name = "revoke",
      mixinStandardHelpOptions = true,
      header = "Lets a machine write no more; what it wrote before stays.",
      footer = {
        "",
        "Example:",
        "  serdab repository key revoke repo:/Volumes/Sealed MACHINE --identity owner.age"
      })
  static final class RevokeCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(index = "0", paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Parameters(
        index = "1",
        paramLabel = "MACHINE",
        description = "The machine's id, as key list shows it.")
    @SuppressWarnings("NullAway.Init") // required
    private String machine;

    @Mixin
    @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
    private KeyOptions keys;

    @Option(names = "--json", description = "Prints what was done as JSON.")
    private boolean json;

    RevokeCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      around.home().make();
      try (Wiring wiring = new Wiring(around, keys);
          BlobStore store = wiring.placeOfRepository(RepositoryCommand.address(place))) {
        work(store, around).revoke(wiring.requireIdentity(store), machine);
        if (json) {
          Json.object(
              around.terminal().out(),
              writer -> {
                writer.writeStringProperty("schema", "serdab-revoke-v1");
                writer.writeStringProperty("id", Repository.idAt(store).toString());
                writer.writeStringProperty("machine", machine);
              });
        } else {
          around
              .terminal()
              .out()
              .println(around.terminal().messages().text("repository.revoked", machine));
        }
      }
      return Main.ExitCodes.GOOD;
    }
  }

  /// `serdab repository key sheet`.
  @Command(
      name = "sheet",
      mixinStandardHelpOptions = true,
      header = "Writes the recovery sheet of a sealed identity again, to be printed.",
      description = "The identity stays sealed: its passphrase is neither needed nor on the sheet.",
      footer = {"", "Example:", "  serdab repository key sheet repo:/Volumes/Sealed"})
  static final class SheetCommand implements Callable<Integer> {

    private static final long FILE_BYTES_MAX = 4096;

    private final Surroundings around;

    @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
    @SuppressWarnings("NullAway.Init") // required
    private String place;

    @Option(
        names = "--name",
        paramLabel = "NAME",
        description = "Which of the identities kept there. Default: the first.")
    private @Nullable String name;

    @Option(
        names = "--identity",
        paramLabel = "FILE",
        description = "A sealed identity in a file, in place of one kept there.")
    private @Nullable Path identity;

    @Option(names = "--json", description = "Prints what was done as JSON.")
    private boolean json;

    SheetCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      Home home = around.home().make();
      String address = RepositoryCommand.address(place);
      try (Wiring wiring = new Wiring(around);
          BlobStore store = wiring.placeOfRepository(address)) {
        UUID id = Repository.idAt(store);
        LocalDate today = LocalDate.ofInstant(around.clock().instant(), ZoneId.systemDefault());
        RecoverySheet sheet = RecoverySheet.ofSealed(id, address, today, sealed(store));
        List<Path> files = RepositoryInitCommand.sheets(new WriterFiles(home), sheet, id);
        if (json) {
          Json.object(
              around.terminal().out(),
              writer -> {
                writer.writeStringProperty("schema", "serdab-sheet-v1");
                writer.writeStringProperty("id", id.toString());
                writer.writeArrayPropertyStart("sheets");
                files.forEach(file -> writer.writeString(file.toString()));
                writer.writeEndArray();
              });
        } else {
          Messages say = around.terminal().messages();
          var out = around.terminal().out();
          out.println(say.text("repository.sheet", files.get(0), files.get(1)));
          out.println(say.text("repository.sheet-next"));
        }
      }
      return Main.ExitCodes.GOOD;
    }

    private byte[] sealed(BlobStore store) {
      if (identity != null) {
        try {
          if (Files.size(identity) <= FILE_BYTES_MAX) {
            byte[] file = Files.readAllBytes(identity);
            if (Identities.isSealed(file)) {
              return file;
            }
          }
        } catch (IOException e) {
          // Said below.
        }
        throw new SerdabException.Misconfigured(
            new Problem(
                "identity-not-readable",
                "The file " + identity + " cannot be read, or holds no sealed identity.",
                "Name the file that repository init wrote. Seal one of age-keygen first: age -p."));
      }
      List<String> kept = PersonKeys.names(store);
      String wanted = name == null ? kept.stream().findFirst().orElse("") : name;
      if (!kept.contains(wanted)) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "identity-not-kept",
                "The repository keeps no sealed identity"
                    + (name == null ? "" : " of this name")
                    + ".",
                "Name a file with one: --identity FILE"));
      }
      return PersonKeys.read(store, wanted);
    }
  }
}
