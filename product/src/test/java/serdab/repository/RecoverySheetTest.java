package serdab.repository;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.zxing.BinaryBitmap;
import com.google.zxing.RGBLuminanceSource;
import com.google.zxing.common.HybridBinarizer;
import com.google.zxing.qrcode.QRCodeReader;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;

class RecoverySheetTest {

  private static final UUID REPOSITORY = UUID.fromString("0f6c5b0e-6d0c-4b5e-9d0f-2f1f3a8f9c11");
  private static final LocalDate DAY = LocalDate.of(2026, 11, 20);
  private static final int SCALE = 4;

  private final Random random = new Random(6);
  private final AgeIdentity identity = AgeIdentity.generate(random);

  @Test
  void theCodeInTheTextIsTheIdentity() throws Exception {
    RecoverySheet sheet = RecoverySheet.of(REPOSITORY, "repo:/Volumes/Backup", DAY, identity);

    String text = sheet.text();

    assertThat(scan(blocks(text))).isEqualTo(identity.text());
    assertThat(text)
        .contains(identity.text(), REPOSITORY.toString(), "repo:/Volumes/Backup", "2026-11-20");
    assertThat(text.lines().mapToInt(String::length).max().orElseThrow()).isLessThanOrEqualTo(100);
  }

  @Test
  void theCodeInTheImageIsTheIdentity() throws Exception {
    RecoverySheet sheet = RecoverySheet.of(REPOSITORY, "repo:sftp://nas/<a&b>", DAY, identity);

    String svg = sheet.svg();

    assertThat(scan(squares(svg))).isEqualTo(identity.text());
    assertThat(svg).contains("repo:sftp://nas/&lt;a&amp;b&gt;", identity.text());
    javax.xml.parsers.DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new java.io.ByteArrayInputStream(svg.getBytes(UTF_8)));
  }

  @Test
  void aSealedIdentityIsOpenedFromTheCodeByItsPassphrase() throws Exception {
    byte[] sealed =
        AgeFile.sealWithPassphrase(
            "on another page".toCharArray(), 10, (identity.text() + "\n").getBytes(UTF_8), random);
    RecoverySheet sheet = RecoverySheet.ofSealed(REPOSITORY, "repo:/Volumes/Backup", DAY, sealed);

    String scanned = scan(blocks(sheet.text()));

    assertThat(scanned).isEqualTo(sheet.secret());
    assertThat(AgeFile.openWithPassphrase(scanned.getBytes(UTF_8), "on another page".toCharArray()))
        .isEqualTo((identity.text() + "\n").getBytes(UTF_8));
    assertThat(scan(squares(sheet.svg()))).isEqualTo(scanned);
    assertThat(sheet.text()).doesNotContain(identity.text());
    assertThat(sheet.toString()).doesNotContain("AGE");
  }

  private static boolean[][] blocks(String text) {
    List<String> rows =
        text.lines()
            .filter(line -> line.chars().anyMatch(c -> c == '█' || c == '▀' || c == '▄'))
            .toList();
    boolean[][] dark = new boolean[150][150];
    for (int row = 0; row < rows.size(); row++) {
      for (int x = 0; x < rows.get(row).length(); x++) {
        char c = rows.get(row).charAt(x);
        dark[4 + 2 * row][x] = c == '█' || c == '▀';
        dark[5 + 2 * row][x] = c == '█' || c == '▄';
      }
    }
    return dark;
  }

  private static boolean[][] squares(String svg) {
    boolean[][] dark = new boolean[150][150];
    Pattern.compile("M(\\d+) (\\d+)h1v1h-1Z")
        .matcher(svg)
        .results()
        .forEach(square ->
            dark[Integer.parseInt(square.group(2))][Integer.parseInt(square.group(1))] = true);
    return dark;
  }

  private static String scan(boolean[][] dark) throws Exception {
    int size = dark.length * SCALE;
    int[] pixels = new int[size * size];
    Arrays.fill(pixels, 0xffffff);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        if (dark[y / SCALE][x / SCALE]) {
          pixels[y * size + x] = 0;
        }
      }
    }
    return new QRCodeReader()
        .decode(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(size, size, pixels))))
        .getText();
  }
}
