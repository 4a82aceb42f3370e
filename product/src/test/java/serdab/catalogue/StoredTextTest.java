package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

class StoredTextTest {

  @Test
  void ordinaryTextIsStoredAsItIs() {
    for (String text : List.of("", "DOE^JANE", "1.2.840", "山田^太郎", "😀", "a\\b", "line\nbreak")) {
      assertThat(StoredText.toStored(text)).isEqualTo(text);
    }
    assertThat(StoredText.listToStored(List.of("CT", "SR"))).isEqualTo("CT\\SR");
    assertThat(StoredText.listToStored(List.of())).isEmpty();
  }

  @Test
  void whatADatabaseWouldRefuseOrChangeIsWrittenInDigits() {
    assertThat(StoredText.toStored("a\0b")).isEqualTo("a\u001a0000b");
    assertThat(StoredText.toStored("\ud83d")).isEqualTo("\u001ad83d");
    assertThat(StoredText.toStored("\u001a")).isEqualTo("\u001a001a");
    assertThat(StoredText.listToStored(List.of("a\\b", ""))).isEqualTo("a\u001a005cb\\\u001anone");
  }

  @SeededTest(runs = 2000)
  void anyTextAndAnyListComeBack(RandomGenerator random) {
    List<String> texts = new ArrayList<>();
    int count = random.nextInt(4);
    for (int i = 0; i < count; i++) {
      texts.add(drawn(random));
    }

    for (String text : texts) {
      String stored = StoredText.toStored(text);
      assertThat(StoredText.fromStored(stored)).isEqualTo(text);
      assertThat(stored).doesNotContain("\0");
      assertThat(new String(stored.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
          .isEqualTo(stored);
    }
    assertThat(StoredText.listFromStored(StoredText.listToStored(texts))).isEqualTo(texts);
  }

  /// Foreign text that only looks like ours, such as another program wrote, never fails.
  @SeededTest(runs = 500)
  void anyStoredTextCanBeRead(RandomGenerator random) {
    String text = drawn(random);

    assertThat(StoredText.fromStored(text)).isNotNull();
    assertThat(StoredText.listFromStored(text)).isNotNull();
  }

  private static String drawn(RandomGenerator random) {
    String likely = "\u001a\0\\09afnone\ud83d\ude00\ue000ü";
    StringBuilder text = new StringBuilder();
    int length = random.nextInt(12);
    for (int i = 0; i < length; i++) {
      text.append(
          random.nextBoolean()
              ? likely.charAt(random.nextInt(likely.length()))
              : (char) random.nextInt(0x10000));
    }
    return text.toString();
  }
}
