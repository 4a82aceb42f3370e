package serdab.repository;

import com.google.zxing.WriterException;
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel;
import com.google.zxing.qrcode.encoder.ByteMatrix;
import com.google.zxing.qrcode.encoder.Encoder;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import serdab.repository.age.AgeIdentity;

/// One page of paper from which a repository can be opened when every computer is lost: which
/// repository, where it is, a person's identity as text and QR code, and what to do.
///
/// Who has the page can open the repository, unless the identity on it is sealed with a passphrase.
public final class RecoverySheet {

  /// White modules around a QR code (ISO/IEC 18004 asks for 4).
  private static final int QUIET = 4;

  private static final int ARMOR_COLUMNS = 64;

  private final UUID repository;
  private final String place;
  private final LocalDate madeOn;
  private final String secret;
  private final boolean sealed;

  private RecoverySheet(
      UUID repository, String place, LocalDate madeOn, String secret, boolean sealed) {
    this.repository = repository;
    this.place = place;
    this.madeOn = madeOn;
    this.secret = secret;
    this.sealed = sealed;
  }

  /// A page with the identity itself.
  ///
  /// @param place the repository's address, without passwords
  public static RecoverySheet of(
      UUID repository, String place, LocalDate madeOn, AgeIdentity identity) {
    return new RecoverySheet(repository, place, madeOn, identity.text(), false);
  }

  /// A page with an identity that is sealed with a passphrase; the passphrase is not on it.
  ///
  /// @param place the repository's address, without passwords
  /// @param sealedIdentity an age file
  public static RecoverySheet ofSealed(
      UUID repository, String place, LocalDate madeOn, byte[] sealedIdentity) {
    StringBuilder armor = new StringBuilder("-----BEGIN AGE ENCRYPTED FILE-----\n");
    String body = Base64.getEncoder().encodeToString(sealedIdentity);
    for (int at = 0; at < body.length(); at += ARMOR_COLUMNS) {
      armor.append(body, at, Math.min(body.length(), at + ARMOR_COLUMNS)).append('\n');
    }
    armor.append("-----END AGE ENCRYPTED FILE-----");
    return new RecoverySheet(repository, place, madeOn, armor.toString(), true);
  }

  /// What the QR code holds: the text of the identity file.
  public String secret() {
    return secret;
  }

  /// The page in monospaced text with a QR code of block characters, at most 100 columns wide.
  public String text() {
    StringBuilder page = new StringBuilder();
    before().forEach(line -> page.append(line).append('\n'));
    page.append('\n');
    ByteMatrix code = code();
    int size = code.getWidth() + 2 * QUIET;
    for (int y = 0; y < size; y += 2) {
      StringBuilder row = new StringBuilder();
      for (int x = 0; x < size; x++) {
        boolean upper = dark(code, x, y);
        boolean lower = dark(code, x, y + 1);
        row.append(upper ? (lower ? '█' : '▀') : (lower ? '▄' : ' '));
      }
      page.append(row.toString().stripTrailing()).append('\n');
    }
    page.append('\n');
    after().forEach(line -> page.append(line).append('\n'));
    return page.toString();
  }

  /// The page as an SVG image of A4 size that needs no other file.
  public String svg() {
    StringBuilder svg =
        new StringBuilder(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\""
                + " viewBox=\"0 0 210 297\">\n<rect width=\"210\" height=\"297\""
                + " fill=\"#fff\"/>\n<g font-family=\"monospace\" font-size=\"3.4\""
                + " fill=\"#000\" xml:space=\"preserve\">\n");
    double y = lines(svg, before(), 20);
    ByteMatrix code = code();
    int size = code.getWidth() + 2 * QUIET;
    svg.append("</g>\n<svg x=\"20\" y=\"")
        .append(y)
        .append("\" width=\"80\" height=\"80\" viewBox=\"0 0 ")
        .append(size)
        .append(' ')
        .append(size)
        .append("\">\n<path shape-rendering=\"crispEdges\" d=\"");
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        if (dark(code, column, row)) {
          svg.append('M').append(column).append(' ').append(row).append("h1v1h-1Z");
        }
      }
    }
    svg.append(
        "\"/>\n</svg>\n<g font-family=\"monospace\" font-size=\"3.4\" fill=\"#000\""
            + " xml:space=\"preserve\">\n");
    lines(svg, after(), y + 90);
    return svg.append("</g>\n</svg>\n").toString();
  }

  private static double lines(StringBuilder svg, List<String> lines, double from) {
    double y = from;
    for (String line : lines) {
      svg.append("<text x=\"20\" y=\"")
          .append(y)
          .append("\">")
          .append(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
          .append("</text>\n");
      y += 5;
    }
    return y;
  }

  private List<String> before() {
    List<String> lines = new ArrayList<>();
    lines.add("RECOVERY SHEET OF A SEALED BACKUP");
    lines.add("");
    lines.add("Repository   " + repository);
    lines.add("Place        " + place);
    lines.add("Made on      " + madeOn);
    lines.add("");
    lines.add(
        sealed
            ? "Below is the identity that opens it, sealed with a passphrase that is not on this"
                + " page."
            : "Below is the identity that opens it. Keep this page as you would keep the patients'"
                + " files.");
    lines.add("");
    lines.addAll(secret.lines().toList());
    return lines;
  }

  private List<String> after() {
    String file = sealed ? "person.age" : "person.txt";
    List<String> lines = new ArrayList<>();
    lines.add("To restore:");
    lines.add("1. Scan the code, or type the text above it, into a file named " + file + ".");
    if (sealed) {
      lines.add("   Open it with the passphrase: age -d -o person.txt person.age");
    }
    lines.add("2. With Serdab:");
    lines.add("   serdab restore --from repo:PLACE --identity person.txt --all --to FOLDER");
    lines.add(
        "3. Without Serdab: restore.py and repository.md lie in it; they need Python, age, zstd:");
    lines.add("   python3 restore.py PLACE person.txt restore FOLDER");
    lines.add("4. Then try one study, and destroy the file.");
    return lines;
  }

  private static boolean dark(ByteMatrix code, int x, int y) {
    int column = x - QUIET;
    int row = y - QUIET;
    return column >= 0
        && row >= 0
        && column < code.getWidth()
        && row < code.getHeight()
        && code.get(column, row) == 1;
  }

  private ByteMatrix code() {
    try {
      return Encoder.encode(secret, ErrorCorrectionLevel.M).getMatrix();
    } catch (WriterException e) {
      throw new IllegalArgumentException("the identity is too long for a QR code", e);
    }
  }

  /// Which repository, nothing secret.
  @Override
  public String toString() {
    return "recovery sheet of " + repository;
  }
}
