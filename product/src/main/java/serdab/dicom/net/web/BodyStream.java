package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The body of an answer while it arrives, a few buffers at a time. A body that rests for too long
/// ends in an `IOException`: a request's own timeout ends when the answer begins. One reader.
final class BodyStream extends InputStream implements HttpResponse.BodySubscriber<InputStream> {

  private static final Object END = new Object();

  private final Duration stall;
  private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
  private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
  private final Deque<ByteBuffer> current = new ArrayDeque<>();
  private boolean ended;

  BodyStream(Duration stall) {
    this.stall = stall;
  }

  @Override
  public CompletionStage<InputStream> getBody() {
    return CompletableFuture.completedStage(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    if (subscription.complete(given)) {
      given.request(1);
    } else {
      given.cancel();
    }
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    arrived.add(buffers);
  }

  @Override
  public void onError(Throwable failure) {
    arrived.add(failure);
  }

  @Override
  public void onComplete() {
    arrived.add(END);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    @Nullable ByteBuffer buffer = next();
    if (buffer == null) {
      return -1;
    }
    int count = Math.min(length, buffer.remaining());
    buffer.get(target, offset, count);
    return count;
  }

  private @Nullable ByteBuffer next() throws IOException {
    while (true) {
      @Nullable ByteBuffer head = current.peekFirst();
      if (head != null && head.hasRemaining()) {
        return head;
      }
      if (head != null) {
        current.removeFirst();
        continue;
      }
      if (ended) {
        return null;
      }
      take();
    }
  }

  private void take() throws IOException {
    @Nullable Object next;
    try {
      next = arrived.poll(stall.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new IOException("reading was interrupted", e);
    }
    switch (next) {
      case null -> {
        close();
        throw new IOException("no byte came for " + stall.toSeconds() + " seconds");
      }
      case Throwable failure -> {
        ended = true;
        throw new IOException("the answer broke off", failure);
      }
      case List<?> buffers -> {
        for (Object buffer : buffers) {
          current.add((ByteBuffer) buffer);
        }
        subscription.join().request(1);
      }
      default -> ended = true;
    }
  }

  /// Gives up what has not arrived yet; the connection is not used again.
  @Override
  public void close() {
    ended = true;
    current.clear();
    Flow.@Nullable Subscription given = subscription.getNow(null);
    if (given != null) {
      given.cancel();
    }
  }
}
