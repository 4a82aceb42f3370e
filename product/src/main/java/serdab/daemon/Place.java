package serdab.daemon;

import serdab.destination.Destination;

/// A destination that is read by several threads, and closed when it was given up and the last of
/// them is done. Thread-safe.
final class Place {

  private final Destination destination;
  private int users = 1;

  /// @param destination closed by this
  Place(Destination destination) {
    this.destination = destination;
  }

  Destination destination() {
    return destination;
  }

  /// Holds it open until [#leave]; false when it is closed already.
  synchronized boolean enter() {
    if (users == 0) {
      return false;
    }
    users++;
    return true;
  }

  /// Undoes one [#enter], or the making.
  void leave() {
    boolean last;
    synchronized (this) {
      users--;
      last = users == 0;
    }
    if (last) {
      destination.close();
    }
  }
}
