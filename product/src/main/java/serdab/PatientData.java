package serdab;

import java.util.function.Function;

/// A value that says something about a patient. It does not print: [#reveal] is the one way in, and
/// every purpose is a search term.
///
/// @param <T> the type of what is kept
public final class PatientData<T> {

  private final T value;

  private PatientData(T value) {
    this.value = value;
  }

  public static <T> PatientData<T> of(T value) {
    return new PatientData<>(value);
  }

  /// The value itself, for the stated purpose.
  public T reveal(Purpose purpose) {
    java.util.Objects.requireNonNull(purpose);
    return value;
  }

  public <U> PatientData<U> map(Function<? super T, ? extends U> change) {
    return new PatientData<>(change.apply(value));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PatientData<?> that && value.equals(that.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  /// Never the value.
  @Override
  public String toString() {
    return "(patient data)";
  }

  /// Why patient data is needed. Each constant names the place that needs it.
  public enum Purpose {
    /// File and folder names in a destination, where the naming profile asks for them.
    FILE_NAME,
    /// Manifests, issues.csv and other files that live beside the data and hold what it holds.
    BESIDE_THE_DATA,
    /// The catalogue, which only its owner can read.
    CATALOGUE,
    /// Comparing with what a person asked for, such as `--patient`.
    MATCH_QUERY,
    /// Showing a study to the person who asked for it at the terminal.
    SHOW_TO_OWNER
  }
}
