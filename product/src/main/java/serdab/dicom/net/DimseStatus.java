package serdab.dicom.net;

import java.util.Locale;

/// How an operation ended, as the other side tells it (PS3.7 annex C; PS3.4 sections B.2.3, C.4).
///
/// A status is a claim. [#SUCCESS] of a C-STORE says that the peer answered so, no more.
///
/// @param code 16 bits
public record DimseStatus(int code) {

  public static final DimseStatus SUCCESS = new DimseStatus(0x0000);
  public static final DimseStatus CANCEL = new DimseStatus(0xFE00);
  public static final DimseStatus PENDING = new DimseStatus(0xFF00);

  /// More is to come, and some of the optional keys of the query are not supported.
  public static final DimseStatus PENDING_KEYS_UNSUPPORTED = new DimseStatus(0xFF01);

  public static final DimseStatus SOP_CLASS_NOT_SUPPORTED = new DimseStatus(0x0122);
  public static final DimseStatus NOT_AUTHORIZED = new DimseStatus(0x0124);
  public static final DimseStatus DUPLICATE_SOP_INSTANCE = new DimseStatus(0x0111);
  public static final DimseStatus PROCESSING_FAILURE = new DimseStatus(0x0110);
  public static final DimseStatus UNRECOGNIZED_OPERATION = new DimseStatus(0x0211);
  public static final DimseStatus NO_SUCH_ACTION_TYPE = new DimseStatus(0x0123);
  public static final DimseStatus NO_SUCH_EVENT_TYPE = new DimseStatus(0x0113);

  /// Try later: the disk is full, or the database is busy.
  public static final DimseStatus OUT_OF_RESOURCES = new DimseStatus(0xA700);

  public static final DimseStatus MOVE_DESTINATION_UNKNOWN = new DimseStatus(0xA801);
  public static final DimseStatus DATA_SET_DOES_NOT_MATCH_SOP_CLASS = new DimseStatus(0xA900);
  public static final DimseStatus CANNOT_UNDERSTAND = new DimseStatus(0xC000);

  /// A query or retrieval cannot be worked on (PS3.4 tables C.4-1 to C.4-3).
  public static final DimseStatus UNABLE_TO_PROCESS = new DimseStatus(0xC001);

  /// Nothing of what a retrieval is about could be sent.
  public static final DimseStatus UNABLE_TO_PERFORM_SUB_OPERATIONS = new DimseStatus(0xA702);

  /// Some of what a retrieval is about could not be sent.
  public static final DimseStatus SUB_OPERATIONS_FAILED = new DimseStatus(0xB000);

  /// Stored, with some elements changed.
  public static final DimseStatus COERCED = new DimseStatus(0xB000);

  /// Stored, with some elements left out.
  public static final DimseStatus ELEMENTS_DISCARDED = new DimseStatus(0xB006);

  /// Stored, although it is not what its SOP Class says.
  public static final DimseStatus STORED_DESPITE_MISMATCH = new DimseStatus(0xB007);

  /// What kind of end a status is (PS3.7 section C.1).
  public enum Kind {
    SUCCESS,
    WARNING,
    FAILURE,
    CANCELLED,
    PENDING
  }

  public DimseStatus {
    code &= 0xFFFF;
  }

  public Kind kind() {
    return switch (code) {
      case 0x0000 -> Kind.SUCCESS;
      case 0xFF00, 0xFF01 -> Kind.PENDING;
      case 0xFE00 -> Kind.CANCELLED;
      case 0x0001, 0x0107, 0x0116 -> Kind.WARNING;
      default -> code >>> 12 == 0xB ? Kind.WARNING : Kind.FAILURE;
    };
  }

  public boolean isSuccess() {
    return code == 0;
  }

  /// Whether the same may succeed later: the peer ran out of something (A7xx).
  public boolean isWorthAnotherTry() {
    return code >>> 8 == 0xA7;
  }

  /// Four hexadecimal digits, as documents write a status.
  @Override
  public String toString() {
    return "%04X".formatted(code).toUpperCase(Locale.ROOT);
  }
}
