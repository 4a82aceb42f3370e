package serdab.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.PersonKeys;
import serdab.repository.RecoverySheet;
import serdab.repository.Repository;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.store.BlobStore;

/// `serdab repository init`: makes a repository, and who can open it.
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    header = "Makes a repository at a place, and the identity that opens it.",
    description = {
      "Makes an identity, seals it with a passphrase, and keeps it in the repository. This machine"
          + " gets keys of its own with which it can write and not read. A recovery sheet, to be"
          + " printed, holds the sealed identity as text and QR code.",
      "",
      "With --recipient no identity is made: whoever holds the recipient's own identity can open the"
          + " repository. Without the identity or its passphrase nobody can ever read the copies."
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository init repo:/Volumes/Sealed",
      "  serdab repository init repo:/Volumes/Sealed --identity-file owner.age --parity none"
    })
final class RepositoryInitCommand implements Callable<Integer> {

  private static final int NAMES_MAX = 100;

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "Where: repo:PATH. The folder is made.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @Option(
      names = "--recipient",
      paramLabel = "AGE1",
      description = "Who can open it: an age recipient, age1…. Repeatable.")
  private List<String> recipients = List.of();

  @Option(
      names = "--identity-file",
      paramLabel = "FILE",
      description =
          "Also writes the sealed identity to this file. With --recipient: makes an identity all the"
              + " same.")
  private @Nullable Path identityFile;

  @Option(
      names = "--passphrase-file",
      paramLabel = "FILE",
      description =
          "The passphrase is the first line of this file. Default: the environment's"
              + " SERDAB_PASSPHRASE; else it is asked for on a terminal, twice.")
  private @Nullable String passphraseFile;

  @Option(
      names = "--parity",
      paramLabel = "KIND",
      defaultValue = "16+2",
      description =
          "16+2 (default): any 2 lost files of 18 can be mended, for an eighth more room. none:"
              + " without.")
  private String parity = "16+2";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "owner",
      description =
          "What the identity is called in the repository: small letters, digits, hyphens. Default:"
              + " ${DEFAULT-VALUE}.")
  private String name = "owner";

  @Option(
      names = "--machine",
      paramLabel = "NAME",
      description = "What this machine is called there. Default: its host name.")
  private @Nullable String machine;

  @Option(names = "--json", description = "Prints what was done as JSON.")
  private boolean json;

  RepositoryInitCommand(Surroundings around) {
    this.around = around;
  }

  /// A person's identity that was made.
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Person(AgeIdentity identity, byte[] sealed) {}

  @Override
  public Integer call() {
    if (!parity.equals("16+2") && !parity.equals("none")) {
      throw wrong("--parity is " + parity + "; it must be 16+2 or none.");
    }
    if (!PersonKeys.isName(name)) {
      throw wrong("--name must have small letters, digits and hyphens, 40 at most.");
    }
    String address = RepositoryCommand.address(place);
    List<AgeRecipient> people = new ArrayList<>();
    recipients.forEach(text -> people.add(AgeRecipient.parse(text)));
    Home home = around.home().make();
    WriterFiles files = new WriterFiles(home);
    if (identityFile != null) {
      WriterFiles.requireFree(identityFile);
    }
    try (Wiring wiring = new Wiring(around);
        BlobStore store = wiring.placeForRepository(address)) {
      Optional<Person> person =
          recipients.isEmpty() || identityFile != null ? Optional.of(person()) : Optional.empty();
      person.ifPresent(made -> people.addFirst(made.identity().recipient()));
      Optional<String> kept = person.map(made -> keep(store, made));
      Repository.Begun begun =
          Repository.begin(
              store,
              people,
              machine == null ? Wiring.machine() : machine,
              parity,
              around.clock(),
              around.random(),
              Wiring.WRITTEN_BY);
      try (Repository repository = begun.repository()) {
        UUID id = repository.id();
        Path keys = files.keep(begun.writer());
        List<Path> sheets = person.map(made -> sheets(files, id, address, made)).orElse(List.of());
        if (identityFile != null && person.isPresent()) {
          WriterFiles.writeNewFile(identityFile, person.get().sealed());
        }
        print(new Made(address, id, keys, kept, sheets, people));
      }
    }
    return Main.ExitCodes.GOOD;
  }

  private static SerdabException.Misconfigured wrong(String what) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", what, "Run: serdab repository init --help"));
  }

  private Person person() {
    char[] passphrase = new Passphrase(around, passphraseFile).made();
    AgeIdentity identity = AgeIdentity.generate(around.random());
    byte[] text =
        ("# public key: " + identity.recipient().text() + "\n" + identity.text() + "\n")
            .getBytes(StandardCharsets.US_ASCII);
    try {
      return new Person(
          identity,
          AgeFile.sealWithPassphrase(passphrase, AgeFile.WORK_FACTOR, text, around.random()));
    } finally {
      Arrays.fill(passphrase, ' ');
      Arrays.fill(text, (byte) 0);
    }
  }

  /// Before the repository itself: none must ever be there that nobody can open. A name is taken
  /// when an earlier attempt ended on the way.
  private String keep(BlobStore store, Person person) {
    for (int i = 1; i <= NAMES_MAX; i++) {
      String tried = i == 1 ? name : name + "-" + i;
      if (PersonKeys.write(store, tried, person.sealed())) {
        return "keys/person-" + tried + ".age";
      }
    }
    throw wrong("--name is taken at that place; choose another one.");
  }

  private List<Path> sheets(WriterFiles files, UUID id, String address, Person person) {
    LocalDate today = LocalDate.ofInstant(around.clock().instant(), ZoneId.systemDefault());
    return sheets(files, RecoverySheet.ofSealed(id, address, today, person.sealed()), id);
  }

  static List<Path> sheets(WriterFiles files, RecoverySheet sheet, UUID id) {
    return List.of(
        files.write(id + "-sheet.txt", sheet.text().getBytes(StandardCharsets.UTF_8)),
        files.write(id + "-sheet.svg", sheet.svg().getBytes(StandardCharsets.UTF_8)));
  }

  /// What was made.
  ///
  /// @param kept where the sealed identity is in the repository
  private record Made(
      String address,
      UUID id,
      Path keys,
      Optional<String> kept,
      List<Path> sheets,
      List<AgeRecipient> people) {}

  private void print(Made made) {
    if (json) {
      printJson(made);
      return;
    }
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    out.println(say.text("repository.made", made.address(), made.id()));
    made.kept().ifPresent(file -> out.println(say.text("repository.identity-kept", file)));
    if (identityFile != null) {
      out.println(say.text("repository.identity-file", identityFile));
    }
    out.println(say.text("repository.machine-keys", made.keys()));
    if (made.sheets().isEmpty()) {
      out.println(say.text("repository.no-sheet"));
    } else {
      out.println(say.text("repository.sheet", made.sheets().get(0), made.sheets().get(1)));
      out.println(say.text("repository.sheet-next"));
    }
    out.println(say.text("repository.next", "serdab backup --from SOURCE --to " + made.address()));
    out.flush();
  }

  private void printJson(Made made) {
    Instant now = around.clock().instant();
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-repository-v1");
          writer.writeStringProperty("address", made.address());
          writer.writeStringProperty("id", made.id().toString());
          writer.writeStringProperty("made_at", now.toString());
          writer.writeStringProperty("parity", parity);
          writer.writeStringProperty("machine_keys", made.keys().toString());
          writer.writeStringProperty("identity_kept", made.kept().orElse(""));
          writer.writeStringProperty(
              "identity_file", identityFile == null ? "" : identityFile.toString());
          writer.writeArrayPropertyStart("sheets");
          made.sheets().forEach(sheet -> writer.writeString(sheet.toString()));
          writer.writeEndArray();
          writer.writeArrayPropertyStart("recipients");
          made.people().forEach(recipient -> writer.writeString(recipient.text()));
          writer.writeEndArray();
        });
  }
}
