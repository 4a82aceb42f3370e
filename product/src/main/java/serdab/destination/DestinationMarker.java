package serdab.destination;

import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.BlobStore;
import serdab.store.Expected;
import serdab.ziptree.NamingProfile;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// What `destination.json` says: which destination this is (`docs/format/zip-tree.md` section 4.1).
/// Two disks that take turns under one name have two.
///
/// @param id the identity of the destination
/// @param naming how its ZIPs were named when it was made
/// @param keyCheck what tells the right key for pseudonyms from a wrong one; empty when it has none
/// @param madeAt when that was
record DestinationMarker(
    DestinationId id, NamingProfile naming, Optional<String> keyCheck, Instant madeAt) {

  static final String NAME = "destination.json";
  static final String FORM = "study-zip-tree";
  static final int FORMAT_VERSION = 1;

  private static final int MEMBERS_MAX = 100;

  /// The marker of a place; empty when there is none.
  ///
  /// @throws SerdabException.HeldBack when it is there and cannot be understood, or is that of
  ///   another form or a later version
  static Optional<DestinationMarker> read(BlobStore store) {
    Optional<byte[]> document = store.document(NAME);
    if (document.isEmpty()) {
      return Optional.empty();
    }
    Map<String, String> members = members(document.get(), store);
    String form = members.getOrDefault("format", "");
    String version = members.getOrDefault("formatVersion", "");
    if (!form.equals(FORM)) {
      throw heldBack(
          "destination-of-another-form",
          "The file " + NAME + " in " + store.describe() + " is that of another kind of place.",
          "Give this backup a folder of its own.");
    }
    if (!version.equals(Integer.toString(FORMAT_VERSION))) {
      throw heldBack(
          "destination-of-later-version",
          "The ZIP tree in "
              + store.describe()
              + " has format version "
              + version
              + ", which this program does not know.",
          "Use the version of the program that made it, or a later one.");
    }
    try {
      return Optional.of(
          new DestinationMarker(
              new DestinationId(UUID.fromString(members.getOrDefault("id", ""))),
              NamingProfile.parse(members.getOrDefault("naming", "")).orElseThrow(),
              Optional.ofNullable(members.get("pseudonymKeyCheck")),
              Instant.parse(members.getOrDefault("madeAt", ""))));
    } catch (IllegalArgumentException
        | DateTimeException
        | NoSuchElementException
        | SerdabException.Misconfigured e) {
      throw notUnderstood(store);
    }
  }

  /// Makes the marker of a new destination, if there is none by now; returns what is there then.
  static DestinationMarker make(
      BlobStore store,
      NamingProfile naming,
      String writtenBy,
      InstantSource clock,
      RandomGenerator random) {
    DestinationId id = new DestinationId(randomUuid(random));
    DestinationMarker marker =
        new DestinationMarker(
            id,
            naming instanceof NamingProfile.AsFound ? NamingProfile.HOROS_ZIP : naming,
            keyCheck(naming, id),
            clock.instant().truncatedTo(ChronoUnit.SECONDS));
    try {
      store.replace(NAME, marker.json(writtenBy), Expected.absent());
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("document-changed")) {
        throw e;
      }
      // Another run made it a moment ago.
      return read(store).orElseThrow(() -> e);
    }
    return marker;
  }

  private static Optional<String> keyCheck(NamingProfile naming, DestinationId id) {
    return naming instanceof NamingProfile.Pseudonym pseudonym
        ? Optional.of(pseudonym.key().check(id.toString()))
        : Optional.empty();
  }

  /// How a run that wants this naming names what it adds.
  ///
  /// @param writes whether it may add copies; one that only reads takes the tree as it is
  /// @throws SerdabException.HeldBack when the tree has another naming, or another key: names that
  ///   were to say nothing of patients would say it all the same, or a study would be looked for
  ///   under another name
  NamingProfile namingFor(NamingProfile wanted, boolean writes, BlobStore store) {
    if (wanted instanceof NamingProfile.AsFound
        || (!writes && !wanted.text().equals(naming.text()))) {
      return naming;
    }
    if (!wanted.text().equals(naming.text())) {
      throw heldBack(
          "naming-is-another",
          "The copies in "
              + store.describe()
              + " are named by "
              + naming.text()
              + ", and this run asks for "
              + wanted.text()
              + ".",
          "Run with --naming " + naming.text() + "; for other names begin another destination.");
    }
    if (keyCheck.isPresent() && !keyCheck.equals(keyCheck(wanted, id))) {
      if (!writes) {
        return naming;
      }
      throw heldBack(
          "pseudonym-key-is-another",
          "The copies in " + store.describe() + " were named with another key for pseudonyms.",
          "Give the key of this destination; restoring and verifying need none.");
    }
    return wanted;
  }

  private byte[] json(String writtenBy) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORM);
      json.writeNumberProperty("formatVersion", FORMAT_VERSION);
      json.writeStringProperty("id", id.toString());
      json.writeStringProperty("naming", naming.text());
      if (keyCheck.isPresent()) {
        json.writeStringProperty("pseudonymKeyCheck", keyCheck.get());
      }
      json.writeStringProperty("madeAt", madeAt.toString());
      json.writeStringProperty("writtenBy", writtenBy);
      json.writeEndObject();
      json.writeRaw('\n');
    }
    return out.toByteArray();
  }

  private static Map<String, String> members(byte[] document, BlobStore store) {
    Map<String, String> members = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), document)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw notUnderstood(store);
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME && members.size() < MEMBERS_MAX) {
        String name = json.currentName();
        if (json.nextToken().isScalarValue()) {
          members.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
      return members;
    } catch (JacksonException e) {
      throw notUnderstood(store);
    }
  }

  private static SerdabException.HeldBack notUnderstood(BlobStore store) {
    return heldBack(
        "destination-marker-damaged",
        "The file " + NAME + " in " + store.describe() + " cannot be understood.",
        "Bring the file back from where you may have kept it. If there is none, move the damaged"
            + " file away and adopt the destination: run the backup once with --adopt.");
  }

  private static SerdabException.HeldBack heldBack(String code, String what, String next) {
    return new SerdabException.HeldBack(new Problem(code, what, next));
  }

  /// A random UUID, version 4 (RFC 9562 section 5.4).
  private static UUID randomUuid(RandomGenerator random) {
    long high = (random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x4000L;
    long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
