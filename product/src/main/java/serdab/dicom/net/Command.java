package serdab.dicom.net;

/// Values of Command Field (0000,0100); PS3.7 table E.1-1.
final class Command {

  static final int C_STORE_RQ = 0x0001;
  static final int C_GET_RQ = 0x0010;
  static final int C_FIND_RQ = 0x0020;
  static final int C_MOVE_RQ = 0x0021;
  static final int C_ECHO_RQ = 0x0030;
  static final int N_EVENT_REPORT_RQ = 0x0100;
  static final int N_ACTION_RQ = 0x0130;
  static final int C_CANCEL_RQ = 0x0FFF;

  private static final int RESPONSE = 0x8000;

  private Command() {}

  static int responseTo(int request) {
    return request | RESPONSE;
  }

  static boolean isResponse(int command) {
    return (command & RESPONSE) != 0;
  }
}
