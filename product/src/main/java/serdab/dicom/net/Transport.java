package serdab.dicom.net;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import jdk.net.ExtendedSocketOptions;

/// A blocking connection, plain or TLS. One thread at a time; any thread may close it, and whoever
/// waits in it then gets an `IOException`.
abstract sealed class Transport implements Closeable {

  /// PS3.15 annex B: the profiles by BCP 195 allow these and nothing older.
  static final String[] TLS_VERSIONS = {"TLSv1.3", "TLSv1.2"};

  final SocketChannel channel;
  private final boolean quickAck;

  private Transport(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.configureBlocking(true);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    this.quickAck = channel.supportedOptions().contains(ExtendedSocketOptions.TCP_QUICKACK);
  }

  static Transport plain(SocketChannel channel) throws IOException {
    return new Plain(channel);
  }

  /// TLS as the one who called, handshake included. The certificate must be trusted and made for
  /// this host.
  static Transport tlsTo(SocketChannel channel, SSLContext context, String host, int port)
      throws IOException {
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket(channel.socket(), host, port, false);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(TLS_VERSIONS);
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.setUseClientMode(true);
    socket.startHandshake();
    return new Tls(channel, socket);
  }

  /// TLS as the one who is called, handshake included.
  ///
  /// @param needed whether the caller must show a certificate that is trusted
  static Transport tlsFrom(SocketChannel channel, SSLContext context, boolean needed)
      throws IOException {
    InetSocketAddress remote = (InetSocketAddress) channel.getRemoteAddress();
    SSLSocket socket =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(channel.socket(), remote.getHostString(), remote.getPort(), false);
    socket.setUseClientMode(false);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(TLS_VERSIONS);
    parameters.setNeedClientAuth(needed);
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return new Tls(channel, socket);
  }

  /// Waits for some bytes.
  ///
  /// @return how many came; -1 when the peer closed
  abstract int read(ByteBuffer target) throws IOException;

  /// Whether bytes came that were not read yet. Does not wait.
  boolean hasInput() throws IOException {
    return channel.socket().getInputStream().available() > 0;
  }

  /// Sends all of it.
  abstract void write(ByteBuffer bytes) throws IOException;

  /// Whether buffers outside the heap save a copy.
  abstract boolean prefersDirectBuffers();

  /// The subject of the certificate that the peer proved to own.
  abstract Optional<String> peerCertificate();

  /// Says that nothing more is sent, and goes on reading.
  void endOutput() throws IOException {
    channel.shutdownOutput();
  }

  InetSocketAddress remote() throws IOException {
    return (InetSocketAddress) channel.getRemoteAddress();
  }

  /// A peer with Nagle's algorithm on sends the second part of its answer only when the first was
  /// acknowledged, and a receiver delays that by 40 ms unless asked not to. The kernel forgets this
  /// wish by itself, so it is told again before each wait.
  final void acknowledgeQuickly() throws IOException {
    if (quickAck) {
      channel.setOption(ExtendedSocketOptions.TCP_QUICKACK, true);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static final class Plain extends Transport {

    Plain(SocketChannel channel) throws IOException {
      super(channel);
    }

    @Override
    int read(ByteBuffer target) throws IOException {
      acknowledgeQuickly();
      return channel.read(target);
    }

    @Override
    void write(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }

    @Override
    boolean prefersDirectBuffers() {
      return true;
    }

    @Override
    Optional<String> peerCertificate() {
      return Optional.empty();
    }
  }

  private static final class Tls extends Transport {

    private final SSLSocket socket;
    private final InputStream in;
    private final OutputStream out;

    Tls(SocketChannel channel, SSLSocket socket) throws IOException {
      super(channel);
      this.socket = socket;
      this.in = socket.getInputStream();
      this.out = socket.getOutputStream();
    }

    @Override
    int read(ByteBuffer target) throws IOException {
      acknowledgeQuickly();
      int count =
          in.read(target.array(), target.arrayOffset() + target.position(), target.remaining());
      if (count > 0) {
        target.position(target.position() + count);
      }
      return count;
    }

    @Override
    boolean hasInput() throws IOException {
      return in.available() > 0 || super.hasInput();
    }

    @Override
    void write(ByteBuffer bytes) throws IOException {
      out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
      bytes.position(bytes.limit());
    }

    @Override
    boolean prefersDirectBuffers() {
      return false;
    }

    @Override
    Optional<String> peerCertificate() {
      try {
        return socket.getSession().getPeerCertificates()[0] instanceof X509Certificate certificate
            ? Optional.of(certificate.getSubjectX500Principal().getName())
            : Optional.empty();
      } catch (SSLPeerUnverifiedException e) {
        return Optional.empty();
      }
    }

    @Override
    void endOutput() throws IOException {
      socket.shutdownOutput();
    }
  }
}
