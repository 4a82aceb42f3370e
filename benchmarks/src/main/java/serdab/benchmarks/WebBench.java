package serdab.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.web.Credentials;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Spool;
import serdab.dicom.net.web.Stored;
import serdab.dicom.net.web.WebSettings;

/// Images per second into a DICOMweb node, and out of it again.
///
/// usage: `WebBench URL FOLDER STUDY FOLDER STUDY` stores the files of a folder and retrieves them
/// as a study, twice, and prints how fast both went the second time.
public final class WebBench {

  private WebBench() {}

  public static void main(String[] arguments) throws IOException {
    try (DicomWeb node =
            new DicomWeb(
                URI.create(arguments[0]),
                new DicomWeb.Means(
                    new Credentials.None(),
                    Optional.empty(),
                    WebSettings.DEFAULT,
                    InstantSource.system(),
                    RandomGenerator.of("L64X128MixRandom"),
                    Thread::sleep));
        Spool spool = new Spool(Path.of(arguments[1]))) {
      store(node, spool, Path.of(arguments[1]));
      retrieve(node, arguments[2]);
      long start = System.nanoTime();
      long stored = store(node, spool, Path.of(arguments[3]));
      double took = (System.nanoTime() - start) / 1e9;
      start = System.nanoTime();
      long got = retrieve(node, arguments[4]);
      double back = (System.nanoTime() - start) / 1e9;
      if (got != stored) {
        throw new IllegalStateException(got + " came back of " + stored);
      }
      System.out.printf(Locale.ROOT, "%.1f %.1f%n", stored / took, got / back);
    }
  }

  private static long retrieve(DicomWeb node, String study) {
    AtomicLong got = new AtomicLong();
    node.retrieve(
        new StudyInstanceUid(study),
        Long.MAX_VALUE,
        in -> {
          in.transferTo(OutputStream.nullOutputStream());
          got.incrementAndGet();
        });
    return got.get();
  }

  private static long store(DicomWeb node, Spool spool, Path folder) throws IOException {
    List<DicomWeb.Outgoing> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path path : files.filter(Files::isRegularFile).sorted().toList()) {
        try (ByteSource source = ByteSource.open(path);
            InputStream in = Files.newInputStream(path)) {
          SopInstanceUid sop = DicomFile.scan(source).facts().sop();
          all.add(new DicomWeb.Outgoing(sop, spool.take(in)));
        }
      }
    }
    for (List<DicomWeb.Outgoing> batch : node.batches(all)) {
      Map<SopInstanceUid, Stored> said = node.store(batch);
      if (!said.values().stream().allMatch(Stored.Claimed.class::isInstance)) {
        throw new IllegalStateException("not stored: " + said);
      }
    }
    all.forEach(each -> each.held().close());
    return all.size();
  }
}
