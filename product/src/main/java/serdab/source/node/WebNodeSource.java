package serdab.source.node;

import java.nio.file.Path;
import java.util.List;
import serdab.dicom.net.find.StudyListing;
import serdab.dicom.net.web.DicomWeb;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceId;

/// A DICOMweb node as source. Nothing is ever sent to it but questions. Thread-safe.
public final class WebNodeSource implements Source {

  private final DicomWeb node;
  private final Path scratch;

  /// @param node closed with it
  /// @param scratch for instances on their way
  public WebNodeSource(DicomWeb node, Path scratch) {
    this.node = node;
    this.scratch = scratch;
  }

  @Override
  public SourceId id() {
    return new SourceId("dicomweb:" + node.describe());
  }

  @Override
  public String describe() {
    return "the DICOMweb node " + node.describe();
  }

  /// A node has no folder; this is where instances on their way are kept.
  @Override
  public Path root() {
    return scratch;
  }

  @Override
  public List<Path> folders() {
    return List.of();
  }

  @Override
  public Inventory inventory() {
    StudyListing listing = new StudyListing(node);
    listing.run();
    return new WebNodeInventory(node, scratch, listing);
  }

  @Override
  public void close() {
    node.close();
  }
}
