package serdab.dicom.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import serdab.dicom.net.NetworkException.Aborted;
import serdab.dicom.net.NetworkException.Garbled;
import serdab.dicom.net.NetworkException.Lost;
import serdab.dicom.net.NetworkException.Rejected;
import serdab.dicom.net.NetworkException.TimedOut;
import serdab.dicom.net.UpperLayer.Action;
import serdab.dicom.net.UpperLayer.Circumstances;
import serdab.dicom.net.UpperLayer.Event;
import serdab.dicom.net.UpperLayer.State;

/// One association on one transport: acts on what [UpperLayer] says, and moves PDUs.
///
/// Whatever ends the association early is a [NetworkException]; afterwards the connection is
/// closed. One thread at a time, but for [#kill].
final class Connection {

  /// Reading less than this at once costs more calls than it saves memory.
  private static final int IN_BYTES = 128 << 10;

  /// What a peer may still send after an abort; more shows that it does not listen.
  private static final long DRAINED_BYTES_MAX = 16L << 20;

  private final Transport transport;
  private final Watchdog watchdog;
  private final Timeouts timeouts;
  private final boolean requestor;
  private final long pduLengthMax;
  private final ByteBuffer in;

  private State state = State.STA1;
  private boolean heardDicom;
  private long dataLeft;

  /// What a PDU that came means for whoever waits.
  enum Arrived {
    /// An association was asked for, granted: [#lastPdu] has it.
    NEGOTIATION,
    /// A P-DATA-TF: its [#dataLeft] bytes can be read now.
    DATA,
    /// The peer wants to release.
    RELEASE_ASKED,
    /// Both sides want to release.
    RELEASE_COLLISION,
    /// The peer agreed to release.
    RELEASED
  }

  private Pdu lastPdu = new Pdu.ReleaseRequest();

  /// @param pduLengthMax the longest P-DATA-TF that is taken, without its header
  Connection(Transport transport, Timeouts timeouts, boolean requestor, long pduLengthMax) {
    this.transport = transport;
    this.timeouts = timeouts;
    this.requestor = requestor;
    this.pduLengthMax = pduLengthMax;
    this.in =
        transport.prefersDirectBuffers()
            ? ByteBuffer.allocateDirect(IN_BYTES)
            : ByteBuffer.allocate(IN_BYTES);
    in.flip();
    this.watchdog = new Watchdog(transport);
    if (requestor) {
      step(Event.ASSOCIATE_REQUEST, true);
    } else {
      step(Event.TRANSPORT_INDICATION, true);
    }
  }

  Transport transport() {
    return transport;
  }

  Timeouts timeouts() {
    return timeouts;
  }

  State state() {
    return state;
  }

  // ---- negotiating

  /// Asks for an association.
  Pdu.AssociateAccept request(Pdu.AssociateRequest request) throws IOException {
    step(Event.TRANSPORT_OPEN, true);
    send(request, timeouts.negotiation());
    Arrived arrived = next(timeouts.negotiation());
    if (arrived == Arrived.NEGOTIATION && lastPdu instanceof Pdu.AssociateAccept accept) {
      return accept;
    }
    throw new Garbled("the peer answered a request with something else", false);
  }

  /// Waits for a request that was promised by the connection.
  Pdu.AssociateRequest awaitRequest() throws IOException {
    Arrived arrived = next(timeouts.negotiation());
    if (arrived == Arrived.NEGOTIATION && lastPdu instanceof Pdu.AssociateRequest request) {
      return request;
    }
    throw new Garbled("the peer began with something else than a request", true);
  }

  void accept(Pdu.AssociateAccept accept) throws IOException {
    step(Event.ACCEPT, true);
    send(accept, timeouts.negotiation());
  }

  /// Rejects, and waits for the peer to close.
  void reject(Pdu.AssociateReject reject) throws IOException {
    step(Event.REJECT, true);
    send(reject, timeouts.negotiation());
    awaitClose();
  }

  // ---- data

  /// Sends P-DATA-TF PDUs that are whole already. A lost connection is told only after what the
  /// peer may have said before was read: why it aborted.
  void sendData(ByteBuffer pdus) throws IOException {
    step(Event.DATA_REQUEST, true);
    watchdog.arm(timeouts.forBytes(timeouts.response(), pdus.remaining()));
    try {
      transport.write(pdus);
    } catch (IOException e) {
      throw reasonOf(e);
    } finally {
      watchdog.disarm();
    }
  }

