package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.dicom.ByteSource;
import serdab.dicom.net.Connection.Arrived;

/// Messages on an association: a command, and behind it perhaps a data set, cut into fragments
/// (PS3.8 section 9.3.5 and annex E). Data sets stream in both directions. One thread at a time.
final class MessageStream {

  /// What one write takes. Small images fit whole, with their command.
  private static final int OUT_BYTES = 256 << 10;

  /// Enough for any command of ours: who only answers needs no more.
  private static final int COMMAND_OUT_BYTES = 4 << 10;

  /// A shorter fragment at the end of a full buffer costs more than another write.
  private static final int WORTH_A_FRAGMENT = 16 << 10;

  /// Length, context and control of a fragment, behind the header of its PDU.
  private static final int FRAGMENT_HEADER_BYTES = 6;

  private static final int PDU_AND_FRAGMENT_BYTES = Pdu.HEADER_BYTES + FRAGMENT_HEADER_BYTES;

  private static final int COMMAND = 1;
  private static final int LAST = 2;

  private final Connection connection;
  private final int fragmentMax;
  private final long messageBytesMax;
  private ByteBuffer out;
  private final ByteBuffer fragmentHeader = ByteBuffer.allocate(FRAGMENT_HEADER_BYTES);

  private long sentBytes;

  // Where reading is: inside which fragment.
  private int contextId;
  private boolean isCommand;
  private boolean isLast;
  private int fragmentLeft;
  private long messageStartNanos;
  private @Nullable Body body;

  /// What is sent behind a command: a part of a source.
  ///
  /// @param padded whether a NUL follows, to make the length even
  record Outgoing(ByteSource source, long offset, long lengthBytes, boolean padded) {

    static Outgoing of(byte[] bytes) {
      return new Outgoing(ByteSource.of(bytes), 0, bytes.length, (bytes.length & 1) != 0);
    }
  }

  /// A command that came. Its data set, if it has one, is read with [#body] before the next
  /// message.
  record Message(int contextId, CommandSet command) {}

  /// @param peerPduLengthMax what the peer takes; 0 when it does not care
  /// @param messageBytesMax the longest data set that is taken
  MessageStream(Connection connection, long peerPduLengthMax, long messageBytesMax) {
    this.connection = connection;
    this.messageBytesMax = messageBytesMax;
    long pduLength = OUT_BYTES - Pdu.HEADER_BYTES;
    if (peerPduLengthMax > 0) {
      pduLength = Math.min(pduLength, peerPduLengthMax);
    }
    // Each fragment has an even length (PS3.8 section 9.3.1).
    this.fragmentMax = (int) Math.max(2, (pduLength - FRAGMENT_HEADER_BYTES) & ~1L);
    this.out = buffer(COMMAND_OUT_BYTES);
  }

  private ByteBuffer buffer(int bytes) {
    return connection.transport().prefersDirectBuffers()
        ? ByteBuffer.allocateDirect(bytes)
        : ByteBuffer.allocate(bytes);
  }

  // ---- sending

  /// Sends a message. When the source fails or became shorter, the association is of no use any
  /// more: half a message cannot be taken back.
  void send(int context, CommandSet command, @Nullable Outgoing dataSet) throws IOException {
    byte[] bytes = command.bytes();
    if (out.capacity() < OUT_BYTES && (dataSet != null || bytes.length > COMMAND_OUT_BYTES / 2)) {
      out = buffer(OUT_BYTES);
    }
    out.clear();
    put(context, COMMAND, new Outgoing(ByteSource.of(bytes), 0, bytes.length, false));
    if (dataSet != null) {
      put(context, 0, dataSet);
    }
    flush();
  }

  /// How many bytes the last message took: what an answer may take longer for.
  long sentBytes() {
    return sentBytes;
  }

  private void put(int context, int control, Outgoing what) throws IOException {
    long total = what.lengthBytes() + (what.padded() ? 1 : 0);
    sentBytes = total;
    long done = 0;
    do {
      int wanted = (int) Math.min(fragmentMax, total - done);
      if (out.remaining() < PDU_AND_FRAGMENT_BYTES + Math.min(wanted, WORTH_A_FRAGMENT)) {
        flush();
      }
      int fragment = Math.min(wanted, (out.remaining() - PDU_AND_FRAGMENT_BYTES) & ~1);
      boolean last = done + fragment == total;
      out.put((byte) Pdu.DATA_TF).put((byte) 0).putInt(fragment + FRAGMENT_HEADER_BYTES);
      out.putInt(fragment + 2).put((byte) context).put((byte) (control | (last ? LAST : 0)));
      int fromSource = (int) Math.min(fragment, what.lengthBytes() - done);
      readFully(what.source(), what.offset() + done, fromSource);
      if (fromSource < fragment) {
        out.put((byte) 0);
      }
      done += fragment;
    } while (done < total);
  }

  private void readFully(ByteSource source, long position, int count) throws IOException {
    int limit = out.limit();
    int start = out.position();
    out.limit(start + count);
    while (out.hasRemaining()) {
      int got;
      try {
        got = source.read(position + out.position() - start, out);
      } catch (IOException e) {
        throw new SourceFailure(e);
      }
      if (got <= 0) {
        throw new SourceFailure("the file became shorter while it was sent");
      }
    }
    out.limit(limit);
  }

  private void flush() throws IOException {
    if (out.position() > 0) {
      connection.sendData(out.flip());
      out.clear();
    }
  }

  /// What is sent cannot be read: the peer is not to blame.
  static final class SourceFailure extends IOException {
    private static final long serialVersionUID = 1L;

    SourceFailure(String message) {
      super(message);
    }

