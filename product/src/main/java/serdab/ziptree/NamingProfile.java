package serdab.ziptree;

import java.util.Arrays;
import java.util.Optional;

/// How the ZIPs of a tree are named (`docs/format/zip-tree.md` section 2).
public enum NamingProfile {
  /// `Patient_DOB_StudyDate_UID`, as the Horos backup script named them, without losing letters.
  HOROS_ZIP("horos-zip"),
  /// Only the UID: a name says nothing about a person.
  UID("uid");

  private final String text;

  NamingProfile(String text) {
    this.text = text;
  }

  /// As it is written in the configuration and in `destination.json`.
  public String text() {
    return text;
  }

  public static Optional<NamingProfile> parse(String text) {
    return Arrays.stream(values()).filter(profile -> profile.text.equals(text)).findFirst();
  }
}
