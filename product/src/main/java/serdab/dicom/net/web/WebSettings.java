package serdab.dicom.net.web;

import java.time.Duration;

/// How patient and how careful a client of a DICOMweb node is.
///
/// @param connect how long a connection may take to come about
/// @param answer how long the first byte of an answer may take, whatever was sent
/// @param stall how long an answer may rest between two bytes
/// @param slowestBytesPerSecond a request body may take its length divided by this, besides
///   `answer`
/// @param tries how often a request is sent in all, while the node is busy or away
/// @param firstWait the longest wait before the second try; each wait is drawn between half of its
///   length and all of it, so that many clients do not come back together
/// @param waitFactor by how much the next wait is longer
/// @param waitMax the longest wait of our own choice
/// @param retryAfterMax the longest wait that a node may ask for; a longer one ends the tries
/// @param pageRows how many rows are asked for at once
/// @param rowsMax how many rows a search may have in all
/// @param jsonBytesMax how long one JSON answer may be
/// @param batchInstances how many instances are sent in one request at most
/// @param batchBytes how long such a request may be, unless one instance alone is longer
/// @param instanceBytesMax how long one retrieved instance may be
public record WebSettings(
    Duration connect,
    Duration answer,
    Duration stall,
    long slowestBytesPerSecond,
    int tries,
    Duration firstWait,
    double waitFactor,
    Duration waitMax,
    Duration retryAfterMax,
    int pageRows,
    long rowsMax,
    long jsonBytesMax,
    int batchInstances,
    long batchBytes,
    long instanceBytesMax) {

  /// What suits a node in the same house and one behind a slow line.
  public static final WebSettings DEFAULT =
      new WebSettings(
          Duration.ofSeconds(10),
          Duration.ofMinutes(2),
          Duration.ofMinutes(1),
          64 << 10,
          6,
          Duration.ofSeconds(1),
          2,
          Duration.ofSeconds(30),
          Duration.ofMinutes(5),
          1_000,
          20_000_000,
          256L << 20,
          100,
          64L << 20,
          16L << 30);

  /// How long a request with a body of this length may take until its answer begins.
  Duration answerTo(long bodyBytes) {
    return answer.plusMillis(bodyBytes * 1000 / slowestBytesPerSecond);
  }
}
