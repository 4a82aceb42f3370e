package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.FileMeta;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;

/// What a node does with images, tried with a made-up study that stays there: how fast it takes
/// them, what it alters, and whether its storage commitment is worth anything.
///
/// @param study Study Instance UID of the made-up study, for whoever wants to delete it
/// @param sent how many images were sent
/// @param stored how many it answered with success
/// @param bytesPerSecond how fast it took them, on one association; 0 when it took none
/// @param gave how it gave one back; empty when it did not
/// @param altered tags whose values are not what was sent, as eight hexadecimal digits, in order
/// @param commitment what its storage commitment is worth
public record StoreTrial(
    String study,
    int sent,
    int stored,
    long bytesPerSecond,
    Optional<Retrieval.Way> gave,
    List<String> altered,
    Commitment commitment) {

  private static final int IMAGES = 20;
  private static final int ROWS = 512;
  private static final String SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /// What the storage commitment of a node is worth.
  public enum Commitment {
    /// It keeps what was sent, and not what was never sent.
    HONEST,
    /// It says that it keeps an image that nobody ever sent.
    LIES,
    /// It does not say that it keeps what it has just taken.
    DENIES,
    /// It took the request, and no report came in ten seconds.
    SILENT,
    /// It did not take the request.
    REFUSED,
    /// It does not offer it.
    NOT_OFFERED
  }

  public StoreTrial {
    altered = List.copyOf(altered);
  }

  /// Sends a made-up study of twenty images, 10 MB, to a node. It stays there.
  ///
  /// @param random for its UIDs and pixels
  /// @throws SerdabException when the node grants no association
  public static StoreTrial of(NodeAddress node, RandomGenerator random) {
    return new Trial(node, random).run();
  }

  private static final class Trial {
    private final NodeAddress node;
    private final Supplier<AssociationRequest> requests;
    private final String study;
    private final List<byte[]> images = new ArrayList<>();

    Trial(NodeAddress node, RandomGenerator random) {
      this.node = node;
      this.requests = () -> AssociationRequest.to(node);
      byte[] bits = new byte[15];
      random.nextBytes(bits);
      this.study = "2.25." + new BigInteger(1, bits);
      for (int n = 1; n <= IMAGES; n++) {
        images.add(image(n, random));
      }
    }

    private String series() {
      return study + ".1";
    }

    private String sop(int n) {
      return series() + "." + n;
    }

    /// An image that nobody takes for a patient's.
    private byte[] image(int n, RandomGenerator random) {
      byte[] pixels = new byte[2 * ROWS * ROWS];
      random.nextBytes(pixels);
      return new Identifier()
          .text(Tag.SpecificCharacterSet, "ISO_IR 192")
          .text(Tag.SOPClassUID, SECONDARY_CAPTURE)
          .text(Tag.SOPInstanceUID, sop(n))
          .text(Tag.StudyDate, "20000101")
          .text(0x00080030, "120000")
          .text(Tag.AccessionNumber, "SERDAB-TEST")
          .text(0x00080060, "OT")
          .text(0x00080064, "SYN")
          .text(0x00080090, "")
          .text(Tag.PatientName, "Serdab^Test=試験^画像")
          .text(Tag.PatientID, "SERDAB-TEST")
          .text(0x00100030, "")
          .text(0x00100040, "O")
          .text(Tag.StudyInstanceUID, study)
          .text(Tag.SeriesInstanceUID, series())
          .text(0x00200010, "1")
          .text(0x00200011, "1")
          .text(0x00200013, "" + n)
          .text(0x00200020, "")
          .bytes(0x00280002, (byte) 1, (byte) 0)
          .text(0x00280004, "MONOCHROME2")
          .bytes(0x00280010, (byte) 0, (byte) (ROWS >>> 8))
          .bytes(0x00280011, (byte) 0, (byte) (ROWS >>> 8))
          .bytes(0x00280100, (byte) 16, (byte) 0)
          .bytes(0x00280101, (byte) 16, (byte) 0)
          .bytes(0x00280102, (byte) 15, (byte) 0)
          .bytes(0x00280103, (byte) 0, (byte) 0)
          .text(0x00990010, "SERDAB TEST")
          .text(0x00991001, "private")
          .bytes(0x7FE00010, pixels)
          .bytes();
    }

    private OutgoingInstance outgoing(int n) {
      byte[] bytes = images.get(n - 1);
      return new OutgoingInstance(
          SECONDARY_CAPTURE,
          new SopInstanceUid(sop(n)),
          TransferSyntax.IMPLICIT_LITTLE_ENDIAN,
          ByteSource.of(bytes),
          0,
          bytes.length);
    }

    StoreTrial run() {
      int stored = 0;
      long bytes = 0;
      long begun = System.nanoTime();
      try (Association association =
          Association.open(
              requests
                  .get()
                  .propose(ProposedContext.forSending(List.of(outgoing(1).kind())).getFirst()))) {
        begun = System.nanoTime();
        for (int n = 1; n <= IMAGES; n++) {
          if (association.store(outgoing(n)) instanceof StoreOutcome.Answered answered
              && answered.status().kind() != DimseStatus.Kind.FAILURE) {
            stored++;
            bytes += images.get(n - 1).length;
          }
        }
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("node-takes-nothing")) {
          throw e;
        }
      }
      long nanos = Math.max(1, System.nanoTime() - begun);
      if (stored == 0) {
        return new StoreTrial(
            study, IMAGES, 0, 0, Optional.empty(), List.of(), Commitment.NOT_OFFERED);
      }
      Map<String, byte[]> back = new ConcurrentHashMap<>();
      Optional<Retrieval.Way> gave = back(back);
      return new StoreTrial(
          study,
          IMAGES,
          stored,
          bytes * 1_000_000_000L / nanos,
          gave,
          back.containsKey(sop(1)) ? altered(back.get(sop(1))) : List.of(),
          commitment());
    }

    // ---- what it alters

    private Optional<Retrieval.Way> back(Map<String, byte[]> back) {
      try (Retrieval retrieval = new Retrieval(requests, node.here(), Duration.ofSeconds(3))) {
        retrieval.instances(
            new StudyInstanceUid(study),
            new SeriesInstanceUid(series()),
            List.of(new SopInstanceUid(sop(1))),
            Retrieval.kindsOf(List.of(SECONDARY_CAPTURE)),
            instance -> {
              back.put(instance.sop().value(), whole(instance));
              return DimseStatus.SUCCESS;
            });
        return back.isEmpty() ? Optional.empty() : retrieval.way();
      } catch (SerdabException e) {
        return Optional.empty();
      }
    }

    private static byte[] whole(IncomingInstance instance) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      bytes.writeBytes(instance.fileHeader());
      ByteBuffer chunk = ByteBuffer.allocate(64 << 10);
      while (instance.body().read(chunk) >= 0) {
        bytes.write(chunk.array(), 0, chunk.position());
        chunk.clear();
      }
      return bytes.toByteArray();
    }

    private List<String> altered(byte[] back) {
      byte[] header =
          FileMeta.header(SECONDARY_CAPTURE, sop(1), TransferSyntax.IMPLICIT_LITTLE_ENDIAN, "");
      byte[] sent = Arrays.copyOf(header, header.length + images.getFirst().length);
      System.arraycopy(images.getFirst(), 0, sent, header.length, images.getFirst().length);
      try {
        Map<Integer, String> ours = values(sent);
        Map<Integer, String> theirs = values(back);
        TreeSet<String> altered = new TreeSet<>();
        TreeSet<Integer> tags = new TreeSet<>(ours.keySet());
        tags.addAll(theirs.keySet());
        for (int tag : tags) {
          if (!ours.getOrDefault(tag, "").equals(theirs.getOrDefault(tag, ""))) {
            altered.add("%08X".formatted(tag));
          }
        }
        return List.copyOf(altered);
      } catch (IOException e) {
        return List.of("%08X".formatted(Tag.SOPInstanceUID)); // It cannot even be read.
      }
    }

    /// Values by tag without what pads them; group lengths say nothing.
    private static Map<Integer, String> values(byte[] file) throws IOException {
      DataSet all = DicomFile.read(ByteSource.of(file)).dataSet();
      Map<Integer, String> values = new TreeMap<>();
      for (int i = 0; i < all.size(); i = all.next(i)) {
        if ((all.tag(i) & 0xFFFF) != 0) {
          byte[] value = all.value(i).orElse(new byte[0]);
          values.put(
              all.tag(i), new String(value, StandardCharsets.ISO_8859_1).replaceAll("[ \0]+$", ""));
        }
      }
      return values;
    }

    // ---- what its word is worth

    private Commitment commitment() {
      String never = series() + ".999";
      List<CommitmentReport.Reference> references =
          List.of(
              new CommitmentReport.Reference(SECONDARY_CAPTURE, new SopInstanceUid(sop(1))),
              new CommitmentReport.Reference(SECONDARY_CAPTURE, new SopInstanceUid(never)));
      BlockingQueue<CommitmentReport> reports = new LinkedBlockingQueue<>();
      Optional<StorageServer> server =
          node.here()
              .map(settings ->
                  StorageServer.start(
                      settings.reportsTo(reports::add), _ -> DimseStatus.NOT_AUTHORIZED, _ -> {}));
      try (Association association = Association.open(requests.get().commitment())) {
        String transaction = study + ".2";
        if (!association.requestCommitment(transaction, references).isSuccess()) {
          return Commitment.REFUSED;
        }
        Optional<CommitmentReport> report =
            server.isPresent()
                ? Optional.ofNullable(reports.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                : Optional.empty();
        if (report.isEmpty()) {
          report = association.awaitReport(server.isPresent() ? Duration.ofSeconds(1) : PATIENCE);
        }
        return report.map(each -> worth(each, never)).orElse(Commitment.SILENT);
      } catch (SerdabException.Refused e) {
        return Commitment.NOT_OFFERED;
      } catch (SerdabException e) {
        return Commitment.SILENT;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Commitment.SILENT;
      } finally {
        server.ifPresent(StorageServer::close);
      }
    }

    private Commitment worth(CommitmentReport report, String never) {
      if (report.kept().contains(new SopInstanceUid(never))) {
        return Commitment.LIES;
      }
      return report.kept().contains(new SopInstanceUid(sop(1)))
          ? Commitment.HONEST
          : Commitment.DENIES;
    }
  }
}
