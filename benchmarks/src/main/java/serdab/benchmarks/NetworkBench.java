package serdab.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.OutgoingInstance;
import serdab.dicom.net.ProposedContext;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.StorageServer;
import serdab.dicom.net.StoreOutcome;

/// Images per second over one association, to another program or from one.
///
/// usage: `NetworkBench send NODE FILE-OR-FOLDER SECONDS` sends the files again and again, one
/// association, one at a time; `NetworkBench once NODE FOLDER ASSOCIATIONS` sends each file of a
/// folder once, over so many; `NetworkBench receive PORT` takes and throws away until it is ended.
public final class NetworkBench {

  private static final long WARM_UP_IMAGES = 3000;

  private NetworkBench() {}

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "send" ->
          send(
              NodeAddress.parse(arguments[1]),
              Path.of(arguments[2]),
              Double.parseDouble(arguments[3]));
      case "once" ->
          once(
              NodeAddress.parse(arguments[1]),
              Path.of(arguments[2]),
              Integer.parseInt(arguments[3]));
      case "receive" -> receive(Integer.parseInt(arguments[1]));
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void send(NodeAddress node, Path what, double seconds) throws IOException {
    List<OutgoingInstance> instances = instances(what);
    try (Association association = open(node, instances)) {
      long warm = System.nanoTime();
      long sent = 0;
      while (sent < WARM_UP_IMAGES && System.nanoTime() - warm < seconds * 1e9) {
        sent += sendAll(association, instances);
      }
      long start = System.nanoTime();
      sent = 0;
      while (System.nanoTime() - start < seconds * 1e9) {
        sent += sendAll(association, instances);
      }
      double took = (System.nanoTime() - start) / 1e9;
      long bytes = instances.stream().mapToLong(OutgoingInstance::lengthBytes).sum();
      System.out.printf(
          Locale.ROOT,
          "%.1f images/s, %.1f MB/s (%d images of %d bytes on average in %.1f s)%n",
          sent / took,
          sent / took * bytes / instances.size() / 1e6,
          sent,
          bytes / instances.size(),
          took);
    }
  }

  private static List<OutgoingInstance> instances(Path what) throws IOException {
    List<OutgoingInstance> instances = new ArrayList<>();
    try (Stream<Path> files = Files.walk(what)) {
      for (Path path : files.filter(Files::isRegularFile).sorted().toList()) {
        ByteSource source = ByteSource.open(path);
        instances.add(OutgoingInstance.of(DicomFile.scan(source), source));
      }
    }
    return instances;
  }

  private static Association open(NodeAddress node, List<OutgoingInstance> instances) {
    Set<OutgoingInstance.Kind> kinds =
        instances.stream().map(OutgoingInstance::kind).collect(Collectors.toSet());
    return Association.open(
        AssociationRequest.to(node).propose(ProposedContext.forSending(kinds).getFirst()));
  }

  /// A tenth of the files goes first, over one association, and does not count.
  private static void once(NodeAddress node, Path folder, int associations) throws Exception {
    List<OutgoingInstance> all = instances(folder);
    List<OutgoingInstance> first = all.subList(0, all.size() / 10);
    List<OutgoingInstance> rest = all.subList(first.size(), all.size());
    try (Association association = open(node, all)) {
      sendAll(association, first);
    }
    long start = System.nanoTime();
    try (ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Long>> sent = new ArrayList<>();
      int share = (rest.size() + associations - 1) / associations;
      for (int at = 0; at < rest.size(); at += share) {
        List<OutgoingInstance> mine = rest.subList(at, Math.min(rest.size(), at + share));
        sent.add(
            workers.submit(() -> {
              try (Association association = open(node, mine)) {
                return sendAll(association, mine);
              }
            }));
      }
      for (Future<Long> each : sent) {
        each.get();
      }
    }
    double took = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%.1f images/s (%d images, each once, over %d associations in %.1f s)%n",
        rest.size() / took,
        rest.size(),
        associations,
        took);
  }

  private static long sendAll(Association association, List<OutgoingInstance> instances) {
    for (OutgoingInstance instance : instances) {
      if (!(association.store(instance) instanceof StoreOutcome.Answered answered)
          || !answered.status().isSuccess()) {
        throw new IllegalStateException("not taken: " + instance.kind());
      }
    }
    return instances.size();
  }

  private static void receive(int port) throws InterruptedException {
    AtomicLong images = new AtomicLong();
    StorageServer server =
        StorageServer.start(
            new ServerSettings(AeTitle.ours("BENCH"))
                .anyCalledTitle()
                .listenOn(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)),
            instance -> {
              ByteBuffer buffer = ByteBuffer.allocateDirect(128 << 10);
              while (instance.body().read(buffer.clear()) >= 0) {
                // Thrown away.
              }
              images.incrementAndGet();
              return DimseStatus.SUCCESS;
            },
            _ -> {});
    System.out.println("listening at " + server.address().getPort());
    Thread.currentThread().join();
  }
}
