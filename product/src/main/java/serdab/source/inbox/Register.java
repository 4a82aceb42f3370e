package serdab.source.inbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import serdab.Sha256;

/// The digests with which instances came, one line for each, as sha256sum(1) writes and checks
/// them:
///
/// ```
/// (64 hexadecimal digits)  received/STUDY/INSTANCE.dcm
/// ```
///
/// Lines are appended and synced before the log that held the instances is given away, so that no
/// instance is without the digest it was acknowledged with. A killed receiver may leave a torn line
/// at the end, which is cut off, and lines twice. Lines stay when people move files away.
///
/// Looking is thread-safe. The first look for an instance reads the whole register and holds up to
/// 22 bytes for each line from then on; who never looks holds nothing.
final class Register {

  private static final int CHUNK_BYTES = 1 << 20;
  private static final int DIGEST_DIGITS = 2 * Sha256.LENGTH_BYTES;
  private static final int LINE_BYTES_MAX = 512;
  private static final String GAP = "  ";
  private static final int FIRST_SLOTS = 1 << 10;

  /// A slot has the unit in which its line begins, plus one so that 0 is an empty slot, and above
  /// it a hash of the name. Every line is longer than a unit, so that one begins in each at most.
  private static final int UNIT_BYTES = 64;

  private static final int HASH_SHIFT = 32;
  private static final long UNIT_MASK = (1L << HASH_SHIFT) - 1;

  private final InboxFolder folder;
  private long[] slots = new long[0];
  private int used;
  private long readBytes;

  Register(InboxFolder folder) {
    this.folder = folder;
  }

  /// An instance and what its bytes must be.
  ///
  /// @param file its place
  /// @param digest of its bytes, as they came
  record Line(Path file, Sha256 digest) {}

  private Path file() {
    return folder.root().resolve("received.sha256");
  }

  /// Begins to append; one at a time.
  Appender append() throws IOException {
    boolean isNew = !Files.exists(file());
    FileChannel out =
        FileChannel.open(
            file(), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      long whole = wholeBytes(out);
      out.truncate(whole);
      out.position(whole);
      if (isNew) {
        InboxFolder.sync(folder.root());
      }
    } catch (IOException e) {
      out.close();
      throw e;
    }
    return new Appender(out);
  }

  /// Appends lines. What is not synced may be gone after a power cut.
  final class Appender implements AutoCloseable {

    private final FileChannel out;
    private final StringBuilder text = new StringBuilder();

    private Appender(FileChannel out) {
      this.out = out;
    }

    void add(Line line) throws IOException {
      String place = folder.root().relativize(line.file()).toString().replace('\\', '/');
      text.append(line.digest().hex()).append(GAP).append(place).append('\n');
      if (text.length() >= CHUNK_BYTES / 4) {
        write();
      }
    }

    private void write() throws IOException {
      ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
      text.setLength(0);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }

