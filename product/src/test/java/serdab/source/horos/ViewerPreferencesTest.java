package serdab.source.horos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ViewerPreferencesTest {

  @TempDir private Path home;

  @Test
  void aUserWithoutAViewerHasNoPreferences() {
    assertThat(ViewerPreferences.find(home)).isEmpty();
  }

  @Test
  void preferencesThatCannotBeUnderstoodAreAsIfTheyWereNotThere() throws IOException {
    write("org.horosproject.horos.plist", "bplist00 and then nothing");

    assertThat(ViewerPreferences.find(home)).isEmpty();
  }

  @Test
  void bothViewersAreFoundHorosFirst() throws IOException {
    write("com.rossetantoine.osirix.plist", list(""));
    write("org.horosproject.horos.plist", list(""));

    assertThat(ViewerPreferences.find(home))
        .extracting(ViewerPreferences::viewer)
        .containsExactly("Horos", "OsiriX");
  }

  @Test
  void nodesAreReadWithPortsAsNumbersOrTexts() throws IOException {
    ViewerPreferences preferences =
        horos(
            """
            <key>SERVERS</key><array>
            <dict><key>Description</key><string>PACS</string><key>Address</key><string>10.0.0.5</string>
            <key>Port</key><string>104</string><key>AETitle</key><string>ARCHIVE1</string></dict>
            <dict><key>Address</key><string>pacs.example</string><key>Port</key><integer>11112</integer></dict>
            <dict><key>Description</key><string>no port</string><key>Address</key><string>x</string></dict>
            <dict><key>Address</key><string>x</string><key>Port</key><integer>70000</integer></dict>
            <string>not a node</string>
            </array>
            """);

    assertThat(preferences.nodes())
        .containsExactly(
            new ViewerPreferences.Node("PACS", "10.0.0.5", 104, "ARCHIVE1"),
            new ViewerPreferences.Node("", "pacs.example", 11112, ""));
  }

  @Test
  void autoCleanIsEmptyWhenTheUserNeverSetIt() throws IOException {
    assertThat(horos("").autoClean()).isEmpty();
    assertThat(horos("<key>AUTOCLEANINGSPACE</key><true/>").autoClean()).contains(true);
    assertThat(horos("<key>AUTOCLEANINGSPACE</key><string>0</string>").autoClean()).contains(false);
    assertThat(horos("<key>AUTOCLEANINGDATE</key><integer>1</integer>").autoCleanByAge())
        .contains(true);
  }

  @Test
  void theOsirixPluginsDefaultsFillWhatWasNotSet() throws IOException {
    assertThat(horos("").pluginDefaults()).isEmpty();
    assertThat(horos("<key>OsiriXBackupPortNumber</key><integer>0</integer>").pluginDefaults())
        .contains(new ViewerPreferences.PluginDefaults("127.0.0.1", 104, "DESTINO", "OSIRIX"));
    assertThat(
            horos(
                    """
                    <key>OsiriXBackupHostAddress</key><string>10.1.1.1</string>
                    <key>OsiriXBackupPortNumber</key><integer>4242</integer>
                    <key>OsiriXBackupAEDestination</key><string>VAULT</string>
                    <key>OsiriXBackupAETitle</key><string>READING1</string>
                    """)
                .pluginDefaults())
        .contains(new ViewerPreferences.PluginDefaults("10.1.1.1", 4242, "VAULT", "READING1"));
  }

  @Test
  void theFoldersOfLibrariesAreNamed() throws IOException {
    ViewerPreferences preferences =
        horos(
            """
            <key>DATABASELOCATIONURL</key><string>/Volumes/PACS/Database</string>
            <key>localDatabasePaths</key><array>
            <dict><key>Path</key><string>/Volumes/Old/Horos Data/</string></dict>
            <dict><key>Path</key><string>relative</string></dict>
            </array>
            """);

    assertThat(preferences.libraryLocations())
        .containsExactly(Path.of("/Volumes/PACS/Database"), Path.of("/Volumes/Old/Horos Data"));
  }

  private ViewerPreferences horos(String values) throws IOException {
    write("org.horosproject.horos.plist", list(values));
    return ViewerPreferences.find(home).getFirst();
  }

  private static String list(String values) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>"
        + values
        + "</dict></plist>";
  }

  private void write(String name, String content) throws IOException {
    Path folder = Files.createDirectories(home.resolve("Library/Preferences"));
    Files.write(folder.resolve(name), content.getBytes(UTF_8));
  }
}
