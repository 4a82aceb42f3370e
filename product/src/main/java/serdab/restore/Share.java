package serdab.restore;

/// A share of all copies: those whose proof is oldest, so that every copy has its turn.
///
/// @param part how many of
/// @param of so many
public record Share(long part, long of) {

  public static final Share ALL = new Share(1, 1);

  public Share {
    if (part < 1 || of < part) {
      throw new IllegalArgumentException(part + "/" + of + " is no share");
    }
  }

  /// How many of a number of copies, rounded up, so that rounds end.
  public long count(long copies) {
    return Math.ceilDiv(Math.multiplyExact(copies, part), of);
  }
}
