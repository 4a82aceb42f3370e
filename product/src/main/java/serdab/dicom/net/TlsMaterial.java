package serdab.dicom.net;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import serdab.Problem;
import serdab.SerdabException;

/// Keys and certificates for TLS (PS3.15 annex B), from PEM as every program writes it.
public final class TlsMaterial {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);

  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");
  private static final char[] NO_PASSWORD = {};

  private TlsMaterial() {}

  /// What TLS needs on one side.
  ///
  /// @param key our private key, `BEGIN PRIVATE KEY` (PKCS #8, not encrypted); empty for a side
  ///   that shows no certificate
  /// @param chain our certificate, and behind it those up to the root; empty without a key
  /// @param trusted the certificates that the other side's must be, or come from
  /// @throws SerdabException.Misconfigured when one of them cannot be used
  public static SSLContext context(byte[] key, byte[] chain, byte[] trusted) {
    return context(key, chain, Optional.of(trusted));
  }

  /// The same; nothing to trust means the authorities that Java knows.
  static SSLContext context(byte[] key, byte[] chain, Optional<byte[]> trusted) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keyManagers(key, chain), trusted.isPresent() ? trusting(trusted.get()) : null, null);
      return context;
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "tls-material-wrong",
              "A key or certificate for TLS cannot be used: " + e.getMessage() + ".",
              "Give PEM: the key as BEGIN PRIVATE KEY without a passphrase, the certificates as"
                  + " BEGIN CERTIFICATE. openssl pkcs8 -topk8 -nocrypt writes a key so."),
          e);
    }
  }

  private static TrustManager[] trusting(byte[] trusted)
      throws GeneralSecurityException, IOException {
    KeyStore trust = emptyStore();
    int number = 0;
    for (Certificate certificate : certificates(trusted)) {
      trust.setCertificateEntry("trusted-" + number++, certificate);
    }
    if (number == 0) {
      throw new GeneralSecurityException("there is no certificate to trust");
    }
    TrustManagerFactory trustManagers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trustManagers.init(trust);
    return trustManagers.getTrustManagers();
  }

  /// Whether there is a certificate in it.
  static boolean holdsCertificates(byte[] pem) {
    try {
      return !certificates(pem).isEmpty();
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static KeyManager[] keyManagers(byte[] key, byte[] chain)
      throws GeneralSecurityException, IOException {
    if (key.length == 0) {
      return new KeyManager[0];
    }
    KeyStore store = emptyStore();
    store.setKeyEntry(
        "own", privateKey(key), NO_PASSWORD, certificates(chain).toArray(Certificate[]::new));
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, NO_PASSWORD);
    return store;
  }

  private static Collection<? extends Certificate> certificates(byte[] pem)
      throws GeneralSecurityException {
    return CertificateFactory.getInstance("X.509")
        .generateCertificates(new ByteArrayInputStream(pem));
  }

  private static PrivateKey privateKey(byte[] pem) throws GeneralSecurityException {
    Matcher found = KEY.matcher(new String(pem, StandardCharsets.US_ASCII));
    if (!found.find()) {
      throw new GeneralSecurityException("there is no BEGIN PRIVATE KEY");
    }
    byte[] encoded = Base64.getMimeDecoder().decode(found.group(1));
    InvalidKeySpecException last = new InvalidKeySpecException("no key");
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (InvalidKeySpecException e) {
        last = e;
      }
    }
    throw new GeneralSecurityException("the key is of a kind that is not supported", last);
  }
}
