package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Each sign of a folder that a cloud service keeps in step, and what is no sign.
class SyncedFoldersTest {

  @TempDir private Path temp;

  private Path home() {
    return temp.resolve("Users/ana");
  }

  private Optional<SyncedFolders.Synced> of(Path folder) {
    return new SyncedFolders(home()).of(folder);
  }

  private String serviceOf(Path folder) {
    return of(folder).map(SyncedFolders.Synced::service).orElse("none");
  }

  private Path folder(String path) throws IOException {
    return Files.createDirectories(temp.resolve(path));
  }

  @ParameterizedTest
  @CsvSource({
    "Library/Mobile Documents/com~apple~CloudDocs/Horos Data, iCloud Drive",
    "Library/Mobile Documents/iCloud~com~other~app/x, iCloud Drive",
    "library/mobile documents/x, iCloud Drive",
    "iCloudDrive/Horos Data, iCloud Drive",
    "Library/CloudStorage/Dropbox/x, Dropbox",
    "Library/CloudStorage/Dropbox-Personal/x, Dropbox",
    "Library/CloudStorage/OneDrive-Clinic/x, OneDrive",
    "Library/CloudStorage/GoogleDrive-a@b.example/My Drive/x, Google Drive",
    "Library/CloudStorage/Box-Box/x, Box",
    "Library/CloudStorage/SomeOther/x, a cloud service",
    "Library/Application Support/Google/DriveFS/123/content_cache, Google Drive",
    "AppData/Local/Google/DriveFS/123, Google Drive",
    "Dropbox, Dropbox",
    "Dropbox (Clinic)/x/y, Dropbox",
    "OneDrive/x, OneDrive",
    "OneDrive - Clinic GmbH/x, OneDrive",
    "Google Drive/x, Google Drive",
  })
  void aFolderBelowHomeIsKnownByItsName(String path, String service) throws IOException {
    assertThat(serviceOf(folder("Users/ana/" + path))).isEqualTo(service);
    assertThat(serviceOf(home().resolve(path).resolve("not made yet"))).isEqualTo(service);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Users/ana/Documents/Horos Data",
        "Users/ana/Library/CloudStorage",
        "Users/ana/Dropboxes/x",
        "Users/ana/My OneDrive/x",
        "Users/ana/x/Dropbox/y",
        "Users/other/Dropbox/y",
        "Volumes/Backup/Google Drive copy",
        "Users/ana/Library/Mobile Documents/com~apple~CloudDocs/Horos Data.nosync/Horos Data",
      })
  void whatIsNotSureIsNotSaid(String path) throws IOException {
    assertThat(serviceOf(folder(path))).isEqualTo("none");
  }

  @ParameterizedTest
  @CsvSource({
    "Volumes/GoogleDrive/My Drive/x, Google Drive",
    "Volumes/Mac/Users/bo/Library/Mobile Documents/com~apple~CloudDocs/x, iCloud Drive",
  })
  void someFoldersAreKnownWhereverTheyAre(String path, String service) throws IOException {
    assertThat(serviceOf(folder(path))).isEqualTo(service);
  }

  @Test
  void documentsAndDesktopAreSyncedWhereICloudShowsThem() throws IOException {
    folder("Users/ana/Library/Mobile Documents/com~apple~CloudDocs/Documents");
    Path library = folder("Users/ana/Documents/Horos Data");

    assertThat(serviceOf(library)).isEqualTo("iCloud Drive");
    assertThat(of(library).orElseThrow().folder().getFileName()).hasToString("Documents");
    assertThat(serviceOf(folder("Users/ana/Desktop/Horos Data"))).isEqualTo("none");
    assertThat(serviceOf(folder("Users/ana/Documents/Horos Data.nosync/Horos Data")))
        .isEqualTo("none");
  }

  @Test
  void dropboxMarksItsFolderWhereverItIs() throws IOException {
    Path marked = folder("Volumes/Disk/Box of drops");
    Files.createFile(marked.resolve(".dropbox"));
    Path cached = folder("Volumes/Disk/other");
    Files.createDirectory(cached.resolve(".dropbox.cache"));

    assertThat(serviceOf(folder("Volumes/Disk/Box of drops/a/b"))).isEqualTo("Dropbox");
    assertThat(serviceOf(cached)).isEqualTo("Dropbox");
    assertThat(serviceOf(folder("Volumes/Disk/third"))).isEqualTo("none");
  }

  @Test
  void theSettingsThatDropboxKeepsInTheHomeFolderAreNoMarker() throws IOException {
    Path documents = folder("Users/ana/Documents");
    folder("Users/ana/.dropbox");
    Files.createDirectory(home().resolve(".dropbox.cache"));

    assertThat(serviceOf(documents)).isEqualTo("none");
  }

  @Test
  void aFileThatWasMovedOutGivesICloudAway() throws IOException {
    Path library = folder("Users/ana/Documents/Horos Data");
    Files.writeString(library.resolve(".Database.sql.icloud"), "bplist00");

    SyncedFolders.Synced synced = of(library).orElseThrow();

    assertThat(synced.service()).isEqualTo("iCloud Drive");
    assertThat(synced.sourceWarning(library).text()).contains("moved out to the service");
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "making links there needs a privilege")
  void linksAreFollowed() throws IOException {
    Path cloud = folder("Users/ana/Library/CloudStorage/Dropbox/Horos Data");
    Path link = Files.createSymbolicLink(folder("Users/ana").resolve("library"), cloud);

    assertThat(serviceOf(link)).isEqualTo("Dropbox");
    assertThat(serviceOf(link.resolve("DATABASE.noindex"))).isEqualTo("Dropbox");
  }

  @Test
  void bothWarningsNameTheServiceTheFolderAndWhatToDo() throws IOException {
    Path place = folder("Users/ana/Dropbox/x");
    SyncedFolders.Synced synced = of(place).orElseThrow();

    assertThat(synced.sourceWarning(place).text())
        .contains("Dropbox", "Move the library", place.toString());
    assertThat(synced.destinationWarning(place).text()).contains("Dropbox", "Choose a folder");
  }
}
