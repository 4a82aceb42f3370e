package serdab.backup;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import serdab.catalogue.Catalogue;

/// Remembers what each destination lies on, and since when. Thread-safe.
public final class Media {

  private static final String SINCE = "medium-since/";

  private final Catalogue catalogue;
  private final InstantSource clock;

  public Media(Catalogue catalogue, InstantSource clock) {
    this.catalogue = catalogue;
    this.clock = clock;
  }

  /// A run found a destination on this.
  public void saw(String destinationId, Medium now) {
    Optional<Medium> before = of(destinationId);
    if (before.filter(now::equals).isPresent()) {
      return;
    }
    if (before.isPresent()) {
      // First, so that a crash between the two leaves too few proofs that count, not too many.
      catalogue.rememberFact(SINCE + destinationId, clock.instant().toString());
    }
    catalogue.rememberFact(Medium.factName(destinationId), now.text());
  }

  /// What a destination lay on in the last run that used it; empty when no run ever said.
  public Optional<Medium> of(String destinationId) {
    return catalogue.fact(Medium.factName(destinationId)).map(Medium::new);
  }

  /// When a destination was found on another medium than before: bytes that were read back earlier
  /// were read on the other. Empty when it never was.
  public Optional<Instant> since(String destinationId) {
    try {
      return catalogue.fact(SINCE + destinationId).map(Instant::parse);
    } catch (DateTimeException e) {
      return Optional.of(Instant.MAX);
    }
  }
}
