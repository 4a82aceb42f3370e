package serdab.destination;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import serdab.Gate;
import serdab.destination.node.NodeDestination;
import serdab.dicom.net.Retry;
import serdab.dicom.net.Traffic;
import serdab.dicom.net.web.Credentials;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.WebSettings;
import serdab.store.LocalFolder;

/// DICOMweb nodes as destinations, opened anew as often as a test likes.
final class WebNodes {

  /// Short limits, so that hostile answers end soon.
  static final WebSettings SETTINGS =
      new WebSettings(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofMillis(300),
          64 << 10,
          4,
          Duration.ofSeconds(1),
          2,
          Duration.ofSeconds(3),
          Duration.ofMinutes(5),
          3,
          50_000,
          8 << 20,
          20,
          1_000_000,
          4 << 20);

  private WebNodes() {}

  /// One that sends and retrieves with so many requests at once.
  static NodeDestination wide(String url, Path folder, WebSettings settings, int connections) {
    DicomWeb client =
        new DicomWeb(
            URI.create(url),
            new DicomWeb.Means(
                new Credentials.None(),
                Optional.empty(),
                settings,
                InstantSource.system(),
                RandomGenerator.of("L64X128MixRandom"),
                _ -> {},
                new Traffic(
                    new Traffic.Means(
                        connections, Retry.DEFAULT, Gate.OPEN, _ -> {}, () -> 0, _ -> {}))));
    return new NodeDestination(
        client,
        LocalFolder.create(folder.resolve("ledger"), new SplittableRandom(1)),
        folder.resolve("scratch"),
        false,
        "a test",
        InstantSource.system());
  }

  static DicomWeb client(String url, WebSettings settings) {
    return new DicomWeb(
        URI.create(url),
        new DicomWeb.Means(
            new Credentials.None(),
            Optional.empty(),
            settings,
            InstantSource.system(),
            RandomGenerator.of("L64X128MixRandom"),
            _ -> {}));
  }

  /// @param folder for what the destination keeps on this machine
  static NodeDestination at(String url, Path folder, WebSettings settings) {
    return open(url, folder, settings, false);
  }

  static NodeDestination open(String url, Path folder, WebSettings settings, boolean others) {
    return new NodeDestination(
        client(url, settings),
        LocalFolder.create(folder.resolve("ledger"), new SplittableRandom(1)),
        folder.resolve("scratch"),
        others,
        "a test",
        InstantSource.system());
  }
}
