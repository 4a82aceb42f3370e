package serdab.ziptree;

import java.util.Arrays;

/// One Huffman code of deflate (RFC 1951 section 3.2.2): code lengths from frequencies, codes from
/// lengths. Reusable; one thread at a time.
final class PrefixCode {

  /// How many bits of a sort key hold the symbol: the largest alphabet has 288 symbols.
  private static final int SYMBOL_BITS = 9;

  /// The longest code length RFC 1951 can write down.
  static final int LENGTH_LIMIT = 15;

  private final int symbolCount;
  private final int lengthLimit;

  /// The code length of each symbol in bits; 0 for a symbol that does not occur.
  final byte[] lengths;

  /// The code of each symbol, its bits already reversed into deflate's order.
  final int[] codes;

  private final int[] keys;
  private final int[] tree;
  private final int[] lengthCounts = new int[LENGTH_LIMIT + 2];

  PrefixCode(int symbolCount, int lengthLimit) {
    this.symbolCount = symbolCount;
    this.lengthLimit = lengthLimit;
    this.lengths = new byte[symbolCount];
    this.codes = new int[symbolCount];
    this.keys = new int[symbolCount];
    this.tree = new int[symbolCount];
  }

  /// Makes the code for `frequencies`, each from 0 to 2^22.
  ///
  /// At least two symbols get a code, used or not: RFC 1951 allows fewer, some old readers do not.
  void build(int[] frequencies) {
    int used = sortUsed(frequencies);
    Arrays.fill(lengths, (byte) 0);
    countLengths(used);
    limitLengths();
    int next = 0;
    // The rarest symbols come first in the keys and get the longest codes.
    for (int length = lengthLimit; length > 0; length--) {
      for (int n = lengthCounts[length]; n > 0; n--) {
        lengths[keys[next++] & ((1 << SYMBOL_BITS) - 1)] = (byte) length;
      }
    }
    assignCodes();
  }

  private int sortUsed(int[] frequencies) {
    int used = 0;
    for (int symbol = 0; symbol < symbolCount; symbol++) {
      int frequency = frequencies[symbol];
      if (frequency != 0) {
        keys[used++] = (frequency << SYMBOL_BITS) | symbol;
      }
    }
    for (int symbol = 0; used < 2; symbol++) {
      if (frequencies[symbol] == 0) {
        keys[used++] = (1 << SYMBOL_BITS) | symbol;
      }
    }
    Arrays.sort(keys, 0, used);
    return used;
  }

  /// Counts how many codes of each length an optimal code has, by the in-place method of Moffat and
  /// Katajainen: the array holds weights first, then parents, then depths of the inner nodes.
  private void countLengths(int used) {
    int[] node = tree;
    for (int i = 0; i < used; i++) {
      node[i] = keys[i] >>> SYMBOL_BITS;
    }
    int leaf = 0;
    int inner = 0;
    for (int next = 0; next < used - 1; next++) {
      int weight;
      if (leaf >= used || (inner < next && node[inner] < node[leaf])) {
        weight = node[inner];
        node[inner++] = next;
      } else {
        weight = node[leaf++];
      }
      if (leaf >= used || (inner < next && node[inner] < node[leaf])) {
        weight += node[inner];
        node[inner++] = next;
      } else {
        weight += node[leaf++];
      }
      node[next] = weight;
    }
    Arrays.fill(lengthCounts, 0);
    node[used - 2] = 0;
    for (int i = used - 3; i >= 0; i--) {
      node[i] = node[node[i]] + 1;
    }
    int depth = 0;
    int free = 1;
    int i = used - 2;
    while (free > 0) {
      int inners = 0;
      while (i >= 0 && node[i] == depth) {
        inners++;
        i--;
      }
      lengthCounts[Math.min(depth, lengthLimit)] += free - inners;
      free = 2 * inners;
      depth++;
    }
  }

  /// Codes that are too long were counted as just long enough, which overfills the code space. Each
  /// turn takes one of the longest and hangs it beside a shorter one, until the code is complete.
  private void limitLengths() {
    int filled = 0;
    for (int length = 1; length <= lengthLimit; length++) {
      filled += lengthCounts[length] << (lengthLimit - length);
    }
    for (; filled > 1 << lengthLimit; filled--) {
      int shorter = lengthLimit - 1;
      while (lengthCounts[shorter] == 0) {
        shorter--;
      }
      lengthCounts[shorter]--;
      lengthCounts[shorter + 1] += 2;
      lengthCounts[lengthLimit]--;
    }
  }

  private void assignCodes() {
    int[] next = tree;
    int code = 0;
    next[0] = 0;
    for (int length = 1; length <= lengthLimit; length++) {
      code = (code + (length == 1 ? 0 : lengthCounts[length - 1])) << 1;
      next[length] = code;
    }
    for (int symbol = 0; symbol < symbolCount; symbol++) {
      int length = lengths[symbol];
      codes[symbol] = length == 0 ? 0 : Integer.reverse(next[length]++) >>> (32 - length);
    }
  }
}