    void sync() throws IOException {
      write();
      out.force(true);
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  /// Up to the end of the last whole line.
  private static long wholeBytes(FileChannel in) throws IOException {
    long size = in.size();
    ByteBuffer tail = ByteBuffer.allocate((int) Math.min(size, LINE_BYTES_MAX));
    long from = size - tail.capacity();
    fill(in, tail, from);
    for (int i = tail.position() - 1; i >= 0; i--) {
      if (tail.get(i) == '\n') {
        return from + i + 1;
      }
    }
    return from;
  }

  private static void fill(FileChannel in, ByteBuffer target, long from) throws IOException {
    for (long at = from; target.hasRemaining(); ) {
      int got = in.read(target, at);
      if (got < 0) {
        return;
      }
      at += got;
    }
  }

  // ---- looking

  /// What is known under a name.
  ///
  /// @param name of an instance, as its file has it, without `.dcm`
  /// @return each file once for each digest; no more than people may have moved away
  synchronized Set<Line> of(String name) throws IOException {
    Set<Line> found = new LinkedHashSet<>();
    if (!Files.exists(file())) {
      return found;
    }
    try (FileChannel in = FileChannel.open(file(), StandardOpenOption.READ)) {
      readOn(in);
      if (slots.length == 0) {
        return found;
      }
      int hash = hash(name);
      for (int i = slot(hash); slots[i] != 0; i = (i + 1) & (slots.length - 1)) {
        if ((int) (slots[i] >>> HASH_SHIFT) == hash) {
          beginningIn(in, (slots[i] & UNIT_MASK) - 1)
              .filter(one -> name(one.file()).equals(name))
              .ifPresent(found::add);
        }
      }
    }
    return found;
  }

  /// Takes in what was appended; all from the beginning when the file is not what it was.
  private void readOn(FileChannel in) throws IOException {
    if (in.size() < readBytes) {
      slots = new long[0];
      used = 0;
      readBytes = 0;
    }
    byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, Math.max(1, in.size() - readBytes))];
    while (readBytes < in.size()) {
      ByteBuffer target = ByteBuffer.wrap(chunk);
      fill(in, target, readBytes);
      int done = 0;
      for (int end = newline(chunk, 0, target.position());
          end >= 0;
          end = newline(chunk, done, target.position())) {
        long offset = readBytes + done;
        line(chunk, done, end + 1).ifPresent(one -> put(name(one.file()), offset));
        done = end + 1;
      }
      if (done == 0) {
        // A torn end, or no register at all.
        return;
      }
      readBytes += done;
    }
  }

  private static int newline(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  /// The line that begins here, if it is one of ours.
  private Optional<Line> line(byte[] bytes, int from, int to) {
    int end = newline(bytes, from, to);
    int path = from + DIGEST_DIGITS + GAP.length();
    if (end < path) {
      return Optional.empty();
    }
    try {
      Sha256 digest =
          Sha256.parse(new String(bytes, from, DIGEST_DIGITS, StandardCharsets.US_ASCII));
      String text = new String(bytes, path, end - path, StandardCharsets.UTF_8);
      Path file = folder.root().resolve(text).normalize();
      return file.startsWith(folder.received())
          ? Optional.of(new Line(file, digest))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /// The name of the instance that a file has, whichever of several under one UID it is.
  private static String name(Path file) {
    String name = file.getFileName().toString();
    int end = name.endsWith(".dcm") ? name.length() - ".dcm".length() : name.length();
    int dash = name.indexOf('-', name.startsWith("x-") ? 2 : 0);
    return name.substring(0, dash < 0 ? end : dash);
  }

  /// The line that begins in a unit.
  private Optional<Line> beginningIn(FileChannel in, long unit) throws IOException {
    long from = Math.max(0, unit * UNIT_BYTES - 1);
    ByteBuffer bytes = ByteBuffer.allocate(1 + UNIT_BYTES + LINE_BYTES_MAX);
    fill(in, bytes, from);
    int begin = unit == 0 ? 0 : newline(bytes.array(), 0, bytes.position()) + 1;
    return line(bytes.array(), begin, bytes.position());
  }

  private void put(String name, long offset) {
    if (4L * (used + 1) > 3L * slots.length) {
      long[] before = slots;
      slots = new long[Math.max(FIRST_SLOTS, 2 * before.length)];
      for (long slot : before) {
        if (slot != 0) {
          place(slot);
        }
      }
    }
    place(((long) hash(name) << HASH_SHIFT) | (offset / UNIT_BYTES + 1));
    used++;
  }

  private void place(long slot) {
    int i = slot((int) (slot >>> HASH_SHIFT));
    while (slots[i] != 0) {
      i = (i + 1) & (slots.length - 1);
    }
    slots[i] = slot;
  }

  private int slot(int hash) {
    return hash & (slots.length - 1);
  }

  /// FNV-1a, mixed.
  private static int hash(String name) {
    long hash = 0xCBF29CE484222325L;
    for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ each) * 0x100000001B3L;
    }
    return (int) ((hash * 0x9E3779B97F4A7C15L) >>> HASH_SHIFT);
  }
}
