package serdab.dicom.net;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import serdab.SerdabException;
import serdab.dicom.TransferSyntax;
import serdab.dicom.net.OutgoingInstance.Kind;

/// What a node can do, as far as it says so when it is asked: nothing is sent to it but questions.
///
/// @param echo how it answered a C-ECHO
/// @param echoTime how long that took, the association not counted
/// @param versionName Implementation Version Name; empty when it has none
/// @param classUid Implementation Class UID; empty when it has none
/// @param pduLengthMax the longest P-DATA-TF it takes, in bytes; 0 when there is no limit
/// @param window how many operations it lets be under way at once, of [#WINDOW_ASKED]
/// @param identityTaken whether it said that it took the user identity that it was told
/// @param associations how many it granted at a time, of [#ASSOCIATIONS_ASKED]
/// @param syntaxes by transfer syntax, which of [#CLASSES] it takes in it
/// @param services which of [Service] it offers
public record NodeSheet(
    DimseStatus echo,
    Duration echoTime,
    String versionName,
    String classUid,
    long pduLengthMax,
    int window,
    boolean identityTaken,
    int associations,
    Map<String, Set<String>> syntaxes,
    Set<Service> services) {

  public static final int WINDOW_ASKED = 16;
  public static final int ASSOCIATIONS_ASKED = 4;

  /// Storage classes that clinics have, by name as in PS3.6 annex A.
  public static final Map<String, String> CLASSES = classes();

  /// Transfer syntaxes that files are in, by name as in PS3.6 annex A.
  public static final Map<String, String> SYNTAXES = syntaxNames();

  private static final Timeouts SHORT =
      new Timeouts(
          Duration.ofSeconds(3),
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          16 << 10);

  /// What a node may offer beside storage.
  public enum Service {
    FIND_STUDY_ROOT("1.2.840.10008.5.1.4.1.2.2.1"),
    FIND_PATIENT_ROOT("1.2.840.10008.5.1.4.1.2.1.1"),
    MOVE_STUDY_ROOT("1.2.840.10008.5.1.4.1.2.2.2"),
    MOVE_PATIENT_ROOT("1.2.840.10008.5.1.4.1.2.1.2"),
    GET_STUDY_ROOT("1.2.840.10008.5.1.4.1.2.2.3"),
    GET_PATIENT_ROOT("1.2.840.10008.5.1.4.1.2.1.3"),
    STORAGE_COMMITMENT("1.2.840.10008.1.20.1");

    private final String sopClassUid;

    Service(String sopClassUid) {
      this.sopClassUid = sopClassUid;
    }

    String sopClassUid() {
      return sopClassUid;
    }
  }

  public NodeSheet {
    syntaxes = Map.copyOf(syntaxes);
    services = Set.copyOf(services);
  }

  /// Asks a node.
  ///
  /// @throws SerdabException when it grants no association, or does not answer
  public static NodeSheet of(NodeAddress node) {
    DimseStatus echo;
    Duration echoTime;
    Association facts;
    try (Association association =
        Association.open(AssociationRequest.to(node).verification().window(WINDOW_ASKED))) {
      long start = System.nanoTime();
      echo = association.echo();
      echoTime = Duration.ofNanos(System.nanoTime() - start);
      facts = association;
    }
    return new NodeSheet(
        echo,
        echoTime,
        facts.peerVersionName(),
        facts.peerClassUid(),
        facts.peerPduLengthMax(),
        facts.window(),
        facts.isIdentityTaken(),
        associations(node),
        syntaxes(node),
        services(node));
  }

  private static Map<String, Set<String>> syntaxes(NodeAddress node) {
    List<ProposedContext> all = new ArrayList<>();
    for (String sopClass : CLASSES.keySet()) {
      for (String syntax : SYNTAXES.keySet()) {
        all.add(new ProposedContext(sopClass, List.of(syntax)));
      }
    }
    Map<String, Set<String>> accepted = new LinkedHashMap<>();
    SYNTAXES.keySet().forEach(syntax -> accepted.put(syntax, new TreeSet<>()));
    for (int i = 0; i < all.size(); i += PresentationContext.COUNT_MAX) {
      List<ProposedContext> part =
          all.subList(i, Math.min(all.size(), i + PresentationContext.COUNT_MAX));
      for (Kind kind : accepted(node, part)) {
        accepted.computeIfPresent(
            kind.transferSyntaxUid(),
            (_, classes) -> {
              classes.add(kind.sopClassUid());
              return classes;
            });
      }
    }
    return accepted;
  }

  private static Set<Service> services(NodeAddress node) {
    List<ProposedContext> all = new ArrayList<>();
    for (Service service : Service.values()) {
      all.add(
          new ProposedContext(
              service.sopClassUid,
              List.of(
                  TransferSyntax.EXPLICIT_LITTLE_ENDIAN, TransferSyntax.IMPLICIT_LITTLE_ENDIAN)));
    }
    Set<Service> offered = new TreeSet<>();
    for (Kind kind : accepted(node, all)) {
      for (Service service : Service.values()) {
        if (service.sopClassUid.equals(kind.sopClassUid())) {
          offered.add(service);
        }
      }
    }
    return offered;
  }

  private static List<Kind> accepted(NodeAddress node, List<ProposedContext> contexts) {
    try (Association association =
        Association.open(AssociationRequest.to(node).propose(contexts))) {
      return association.accepted().stream()
          .map(c -> new Kind(c.abstractSyntax(), c.transferSyntaxes().getFirst()))
          .toList();
    } catch (SerdabException.Refused e) {
      // Some reject what others grant without any context.
      return List.of();
    }
  }

  private static int associations(NodeAddress node) {
    List<Association> open = new ArrayList<>();
    try {
      while (open.size() < ASSOCIATIONS_ASKED) {
        open.add(Association.open(AssociationRequest.to(node).verification().timeouts(SHORT)));
      }
    } catch (SerdabException.Unavailable | SerdabException.Refused e) {
      return open.size();
    } finally {
      open.forEach(Association::close);
    }
    return open.size();
  }

  private static Map<String, String> classes() {
    String storage = "1.2.840.10008.5.1.4.1.1.";
    Map<String, String> names = new LinkedHashMap<>();
    names.put(storage + "1", "Computed Radiography Image Storage");
    names.put(storage + "1.1", "Digital X-Ray Image Storage - For Presentation");
    names.put(storage + "1.2", "Digital Mammography X-Ray Image Storage - For Presentation");
    names.put(storage + "2", "CT Image Storage");
    names.put(storage + "2.1", "Enhanced CT Image Storage");
    names.put(storage + "3.1", "Ultrasound Multi-frame Image Storage");
    names.put(storage + "4", "MR Image Storage");
    names.put(storage + "4.1", "Enhanced MR Image Storage");
    names.put(storage + "6.1", "Ultrasound Image Storage");
    names.put(storage + "7", "Secondary Capture Image Storage");
    names.put(storage + "7.4", "Multi-frame True Color Secondary Capture Image Storage");
    names.put(storage + "11.1", "Grayscale Softcopy Presentation State Storage");
    names.put(storage + "12.1", "X-Ray Angiographic Image Storage");
    names.put(storage + "12.2", "X-Ray Radiofluoroscopic Image Storage");
    names.put(storage + "13.1.3", "Breast Tomosynthesis Image Storage");
    names.put(storage + "20", "Nuclear Medicine Image Storage");
    names.put(storage + "66.4", "Segmentation Storage");
    names.put(storage + "77.1.4.1", "Video Photographic Image Storage");
    names.put(storage + "88.22", "Enhanced SR Storage");
    names.put(storage + "88.59", "Key Object Selection Document Storage");
    names.put(storage + "104.1", "Encapsulated PDF Storage");
    names.put(storage + "128", "Positron Emission Tomography Image Storage");
    names.put(storage + "481.2", "RT Dose Storage");
    names.put(storage + "481.3", "RT Structure Set Storage");
    return names;
  }

  private static Map<String, String> syntaxNames() {
    String compressed = "1.2.840.10008.1.2.4.";
    Map<String, String> names = new LinkedHashMap<>();
    names.put(TransferSyntax.IMPLICIT_LITTLE_ENDIAN, "Implicit VR Little Endian");
    names.put(TransferSyntax.EXPLICIT_LITTLE_ENDIAN, "Explicit VR Little Endian");
    names.put(TransferSyntax.DEFLATED_EXPLICIT_LITTLE_ENDIAN, "Deflated Explicit VR Little Endian");
    names.put(TransferSyntax.EXPLICIT_BIG_ENDIAN, "Explicit VR Big Endian (retired)");
    names.put(TransferSyntax.RLE_LOSSLESS, "RLE Lossless");
    names.put(compressed + "50", "JPEG Baseline (Process 1)");
    names.put(compressed + "51", "JPEG Extended (Process 2 & 4)");
    names.put(compressed + "57", "JPEG Lossless, Non-Hierarchical (Process 14)");
    names.put(compressed + "70", "JPEG Lossless, First-Order Prediction");
    names.put(compressed + "80", "JPEG-LS Lossless");
    names.put(compressed + "81", "JPEG-LS Near-Lossless");
    names.put(compressed + "90", "JPEG 2000 Lossless Only");
    names.put(compressed + "91", "JPEG 2000");
    names.put(compressed + "100", "MPEG2 Main Profile / Main Level");
    names.put(compressed + "102", "MPEG-4 AVC/H.264 High Profile / Level 4.1");
    names.put(compressed + "201", "High-Throughput JPEG 2000 Lossless Only");
    return names;
  }
}
