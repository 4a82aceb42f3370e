package serdab.dicom.net;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.testing.SharedData;

/// One whole file of each pair of SOP class and transfer syntax among the real ones, no two of one
/// UID.
///
/// @param files by what they are
record Samples(Map<Kind, Path> files) {

  private static final long LENGTH_MAX = 4 << 20;

  static Samples ofEveryKind() throws IOException {
    Map<Kind, Path> files = new LinkedHashMap<>();
    Map<String, Path> names = new HashMap<>();
    try (Stream<Path> all = Files.walk(SharedData.dicom())) {
      for (Path path : all.filter(Files::isRegularFile).sorted().toList()) {
        try (ByteSource source = ByteSource.open(path)) {
          DicomFile file = DicomFile.read(source);
          if (!file.isDicom() || file.isDicomDir() || file.isDamaged()) {
            continue;
          }
          OutgoingInstance instance = OutgoingInstance.of(file, source);
          boolean canBeSent =
              instance.sop().isValid()
                  && !instance.sopClassUid().isEmpty()
                  && !instance.transferSyntaxUid().isEmpty()
                  && instance.lengthBytes() > 0
                  && instance.lengthBytes() % 2 == 0
                  && instance.lengthBytes() < LENGTH_MAX;
          if (canBeSent
              && !files.containsKey(instance.kind())
              && names.putIfAbsent(instance.sop().value(), path) == null) {
            files.put(instance.kind(), path);
          }
        }
      }
    }
    return new Samples(files);
  }

  /// What came of sending them.
  ///
  /// @param outcomes how many came to what
  /// @param stored canonical digests of those that a node said it stored, by UID
  record Sent(Map<String, Integer> outcomes, Map<String, String> stored) {}

  /// Sends each; where an association ends, the next is asked for.
  Sent sendTo(NodeAddress node) throws IOException {
    Map<String, Integer> outcomes = new TreeMap<>();
    Map<String, String> stored = new TreeMap<>();
    for (Map.Entry<Kind, Path> each : files.entrySet()) {
      List<ProposedContext> contexts =
          ProposedContext.forSending(List.of(each.getKey())).getFirst();
      try (ByteSource source = ByteSource.open(each.getValue());
          Association association =
              Association.open(AssociationRequest.to(node).propose(contexts))) {
        OutgoingInstance instance = OutgoingInstance.of(DicomFile.scan(source), source);
        StoreOutcome outcome = association.store(instance);
        outcomes.merge(outcome.toString(), 1, Integer::sum);
        if (outcome instanceof StoreOutcome.Answered(DimseStatus status) && status.isSuccess()) {
          stored.put(instance.sop().value(), canonical(Files.readAllBytes(each.getValue())));
        }
      } catch (SerdabException e) {
        outcomes.merge(e.problem().code(), 1, Integer::sum);
      }
    }
    return new Sent(outcomes, stored);
  }

  static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().map(Object::toString).orElse("none");
  }

  /// Canonical digests of the files below a folder, by UID.
  static Map<String, String> in(Path folder) throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(path);
        DicomFile file = DicomFile.read(ByteSource.of(bytes));
        if (file.isDicom()) {
          found.put(file.facts().sop().value(), canonical(bytes));
        }
      }
    }
    return found;
  }

  /// Canonical digests of what came, by the UID it came under.
  static Map<String, String> of(Collection<MemorySink.Kept> come) {
    Map<String, String> digests = new TreeMap<>();
    for (MemorySink.Kept kept : come) {
      byte[] header = kept.instance().fileHeader();
      byte[] file = Arrays.copyOf(header, header.length + kept.body().length);
      System.arraycopy(kept.body(), 0, file, header.length, kept.body().length);
      try {
        digests.put(kept.instance().sop().value(), canonical(file));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return digests;
  }

  Optional<Path> of(String sopClassUid, String transferSyntaxUid) {
    return Optional.ofNullable(files.get(new Kind(sopClassUid, transferSyntaxUid)));
  }
}
