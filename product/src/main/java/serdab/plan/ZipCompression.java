package serdab.plan;

/// How a tree of ZIPs makes images small.
public enum ZipCompression {
  /// By deflate, so that every entry is a file as it was found.
  DEFLATE("deflate"),
  /// By JPEG-LS, so that entries are DICOM files of another transfer syntax.
  JPEG_LS("jpeg-ls");

  private final String text;

  ZipCompression(String text) {
    this.text = text;
  }

  /// The name that people write.
  public String text() {
    return text;
  }
}
