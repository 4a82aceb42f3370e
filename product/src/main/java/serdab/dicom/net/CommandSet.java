package serdab.dicom.net;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/// The command of a message: group 0000 in Implicit VR Little Endian (PS3.7 section 6.3.1).
///
/// Values are kept as bytes. Made once with [#of] and the methods that give it back.
final class CommandSet {

  /// More than any command needs; a request with the longest UIDs takes 400 bytes.
  static final int BYTES_MAX = 64 << 10;

  static final int AFFECTED_SOP_CLASS_UID = 0x0002;
  static final int REQUESTED_SOP_CLASS_UID = 0x0003;
  static final int COMMAND_FIELD = 0x0100;
  static final int MESSAGE_ID = 0x0110;
  static final int MESSAGE_ID_BEING_RESPONDED_TO = 0x0120;
  static final int MOVE_DESTINATION = 0x0600;
  static final int PRIORITY = 0x0700;
  static final int COMMAND_DATA_SET_TYPE = 0x0800;
  static final int STATUS = 0x0900;
  static final int AFFECTED_SOP_INSTANCE_UID = 0x1000;
  static final int REQUESTED_SOP_INSTANCE_UID = 0x1001;
  static final int EVENT_TYPE_ID = 0x1002;
  static final int ACTION_TYPE_ID = 0x1008;
  static final int REMAINING_SUB_OPERATIONS = 0x1020;
  static final int COMPLETED_SUB_OPERATIONS = 0x1021;
  static final int FAILED_SUB_OPERATIONS = 0x1022;
  static final int WARNING_SUB_OPERATIONS = 0x1023;
  static final int MOVE_ORIGINATOR = 0x1030;
  static final int MOVE_ORIGINATOR_MESSAGE_ID = 0x1031;

  /// Command Data Set Type when none follows (PS3.7 section E.1).
  private static final int NO_DATA_SET = 0x0101;

  private static final int SOME_DATA_SET = 0x0001;
  private static final int ELEMENT_HEADER_BYTES = 8;

  private final Map<Integer, byte[]> values = new TreeMap<>();

  private CommandSet() {}

  /// A command without more than its kind.
  static CommandSet of(int commandField, boolean dataSetFollows) {
    return new CommandSet()
        .number(COMMAND_FIELD, commandField)
        .number(COMMAND_DATA_SET_TYPE, dataSetFollows ? SOME_DATA_SET : NO_DATA_SET);
  }

  /// The answer to a request, with its UIDs and id.
  CommandSet response(DimseStatus status, boolean dataSetFollows) {
    CommandSet response =
        of(Command.responseTo(commandField()), dataSetFollows)
            .number(MESSAGE_ID_BEING_RESPONDED_TO, number(MESSAGE_ID).orElse(0))
            .number(STATUS, status.code());
    copyTo(response, AFFECTED_SOP_CLASS_UID, AFFECTED_SOP_CLASS_UID);
    copyTo(response, AFFECTED_SOP_INSTANCE_UID, AFFECTED_SOP_INSTANCE_UID);
    copyTo(response, REQUESTED_SOP_CLASS_UID, AFFECTED_SOP_CLASS_UID);
    copyTo(response, REQUESTED_SOP_INSTANCE_UID, AFFECTED_SOP_INSTANCE_UID);
    copyTo(response, EVENT_TYPE_ID, EVENT_TYPE_ID);
    copyTo(response, ACTION_TYPE_ID, ACTION_TYPE_ID);
    return response;
  }

  private void copyTo(CommandSet other, int from, int to) {
    byte[] value = values.get(from);
    if (value != null) {
      other.values.put(to, value);
    }
  }

  CommandSet number(int element, int value) {
    values.put(element, new byte[] {(byte) value, (byte) (value >>> 8)});
    return this;
  }

  /// @param value padded here, with a NUL: all of ours are UIDs but for titles
  CommandSet uid(int element, String value) {
    return text(element, value, 0);
  }

  CommandSet title(int element, AeTitle value) {
    return text(element, value.value(), ' ');
  }

  private CommandSet text(int element, String value, int padding) {
    byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
    byte[] even = java.util.Arrays.copyOf(bytes, bytes.length + (bytes.length & 1));
    if (even.length > bytes.length) {
      even[bytes.length] = (byte) padding;
    }
    values.put(element, even);
    return this;
  }

  int commandField() {
    return number(COMMAND_FIELD).orElse(-1);
  }

  boolean hasDataSet() {
    return number(COMMAND_DATA_SET_TYPE).orElse(NO_DATA_SET) != NO_DATA_SET;
  }

  DimseStatus status() {
    return new DimseStatus(number(STATUS).orElse(DimseStatus.PROCESSING_FAILURE.code()));
  }

  OptionalInt number(int element) {
    byte[] value = values.get(element);
    return value == null || value.length < 2
        ? OptionalInt.empty()
        : OptionalInt.of((value[0] & 0xFF) | (value[1] & 0xFF) << 8);
  }

  /// Without padding; empty when there is none.
  String text(int element) {
    byte[] value = values.get(element);
    return value == null
        ? ""
        : new String(value, StandardCharsets.ISO_8859_1).replace('\0', ' ').strip();
  }

  byte[] bytes() {
    ByteArrayOutputStream elements = new ByteArrayOutputStream(256);
    values.forEach((element, value) -> {
      elements.writeBytes(header(element, value.length));
      elements.writeBytes(value);
    });
    ByteArrayOutputStream all = new ByteArrayOutputStream(elements.size() + 12);
    all.writeBytes(header(0, Integer.BYTES));
    all.writeBytes(
        ByteBuffer.allocate(Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(elements.size())
            .array());
    all.writeBytes(elements.toByteArray());
    return all.toByteArray();
  }

  private static byte[] header(int element, int length) {
    return ByteBuffer.allocate(ELEMENT_HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) 0)
        .putShort((short) element)
        .putInt(length)
        .array();
  }

  /// Reads a command. The group length is not believed, other groups are passed over.
  ///
  /// @throws IllegalArgumentException when the bytes are no elements; the message holds none of
  ///   them
  static CommandSet read(byte[] bytes) {
    CommandSet set = new CommandSet();
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (in.remaining() >= ELEMENT_HEADER_BYTES) {
      int group = in.getShort() & 0xFFFF;
      int element = in.getShort() & 0xFFFF;
      int length = in.getInt();
      if (length < 0 || length > in.remaining()) {
        throw new IllegalArgumentException("an element of a command is longer than the command");
      }
      byte[] value = new byte[length];
      in.get(value);
      if (group == 0 && element != 0) {
        set.values.put(element, value);
      }
    }
    if (in.hasRemaining() || set.commandField() < 0) {
      throw new IllegalArgumentException("a command has no command field");
    }
    return set;
  }
}
