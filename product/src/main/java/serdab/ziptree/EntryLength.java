package serdab.ziptree;

/// Tells how long files become as entries of a study's ZIP, without writing any. One thread at a
/// time; buffers are kept from one to the next.
public final class EntryLength {

  /// Of a file that is longer than this, pieces are deflated apart from each other.
  public static final int PIECE_BYTES = Slab.BYTES;

  /// What headers and directory of a ZIP and its manifest say of one file, as measured on CT with
  /// names as a viewer gives them.
  public static final int FILE_BYTES = 460;

  private final boolean jpegLs;
  private final JpegLsFile coder = new JpegLsFile();
  private final Deflate deflate = new Deflate();
  private byte[] out = {};

  /// @param jpegLs whether images that can be are stored as JPEG-LS
  public EntryLength(boolean jpegLs) {
    this.jpegLs = jpegLs;
  }

  /// Whether a file of this length has to be looked at as a whole.
  public boolean wantsWhole(long lengthBytes) {
    return lengthBytes <= PIECE_BYTES
        || (jpegLs
            && lengthBytes >= JpegLsFile.FILE_BYTES_MIN
            && lengthBytes <= Recipe.FILE_BYTES_MAX);
  }

  /// The length of the entry of a whole file.
  public long ofFile(byte[] file) {
    if (jpegLs) {
      var made = coder.make(file);
      if (made.isPresent()) {
        // Its recipe is in the manifest.
        return ofPieces(made.get().entry());
      }
    }
    return ofPieces(file);
  }

  /// How much is left of some bytes in the middle of a file.
  public long ofPiece(byte[] piece) {
    return ofPieces(piece);
  }

  private long ofPieces(byte[] bytes) {
    long deflated = 0;
    for (int from = 0; from < bytes.length; from += PIECE_BYTES) {
      int to = Math.min(bytes.length, from + PIECE_BYTES);
      if (out.length < Deflate.bound(to - from)) {
        out = new byte[Deflate.bound(to - from)];
      }
      int made = deflate.compress(bytes, from, to, out, 0);
      deflated += made < 0 ? to - from : made;
    }
    return ZipWriter.pays(deflated, bytes.length) ? deflated : bytes.length;
  }
}
