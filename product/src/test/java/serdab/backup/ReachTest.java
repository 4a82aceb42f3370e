package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.backup.Reach.State;

/// What a look at a folder shows, within a limit, and what is told of it.
class ReachTest {

  private static final Reach.Program ON_LINUX = new Reach.Program("Linux", "pacs", "/opt/bin/java");

  @TempDir private Path temp;

  @Test
  void whatIsThereIsToldApartByALook() throws IOException {
    Path empty = Files.createDirectory(temp.resolve("empty"));
    Path filled = Files.createDirectories(temp.resolve("filled/x")).getParent();

    Map<Path, State> states = new Reach().of(List.of(empty, filled, temp.resolve("absent")));

    assertThat(states.values()).containsExactly(State.EMPTY, State.FILLED, State.ABSENT);
  }

  @Test
  void whatSystemsLeaveOnEveryDiskDoesNotFillIt() throws IOException {
    Path disk = Files.createDirectories(temp.resolve("disk"));
    Files.createFile(disk.resolve(".DS_Store"));
    Files.createDirectory(disk.resolve("lost+found"));
    Files.createFile(disk.resolve(".serdab-sentinel"));

    assertThat(Reach.lookAt(disk)).isEqualTo(State.EMPTY);
  }

  @Test
  void macOsPrivacyIsNotPermittedAlthoughItIsNoAccessDenied() {
    assertThat(Reach.notListed(new FileSystemException("x", null, "Operation not permitted")))
        .isEqualTo(State.NOT_PERMITTED);
    assertThat(Reach.notListed(new AccessDeniedException("x"))).isEqualTo(State.NOT_PERMITTED);
    assertThat(Reach.notListed(new FileSystemException("x", null, "Input/output error")))
        .isEqualTo(State.FAILING);
    assertThat(Reach.notListed(new IOException("x"))).isEqualTo(State.FAILING);
  }

  /// All are asked at once: ten that hang take no longer than one.
  @Test
  void volumesThatHangTakeTheLimitAndNoLonger() {
    CountDownLatch never = new CountDownLatch(1);
    Reach reach = new Reach(folder -> wait(never), Duration.ofMillis(100));
    List<Path> ten =
        java.util.stream.IntStream.range(0, 10).mapToObj(i -> Path.of("/" + i)).toList();
    long begun = System.nanoTime();
    try {
      Map<Path, State> states = reach.of(ten);

      assertThat(states.values()).hasSize(10).containsOnly(State.NOT_ANSWERING);
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofMillis(900));
    } finally {
      never.countDown();
    }
  }

  @Test
  void lookingAndOpeningTakeLessThanThirtySecondsTogether() {
    assertThat(Reach.LIMIT.multipliedBy(2)).isLessThan(Duration.ofSeconds(30));
  }

  @Test
  void oneThatHangsDoesNotHideTheOthers() {
    CountDownLatch never = new CountDownLatch(1);
    Path nas = Path.of("/nas");
    Reach reach =
        new Reach(
            folder -> folder.equals(nas) ? wait(never) : State.FILLED, Duration.ofMillis(100));
    try {
      assertThat(reach.of(List.of(nas, temp)))
          .containsEntry(nas, State.NOT_ANSWERING)
          .containsEntry(temp, State.FILLED);
    } finally {
      never.countDown();
    }
  }

  @Test
  void openingSomethingThatHangsEndsInTimeAndItsFailuresAreItsOwn() {
    CountDownLatch never = new CountDownLatch(1);
    Reach reach = new Reach(Reach::lookAt, Duration.ofMillis(100));
    try {
      assertThat(reach.within(() -> wait(never))).isEmpty();
      assertThat(reach.within(() -> 7)).contains(7);
      assertThatThrownBy(() ->
              reach.within(() -> {
                throw new IllegalStateException("its own");
              }))
          .hasMessage("its own");
    } finally {
      never.countDown();
    }
  }

  private static State wait(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return State.FILLED;
  }

  // ---- what is told

  @Test
  void eachStateHasItsOwnCode() {
    assertThat(codeFor(State.NOT_ANSWERING)).isEqualTo("source-not-answering");
    assertThat(codeFor(State.NOT_PERMITTED)).isEqualTo("source-not-permitted");
    assertThat(codeFor(State.FAILING)).isEqualTo("source-failing");
    assertThat(codeFor(State.EMPTY)).isEqualTo("source-offline");
    assertThat(codeFor(State.ABSENT)).isEqualTo("source-offline");
  }

  private String codeFor(State state) {
    try {
      Reach.requireSource(temp, state, true, ON_LINUX);
      return "";
    } catch (SerdabException.Unavailable e) {
      return e.problem().code();
    }
  }

  @Test
  void anEmptyFolderThatNeverHeldAnythingIsLeftToTheSource() {
    assertThatCode(() -> Reach.requireSource(temp, State.EMPTY, false, ON_LINUX))
        .doesNotThrowAnyException();
    assertThatCode(() -> Reach.requireSource(temp, State.ABSENT, false, ON_LINUX))
        .doesNotThrowAnyException();
  }

  @Test
  void aVolumeThatIsNamedAndNotMountedIsOfflineFromTheFirstRunOn() {
    Path pacs = Path.of("/Volumes/No such disk/Horos Data");

    assertThatThrownBy(() -> Reach.requireSource(pacs, State.ABSENT, false, ON_LINUX))
        .hasMessageContaining("source-offline");
    assertThatThrownBy(() -> Reach.requireDestination(pacs, State.ABSENT, ON_LINUX))
        .isInstanceOf(SerdabException.HeldBack.class)
        .hasMessageContaining("destination-offline");
  }

  @Test
  void howToPermitIsToldForEachSystem() {
    assertThat(new Reach.Program("Mac OS X", "ana", "/opt/java/bin/java").howToPermit(temp))
        .contains(
            "Privacy & Security > Full Disk Access", "/opt/java/bin/java", "Terminal", "launchd");
    assertThat(ON_LINUX.howToPermit(temp)).contains("user pacs", "namei -l");
    assertThat(new Reach.Program("Windows 11", "ana", "java.exe").howToPermit(temp))
        .contains("Properties > Security", "user ana");
  }
}
