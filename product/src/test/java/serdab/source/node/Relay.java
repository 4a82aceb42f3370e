package serdab.source.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// A network between a client and a server on this machine that breaks when it is told to.
final class Relay implements AutoCloseable {

  private final ServerSocket listener;
  private final int target;
  private final AtomicLong bytes = new AtomicLong();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private volatile boolean once;
  private volatile boolean broken;
  private volatile long bytesMax = Long.MAX_VALUE;

  private Relay(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  static Relay to(int port) throws IOException {
    Relay relay = new Relay(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
    Thread.ofVirtual().start(relay::listen);
    return relay;
  }

  int port() {
    return listener.getLocalPort();
  }

  /// How many bytes came from the server.
  long bytes() {
    return bytes.get();
  }

  /// Ends every connection once so many more bytes came from the server, and each new one, too.
  void breakAfter(long more) {
    bytesMax = bytes.get() + more;
  }

  /// Ends one connection once so many more bytes came from the server.
  void breakOnceAfter(long more) {
    once = true;
    breakAfter(more);
  }

  /// Whether a connection was ended for that.
  boolean hasBroken() {
    return broken;
  }

  void mend() {
    bytesMax = Long.MAX_VALUE;
  }

  private void listen() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        open.addAll(List.of(client, server));
        Thread.ofVirtual().start(() -> copy(client, server, false));
        Thread.ofVirtual().start(() -> copy(server, client, true));
      } catch (IOException e) {
        // The server is gone, or this relay.
      }
    }
  }

  private void copy(Socket from, Socket to, boolean counted) {
    byte[] chunk = new byte[8192];
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        if (counted && bytes.addAndGet(count) > bytesMax) {
          broken = true;
          if (once) {
            mend();
          }
          return;
        }
        out.write(chunk, 0, count);
        out.flush();
      }
    } catch (IOException e) {
      // One side ended it.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket each : open) {
      each.close();
    }
  }
}
