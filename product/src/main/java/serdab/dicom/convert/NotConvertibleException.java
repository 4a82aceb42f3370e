package serdab.dicom.convert;

/// An instance cannot be written in another transfer syntax, or not without a doubt.
public final class NotConvertibleException extends Exception {

  private static final long serialVersionUID = 1L;

  /// @param reason the end of a sentence that begins with "It"; holds no value from the file
  public NotConvertibleException(String reason) {
    super(reason);
  }

  /// The end of a sentence that begins with "It".
  public String reason() {
    return String.valueOf(getMessage());
  }
}
