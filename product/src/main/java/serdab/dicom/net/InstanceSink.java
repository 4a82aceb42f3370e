package serdab.dicom.net;

import java.io.IOException;

/// Takes what others send us. Thread-safe: each association calls on a thread of its own.
///
/// - What [#store] answered with success is safe: bytes and name survive the machine losing power
///   at that moment. The peer may delete its own copy when it hears the answer.
/// - What ended in any other way left nothing behind that could be taken for an instance.
/// - An instance that comes twice is stored or recognised; it is never refused for coming twice.
public interface InstanceSink {

  /// Takes one instance, and returns when it is safe.
  ///
  /// What it leaves unread of the body is read and thrown away.
  ///
  /// @return what the peer is told: [DimseStatus#SUCCESS], or why not.
  ///   [DimseStatus#OUT_OF_RESOURCES] makes a good peer try again later
  /// @throws IOException when the body breaks off, or the instance cannot be written: the peer is
  ///   told [DimseStatus#OUT_OF_RESOURCES], if it is still there
  DimseStatus store(IncomingInstance instance) throws IOException;
}
