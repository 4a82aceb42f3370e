package serdab.ziptree;

import java.util.ArrayList;
import java.util.List;

/// A mebibyte of input, cut into pieces of entries, and what compressing made of it.
///
/// One thread fills it and submits it; one thread compresses it; then the first thread reads the
/// results.
final class Slab {

  static final int BYTES = 1 << 20;

  /// What [Deflate] may touch behind the last byte it makes.
  private static final int DEFLATE_SLACK_BYTES = 64;

  final byte[] in = new byte[BYTES];
  final byte[] out = new byte[Deflate.bound(BYTES) + DEFLATE_SLACK_BYTES];
  final List<Piece> pieces = new ArrayList<>();
  int filled;

  private final Crew crew;
  private Job job;

  Slab(Crew crew) {
    this.crew = crew;
    this.job = new Job(this::compress);
  }

  int room() {
    return BYTES - filled;
  }

  void submit() {
    crew.executor().execute(job);
  }

  boolean isDone() {
    return job.isDone();
  }

  /// Returns when it is compressed.
  void await() {
    job.await();
  }

  /// Forgets its pieces, for the next use; no thread may be working on it.
  void clear() {
    pieces.clear();
    filled = 0;
    job = new Job(this::compress);
  }

  private void compress() {
    Deflate deflate = crew.takeDeflate();
    // What pays is shorter than its input, so results never overtake their pieces.
    int next = 0;
    for (Piece piece : pieces) {
      piece.outFrom = next;
      int made =
          piece.first && piece.last
              ? deflate.compress(in, piece.from, piece.to, out, next)
              : deflate.compressPart(in, piece.from, piece.from, piece.to, piece.last, out, next);
      boolean pays = made >= 0 && ZipWriter.pays(made, piece.length());
      piece.deflatedBytes = pays ? made : Piece.DOES_NOT_PAY;
      next += pays ? made : 0;
    }
    crew.giveBack(deflate);
  }

  /// A run of bytes of one entry in a slab.
  static final class Piece {

    static final int DOES_NOT_PAY = -1;

    final ZipWriter.Entry entry;
    final boolean first;
    final int from;
    int to;
    boolean last;
    int outFrom;
    int deflatedBytes = DOES_NOT_PAY;

    Piece(ZipWriter.Entry entry, boolean first, int from) {
      this.entry = entry;
      this.first = first;
      this.from = from;
      this.to = from;
    }

    int length() {
      return to - from;
    }
  }
}
