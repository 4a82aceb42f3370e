package serdab.source;

/// How the delivery of a study ended.
public sealed interface Delivery {

  /// Every listed file was taken, or named as not given.
  record Complete() implements Delivery {}

  /// A file changed while it was read. What was taken of this study is void; deliver it again.
  record Changed(SourceFile file) implements Delivery {}

  /// Reading a file failed after some of its bytes were taken. What was taken of this study is
  /// void; deliver it again and leave this file out.
  record Broke(SourceFile file, String detail) implements Delivery {}
}
