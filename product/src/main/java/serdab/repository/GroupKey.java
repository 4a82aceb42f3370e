package serdab.repository;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.SerdabException;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.store.BlobStore;

/// The identity of a group, sealed to one generation: `groups/ab/GROUP/G.json` (format section
/// 3.2).
///
/// @param group 32 hexadecimal digits
/// @param generation which one can open it
/// @param recipient what the group's packs are sealed to
/// @param identity an age file with the secret of `recipient`
/// @param writer who signed it: a writer's id, or [#OWNER]
@SuppressWarnings("ArrayRecordComponent") // never compared
record GroupKey(
    String group,
    int generation,
    AgeRecipient recipient,
    byte[] identity,
    String writer,
    Instant madeAt) {

  /// Stands for a writer where the owner's key signed.
  static final String OWNER = "owner";

  /// Group and generation by the name of a file.
  static final Pattern FILE =
      Pattern.compile("groups/[0-9a-f]{2}/([0-9a-f]{32})/([1-9][0-9]{0,8})\\.json");

  private static final int NAME_DIGITS = 32;

  static String folder(String group) {
    return "groups/" + group.substring(0, 2) + '/' + group + '/';
  }

  static String file(String group, int generation) {
    return folder(group) + generation + ".json";
  }

  static String subject(String group, int generation) {
    return "groups/" + group + '/' + generation + ".json";
  }

  /// Seals a group's identity to a generation.
  static GroupKey seal(
      String group,
      Generation generation,
      AgeIdentity identity,
      String writer,
      Instant madeAt,
      RandomGenerator secure) {
    byte[] plain = (identity.text() + '\n').getBytes(StandardCharsets.US_ASCII);
    return new GroupKey(
        group,
        generation.number(),
        identity.recipient(),
        AgeFile.seal(List.of(generation.recipient()), plain, secure),
        writer,
        madeAt);
  }

  byte[] signed(Signer signer) {
    return new SignedDocument(file(group, generation))
        .with("group", group)
        .with("generation", generation)
        .with("recipient", recipient.text())
        .with("identity", identity)
        .with("writer", writer)
        .with("madeAt", madeAt.toString())
        .signed(subject(group, generation), signer);
  }

  /// @throws SerdabException.Damaged when it is malformed, says another name than its own, or has
  ///   no good signature of the owner or of a writer that was enrolled at the time
  static GroupKey read(String group, int generation, byte[] bytes, Writers writers) {
    String file = file(group, generation);
    SignedDocument.Signed signed = SignedDocument.read(file, bytes);
    SignedDocument document = signed.document();
    GroupKey key =
        new GroupKey(
            document.hex("group", NAME_DIGITS),
            document.number("generation"),
            document.recipient("recipient"),
            document.base64("identity"),
            document.text("writer"),
            document.time("madeAt"));
    if (!key.group().equals(group) || key.generation() != generation) {
      throw KeyProblems.malformed(file);
    }
    String subject = subject(group, generation);
    boolean good =
        key.writer().equals(OWNER)
            ? writers.owner().signed(subject, signed.body(), signed.signature())
            : writers.signed(
                key.writer(), key.madeAt(), subject, signed.body(), signed.signature());
    if (!good) {
      throw KeyProblems.unsigned(file);
    }
    return key;
  }

  /// The one of the highest generation that is good; empty when the group has none.
  ///
  /// @throws SerdabException.Damaged when there are some and none is good
  static Optional<GroupKey> newest(BlobStore place, String group, Writers writers) {
    Optional<SerdabException.Damaged> damage = Optional.empty();
    List<Integer> generations =
        KeyFiles.names(place, folder(group)).stream()
            .map(FILE::matcher)
            .filter(Matcher::matches)
            .map(name -> Integer.valueOf(name.group(2)))
            .sorted(Comparator.reverseOrder())
            .toList();
    for (int generation : generations) {
      String file = file(group, generation);
      try {
        return Optional.of(read(group, generation, KeyFiles.require(place, file), writers));
      } catch (SerdabException.Damaged e) {
        damage = Optional.of(e);
      }
    }
    if (damage.isPresent()) {
      throw damage.get();
    }
    return Optional.empty();
  }

  /// All that are good. Two machines that knew different generations may have made different
  /// identities at once, and both have sealed packs.
  static List<GroupKey> all(BlobStore place, String group, Writers writers) {
    List<GroupKey> all = new java.util.ArrayList<>();
    for (String file : KeyFiles.names(place, folder(group))) {
      Matcher name = FILE.matcher(file);
      if (name.matches()) {
        try {
          int generation = Integer.parseInt(name.group(2));
          all.add(read(group, generation, KeyFiles.require(place, file), writers));
        } catch (SerdabException.Damaged e) {
          // The others may do.
        }
      }
    }
    return all;
  }

  /// The group's identity.
  ///
  /// @throws SerdabException.Misconfigured `age-wrong-key` when it is sealed to another generation
  /// @throws SerdabException.Damaged when the secret does not belong to the recipient
  AgeIdentity open(List<AgeIdentity> generations) {
    String text = new String(AgeFile.open(identity, generations), StandardCharsets.ISO_8859_1);
    AgeIdentity opened;
    try {
      opened = AgeIdentity.parse(text);
    } catch (SerdabException.Misconfigured e) {
      throw KeyProblems.malformed(file(group, generation));
    }
    if (!opened.recipient().equals(recipient)) {
      throw KeyProblems.unsigned(file(group, generation));
    }
    return opened;
  }
}
