package serdab.destination.repository;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.repository.BlobAt;
import serdab.ziptree.StudyDocument;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/// Of which pieces each file of a version is made (`docs/format/repository.md` section 5.1).
///
/// @param studyManifest where the study's manifest lies
/// @param headers the header blocks, in order
/// @param files in the order of the version's files
record VersionManifest(Blob studyManifest, List<Blob> headers, List<FileRecipe> files) {

  static final String FORMAT = "sealed-version";
  static final int FORMAT_VERSION = 1;

  private static final int NESTING_MAX = 12;
  private static final int TEXT_MAX = 1 << 20;

  /// So many numbers has a list of a piece in a file.
  private static final int PIECE_NUMBERS = 5;

  /// No blob is longer than an array.
  private static final long BLOB_BYTES_MAX = Integer.MAX_VALUE - 64L;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(NESTING_MAX)
                  .maxStringLength(TEXT_MAX)
                  .maxNameLength(1000)
                  .maxNumberLength(30)
                  .maxDocumentLength(-1)
                  .build())
          .build();

  VersionManifest {
    headers = List.copyOf(headers);
    files = List.copyOf(files);
  }

  /// A blob and how long it is once decoded.
  record Blob(BlobAt at, long lengthBytes) {}

  /// A part of a file: bytes of its header block, or a blob.
  ///
  /// @param blob the piece or the header block
  /// @param offset in the blob's bytes
  /// @param lengthBytes of this part
  record Part(Blob blob, long offset, long lengthBytes) {}

  /// A file's parts, one after another.
  record FileRecipe(long lengthBytes, Sha256 digest, List<Part> parts) {
    FileRecipe {
      parts = List.copyOf(parts);
    }
  }

  // ---- writing

  /// The manifest of a version whose pieces were all put.
  static byte[] json(
      StudyVersion version,
      BlobFeed.Place studyManifest,
      List<BlobFeed.Place> headers,
      Map<String, FileCutter.Cut> cuts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", FORMAT_VERSION);
      json.writeName("studyManifest");
      write(json, studyManifest, true);
      json.writeArrayPropertyStart("headers");
      for (BlobFeed.Place block : headers) {
        write(json, block, false);
      }
      json.writeEndArray();
      json.writeArrayPropertyStart("files");
      for (StoredFile file : version.files()) {
        FileCutter.Cut cut = cuts.get(file.path());
        if (cut == null) {
          throw new IllegalArgumentException("a file of the version was not given");
        }
        json.writeRaw('\n');
        write(json, file, cut);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator json, StoredFile file, FileCutter.Cut cut) {
    json.writeStartObject();
    json.writeStringProperty("path", StudyDocument.text(file.path()));
    json.writeNumberProperty("bytes", file.lengthBytes());
    json.writeNumberProperty("modified", file.modifiedMillis());
    json.writeStringProperty("sha256", file.digests().file().hex());
    json.writeArrayPropertyStart("header");
    json.writeNumber(cut.headerBlock());
    json.writeNumber(cut.headerOffset());
    json.writeEndArray();
    json.writeArrayPropertyStart("parts");
    for (FileCutter.Part part : cut.parts()) {
      switch (part) {
        case FileCutter.Part.Header header -> json.writeNumber(header.lengthBytes());
        case FileCutter.Part.Piece piece -> write(json, piece.place(), true);
      }
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, BlobFeed.Place place, boolean withCodec) {
    write(json, place.at(), place.lengthBytes(), withCodec);
  }

  private static void write(JsonGenerator json, BlobAt at, long lengthBytes, boolean withCodec) {
    json.writeStartArray();
    json.writeNumber(at.pack());
    json.writeNumber(at.offset());
    json.writeNumber(at.storedBytes());
    json.writeNumber(lengthBytes);
    if (withCodec) {
      json.writeNumber(at.codec());
    }
    json.writeEndArray();
  }

  // ---- reading

  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static VersionManifest read(byte[] document) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), document)) {
      return new Reading().read(json);
    } catch (JacksonException | IllegalArgumentException e) {
      throw damaged("it cannot be understood", e);
    }
  }

  static SerdabException.Damaged damaged(String how, @Nullable Throwable cause) {
    Problem problem =
        new Problem(
            "manifest-damaged",
            "The manifest of a copy cannot be trusted: " + how + ".",
            "Another destination may hold a good copy; prove it with: serdab verify");
    return cause == null
        ? new SerdabException.Damaged(problem)
        : new SerdabException.Damaged(problem, cause);
  }

  // ---- moving

  /// The same manifest with its blobs elsewhere.
  ///
  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static byte[] moved(byte[] document, UnaryOperator<BlobAt> moved) {
    read(document);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonParser from = JSON.createParser(ObjectReadContext.empty(), document);
        JsonGenerator to = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      Moving moving = new Moving(from, to, moved);
      while (from.nextToken() != null) {
        moving.next();
      }
      to.writeRaw('\n');
    } catch (JacksonException | IllegalArgumentException e) {
      throw damaged("it cannot be understood", e);
    }
    return out.toByteArray();
  }

  /// Copies a manifest token by token, but for where its blobs lie. What it does not know it copies
  /// too.
  private static final class Moving {

    private static final int TOP = 1;
    private static final int IN_FILE = 3;

    private final JsonParser from;
    private final JsonGenerator to;
    private final UnaryOperator<BlobAt> moved;
    private int depth;
    private String member = "";
    private String inFile = "";

    Moving(JsonParser from, JsonGenerator to, UnaryOperator<BlobAt> moved) {
      this.from = from;
      this.to = to;
      this.moved = moved;
    }

    void next() {
      switch (from.currentToken()) {
        case PROPERTY_NAME -> {
          if (depth == TOP) {
            member = from.currentName();
          } else if (depth == IN_FILE) {
            inFile = from.currentName();
          }
        }
        case START_ARRAY -> {
          boolean header = member.equals("headers") && depth == TOP + 1;
          if (header
              || (member.equals("studyManifest") && depth == TOP)
              || (member.equals("files") && inFile.equals("parts") && depth == IN_FILE + 1)) {
            move(!header);
            return;
          }
          depth++;
        }
        case START_OBJECT -> {
          if (depth == IN_FILE - 1) {
            inFile = "";
            if (member.equals("files")) {
              to.writeRaw('\n');
            }
          }
          depth++;
        }
        case END_ARRAY, END_OBJECT -> depth--;
        default -> {}
      }
      to.copyCurrentEvent(from);
    }

    private void move(boolean withCodec) {
      Blob blob = Reading.blob(from, withCodec);
      BlobAt now = moved.apply(blob.at());
      Reading.expect(
          now.codec() == blob.at().codec() && now.storedBytes() == blob.at().storedBytes());
      write(to, now, blob.lengthBytes(), withCodec);
    }
  }

  private static final class Reading {

    private String format = "";
    private long formatVersion;
    private Optional<Blob> studyManifest = Optional.empty();
    private final List<Blob> headers = new ArrayList<>();
    private final List<FileRecipe> files = new ArrayList<>();

    VersionManifest read(JsonParser json) {
      expect(json.nextToken() == JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        switch (name) {
          case "format" -> format = json.getString();
          case "formatVersion" -> formatVersion = json.getLongValue();
          case "studyManifest" -> studyManifest = Optional.of(blob(json, true));
          case "headers" -> {
            expect(value == JsonToken.START_ARRAY);
            while (json.nextToken() == JsonToken.START_ARRAY) {
              headers.add(blob(json, false));
            }
            expect(json.currentToken() == JsonToken.END_ARRAY);
          }
          case "files" -> {
            // What comes before, by the order that is written, is needed to read them.
            expect(value == JsonToken.START_ARRAY && format.equals(FORMAT));
            if (formatVersion != FORMAT_VERSION) {
              throw damaged("a later version of this program wrote it", null);
            }
            while (json.nextToken() == JsonToken.START_OBJECT) {
              file(json);
            }
            expect(json.currentToken() == JsonToken.END_ARRAY);
          }
          default -> json.skipChildren();
        }
      }
      expect(json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null);
      return new VersionManifest(
          studyManifest.orElseThrow(() -> new IllegalArgumentException("no study manifest")),
          headers,
          files);
    }

    private void file(JsonParser json) {
      long bytes = -1;
      String sha256 = "";
      long[] header = {};
      List<Object> parts = new ArrayList<>();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "bytes" -> bytes = json.getLongValue();
          case "sha256" -> sha256 = json.getString();
          case "header" -> header = numbers(json, 2);
          case "parts" -> parts = parts(json);
          default -> json.skipChildren();
        }
      }
      expect(json.currentToken() == JsonToken.END_OBJECT && header.length == 2);
      FileRecipe recipe = new FileRecipe(bytes, Sha256.parse(sha256), placed(parts, header));
      long sum = 0;
      for (Part part : recipe.parts()) {
        sum = Math.addExact(sum, part.lengthBytes());
      }
      expect(sum == bytes);
      files.add(recipe);
    }

    private static List<Object> parts(JsonParser json) {
      expect(json.currentToken() == JsonToken.START_ARRAY);
      List<Object> parts = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        switch (json.currentToken()) {
          case VALUE_NUMBER_INT -> parts.add(json.getLongValue());
          case START_ARRAY -> parts.add(blob(json, true));
          case null, default -> throw new IllegalArgumentException("a part that is none");
        }
      }
      return parts;
    }

    private List<Part> placed(List<Object> parts, long[] header) {
      List<Part> placed = new ArrayList<>(parts.size());
      long offset = header[1];
      for (Object part : parts) {
        switch (part) {
          case Blob blob -> placed.add(new Part(blob, 0, blob.lengthBytes()));
          case Long length -> {
            expect(header[0] >= 0 && header[0] < headers.size() && length > 0 && offset >= 0);
            Blob block = headers.get((int) header[0]);
            expect(length <= block.lengthBytes() - offset);
            placed.add(new Part(block, offset, length));
            offset += length;
          }
          default -> throw new IllegalArgumentException("a part that is none");
        }
      }
      return placed;
    }

    private static Blob blob(JsonParser json, boolean withCodec) {
      long[] numbers = numbers(json, withCodec ? PIECE_NUMBERS : PIECE_NUMBERS - 1);
      for (long number : numbers) {
        expect(number >= 0);
      }
      expect(numbers[2] <= BLOB_BYTES_MAX && numbers[3] <= BLOB_BYTES_MAX);
      return new Blob(
          new BlobAt(
              Math.toIntExact(numbers[0]),
              numbers[1],
              numbers[2],
              withCodec ? Math.toIntExact(numbers[4]) : BlobCoder.ZSTD.number()),
          numbers[3]);
    }

    private static long[] numbers(JsonParser json, int count) {
      expect(json.currentToken() == JsonToken.START_ARRAY);
      long[] numbers = new long[count];
      for (int i = 0; i < count; i++) {
        expect(json.nextToken() == JsonToken.VALUE_NUMBER_INT);
        numbers[i] = json.getLongValue();
      }
      expect(json.nextToken() == JsonToken.END_ARRAY);
      return numbers;
    }

    private static void expect(boolean holds) {
      if (!holds) {
        throw new IllegalArgumentException("not what the format says");
      }
    }
  }
}
