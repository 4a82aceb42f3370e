package serdab.repository;

import java.util.HexFormat;
import java.util.UUID;
import serdab.repository.age.AgeIdentity;

/// What a machine keeps at home so that it can write (format section 3.3). None of it opens a pack.
///
/// The JSON is secret: its file is readable by its user alone.
///
/// @param owner which repository, and whose word counts there
/// @param signer signs what the machine writes
/// @param index opens labels
/// @param naming gives names
/// @param newest the newest generation that the machine knows
public record WriterKeys(
    OwnerKey owner, Signer signer, AgeIdentity index, Naming naming, Generation newest) {

  private static final String FILE = "with this machine's keys";
  private static final String FORMAT = "sealed-repository-writer";

  /// The writer's id.
  public String id() {
    return signer.id();
  }

  /// The id of the repository that they are for.
  public UUID repository() {
    return owner.repository();
  }

  /// The same keys, with a newer generation.
  WriterKeys with(Generation generation) {
    return new WriterKeys(owner, signer, index, naming, generation);
  }

  /// For a file that only the machine's user may read.
  public byte[] json() {
    SignedDocument document =
        new SignedDocument(FILE)
            .with("format", FORMAT)
            .with("formatVersion", 1)
            .with("repository", owner.repository().toString())
            .with("ownerKey", owner.key())
            .with("seed", HexFormat.of().formatHex(signer.seed()))
            .with("index", index.text())
            .with("naming", HexFormat.of().formatHex(naming.secret()))
            .with("generation", newest.number())
            .with("recipient", newest.recipient().text())
            .with("indexRecipient", newest.indexRecipient().text())
            .with(
                "people",
                newest.people().stream().map(serdab.repository.age.AgeRecipient::text).toList())
            .with("madeAt", newest.madeAt().toString());
    newest.sealed().ifPresent(digest -> document.with("sealed", digest.hex()));
    byte[] body = document.body();
    byte[] line = java.util.Arrays.copyOf(body, body.length + 1);
    line[body.length] = '\n';
    return line;
  }

  /// Reads what [#json] gave.
  ///
  /// @throws serdab.SerdabException.Damaged `repository-document-damaged`
  public static WriterKeys parse(byte[] json) {
    SignedDocument document = SignedDocument.parse(FILE, json);
    if (!document.text("format").equals(FORMAT) || document.number("formatVersion") != 1) {
      throw KeyProblems.malformed(FILE);
    }
    OwnerKey owner =
        new OwnerKey(
            document.uuid("repository"), document.base64("ownerKey", Signatures.KEY_BYTES));
    return new WriterKeys(
        owner,
        new Signer(owner.repository(), document.hexBytes("seed", Signer.SEED_BYTES)),
        document.identity("index"),
        new Naming(document.hexBytes("naming", Naming.SECRET_BYTES)),
        Generation.of(document));
  }

  /// The writer's id, nothing secret.
  @Override
  public String toString() {
    return "keys of writer " + id();
  }
}