  /// A peer that aborts says why before it closes; what it said can often still be read.
  private IOException reasonOf(IOException failure) {
    if (watchdog.hasExpired()) {
      return lost(failure);
    }
    try {
      watchdog.disarm();
      next(timeouts.closing());
    } catch (Aborted aborted) {
      return aborted;
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    return lost(failure);
  }

  /// Whether something came that was not read yet. Does not wait.
  boolean hasInput() throws IOException {
    return dataLeft > 0 || in.hasRemaining() || transport.hasInput();
  }

  /// How many bytes of the P-DATA-TF that arrived were not read yet.
  long dataLeft() {
    return dataLeft;
  }

  /// Reads some bytes of the P-DATA-TF that arrived, at most [#dataLeft].
  void readData(ByteBuffer target, int count) throws IOException {
    dataLeft -= count;
    int have = Math.min(count, in.remaining());
    if (have > 0) {
      target.put(in.slice(in.position(), have));
      in.position(in.position() + have);
    }
    int wanted = count - have;
    if (wanted == 0) {
      return;
    }
    watchdog.arm(timeouts.forBytes(timeouts.negotiation(), dataLeft + count));
    try {
      if (wanted >= in.capacity() / 2 && target.isDirect() == in.isDirect()) {
        // Long ones go where they belong without a copy.
        int limit = target.limit();
        target.limit(target.position() + wanted);
        while (target.hasRemaining()) {
          if (receive(target) < 0) {
            throw closedByPeer();
          }
        }
        target.limit(limit);
        return;
      }
      fill(wanted);
      target.put(in.slice(in.position(), wanted));
      in.position(in.position() + wanted);
    } finally {
      watchdog.disarm();
    }
  }

  // ---- the end

  /// Releases in order, whatever the peer still sends; closes the transport.
  void release() throws IOException {
    try {
      step(Event.RELEASE_REQUEST, true);
      send(new Pdu.ReleaseRequest(), timeouts.negotiation());
      long discarded = 0;
      while (true) {
        switch (next(timeouts.response())) {
          case DATA -> {
            discarded += dataLeft;
            if (discarded > DRAINED_BYTES_MAX) {
              abort(Pdu.Abort.NOT_SPECIFIED);
              return;
            }
            skipData();
          }
          case RELEASE_COLLISION -> {
            if (requestor) {
              step(Event.RELEASE_RESPONSE, true);
              send(new Pdu.ReleaseResponse(), timeouts.negotiation());
            }
          }
          case RELEASED -> {
            if (state == State.STA12) {
              step(Event.RELEASE_RESPONSE, true);
              send(new Pdu.ReleaseResponse(), timeouts.negotiation());
              awaitClose();
            }
            return;
          }
          case NEGOTIATION, RELEASE_ASKED ->
              throw new IllegalStateException("the upper layer allows no such step");
        }
      }
    } finally {
      kill();
    }
  }

  /// Answers the release that a peer asked for, and waits for it to close.
  void answerRelease() throws IOException {
    step(Event.RELEASE_RESPONSE, true);
    send(new Pdu.ReleaseResponse(), timeouts.negotiation());
    awaitClose();
  }

  /// Ends the association at once, telling the peer if it still can be told.
  void abort(int reason) {
    try {
      if (UpperLayer.step(state, Event.ABORT_REQUEST, new Circumstances(requestor, true))
          .isPresent()) {
        step(Event.ABORT_REQUEST, true);
        if (state == State.STA13) {
          send(new Pdu.Abort(Pdu.Abort.BY_USER, reason), timeouts.closing());
          awaitClose();
        }
      }
    } catch (IOException e) {
      // It is gone: what was to be brought about.
      state = State.STA1;
    } finally {
      kill();
    }
  }

  /// Closes the transport and wakes whoever waits in it. For any thread.
  void kill() {
    watchdog.close();
    try {
      transport.close();
    } catch (IOException e) {
      // A socket that cannot be closed is one that is closed.
      watchdog.disarm();
    }
  }

  // ---- acting on the upper layer

  /// Ends an association whose peer broke a rule above the upper layer.
  ///
  /// @return what to throw
  NetworkException protocolError(String what) {
    Action action = step(Event.INVALID_PDU, true);
    abortAsProvider(action, Pdu.Abort.INVALID_PARAMETER);
    return new Garbled(what, false);
  }

  /// Ends an association whose peer is too slow.
  NetworkException tooSlow() {
    abort(Pdu.Abort.NOT_SPECIFIED);
    return new TimedOut("the peer took too long");
  }

  /// Waits for the next PDU, and does what the upper layer asks for.
  ///
  /// @param patience until its first byte
  Arrived next(Duration patience) throws IOException {
    if (dataLeft > 0) {
      throw new IllegalStateException(dataLeft + " bytes of the last PDU were not read");
    }
    while (true) {
      Event event;
      String wrong = "";
      int reason = Pdu.Abort.NOT_SPECIFIED;
      try {
        event = receivePdu(patience);
        heardDicom = true;
      } catch (MalformedPduException e) {
        event = Event.INVALID_PDU;
        wrong = String.valueOf(e.getMessage());
        reason = e.abortReason();
      }
      Action action = step(event, true);
      switch (action) {
        case AE_3, AE_6 -> {
          return Arrived.NEGOTIATION;
        }
        case DT_2, AR_6 -> {
          return Arrived.DATA;
        }
        case AR_2 -> {
          return Arrived.RELEASE_ASKED;
        }
        case AR_8 -> {
          return Arrived.RELEASE_COLLISION;
        }
        case AR_3 -> {
          kill();
          return Arrived.RELEASED;
        }
        case AR_10 -> {
          return Arrived.RELEASED;
        }
        case AE_4 -> {
          kill();
          throw new Rejected((Pdu.AssociateReject) lastPdu);
        }
        case AA_2, AA_3 -> {
          kill();
          throw lastPdu instanceof Pdu.Abort abort && event == Event.ABORT_PDU
              ? new Aborted(abort)
              : new Lost("the connection is closed");
        }
        case AA_4, AA_5, AR_5 -> {
          kill();
          throw new Lost("the peer closed the connection");
        }
        case AA_1, AA_7, AA_8 -> {
          abortAsProvider(action, event == Event.INVALID_PDU ? reason : Pdu.Abort.UNEXPECTED_PDU);
          throw new Garbled(
              event == Event.INVALID_PDU ? wrong : event + " does not belong here", !heardDicom);
        }
        case AA_6 -> skipData();
        case AE_1, AE_2, AE_5, AE_7, AE_8, DT_1, AR_1, AR_4, AR_7, AR_9 ->
            throw new IllegalStateException("nothing that comes leads to " + action);
      }
    }
  }

  private Action step(Event event, boolean acceptable) {
    UpperLayer.Step step =
        UpperLayer.step(state, event, new Circumstances(requestor, acceptable))
            .orElseThrow(() -> new IllegalStateException(event + " in " + state));
    state = step.next();
    return step.action();
  }

  /// Reads a PDU, but for what a P-DATA-TF holds.
  private Event receivePdu(Duration patience) throws IOException {
    int type;
    try {
      if (!in.hasRemaining()) {
        watchdog.arm(patience);
        in.clear();
        int count = receive(in);
        in.flip();
        if (count < 0) {
          return Event.TRANSPORT_CLOSED;
        }
      }
      watchdog.arm(timeouts.negotiation());
      type = in.get(in.position()) & 0xFF;
      if (type < Pdu.ASSOCIATE_RQ || type > Pdu.ABORT) {
        throw new MalformedPduException(Pdu.Abort.UNRECOGNIZED_PDU, "there is no PDU " + type);
      }
      fill(Pdu.HEADER_BYTES);
      long length = in.getInt(in.position() + 2) & 0xFFFF_FFFFL;
      in.position(in.position() + Pdu.HEADER_BYTES);
      if (type == Pdu.DATA_TF) {
        if (length > pduLengthMax) {
          throw new MalformedPduException(
              Pdu.Abort.INVALID_PARAMETER, "a P-DATA-TF of " + length + " bytes");
        }
        dataLeft = length;
        return Event.DATA_PDU;
      }
      if (length > PduCodec.lengthMax(type)) {
        throw new MalformedPduException(
            Pdu.Abort.INVALID_PARAMETER, "a PDU " + type + " of " + length + " bytes");
      }
      lastPdu = PduCodec.read(type, body((int) length));
      return switch (lastPdu) {
        case Pdu.AssociateRequest _ -> Event.RQ_PDU;
        case Pdu.AssociateAccept _ -> Event.AC_PDU;
        case Pdu.AssociateReject _ -> Event.RJ_PDU;
        case Pdu.ReleaseRequest _ -> Event.RELEASE_RQ_PDU;
        case Pdu.ReleaseResponse _ -> Event.RELEASE_RP_PDU;
        case Pdu.Abort _ -> Event.ABORT_PDU;
      };
    } finally {
      watchdog.disarm();
    }
  }

  /// The bytes of a PDU behind its header. They are allocated as they come: a length alone takes no
  /// memory.
  private ByteBuffer body(int length) throws IOException {
    ByteBuffer body = ByteBuffer.allocate(Math.min(length, 8 << 10));
    int left = length;
    while (left > 0) {
      if (!body.hasRemaining()) {
        int larger = Math.min(length, body.capacity() * 2);
        body = ByteBuffer.allocate(larger).put(body.flip());
      }
      int part = Math.min(Math.min(left, body.remaining()), in.capacity());
      fill(Math.min(part, Math.max(1, in.remaining())));
      part = Math.min(part, in.remaining());
      body.put(in.slice(in.position(), part));
      in.position(in.position() + part);
      left -= part;
    }
    return body.flip();
  }

  /// Waits until this many bytes are in the buffer.
  private void fill(int count) throws IOException {
    while (in.remaining() < count) {
      if (in.capacity() - in.position() < count) {
        in.compact().flip();
      }
      int start = in.position();
      in.position(in.limit()).limit(in.capacity());
      int got;
      try {
        got = receive(in);
      } finally {
        in.limit(in.position()).position(start);
      }
      if (got < 0) {
        throw closedByPeer();
      }
    }
  }

  private int receive(ByteBuffer target) throws IOException {
    try {
      return transport.read(target);
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private void send(Pdu pdu, Duration patience) throws IOException {
    watchdog.arm(patience);
    try {
      transport.write(ByteBuffer.wrap(PduCodec.bytes(pdu)));
    } catch (IOException e) {
      throw lost(e);
    } finally {
      watchdog.disarm();
    }
  }

  private void skipData() throws IOException {
    ByteBuffer waste = ByteBuffer.allocate((int) Math.min(dataLeft, 16 << 10));
    while (dataLeft > 0) {
      waste.clear();
      readData(waste, (int) Math.min(dataLeft, waste.capacity()));
    }
  }

  private void abortAsProvider(Action action, int reason) {
    int source = action == Action.AA_1 ? Pdu.Abort.BY_USER : Pdu.Abort.BY_PROVIDER;
    try {
      send(new Pdu.Abort(source, reason), timeouts.closing());
      awaitClose();
    } catch (IOException e) {
      state = State.STA1;
    } finally {
      kill();
    }
  }

  /// Sta13: reads and forgets until the peer closes or ARTIM expires. Closing at once could make
  /// the peer's system throw away what was said last.
  private void awaitClose() {
    try {
      transport.endOutput();
      watchdog.arm(timeouts.closing());
      long left = DRAINED_BYTES_MAX;
      in.clear();
      while (left > 0) {
        int count = transport.read(in.clear());
        if (count < 0) {
          step(Event.TRANSPORT_CLOSED, true);
          return;
        }
        left -= count;
      }
    } catch (IOException e) {
      // Expired, or reset by the peer: closed either way.
      state = State.STA1;
    } finally {
      in.clear().flip();
      kill();
    }
  }

  private NetworkException closedByPeer() {
    return new Lost("the peer closed the connection in the middle of a PDU");
  }

  /// What a failure of the transport means.
  private IOException lost(IOException e) {
    if (e instanceof NetworkException already) {
      return already;
    }
    NetworkException lost =
        watchdog.hasExpired()
            ? new TimedOut("the peer took too long")
            : new Lost("the connection broke");
    lost.initCause(e);
    state = State.STA1;
    kill();
    return lost;
  }
}
