package serdab.dicom.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// How a [StorageServer] listens, to whom, and within which limits. One thread at a time.
public final class ServerSettings {

  private final AeTitle title;
  private InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private boolean anyCalledTitle;
  private final List<Caller> callers = new ArrayList<>();
  private @Nullable SSLContext tls;
  private @Nullable Consumer<CommitmentReport> reports;
  private @Nullable Holdings holdings;
  private boolean certificateNeeded = true;
  private int associationsMax = 32;
  private long pduLengthMax = 128 << 10;
  private long messageBytesMax = 1L << 40;
  private Timeouts timeouts = Timeouts.DEFAULT;

  /// Who may call. A title proves nothing by itself: it is what the caller says.
  ///
  /// @param title empty for any
  /// @param from empty for anywhere
  record Caller(Optional<AeTitle> title, Optional<AddressRange> from) {

    boolean matches(AeTitle calling, InetAddress address) {
      return title.map(calling::equals).orElse(true)
          && from.map(range -> range.contains(address)).orElse(true);
    }
  }

  /// A server of this title on a free port of the loopback address, open to every caller there.
  public ServerSettings(AeTitle title) {
    this.title = title;
  }

  /// Where to listen. Other machines reach only what is not the loopback address.
  public ServerSettings listenOn(InetSocketAddress value) {
    this.address = value;
    return this;
  }

  /// Answers whatever title is called, rather than its own alone.
  public ServerSettings anyCalledTitle() {
    this.anyCalledTitle = true;
    return this;
  }

  /// Lets a caller in; with none named, everybody is.
  public ServerSettings allow(AeTitle calling) {
    callers.add(new Caller(Optional.of(calling), Optional.empty()));
    return this;
  }

  /// Lets a caller in that calls from a certain address.
  public ServerSettings allow(AeTitle calling, AddressRange from) {
    callers.add(new Caller(Optional.of(calling), Optional.of(from)));
    return this;
  }

  /// Lets every caller in that calls from a certain address.
  public ServerSettings allow(AddressRange from) {
    callers.add(new Caller(Optional.empty(), Optional.of(from)));
    return this;
  }

  /// Speaks TLS alone.
  ///
  /// @param value says who we are, and whose certificates are trusted
  /// @param callersCertificate whether a caller must have one
  public ServerSettings tls(SSLContext value, boolean callersCertificate) {
    this.tls = value;
    this.certificateNeeded = callersCertificate;
    return this;
  }

  /// Sets how many callers are served at a time.
  ///
  /// @param value how many associations there may be at a time, at least 1
  public ServerSettings associationsMax(int value) {
    this.associationsMax = value;
    return this;
  }

  /// Sets the longest PDU.
  ///
  /// @param value the longest P-DATA-TF that is taken, in bytes, at least 4096
  public ServerSettings pduLengthMax(long value) {
    if (value < 4096 || value > 1 << 20) {
      throw new IllegalArgumentException("a PDU is from 4096 bytes to 1 MiB");
    }
    this.pduLengthMax = value;
    return this;
  }

  /// Sets the longest data set.
  ///
  /// @param value the longest data set that is taken, in bytes
  public ServerSettings messageBytesMax(long value) {
    this.messageBytesMax = value;
    return this;
  }

  /// Takes reports on storage commitment from the nodes that were asked for it (PS3.4 annex J).
  ///
  /// @param value is given each, on the thread of its association
  public ServerSettings reportsTo(Consumer<CommitmentReport> value) {
    this.reports = value;
    return this;
  }

  /// Answers queries and retrievals (C-FIND, C-GET, C-MOVE) out of this.
  public ServerSettings answersFrom(Holdings value) {
    this.holdings = value;
    return this;
  }

  public ServerSettings timeouts(Timeouts value) {
    this.timeouts = value;
    return this;
  }

  AeTitle title() {
    return title;
  }

  InetSocketAddress address() {
    return address;
  }

  boolean answersTo(AeTitle called) {
    return anyCalledTitle || called.equals(title);
  }

  boolean allows(AeTitle calling, InetAddress from) {
    return callers.isEmpty() || callers.stream().anyMatch(caller -> caller.matches(calling, from));
  }

  Optional<SSLContext> tls() {
    return Optional.ofNullable(tls);
  }

  boolean takesReports() {
    return reports != null;
  }

  Consumer<CommitmentReport> reports() {
    return reports == null ? _ -> {} : reports;
  }

  Optional<Holdings> holdings() {
    return Optional.ofNullable(holdings);
  }

  boolean isCertificateNeeded() {
    return certificateNeeded;
  }

  int associationsMax() {
    return associationsMax;
  }

  long pduLengthMax() {
    return pduLengthMax;
  }

  long messageBytesMax() {
    return messageBytesMax;
  }

  Timeouts timeouts() {
    return timeouts;
  }
}
