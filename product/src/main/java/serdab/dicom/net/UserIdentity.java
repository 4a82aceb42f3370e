package serdab.dicom.net;

import java.nio.charset.StandardCharsets;

/// Who is asking, for peers that want to know more than an AE title (PS3.7 section D.3.3.7). Prints
/// nothing of itself.
public final class UserIdentity {

  static final int USERNAME = 1;
  static final int USERNAME_AND_PASSCODE = 2;

  private final int type;
  private final boolean answerWanted;
  private final byte[] primary;
  private final byte[] secondary;

  UserIdentity(int type, boolean answerWanted, byte[] primary, byte[] secondary) {
    this.type = type;
    this.answerWanted = answerWanted;
    this.primary = primary.clone();
    this.secondary = secondary.clone();
  }

  /// A user's name alone.
  public static UserIdentity ofName(String name) {
    return new UserIdentity(USERNAME, true, name.getBytes(StandardCharsets.UTF_8), new byte[0]);
  }

  /// A user's name and passcode. They travel as they are: ask for TLS.
  public static UserIdentity ofNameAndPasscode(String name, String passcode) {
    return new UserIdentity(
        USERNAME_AND_PASSCODE,
        true,
        name.getBytes(StandardCharsets.UTF_8),
        passcode.getBytes(StandardCharsets.UTF_8));
  }

  int type() {
    return type;
  }

  boolean isAnswerWanted() {
    return answerWanted;
  }

  byte[] primary() {
    return primary.clone();
  }

  byte[] secondary() {
    return secondary.clone();
  }

  @Override
  public String toString() {
    return "a user identity";
  }
}
