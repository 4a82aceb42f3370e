package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serdab.source.SourceHealth;

/// What the catalogue remembers of a library's health.
class LibraryHealthTest {

  private static final Instant AT = Instant.parse("2026-11-20T10:00:00Z");

  @Test
  void itIsReadBackAsItWasWritten() {
    for (Optional<Boolean> autoClean :
        List.of(Optional.<Boolean>empty(), Optional.of(true), Optional.of(false))) {
      LibraryHealth health = health(autoClean, 3, "say \"this\"\nand that");

      assertThat(LibraryHealth.parse(health.toJson())).contains(health);
    }
  }

  @Test
  void whatCannotBeUnderstoodIsNoHealth() {
    for (String text : new String[] {"", "{", "[]", "{}", "{\"at\":\"x\"}", "null"}) {
      assertThat(LibraryHealth.parse(text)).as(text).isEmpty();
    }
  }

  private static LibraryHealth health(Optional<Boolean> autoClean, long naked, String warning) {
    return new LibraryHealth(
        AT,
        new SourceHealth(10, 20, 30, 1, autoClean, 4, 5, "UUID", "horos-1a2b3c4d"),
        naked,
        warning);
  }
}
