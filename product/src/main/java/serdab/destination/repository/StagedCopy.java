package serdab.destination.repository;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import serdab.VersionId;
import serdab.destination.HeldVersion;
import serdab.destination.StagedVersion;
import serdab.dicom.DicomFile;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.repository.VersionWriter;
import serdab.ziptree.StudyDocument;

/// A version being written into the repository. One thread at a time.
final class StagedCopy implements StagedVersion {

  private final VersionWriter writer;
  private final BlobFeed feed;
  private final HeaderBlocks headers;
  private final FileCutter cutter;
  private final String writtenBy;
  private final Function<VersionWriter.Committed, HeldVersion> proven;
  private final Map<String, FileCutter.Cut> cuts = new HashMap<>();
  private String path = "";

  /// @param proven makes a held version of what was committed, with the proof it reached
  StagedCopy(
      VersionWriter writer,
      Coders coders,
      String writtenBy,
      Function<VersionWriter.Committed, HeldVersion> proven) {
    this.writer = writer;
    this.feed = new BlobFeed(writer, coders);
    this.headers = new HeaderBlocks(feed);
    this.cutter = new FileCutter(feed, headers, coders.compression());
    this.writtenBy = writtenBy;
    this.proven = proven;
  }

  @Override
  public void beginFile(String newPath, long lengthBytes) {
    path = newPath;
    cutter.begin(lengthBytes);
  }

  @Override
  public void structure(DicomFile index) {
    cutter.structure(index);
  }

  @Override
  public void write(ByteBuffer bytes) {
    cutter.write(bytes);
  }

  @Override
  public void endFile(StoredFile file) {
    FileCutter.Cut cut = cutter.end();
    if (!file.path().equals(path) || cut.lengthBytes() != file.lengthBytes()) {
      throw new IllegalArgumentException(
          "a file of " + file.lengthBytes() + " bytes gave " + cut.lengthBytes());
    }
    cuts.put(path, cut);
  }

  @Override
  public HeldVersion commit(StudyVersion version) {
    headers.end();
    ByteArrayOutputStream document = new ByteArrayOutputStream();
    StudyDocument.write(document, version, writtenBy);
    BlobFeed.Place studyManifest = add(document.toByteArray());
    feed.drain();
    byte[] manifest = VersionManifest.json(version, studyManifest, headers.blocks(), cuts);
    VersionWriter.Committed committed =
        writer.commit(
            version.id().hex(),
            version.supersedes().map(VersionId::hex),
            version.files().size(),
            version.lengthBytes(),
            manifest);
    return proven.apply(committed);
  }

  private BlobFeed.Place add(byte[] whole) {
    return feed.add(whole, whole.length, new BlobFeed.Kind.Header(headers.level()));
  }

  @Override
  public void close() {
    writer.close();
  }

  /// What a test may know of a file: how it was cut.
  Optional<FileCutter.Cut> cut(String ofPath) {
    return Optional.ofNullable(cuts.get(ofPath));
  }
}
