package serdab.dicom.net;

import java.util.List;
import java.util.Set;
import serdab.dicom.TransferSyntax;

/// Which SOP classes are stored rather than asked or done: everything but the standard's other
/// services. A fixed list would turn away what a later edition or a manufacturer adds.
final class StorageClasses {

  private static final String STANDARD = "1.2.840.10008.";
  private static final String STORAGE = "1.2.840.10008.5.1.4.1.1.";

  /// Storage classes of the standard outside of that root (PS3.4 annex B.5, PS3.6 annex A).
  private static final Set<String> OTHERS =
      Set.of(
          "1.2.840.10008.5.1.4.34.7", // RT Beams Delivery Instruction
          "1.2.840.10008.5.1.4.34.10", // RT Brachy Application Setup Delivery Instruction
          "1.2.840.10008.5.1.4.38.1", // Hanging Protocol
          "1.2.840.10008.5.1.4.39.1", // Color Palette
          "1.2.840.10008.5.1.4.43.1", // Generic Implant Template
          "1.2.840.10008.5.1.4.44.1", // Implant Assembly Template
          "1.2.840.10008.5.1.4.45.1", // Implant Template Group
          "1.2.840.10008.5.1.1.27", // Stored Print (retired)
          "1.2.840.10008.5.1.1.29", // Hardcopy Grayscale Image (retired)
          "1.2.840.10008.5.1.1.30"); // Hardcopy Color Image (retired)

  private StorageClasses() {}

  static boolean contains(String abstractSyntax) {
    return !abstractSyntax.isEmpty()
        && (!abstractSyntax.startsWith(STANDARD)
            || abstractSyntax.startsWith(STORAGE)
            || OTHERS.contains(abstractSyntax));
  }

  /// The one of a peer's syntaxes that we take an instance in: the first, which is the one that it
  /// likes best, but explicit VRs rather than none where it likes neither better than the other.
  ///
  /// @return empty when there is none that is a transfer syntax
  static String choose(List<String> proposed) {
    String first = "";
    for (String syntax : proposed) {
      if (TransferSyntax.of(syntax).isKnown()) {
        first = syntax;
        break;
      }
    }
    boolean implicit = first.equals(TransferSyntax.IMPLICIT_LITTLE_ENDIAN);
    return implicit && proposed.contains(TransferSyntax.EXPLICIT_LITTLE_ENDIAN)
        ? TransferSyntax.EXPLICIT_LITTLE_ENDIAN
        : first;
  }
}
