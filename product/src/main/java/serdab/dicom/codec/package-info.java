/// Lossless coding of pixel frames: JPEG-LS, and filters that prepare samples for a general
/// compressor.
///
/// Start at [JpegLsEncoder] and [JpegLsDecoder]; [JpegLsChecker] proves that a stream holds a
/// frame. A [FrameFormat] says how raw samples lie in bytes; [SampleRange] finds the bits they
/// need. [MedianShuffle] is the faster, weaker way, and [DeltaShuffle] the one before it. Nothing
/// here opens a file, knows a data set or decides whether a stream is worth keeping.
///
/// @spec https://www.itu.int/rec/T-REC-T.87 ITU-T T.87 | ISO/IEC 14495-1
@NullMarked
package serdab.dicom.codec;

import org.jspecify.annotations.NullMarked;
