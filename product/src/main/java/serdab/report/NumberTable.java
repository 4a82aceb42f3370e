package serdab.report;

import java.nio.ByteBuffer;

/// Remembers a few bits for each of many numbers by the first 128 bits of their digests, in 17
/// bytes for each place. Two numbers that share those bits are not to be found by anyone. One
/// thread at a time.
final class NumberTable {

  private static final int FIRST_PLACES = 1 << 10;

  private long[] keys = new long[2 * FIRST_PLACES];
  private byte[] states = new byte[FIRST_PLACES];
  private int used;

  /// Adds bits to what is remembered.
  ///
  /// @param digest at least 16 bytes
  /// @param bits not 0
  void add(byte[] digest, byte bits) {
    if (used * 3L > states.length * 2L) {
      grow();
    }
    ByteBuffer key = ByteBuffer.wrap(digest);
    put(key.getLong(0), key.getLong(8), bits);
  }

  /// What is remembered; 0 when nothing is.
  byte state(byte[] digest) {
    ByteBuffer key = ByteBuffer.wrap(digest);
    return states[place(key.getLong(0), key.getLong(8))];
  }

  private void put(long high, long low, byte bits) {
    int place = place(high, low);
    used += states[place] == 0 ? 1 : 0;
    keys[2 * place] = high;
    keys[2 * place + 1] = low;
    states[place] |= bits;
  }

  private int place(long high, long low) {
    int mask = states.length - 1;
    int place = (int) high & mask;
    while (states[place] != 0 && (keys[2 * place] != high || keys[2 * place + 1] != low)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  private void grow() {
    long[] oldKeys = keys;
    byte[] oldStates = states;
    keys = new long[2 * oldKeys.length];
    states = new byte[2 * oldStates.length];
    used = 0;
    for (int i = 0; i < oldStates.length; i++) {
      if (oldStates[i] != 0) {
        put(oldKeys[2 * i], oldKeys[2 * i + 1], oldStates[i]);
      }
    }
  }
}
