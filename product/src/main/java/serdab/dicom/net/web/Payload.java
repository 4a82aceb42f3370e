package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;

/// The body of a request. It may be opened again for another try.
///
/// @param contentType of the body
/// @param lengthBytes of the body
/// @param bytes opens it at its beginning
record Payload(String contentType, long lengthBytes, Opener bytes) {

  @FunctionalInterface
  interface Opener {
    InputStream open() throws IOException;
  }
}
