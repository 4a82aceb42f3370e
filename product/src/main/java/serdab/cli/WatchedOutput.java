package serdab.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Where results are printed to, watched for what a [PrintStream] keeps to itself: that a file's
/// disk is full, for example. One thread at a time.
final class WatchedOutput extends FilterOutputStream {

  private @Nullable IOException failure;

  WatchedOutput(OutputStream out) {
    super(out);
  }

  /// Prints into it, in UTF-8.
  PrintStream printing() {
    return new PrintStream(this, true, StandardCharsets.UTF_8);
  }

  /// Whether something printed is lost. A reader that had enough and left, as `head` does, lost
  /// nothing.
  boolean isCutShort() {
    return failure != null && !isReaderGone(failure);
  }

  private static boolean isReaderGone(IOException e) {
    String message = e.getMessage() == null ? "" : e.getMessage().toLowerCase(Locale.ROOT);
    return message.contains("broken pipe") || message.contains("pipe is being closed");
  }

  @Override
  public void write(int one) throws IOException {
    try {
      out.write(one);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    try {
      out.write(bytes, from, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }
}
