package serdab.destination;

import java.util.UUID;

/// The identity of a destination, kept in its own marker: two disks that take turns under one mount
/// name have two.
public record DestinationId(UUID value) {

  @Override
  public String toString() {
    return value.toString();
  }
}
