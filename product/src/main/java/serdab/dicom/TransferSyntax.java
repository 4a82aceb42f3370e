package serdab.dicom;

/// How a data set is encoded (PS3.5 section 10 and annex A).
///
/// @param uid as declared in the File Meta Information; empty when nothing is declared
/// @param explicit whether VRs are written with the elements
/// @param bigEndian whether numbers are written with their highest byte first
/// @param deflated whether everything behind the File Meta Information is compressed with deflate
/// @param encapsulated whether Pixel Data is a series of fragments
public record TransferSyntax(
    String uid, boolean explicit, boolean bigEndian, boolean deflated, boolean encapsulated) {

  public static final String IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2";
  public static final String EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
  public static final String DEFLATED_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99";
  public static final String ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98";

  /// Retired; read, never written.
  public static final String EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2";

  public static final String RLE_LOSSLESS = "1.2.840.10008.1.2.5";
  public static final String DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1";

  /// Implicit VR little endian with big-endian pixels, written by GE's DLX systems.
  public static final String GE_DLX = "1.2.840.113619.5.2";

  /// The implicit VR little endian of Papyrus 3.
  public static final String PAPYRUS_3 = "1.2.840.10008.1.20";

  private static final String IMAGE_COMPRESSION = "1.2.840.10008.1.2.4.";
  private static final String JPIP = "1.2.840.10008.1.2.4.94";
  private static final String JPIP_DEFLATE = "1.2.840.10008.1.2.4.95";
  private static final String JPIP_HTJ2K = "1.2.840.10008.1.2.4.204";
  private static final String JPIP_HTJ2K_DEFLATE = "1.2.840.10008.1.2.4.205";
  private static final String STANDARD = "1.2.840.10008.1.2";

  private static final TransferSyntax IMPLICIT =
      new TransferSyntax(IMPLICIT_LITTLE_ENDIAN, false, false, false, false);
  private static final TransferSyntax EXPLICIT =
      new TransferSyntax(EXPLICIT_LITTLE_ENDIAN, true, false, false, false);

  /// What a UID means. All others than those named here are explicit VR little endian, as the
  /// standard promises for every one to come (PS3.5 section 10).
  public static TransferSyntax of(String uid) {
    return switch (uid) {
      case IMPLICIT_LITTLE_ENDIAN -> IMPLICIT;
      case EXPLICIT_LITTLE_ENDIAN -> EXPLICIT;
      case GE_DLX, PAPYRUS_3 -> new TransferSyntax(uid, false, false, false, false);
      case EXPLICIT_BIG_ENDIAN -> new TransferSyntax(uid, true, true, false, false);
      case DEFLATED_EXPLICIT_LITTLE_ENDIAN -> new TransferSyntax(uid, true, false, true, false);
      case RLE_LOSSLESS, ENCAPSULATED_UNCOMPRESSED, DEFLATED_IMAGE_FRAME ->
          new TransferSyntax(uid, true, false, false, true);
      // JPIP names its pixels by a URL instead of holding them; two of its syntaxes are deflated.
      case JPIP, JPIP_HTJ2K -> new TransferSyntax(uid, true, false, false, false);
      case JPIP_DEFLATE, JPIP_HTJ2K_DEFLATE -> new TransferSyntax(uid, true, false, true, false);
      default -> new TransferSyntax(uid, true, false, false, uid.startsWith(IMAGE_COMPRESSION));
    };
  }

  /// Whether this is a syntax of the standard's own root, or one of the two vendor syntaxes met in
  /// the field.
  public boolean isKnown() {
    return uid.equals(STANDARD)
        || uid.startsWith(STANDARD + ".")
        || uid.equals(GE_DLX)
        || uid.equals(PAPYRUS_3);
  }

  /// Whether pixel words are big-endian although the data set is not.
  public boolean hasBigEndianPixels() {
    return bigEndian || uid.equals(GE_DLX);
  }

  /// The same declaration with what was really found.
  TransferSyntax found(boolean explicitFound, boolean bigEndianFound, boolean deflatedFound) {
    return new TransferSyntax(uid, explicitFound, bigEndianFound, deflatedFound, encapsulated);
  }
}
