package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import serdab.Problem;
import serdab.SerdabException;

/// Whom to believe that a node is the one it says it is.
public final class Trust {

  private static final int FILE_BYTES_MAX = 1 << 20;

  private Trust() {}

  /// Believes only certificates that these authorities signed.
  ///
  /// @param file with one or more X.509 certificates, in PEM or DER
  /// @throws SerdabException.Misconfigured `dicomweb-ca` when there is none in it
  public static SSLContext in(Path file) {
    try (InputStream in = Files.newInputStream(file);
        InputStream limited = new LimitedStream(in, FILE_BYTES_MAX)) {
      Collection<? extends Certificate> authorities =
          CertificateFactory.getInstance("X.509").generateCertificates(limited);
      if (authorities.isEmpty()) {
        throw none(file, null);
      }
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (Certificate authority : authorities) {
        store.setCertificateEntry("authority" + number++, authority);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw none(file, e);
    }
  }

  private static SerdabException.Misconfigured none(
      Path file, @org.jspecify.annotations.Nullable Exception why) {
    Problem problem =
        new Problem(
            "dicomweb-ca",
            "The file " + file + " holds no certificate that can be read.",
            "Name a file with the certificate of the authority that signs the node's own, in PEM.");
    return why == null
        ? new SerdabException.Misconfigured(problem)
        : new SerdabException.Misconfigured(problem, why);
  }
}