    SourceFailure(IOException cause) {
      super("what is sent cannot be read", cause);
    }
  }

  // ---- receiving

  /// Whether the peer said something that was not read yet. Does not wait.
  boolean hasInput() throws IOException {
    return connection.hasInput();
  }

  /// Waits for the next message; what is left of the last one's data set is thrown away.
  ///
  /// @param patience until its first byte
  /// @return empty when the peer asks to release instead
  Optional<Message> receive(Duration patience) throws IOException {
    drain();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    ByteBuffer part = ByteBuffer.allocate(1 << 10);
    int context = -1;
    messageStartNanos = 0;
    while (true) {
      if (!nextFragment(context < 0 ? patience : connection.timeouts().response())) {
        if (context >= 0) {
          throw connection.protocolError("a release in the middle of a command");
        }
        return Optional.empty();
      }
      if (messageStartNanos == 0) {
        messageStartNanos = System.nanoTime();
      }
      if (!isCommand || (context >= 0 && context != contextId)) {
        throw connection.protocolError("a fragment of another message in the middle of a command");
      }
      context = contextId;
      if (bytes.size() + fragmentLeft > CommandSet.BYTES_MAX) {
        throw connection.protocolError("a command of more than " + CommandSet.BYTES_MAX + " bytes");
      }
      requirePace(bytes.size());
      while (fragmentLeft > 0) {
        part.clear();
        readFragment(part);
        bytes.write(part.array(), 0, part.position());
      }
      if (isLast) {
        break;
      }
    }
    CommandSet command;
    try {
      command = CommandSet.read(bytes.toByteArray());
    } catch (IllegalArgumentException e) {
      throw connection.protocolError(String.valueOf(e.getMessage()));
    }
    body = command.hasDataSet() ? new Body(context) : null;
    return Optional.of(new Message(context, command));
  }

  /// Reads what is left of the last message's data set, and forgets it.
  void drain() throws IOException {
    if (body != null) {
      body.drain();
      body = null;
    }
  }

  /// The data set of the last message; empty when it has none.
  Optional<ReadableByteChannel> body() {
    return Optional.ofNullable(body);
  }

  /// A small data set of the last message, whole.
  ///
  /// @throws IOException also when it is longer than `lengthMax`
  byte[] bodyBytes(int lengthMax) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(8 << 10);
    while (body != null && body.read(part.clear()) >= 0) {
      if (bytes.size() + part.position() > lengthMax) {
        throw connection.protocolError("an answer of more than " + lengthMax + " bytes");
      }
      bytes.write(part.array(), 0, part.position());
    }
    return bytes.toByteArray();
  }

  /// Goes to the next fragment.
  ///
  /// @return false when a release is asked for instead
  private boolean nextFragment(Duration patience) throws IOException {
    if (connection.dataLeft() == 0) {
      Arrived arrived = connection.next(patience);
      if (arrived == Arrived.RELEASE_ASKED) {
        return false;
      }
      if (arrived != Arrived.DATA) {
        throw new IllegalStateException("the upper layer allows no " + arrived);
      }
    }
    if (connection.dataLeft() < FRAGMENT_HEADER_BYTES) {
      throw connection.protocolError("a P-DATA-TF without a whole fragment");
    }
    connection.readData(fragmentHeader.clear(), FRAGMENT_HEADER_BYTES);
    fragmentHeader.flip();
    long length = (fragmentHeader.getInt() & 0xFFFF_FFFFL) - 2;
    contextId = fragmentHeader.get() & 0xFF;
    int control = fragmentHeader.get() & 0xFF;
    if (length < 0 || length > connection.dataLeft()) {
      throw connection.protocolError("a fragment of another length than its PDU");
    }
    isCommand = (control & COMMAND) != 0;
    isLast = (control & LAST) != 0;
    fragmentLeft = (int) length;
    return true;
  }

  private int readFragment(ByteBuffer target) throws IOException {
    int count = Math.min(target.remaining(), fragmentLeft);
    connection.readData(target, count);
    fragmentLeft -= count;
    return count;
  }

  /// A message must come at some pace: a peer that sends a byte now and then would hold an
  /// association for ever.
  private void requirePace(long bytes) throws IOException {
    Timeouts timeouts = connection.timeouts();
    long allowed = timeouts.forBytes(timeouts.response(), bytes).toNanos();
    if (System.nanoTime() - messageStartNanos > allowed) {
      throw connection.tooSlow();
    }
  }

  /// The data set of one message, as it comes.
  private final class Body implements ReadableByteChannel {

    private final int context;
    private long bytes;
    private boolean ended;
    private boolean begun;

    Body(int context) {
      this.context = context;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (!target.hasRemaining()) {
        return 0;
      }
      while (!ended && (!begun || fragmentLeft == 0)) {
        if (begun && isLast) {
          ended = true;
        } else {
          next();
        }
      }
      if (ended) {
        return -1;
      }
      int count = readFragment(target);
      bytes += count;
      if (bytes > messageBytesMax) {
        throw connection.protocolError("a data set of more than " + messageBytesMax + " bytes");
      }
      return count;
    }

    private void next() throws IOException {
      if (!nextFragment(connection.timeouts().response())) {
        throw connection.protocolError("a release in the middle of a data set");
      }
      if (isCommand || contextId != context) {
        throw connection.protocolError("a fragment of another message in the middle of a data set");
      }
      begun = true;
      requirePace(bytes);
    }

    private void drain() throws IOException {
      ByteBuffer waste = ByteBuffer.allocate(16 << 10);
      while (read(waste.clear()) >= 0) {
        // Nobody wanted it.
      }
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    /// The association stays as it is.
    @Override
    public void close() {}
  }
}
