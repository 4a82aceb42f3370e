package serdab.cli;

import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;

/// What `--help` shows in languages other than English; English stands beside each option. A file
/// `help_LANGUAGE.properties` is read only when help is asked for.
///
/// A key is the command's names with dots between, then `usage.header`, `usage.description`,
/// `usage.footer`, an option's name without dashes, or a parameter's label with its index.
final class HelpTexts extends ResourceBundle {

  private final Map<String, String> lines = new LinkedHashMap<>();

  /// @param texts by key; a line break in one begins a new line of help
  private HelpTexts(Properties texts) {
    for (String key : texts.stringPropertyNames()) {
      String[] parts = texts.getProperty(key).split("\n", -1);
      if (parts.length == 1) {
        lines.put(key, parts[0]);
      } else {
        for (int i = 0; i < parts.length; i++) {
          lines.put(key + "." + i, parts[i]);
        }
      }
    }
  }

  /// Makes a command line show its help in the language of these sentences.
  static void use(CommandLine line, Messages messages) {
    if (messages.isEnglish()) {
      return;
    }
    line.setHelpFactory((spec, colours) -> {
      HelpTexts texts = new HelpTexts(messages.helpTexts());
      translate(spec, texts);
      // A command's help shows the headers of those below it.
      spec.subcommands().values().forEach(below -> translate(below.getCommandSpec(), texts));
      return new Help(spec, colours);
    });
  }

  private static void translate(CommandSpec spec, HelpTexts texts) {
    spec.resourceBundle(texts);
  }

  @Override
  protected @Nullable Object handleGetObject(String key) {
    return lines.get(key);
  }

  @Override
  public Enumeration<String> getKeys() {
    return Collections.enumeration(lines.keySet());
  }
}
