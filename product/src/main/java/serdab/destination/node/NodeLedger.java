package serdab.destination.node;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.Staged;
import serdab.ziptree.StudyDocument;

/// Which versions were proven at a node, with the digests of their files: the manifests that a node
/// itself cannot keep. Thread-safe.
///
/// It holds what the copies hold, so its folder is readable by its owner only. Losing it loses no
/// copy.
final class NodeLedger implements AutoCloseable {

  private static final String VERSIONS = "versions/";
  private static final String ASIDE = "aside/";

  /// What stood in front of the data sets of a version's files, where a node keeps only those.
  private static final String HEADERS = "headers/";

  /// In which other form instances of a version are at the node.
  private static final String FORMS = "forms/";

  private static final String END = ".json.gz";

  /// Stands behind the number of a version whose instances came back bit for bit.
  private static final String EXACTLY = "e";

  /// Stands behind the number of a version of which instances were converted for the node.
  private static final String CONVERTED = "c";

  private static final int NAME_DIGITS = 32;
  private static final int BLOB_CHUNK_BYTES = 64 << 10;

  private final BlobStore store;
  private final String writtenBy;

  NodeLedger(BlobStore store, String writtenBy) {
    this.store = store;
    this.writtenBy = writtenBy;
  }

  /// One version.
  ///
  /// @param location its name here, without patient data
  record Entry(String location, StudyVersion version) {

    /// Whether each instance came back bit for bit when it was proven.
    boolean cameBackExactly() {
      return location.endsWith(EXACTLY);
    }

    /// Whether some of its instances are at the node in another form.
    boolean isConverted() {
      return location.endsWith(CONVERTED);
    }
  }

  private static String folder(StudyKey study) {
    String hash = Sha256.digest(study.value().getBytes(StandardCharsets.UTF_8)).hex();
    return hash.substring(0, NAME_DIGITS) + "/";
  }

  /// The versions of a study, oldest first.
  List<Entry> of(StudyKey study) {
    return names(VERSIONS + folder(study)).stream()
        .map(this::read)
        .flatMap(Optional::stream)
        .filter(entry -> entry.version().facts().key().equals(study))
        .toList();
  }

  /// Whether any version of a study may be here; opens nothing.
  boolean knows(StudyKey study) {
    return !names(VERSIONS + folder(study)).isEmpty();
  }

  /// All studies with a version here.
  List<StudyKey> studies() {
    List<StudyKey> studies = new ArrayList<>();
    String last = "";
    for (String name : names(VERSIONS)) {
      String folder = name.substring(0, name.lastIndexOf('/'));
      if (!folder.equals(last)) {
        read(name).ifPresent(entry -> studies.add(entry.version().facts().key()));
        last = folder;
      }
    }
    return studies;
  }

  private List<String> names(String prefix) {
    try (Stream<BlobInfo> blobs = store.list(prefix)) {
      return blobs
          .map(BlobInfo::name)
          .filter(name -> name.endsWith(END))
          .sorted(Comparator.naturalOrder())
          .toList();
    }
  }

  /// The version of this name; empty when there is none any more.
  Optional<Entry> at(String location) {
    String name = VERSIONS + location + END;
    return store.find(name).isPresent() ? read(name) : Optional.empty();
  }

  /// One that cannot be read is one that was lost: the study is compared again.
  private Optional<Entry> read(String name) {
    try (Blob blob = store.open(name);
        InputStream in = new GZIPInputStream(stream(blob))) {
      String location = name.substring(VERSIONS.length(), name.length() - END.length());
      return Optional.of(new Entry(location, StudyDocument.read(in)));
    } catch (IOException | SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  private static InputStream stream(Blob blob) {
    return new InputStream() {
      private long at;

      @Override
      public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] target, int offset, int length) {
        if (length == 0) {
          return 0;
        }
        int count = blob.read(at, ByteBuffer.wrap(target, offset, length));
        at += Math.max(0, count);
        return count;
      }
    };
  }

  /// Remembers a version that was proven.
  ///
  /// @param exactly whether each instance came back bit for bit
  /// @param headers what stood in front of the data sets of its files, by SOP Instance UID, where
  ///   the node does not keep that
  /// @param forms in which other form instances are at the node, by SOP Instance UID
  /// @return its name here
  String add(
      StudyVersion version,
      boolean exactly,
      Map<String, FileHeader> headers,
      Map<String, OtherForm> forms) {
    String folder = folder(version.facts().key());
    List<String> all = new ArrayList<>(names(VERSIONS + folder));
    names(ASIDE + folder).forEach(name -> all.add(VERSIONS + name.substring(ASIDE.length())));
    long last =
        all.stream()
            .map(name -> name.substring(VERSIONS.length() + folder.length()))
            .map(name -> name.substring(0, name.length() - END.length()))
            .map(name ->
                name.endsWith(EXACTLY) || name.endsWith(CONVERTED)
                    ? name.substring(0, name.length() - 1)
                    : name)
            .filter(name -> name.matches("[0-9]{1,9}"))
            .mapToLong(Long::parseLong)
            .max()
            .orElse(0);
    byte[] document = document(version);
    for (long number = last + 1; ; number++) {
      String mark = forms.isEmpty() ? exactly ? EXACTLY : "" : CONVERTED;
      String location = folder + "%05d".formatted(number) + mark;
      // First the headers: whoever sees the version finds them. Another worker may have taken this
      // number a moment ago, or a run that was killed.
      boolean taken = !headers.isEmpty() && !write(HEADERS + location + END, packed(headers));
      taken = taken || (!forms.isEmpty() && !write(FORMS + location + END, packedForms(forms)));
      if (!taken && write(VERSIONS + location + END, document)) {
        return location;
      }
    }
  }

