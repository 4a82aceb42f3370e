package serdab.source.horos;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import serdab.Finding;

/// The files that the viewer is about to unlink, from `DeleteQueueFile.plist`: a property list, XML
/// or binary, holding an array of absolute paths.
///
/// @param paths as written there; of those in the folder of files also the part that begins with
///   its name
/// @param findings when it cannot be understood
record DeletionQueue(Set<String> paths, List<Finding> findings) {

  static final String NAME = "DeleteQueueFile.plist";
  private static final int BYTES_MAX = 64 * 1024 * 1024;
  private static final int PATHS_MAX = 500_000;
  private static final int PATH_LENGTH_MAX = 4096;
  private static final byte[] BINARY_MAGIC = "bplist00".getBytes(StandardCharsets.US_ASCII);
  private static final int TRAILER_BYTES = 32;

  private static final String FILES = "/DATABASE.noindex/";

  DeletionQueue {
    Set<String> all = new HashSet<>(paths);
    for (String path : paths) {
      int files = path.lastIndexOf(FILES);
      if (files >= 0) {
        all.add(path.substring(files + 1));
      }
    }
    paths = Set.copyOf(all);
    findings = List.copyOf(findings);
  }

  /// Whether a file is about to be deleted. The viewer may see the library at another path than we
  /// do, so the part inside the library decides.
  ///
  /// @param entry its path inside the library
  boolean names(String entry, Path file) {
    return paths.contains(file.toString()) || paths.contains(entry);
  }

  /// How many files are about to be deleted.
  long size() {
    return paths.stream().filter(path -> path.startsWith("/")).count();
  }

  /// Reads the queue of a library; empty when there is none.
  static DeletionQueue read(Path base) {
    byte[] content;
    try (InputStream in = Files.newInputStream(base.resolve(NAME))) {
      content = in.readNBytes(BYTES_MAX);
    } catch (NoSuchFileException e) {
      return new DeletionQueue(Set.of(), List.of());
    } catch (IOException e) {
      return notUnderstood();
    }
    try {
      return new DeletionQueue(
          isBinary(content) ? fromBinary(content) : fromXml(content), List.of());
    } catch (XMLStreamException | IndexOutOfBoundsException | IllegalArgumentException e) {
      return notUnderstood();
    }
  }

  private static DeletionQueue notUnderstood() {
    return new DeletionQueue(
        Set.of(),
        List.of(
            Finding.about(
                NAME,
                "deletion-queue-not-understood",
                "The viewer's list of files to delete cannot be read; files it names may be called"
                    + " missing.")));
  }

  private static boolean isBinary(byte[] content) {
    return content.length > BINARY_MAGIC.length
        && ByteBuffer.wrap(content, 0, BINARY_MAGIC.length).equals(ByteBuffer.wrap(BINARY_MAGIC));
  }

  private static Set<String> fromXml(byte[] content) throws XMLStreamException {
    XMLInputFactory factory = XMLInputFactory.newFactory();
    // The file is outside data: no entity and no external DTD is looked up for it.
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    XMLStreamReader reader = factory.createXMLStreamReader(new ByteArrayInputStream(content));
    Set<String> paths = new HashSet<>();
    while (reader.hasNext() && paths.size() < PATHS_MAX) {
      if (reader.next() == XMLStreamConstants.START_ELEMENT
          && reader.getLocalName().equals("string")) {
        String path = reader.getElementText();
        if (path.length() <= PATH_LENGTH_MAX) {
          paths.add(path);
        }
      }
    }
    reader.close();
    return paths;
  }

  /// All strings of a binary property list; in an array of paths there are no others.
  ///
  /// Trailer (last 32 bytes): offset size at 6, number of entries at 8, offset table at 24. An
  /// entry begins with a marker: 0x5n ASCII, 0x6n UTF-16; n = 15 puts the length in an integer
  /// behind.
  private static Set<String> fromBinary(byte[] content) {
    ByteBuffer in = ByteBuffer.wrap(content);
    int trailer = content.length - TRAILER_BYTES;
    int offsetSize = in.get(trailer + 6);
    long count = in.getLong(trailer + 8);
    long table = in.getLong(trailer + 24);
    if (count < 0 || count > PATHS_MAX || table < 0 || table > trailer) {
      throw new IllegalArgumentException("no binary property list");
    }
    Set<String> paths = new HashSet<>();
    for (int i = 0; i < count; i++) {
      long at = integer(in, Math.toIntExact(table + (long) i * offsetSize), offsetSize);
      int position = (int) Math.min(at, Integer.MAX_VALUE);
      int marker = in.get(position) & 0xff;
      int kind = marker >> 4;
      if (kind != 5 && kind != 6) {
        continue;
      }
      long length = marker & 0x0f;
      int text = position + 1;
      if (length == 15) {
        int size = 1 << (in.get(text) & 0x0f);
        length = integer(in, text + 1, size);
        text += 1 + size;
      }
      if (length > PATH_LENGTH_MAX) {
        continue;
      }
      int bytes = (int) length * (kind == 5 ? 1 : 2);
      paths.add(
          new String(
              content,
              text,
              bytes,
              kind == 5 ? StandardCharsets.US_ASCII : StandardCharsets.UTF_16BE));
    }
    return paths;
  }

  private static long integer(ByteBuffer in, int position, int size) {
    if (size < 1 || size > 8) {
      throw new IllegalArgumentException("no binary property list");
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      value = (value << 8) | (in.get(position + i) & 0xff);
    }
    if (value < 0) {
      throw new IllegalArgumentException("no binary property list");
    }
    return value;
  }
}
