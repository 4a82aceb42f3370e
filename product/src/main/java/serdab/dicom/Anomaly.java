package serdab.dicom;

/// Something in a file that is not as the standard says, or that deserves a look. Never a reason to
/// leave the file out of a backup.
///
/// @param kind what it is
/// @param position the byte it was seen at; inside a deflated data set, of the inflated bytes
/// @param detail for a person to read; holds tags, lengths and positions, never a value that could
///   be about a patient
public record Anomaly(Kind kind, long position, String detail) {

  /// How much an anomaly says about the file.
  public enum Severity {
    /// The file is not a DICOM file.
    NOT_DICOM,
    /// Something is missing, unreadable or beyond a limit: not everything in the file was
    /// understood.
    DAMAGED,
    /// The file breaks a rule, and yet all of it was understood.
    ODD
  }

  /// What an anomaly is.
  public enum Kind {
    /// The file is something else; the detail says what, as far as its first bytes tell.
    NOT_DICOM(Severity.NOT_DICOM),
    /// There is a DICM prefix and no data set behind the File Meta Information.
    EMPTY_DATA_SET(Severity.DAMAGED),
    /// The file ends, or its data set ends, before something it announces is complete.
    TRUNCATED(Severity.DAMAGED),
    /// No element can start here; what follows was not understood.
    UNREADABLE(Severity.DAMAGED),
    /// An element or item claims to reach behind the end of what holds it.
    OVERRUN(Severity.DAMAGED),
    /// A sequence, item or list of fragments is not closed.
    MISSING_DELIMITER(Severity.DAMAGED),
    /// The deflated data set does not inflate to its end.
    INFLATE_FAILED(Severity.DAMAGED),
    /// The inflated data set would be longer than the limits allow.
    INFLATED_TOO_LARGE(Severity.DAMAGED),
    /// Sequences are nested deeper than the limit.
    TOO_DEEP(Severity.DAMAGED),
    /// There are more elements than the limit.
    TOO_MANY_ELEMENTS(Severity.DAMAGED),
    /// A sequence has more items than the limit.
    TOO_MANY_ITEMS(Severity.DAMAGED),
    /// Pixel data has more fragments than the limit.
    TOO_MANY_FRAGMENTS(Severity.DAMAGED),
    /// Native pixel data is shorter than rows, columns, frames and bits ask for.
    PIXEL_DATA_SHORT(Severity.DAMAGED),
    /// Native pixel data is longer than rows, columns, frames and bits ask for.
    PIXEL_DATA_LONG(Severity.ODD),
    /// Bytes follow the data set.
    TRAILING_BYTES(Severity.ODD),
    /// The 128 bytes of preamble are missing (PS3.10 section 7.1).
    NO_PREAMBLE(Severity.ODD),
    /// There is no File Meta Information (PS3.10 section 7.1).
    NO_FILE_META(Severity.ODD),
    /// The preamble starts like a program: such a file can do harm when it is renamed.
    PREAMBLE_EXECUTABLE(Severity.ODD),
    /// The length of the File Meta Information is missing or wrong.
    META_LENGTH_WRONG(Severity.ODD),
    /// The File Meta Information is not explicit VR little endian.
    META_ENCODING(Severity.ODD),
    /// An element of group 0002 stands in the data set.
    META_IN_DATA_SET(Severity.ODD),
    /// No transfer syntax is declared.
    NO_TRANSFER_SYNTAX(Severity.ODD),
    /// The declared transfer syntax is not one of the standard's.
    UNKNOWN_TRANSFER_SYNTAX(Severity.ODD),
    /// The data set is encoded otherwise than declared.
    SYNTAX_MISMATCH(Severity.ODD),
    /// Single elements are encoded otherwise than the data set.
    MIXED_ENCODING(Severity.ODD),
    /// A VR is not one of the standard's.
    INVALID_VR(Severity.ODD),
    /// A deflated data set has a zlib header, which the standard does not allow.
    ZLIB_HEADER(Severity.ODD),
    /// A value has an odd length.
    ODD_LENGTH(Severity.ODD),
    /// An element does not follow its predecessor in tag order.
    OUT_OF_ORDER(Severity.ODD),
    /// An element occurs twice in one data set.
    DUPLICATE_ELEMENT(Severity.ODD),
    /// A delimiter stands where none belongs.
    UNEXPECTED_DELIMITER(Severity.ODD),
    /// A delimiter has a length.
    DELIMITER_WITH_LENGTH(Severity.ODD),
    /// An undefined length stands where none is allowed.
    UNDEFINED_LENGTH(Severity.ODD),
    /// A UID does not follow PS3.5 section 9.1, or is missing.
    INVALID_UID(Severity.ODD),
    /// Two of the Study, Series and SOP Instance UID are the same.
    SAME_UID(Severity.ODD),
    /// The File Meta Information and the data set name different instances.
    UID_MISMATCH(Severity.ODD),
    /// There are more anomalies than the limit; the rest is not listed.
    MORE_ANOMALIES(Severity.ODD);

    private final Severity severity;

    Kind(Severity severity) {
      this.severity = severity;
    }

    public Severity severity() {
      return severity;
    }
  }
}
