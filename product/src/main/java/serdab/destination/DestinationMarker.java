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
/// @param madeAt when that was
record DestinationMarker(DestinationId id, NamingProfile naming, Instant madeAt) {

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
              Instant.parse(members.getOrDefault("madeAt", ""))));
    } catch (IllegalArgumentException | DateTimeException | NoSuchElementException e) {
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
    DestinationMarker marker =
        new DestinationMarker(
            new DestinationId(randomUuid(random)),
            naming,
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

  private byte[] json(String writtenBy) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORM);
      json.writeNumberProperty("formatVersion", FORMAT_VERSION);
      json.writeStringProperty("id", id.toString());
      json.writeStringProperty("naming", naming.text());
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
