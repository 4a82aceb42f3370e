package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/// Keeps what comes, for tests to look at.
final class MemorySink implements InstanceSink {

  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  record Kept(IncomingInstance instance, byte[] body) {}

  private final List<Kept> kept = new CopyOnWriteArrayList<>();
  private volatile UnaryOperator<DimseStatus> answer = UnaryOperator.identity();

  /// What is answered from now on, whatever is kept.
  void answer(DimseStatus status) {
    answer = _ -> status;
  }

  List<Kept> kept() {
    return kept;
  }

  @Override
  public DimseStatus store(IncomingInstance instance) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(10_000);
    while (instance.body().read(part.clear()) >= 0) {
      bytes.write(part.array(), 0, part.position());
    }
    kept.add(new Kept(instance, bytes.toByteArray()));
    return answer.apply(DimseStatus.SUCCESS);
  }
}
