package serdab.ziptree;

/// One entry of a ZIP as its central directory describes it.
///
/// @param name its name, decoded
/// @param flags general purpose bits
/// @param method [ZipHeaders#STORED], [ZipHeaders#DEFLATED] or a foreign one
/// @param dosTime date in the upper, time in the lower 16 bits
/// @param modifiedSeconds from the extended timestamp, else [#NO_TIME]
/// @param crc CRC-32 of its bytes
/// @param storedBytes how many bytes it takes in the ZIP, headers left out
/// @param lengthBytes how many bytes it unpacks to
/// @param headerOffset where its local header begins
/// @param zip64Local whether its local header has a Zip64 field
record StoredEntry(
    String name,
    int flags,
    int method,
    int dosTime,
    long modifiedSeconds,
    int crc,
    long storedBytes,
    long lengthBytes,
    long headerOffset,
    boolean zip64Local) {

  static final long NO_TIME = Long.MIN_VALUE;

  boolean hasDescriptor() {
    return (flags & ZipHeaders.FLAG_DESCRIPTOR) != 0;
  }

  StoredEntry withZip64Local(boolean present) {
    return present == zip64Local
        ? this
        : new StoredEntry(
            name,
            flags,
            method,
            dosTime,
            modifiedSeconds,
            crc,
            storedBytes,
            lengthBytes,
            headerOffset,
            present);
  }

  /// Where its data begins when its local header is as we write it.
  long dataOffset() {
    return headerOffset
        + ZipHeaders.LOCAL_BYTES
        + SafeNames.utf8Length(name)
        + (zip64Local ? 20 : 0)
        + (modifiedSeconds == NO_TIME ? 0 : ZipHeaders.TIMESTAMP_BYTES);
  }

  boolean isEncrypted() {
    return (flags & ZipHeaders.FLAG_ENCRYPTED) != 0;
  }
}
