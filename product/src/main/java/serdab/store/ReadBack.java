package serdab.store;

/// Stored bytes read for proof. Best read from start to end in large pieces; one thread at a time,
/// open one for each thread.
public interface ReadBack extends ReadableBytes {

  /// How the bytes come here, which is what a proof by them is worth.
  Means means();

  /// The ways stored bytes come back.
  enum Means {
    /// From the medium, not from this computer's memory.
    PAST_CACHE,
    /// Perhaps from this computer's memory: that they are right says little about the medium.
    THROUGH_CACHE,
    /// From another computer; what it read them from, it does not say.
    NETWORK
  }
}
