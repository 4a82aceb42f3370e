package serdab.destination.repository;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import serdab.repository.Codec;

/// Which codec the frames of one series get. The first frames try them all; the codec that made
/// them smallest together is taken for the rest. One thread at a time.
final class SeriesChoice {

  /// Frames that try every codec.
  private static final int TRIALS = 2;

  /// A codec that leaves more than this of a frame is compared with zstd each time.
  private static final double DOUBTFUL = 0.9;

  private final Compression compression;
  private final List<FutureTask<Tried>> trials = new ArrayList<>();
  private Optional<Codec> chosen = Optional.empty();

  SeriesChoice(Compression compression) {
    this.compression = compression;
  }

  /// What came of a frame.
  ///
  /// @param best the smallest
  /// @param sizes what each codec that was tried made of it, by number, in bytes
  record Tried(Encoded best, Map<Integer, Long> sizes) {}

  /// Begins to encode the next frame of the series.
  FutureTask<Tried> begin(Coders coders, byte[] raw, int length, FrameShape shape) {
    if (chosen.isEmpty() && trials.size() < TRIALS) {
      FutureTask<Tried> trial =
          coders.begin(coder -> tried(coder, candidates(shape), raw, length, shape));
      trials.add(trial);
      return trial;
    }
    Codec codec = chosen();
    return coders.begin(coder -> {
      Tried first = tried(coder, List.of(codec), raw, length, shape);
      return first.best().lengthBytes() > DOUBTFUL * length
          ? smaller(first, tried(coder, others(codec, shape), raw, length, shape))
          : first;
    });
  }

  private static Tried smaller(Tried one, Tried other) {
    return other.best().lengthBytes() < one.best().lengthBytes() ? other : one;
  }

  private List<Codec> candidates(FrameShape shape) {
    return switch (compression) {
      case SMALL ->
          shape.cellBytes() > 2
              ? List.of(BlobCoder.FILTERED, BlobCoder.ZSTD)
              : List.of(BlobCoder.JPEG_LS, BlobCoder.ZSTD);
      case FAST ->
          shape.bigEndian() ? List.of(BlobCoder.ZSTD) : List.of(BlobCoder.FILTERED, BlobCoder.ZSTD);
    };
  }

  private List<Codec> others(Codec codec, FrameShape shape) {
    return candidates(shape).stream().filter(other -> !other.equals(codec)).toList();
  }

  /// The codec that did best in the trials, which are waited for.
  private Codec chosen() {
    if (chosen.isEmpty()) {
      Map<Integer, Long> sums = new HashMap<>();
      for (FutureTask<Tried> trial : trials) {
        Coders.result(trial).sizes().forEach((codec, size) -> sums.merge(codec, size, Long::sum));
      }
      int best =
          sums.entrySet().stream()
              .min(
                  Map.Entry.<Integer, Long>comparingByValue()
                      .thenComparing(Map.Entry.comparingByKey()))
              .map(Map.Entry::getKey)
              .orElse(BlobCoder.ZSTD.number());
      chosen =
          Optional.of(
              List.of(BlobCoder.JPEG_LS, BlobCoder.FILTERED, BlobCoder.ZSTD).stream()
                  .filter(codec -> codec.number() == best)
                  .findFirst()
                  .orElse(BlobCoder.ZSTD));
      trials.clear(); // They hold the frames they made.
    }
    return chosen.get();
  }

  /// A codec that failed counts as one that saves nothing.
  private static Tried tried(
      BlobCoder coder, List<Codec> codecs, byte[] raw, int length, FrameShape shape) {
    Map<Integer, Long> sizes = new HashMap<>();
    Optional<Encoded> best = Optional.empty();
    for (Codec codec : codecs) {
      Optional<Encoded> made = coder.pixels(codec, raw, length, shape);
      sizes.put(
          codec.number(), made.map(encoded -> (long) encoded.lengthBytes()).orElse((long) length));
      if (made.isPresent()
          && made.get().lengthBytes() < best.map(Encoded::lengthBytes).orElse(length)) {
        best = made;
      }
    }
    return new Tried(best.orElseGet(() -> BlobCoder.raw(raw, length)), sizes);
  }
}
