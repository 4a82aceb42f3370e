package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;

class ShelfTest {

  private static final String NAME = "copies/1/some.zip";
  private static final byte[] THEIRS = "theirs".getBytes(StandardCharsets.UTF_8);
  private static final byte[] OURS = "ours".getBytes(StandardCharsets.UTF_8);

  private final BlobStore place =
      LocalFolder.onShared(
          new SimulatedDisk(new SplittableRandom(1)).mount(), "a disk", new SplittableRandom(2));

  @Test
  void aFileThatStandsThereIsLeftAlone() {
    Shelf shelf = new Shelf(place);
    shelf.put(NAME, Bulk.of(THEIRS));

    assertThat(shelf.putIfFree(NAME, Bulk.of(OURS))).isEmpty();
    assertThat(shelf.whole(NAME, 100)).hasValue(THEIRS);
  }

  @Test
  void aFileThatGoesWhileItIsLookedAtMakesRoom() {
    new Shelf(place).put(NAME, Bulk.of(THEIRS));
    Shelf shelf = new Shelf(takingAway(false));

    assertThat(shelf.putIfFree(NAME, Bulk.of(OURS))).isPresent();
    assertThat(shelf.whole(NAME, 100)).hasValue(OURS);
  }

  @Test
  void aPlaceWhereItGoesEachTimeIsToldOf() {
    Shelf shelf = new Shelf(takingAway(true));

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> shelf.putIfFree(NAME, Bulk.of(OURS)))
        .matches(e -> Shelf.isCode(e, "blob-missing"));
  }

  /// The place while somebody else takes the file away just before it is read back: once, or each
  /// time after having written another.
  private BlobStore takingAway(boolean always) {
    int[] times = {0};
    return (BlobStore)
        Proxy.newProxyInstance(
            BlobStore.class.getClassLoader(),
            new Class<?>[] {BlobStore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("stage") && always) {
                new Shelf(place).putIfFree(NAME, Bulk.of(THEIRS));
              }
              if (method.getName().equals("readBack") && (always || times[0]++ == 0)) {
                place.delete(NAME);
              }
              try {
                return method.invoke(place, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
