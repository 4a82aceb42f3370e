package serdab.source.horos;

import java.time.Duration;

/// How the viewer deletes studies by itself when its disk fills up. It is on unless somebody turned
/// it off.
///
/// @param on `AUTOCLEANINGSPACE`
/// @param freeMegabytes `AUTOCLEANINGSPACESIZE`: it begins when less than this is free
/// @spec https://github.com/horosproject/horos Horos, DicomDatabase+Clean.mm and DefaultsOsiriX.m
public record AutoClean(boolean on, long freeMegabytes) {

  /// What the viewer does when nobody set anything.
  public static final AutoClean VIEWERS_DEFAULT = new AutoClean(true, 1024);

  /// How many studies one pass of the viewer deletes at most.
  static final int STUDIES_PER_PASS = 50;

  /// The viewer spares what was added later than this.
  static final Duration SPARED = Duration.ofHours(2);

  /// Whether the next pass may delete something. Studies count as endangered while twice the
  /// viewer's limit is free: one import may be a gigabyte, and the viewer looks when it imports.
  boolean isNear(long freeBytes) {
    return on && freeBytes / (2L << 20) < freeMegabytes;
  }
}
