package serdab.dicom.net;

import java.time.Duration;

/// How long is waited for what. After any of these an association is lost.
///
/// @param connect until the connection is open
/// @param negotiation until the peer answered a request for an association, and for the handshake
///   of TLS; also the longest a PDU may take once its first byte came, besides its length
/// @param response until the first byte of an answer comes, beside the time that its size takes
/// @param idle until a peer that asked for an association says something
/// @param closing until the peer closes a connection that is done with (ARTIM, PS3.8 section 9.1.5)
/// @param bytesPerSecondMin slower than this counts as hanging
public record Timeouts(
    Duration connect,
    Duration negotiation,
    Duration response,
    Duration idle,
    Duration closing,
    long bytesPerSecondMin) {

  /// What fits hospital networks: a response may take two minutes, a kilobyte 30 ms.
  public static final Timeouts DEFAULT =
      new Timeouts(
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          Duration.ofMinutes(2),
          Duration.ofMinutes(5),
          Duration.ofSeconds(2),
          32 << 10);

  public Timeouts {
    if (bytesPerSecondMin <= 0) {
      throw new IllegalArgumentException("bytesPerSecondMin must be positive");
    }
  }

  /// How long a number of bytes may take, on top of something else.
  Duration forBytes(Duration base, long bytes) {
    return base.plusMillis(bytes / Math.max(1, bytesPerSecondMin / 1000));
  }
}