  /// @return false when there is one of this name
  private boolean write(String name, byte[] bytes) {
    try (Staged staged = store.stage(name)) {
      for (int at = 0; at < bytes.length; at += BLOB_CHUNK_BYTES) {
        staged.write(ByteBuffer.wrap(bytes, at, Math.min(BLOB_CHUNK_BYTES, bytes.length - at)));
      }
      staged.sync();
      staged.commit();
      return true;
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("blob-exists")) {
        throw e;
      }
      return false;
    }
  }

  private static byte[] packed(Map<String, FileHeader> headers) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(new GZIPOutputStream(bytes))) {
      out.writeInt(headers.size());
      for (Map.Entry<String, FileHeader> each : headers.entrySet()) {
        put(out, each.getKey().getBytes(StandardCharsets.UTF_8));
        put(out, each.getValue().sentIn().getBytes(StandardCharsets.UTF_8));
        put(out, each.getValue().bytes());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] packedForms(Map<String, OtherForm> forms) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(new GZIPOutputStream(bytes))) {
      out.writeInt(forms.size());
      for (Map.Entry<String, OtherForm> each : forms.entrySet()) {
        OtherForm form = each.getValue();
        put(out, each.getKey().getBytes(StandardCharsets.UTF_8));
        put(out, form.transferSyntaxUid().getBytes(StandardCharsets.UTF_8));
        put(out, form.canonical().bytes());
        put(out, form.pixel().map(Sha256::bytes).orElse(new byte[0]));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /// In which other form instances of a version are at the node, by SOP Instance UID. When it is
  /// damaged they are compared as if nobody had converted them, and found altered.
  Map<String, OtherForm> forms(String location) {
    String name = FORMS + location + END;
    if (!location.endsWith(CONVERTED) || store.find(name).isEmpty()) {
      return Map.of();
    }
    Map<String, OtherForm> forms = new HashMap<>();
    try (Blob blob = store.open(name);
        DataInputStream in = new DataInputStream(new GZIPInputStream(stream(blob)))) {
      for (int left = in.readInt(); left > 0; left--) {
        String sop = new String(piece(in), StandardCharsets.UTF_8);
        String syntax = new String(piece(in), StandardCharsets.UTF_8);
        Sha256 canonical = digest(piece(in));
        byte[] pixel = piece(in);
        forms.put(
            sop,
            new OtherForm(
                syntax,
                canonical,
                pixel.length == 0 ? Optional.empty() : Optional.of(digest(pixel)),
                Optional.empty()));
      }
    } catch (IOException | SerdabException.Damaged e) {
      // What was read by now is as good as the rest was.
    }
    return forms;
  }

  private static Sha256 digest(byte[] bytes) throws IOException {
    try {
      return Sha256.of(bytes);
    } catch (IllegalArgumentException e) {
      throw new IOException("not a digest", e);
    }
  }

  private static void put(DataOutputStream out, byte[] piece) throws IOException {
    out.writeInt(piece.length);
    out.write(piece);
  }

  /// What stood in front of the data sets of a version's files, by SOP Instance UID; as far as that
  /// is known. Without it their bytes are not what they were, and all their values are.
  Map<String, FileHeader> headers(String location) {
    String name = HEADERS + location + END;
    if (store.find(name).isEmpty()) {
      return Map.of();
    }
    Map<String, FileHeader> headers = new HashMap<>();
    try (Blob blob = store.open(name);
        DataInputStream in = new DataInputStream(new GZIPInputStream(stream(blob)))) {
      for (int left = in.readInt(); left > 0; left--) {
        String sop = new String(piece(in), StandardCharsets.UTF_8);
        String sentIn = new String(piece(in), StandardCharsets.UTF_8);
        headers.put(sop, new FileHeader(sentIn, piece(in)));
      }
    } catch (IOException | SerdabException.Damaged e) {
      // What was read by now is as good as the rest was.
    }
    return headers;
  }

  private static byte[] piece(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > FileHeader.BYTES_MAX) {
      throw new IOException("a header of " + length + " bytes");
    }
    return in.readNBytes(length);
  }

  private byte[] document(StudyVersion version) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      StudyDocument.write(out, version, writtenBy);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /// Takes a version out of those that are remembered; it is kept aside.
  ///
  /// @return its new name; empty when it is not there
  Optional<String> setAside(String location) {
    String name = VERSIONS + location + END;
    if (store.find(name).isEmpty()) {
      return Optional.empty();
    }
    store.move(name, ASIDE + location + END);
    if (store.find(HEADERS + location + END).isPresent()) {
      store.move(HEADERS + location + END, ASIDE + HEADERS + location + END);
    }
    if (store.find(FORMS + location + END).isPresent()) {
      store.move(FORMS + location + END, ASIDE + FORMS + location + END);
    }
    return Optional.of(ASIDE + location);
  }

  long asideCount() {
    return names(ASIDE).stream()
        .filter(name -> !name.startsWith(ASIDE + HEADERS) && !name.startsWith(ASIDE + FORMS))
        .count();
  }

  @Override
  public void close() {
    store.close();
  }
}
