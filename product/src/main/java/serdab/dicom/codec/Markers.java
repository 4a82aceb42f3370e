package serdab.dicom.codec;

/// The markers that a JPEG-LS stream can hold (T.87 section C.1.1, T.81 table B.1).
final class Markers {
  static final int SOI = 0xFFD8;
  static final int EOI = 0xFFD9;
  static final int SOS = 0xFFDA;
  static final int DNL = 0xFFDC;
  static final int DRI = 0xFFDD;
  static final int RST0 = 0xFFD0;
  static final int RST7 = 0xFFD7;
  static final int APP0 = 0xFFE0;
  static final int APP8 = 0xFFE8;
  static final int APP15 = 0xFFEF;
  static final int SOF55 = 0xFFF7;
  static final int LSE = 0xFFF8;
  static final int COM = 0xFFFE;

  private Markers() {}
}
