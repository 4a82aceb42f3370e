package serdab.plan;

/// Something that is wrong in a configuration, and where.
///
/// @param line counted from 1
/// @param column counted from 1
/// @param what a sentence that says what is wrong and what would be right
public record ConfigurationProblem(int line, int column, String what)
    implements Comparable<ConfigurationProblem> {

  /// As it is told to a person.
  public String text() {
    return "line " + line + ", column " + column + ": " + what;
  }

  @Override
  public int compareTo(ConfigurationProblem other) {
    int order = Integer.compare(line, other.line);
    if (order == 0) {
      order = Integer.compare(column, other.column);
    }
    return order == 0 ? what.compareTo(other.what) : order;
  }
}
