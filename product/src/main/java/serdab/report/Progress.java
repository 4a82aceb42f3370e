package serdab.report;

import serdab.Problem;
import serdab.StudyLabel;

/// Told how a run goes on, from several threads at once.
public interface Progress {

  /// The work is known.
  void planned(long studies);

  /// A study is being worked on.
  void began(StudyLabel study);

  /// So many more bytes of the source went by.
  void read(long bytes);

  /// A study is done with, one way or another.
  ///
  /// @param outcome one word or two: `copied`, `adopted`, `incomplete`, `failed`, `waiting`
  void ended(StudyLabel study, String outcome);

  /// What is left and when it will be done, as far as it shows by now; told after each study.
  default void forecast(Forecast forecast) {}

  /// A line worth reading now, without patient data.
  void say(String line);

  /// A line worth reading now that there are translations of.
  ///
  /// @param key of its translations
  /// @param english the whole line, for logs and for people who read English
  /// @param values what a translation says too, in its order
  default void tell(String key, String english, Object... values) {
    say(english);
  }

  /// A warning.
  default void warn(Problem warning) {
    say("Warning: " + warning.text());
  }

  /// Tells nobody.
  Progress SILENT =
      new Progress() {
        @Override
        public void planned(long studies) {}

        @Override
        public void began(StudyLabel study) {}

        @Override
        public void read(long bytes) {}

        @Override
        public void ended(StudyLabel study, String outcome) {}

        @Override
        public void say(String line) {}
      };
}
