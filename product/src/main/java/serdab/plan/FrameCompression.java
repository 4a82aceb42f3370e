package serdab.plan;

/// How much work a repository spends on making images small.
public enum FrameCompression {
  /// JPEG-LS: the least room.
  JPEG_LS("jpeg-ls"),
  /// What guesses from neighbours leave, by zstd: about a quarter more room of CT and MR, and less
  /// work.
  FAST("fast");

  private final String text;

  FrameCompression(String text) {
    this.text = text;
  }

  /// The name that people write.
  public String text() {
    return text;
  }
}
