package serdab.dicom;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A person's name (VR PN), in up to three ways of writing it (PS3.5 section 6.2.1).
///
/// Read leniently: further components and groups are kept in the last one, none is required. It is
/// patient data: wrap it before it travels.
///
/// @param alphabetic in single-byte characters, or in whatever the file has when it has one group
/// @param ideographic in Chinese, Japanese or Korean characters; empty components when not given
/// @param phonetic as spoken; empty components when not given
public record PersonName(Group alphabetic, Group ideographic, Group phonetic) {

  private static final int COMPONENTS = 5;
  private static final int GROUPS = 3;

  /// One way of writing a name. Components are without spaces around them and may be empty.
  public record Group(String family, String given, String middle, String prefix, String suffix) {

    static final Group NONE = new Group("", "", "", "", "");

    static Group parse(String text) {
      List<String> parts = split(text, '^', COMPONENTS);
      return new Group(
          parts.get(0).strip(),
          parts.get(1).strip(),
          parts.get(2).strip(),
          parts.get(3).strip(),
          parts.get(4).strip());
    }

    public boolean isEmpty() {
      return equals(NONE);
    }

    /// As a list of people shows it: `Family, Given Middle (Prefix, Suffix)`.
    public String display() {
      String names = joined(" ", given, middle);
      String titles = joined(", ", prefix, suffix);
      String name = joined(", ", family, names);
      return titles.isEmpty() ? name : (name + " (" + titles + ")").strip();
    }

    private static String joined(String separator, String... parts) {
      return Stream.of(parts).filter(p -> !p.isEmpty()).collect(Collectors.joining(separator));
    }

    /// Never the name.
    @Override
    public String toString() {
      return "(a name)";
    }
  }

  /// Takes one decoded value apart.
  public static PersonName parse(String value) {
    List<String> groups = split(value, '=', GROUPS);
    return new PersonName(
        Group.parse(groups.get(0)), Group.parse(groups.get(1)), Group.parse(groups.get(2)));
  }

  public boolean isEmpty() {
    return alphabetic.isEmpty() && ideographic.isEmpty() && phonetic.isEmpty();
  }

  /// For a person to read: the first group that is not empty, and the ideographic one behind it.
  public String display() {
    String first =
        Stream.of(alphabetic, ideographic, phonetic)
            .filter(group -> !group.isEmpty())
            .map(Group::display)
            .findFirst()
            .orElse("");
    return alphabetic.isEmpty() || ideographic.isEmpty()
        ? first
        : first + " [" + ideographic.display() + "]";
  }

  /// Exactly `count` parts: missing ones are empty, the last keeps further separators.
  private static List<String> split(String text, char separator, int count) {
    List<String> parts = new ArrayList<>(count);
    int from = 0;
    while (parts.size() < count - 1) {
      int end = text.indexOf(separator, from);
      if (end < 0) {
        break;
      }
      parts.add(text.substring(from, end));
      from = end + 1;
    }
    parts.add(text.substring(from));
    while (parts.size() < count) {
      parts.add("");
    }
    return parts;
  }

  /// Never the name.
  @Override
  public String toString() {
    return "(a name)";
  }
}
