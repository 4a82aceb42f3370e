package serdab.backup;

import java.util.List;
import serdab.source.SourceStudy;

/// One study to work on.
///
/// @param study as listed
/// @param reason why
/// @param targets which destinations lack a proven copy, by their place in the plan's list
/// @param again whether it is read again and every copy proven again, as a full run does
public record WorkItem(SourceStudy study, Reason reason, List<Integer> targets, boolean again) {

  public WorkItem {
    targets = List.copyOf(targets);
  }

  /// Why a study is worked on.
  public enum Reason {
    /// Never read before.
    NEW("new"),
    /// Read before, and some destination lacks a proven copy of what was read.
    COPY_MISSING("copy missing"),
    /// The source says that it may have changed, or its turn of the rolling look has come.
    LOOK_AGAIN("look again"),
    /// Failed or incomplete before, and its waiting time is over.
    RETRY("retry"),
    /// Nothing seems to have changed; a full or differential run copies it again.
    AGAIN("again");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }
}
