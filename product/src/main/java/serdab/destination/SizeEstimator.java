package serdab.destination;

import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import serdab.dicom.ByteSource;

/// Tells from a sample what files would take at a destination, and how long that would last. Writes
/// nothing. One thread at a time.
///
/// Ask [#place] for every file in the order in which a run would read them, and give those that are
/// wanted to [#sample]. The same files in the same order give the same sample, and the same size.
public interface SizeEstimator extends AutoCloseable {

  /// Takes in that there is another file.
  ///
  /// @return its place, when it is one to look at; else empty
  OptionalLong place(long lengthBytes);

  /// Looks at a file that is wanted. One that nobody gives counts like the others.
  ///
  /// @param place what [#place] said
  void sample(long place, ByteSource source) throws IOException;

  /// What the sample tells.
  Estimate estimate();

  @Override
  void close();

  /// What a backup would take.
  ///
  /// @param lengthBytes of all files that were asked about
  /// @param storedBytes that they would add to the place, parity left out
  /// @param time that reading the files or computing would last, whichever is longer; writing is
  ///   left out
  record Estimate(long lengthBytes, long storedBytes, Duration time) {

    /// How many times smaller it becomes; 1 when nothing is known.
    public double ratio() {
      return storedBytes == 0 ? 1 : (double) lengthBytes / storedBytes;
    }
  }
}
