package serdab.repository;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import serdab.Sha256;
import serdab.dicom.codec.DeltaShuffle;
import serdab.dicom.codec.MedianShuffle;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// `docs/format/repository-vectors.txt`, read by us and by a script that has nothing of ours.
///
/// `./dev golden` writes the file again, always the same way.
class RepositoryVectorsTest {

  private static final UUID REPOSITORY = UUID.fromString("0f6c5b0e-6d0c-4b5e-9d0f-2f1f3a8f9c11");
  private static final Instant TIME = Instant.parse("2026-11-20T10:00:00Z");
  private static final String GROUP_KEY = "1.2.840.113619.2.1.42";
  private static final String PASSPHRASE = "correct horse ü";

  @Test
  void namesAreThoseOfTheVectors() throws Exception {
    Vectors vectors = vectors();
    Naming naming = new Naming(HexFormat.of().parseHex(vectors.get("naming")));

    assertThat(naming.group(vectors.get("group-key"))).isEqualTo(vectors.get("group-name"));
    assertThat(naming.version(vectors.get("version"))).isEqualTo(vectors.get("version-name"));
    assertThat(naming.blob(Sha256.parse(vectors.get("blob"))))
        .isEqualTo(HexFormat.of().parseHex(vectors.get("blob-name")));
  }

  @Test
  void signaturesAreThoseOfTheVectors() throws Exception {
    Vectors vectors = vectors();
    Signer owner = new Signer(REPOSITORY, HexFormat.of().parseHex(vectors.get("owner")));
    byte[] body = vectors.get("zip-body").replace("|", "\n").getBytes(UTF_8);

    assertThat(OwnerKey.of(owner).text()).isEqualTo(vectors.get("owner-key"));
    assertThat(owner.sign("snapshots/0123/00000001", body)).isEqualTo(vectors.get("zip-signature"));
  }

  @Test
  void documentsOfTheVectorsAreRead() throws Exception {
    Vectors vectors = vectors();
    OwnerKey owner = new OwnerKey(REPOSITORY, Base64.getDecoder().decode(vectors.get("owner-key")));

    Generation generation = Generation.read(1, line(vectors.get("generation")), owner);
    Writer writer =
        Writer.read(Writer.file(vectors.get("writer-id")), line(vectors.get("writer")), owner);
    GroupKey group =
        GroupKey.read(
            vectors.get("group-name"),
            1,
            line(vectors.get("group")),
            Writers.of(owner, List.of(writer)));
    List<AgeIdentity> person = List.of(AgeIdentity.parse(vectors.get("person")));
    GenerationSecrets secrets =
        GenerationSecrets.open(
            generation,
            Base64.getDecoder().decode(vectors.get("generation-sealed")),
            person,
            owner);

    assertThat(group.open(List.of(secrets.identity())).text())
        .isEqualTo(vectors.get("group-identity"));
    assertThat(secrets.naming().group(GROUP_KEY)).isEqualTo(group.group());
  }

  @Test
  void aPassphraseOpensTheFileOfTheVectors() throws Exception {
    Vectors vectors = vectors();

    byte[] opened =
        AgeFile.openWithPassphrase(
            Base64.getDecoder().decode(vectors.get("person-sealed")),
            vectors.get("passphrase").toCharArray());

    assertThat(opened).isEqualTo(line(vectors.get("person")));
  }

  @Test
  void theVectorsAreWhatIsMadeToday() throws Exception {
    StringBuilder text =
        new StringBuilder(
            """
            # Test vectors for repository.md: name, colon, blank, value. Keys and digests are in hexadecimal,
            # age files in base64, documents without their line feed; | in zip-body is a line feed.
            # scripts/repository-vectors.py checks them without anything of the program.
            """);
    made().forEach((name, value) -> text.append(name).append(": ").append(value).append('\n'));
    if ("rewrite".equals(System.getProperty("golden"))) {
      Files.writeString(file(), text);
    }

    assertThat(text.toString()).isEqualTo(Files.readString(file()));
  }

  @Test
  @Needs({Peer.PYTHON, Peer.OPENSSL, Peer.AGE})
  void aScriptThatHasNothingOfOursAgrees() throws Exception {
    Process script =
        new ProcessBuilder(
                "python3",
                SharedData.checkout().resolve("scripts/repository-vectors.py").toString(),
                file().toString())
            .redirectErrorStream(true)
            .start();

    String said = new String(script.getInputStream().readAllBytes(), UTF_8);

    assertThat(script.waitFor()).as(said).isZero();
    assertThat(said).isEqualTo("all right: 15\n");
  }

  private static Map<String, String> made() {
    Random random = new Random(2026);
    Map<String, String> made = new LinkedHashMap<>();
    GenerationSecrets secrets = GenerationSecrets.generate(REPOSITORY, 1, random);
    AgeIdentity person = AgeIdentity.generate(random);
    List<AgeRecipient> people = List.of(person.recipient());
    made.put("repository", REPOSITORY.toString());
    made.put("naming", HexFormat.of().formatHex(secrets.naming().secret()));
    made.put("group-key", GROUP_KEY);
    made.put("group-name", secrets.naming().group(GROUP_KEY));
    String version = Sha256.digest(new byte[] {1}).hex();
    made.put("version", version);
    made.put("version-name", secrets.naming().version(version));
    Sha256 blob = Sha256.digest(new byte[] {2});
    made.put("blob", blob.hex());
    made.put("blob-name", HexFormat.of().formatHex(secrets.naming().blob(blob)));
    made.put("owner", HexFormat.of().formatHex(secrets.owner().seed()));
    made.put("owner-key", OwnerKey.of(secrets.owner()).text());
    LinkedHashMap<String, Sha256> entries = new LinkedHashMap<>();
    entries.put("snapshot.json", Sha256.digest(new byte[] {3}));
    entries.put("blobs.bin", Sha256.digest(new byte[] {4}));
    byte[] body = Signatures.zipBody(entries);
    made.put("zip-body", new String(body, UTF_8).replace("\n", "|"));
    made.put("zip-signature", secrets.owner().sign("snapshots/0123/00000001", body));
    made.put("person", person.text());
    byte[] sealed = secrets.sealed(people, random);
    Generation generation = secrets.shown(people, TIME, sealed, new java.util.TreeMap<>());
    made.put("generation", text(generation.signed(secrets.owner())));
    made.put("generation-sealed", Base64.getEncoder().encodeToString(sealed));
    Signer signer = Signer.generate(REPOSITORY, random);
    Writer writer =
        new Writer(signer.id(), "Câmara \"1\"", signer.publicKey(), TIME, Optional.empty());
    made.put("writer-id", signer.id());
    made.put("writer", text(writer.signed(secrets.owner())));
    AgeIdentity identity = AgeIdentity.generate(random);
    GroupKey group =
        GroupKey.seal(
            secrets.naming().group(GROUP_KEY), generation, identity, signer.id(), TIME, random);
    made.put("group", text(group.signed(signer)));
    made.put("group-identity", identity.text());
    made.put("passphrase", PASSPHRASE);
    made.put(
        "person-sealed",
        Base64.getEncoder()
            .encodeToString(
                AgeFile.sealWithPassphrase(
                    PASSPHRASE.toCharArray(), 15, line(person.text()), random)));
    filtered(made);
    return made;
  }

  /// Three rows of four cells of two bytes, and what each filter makes of them (section 4.3).
  private static void filtered(Map<String, String> made) {
    ByteBuffer cells = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (int cell : new int[] {100, 104, 97, 65_535, 99, 32_768, 32_767, 0, 7, 1_000, 999, 998}) {
      cells.putShort((short) cell);
    }
    made.put("filtered-cells", HexFormat.of().formatHex(cells.array()));
    for (int filter = 1; filter <= 3; filter++) {
      ByteBuffer content = ByteBuffer.allocate(40);
      content.put((byte) filter).put((byte) 2).putShort((short) 1).putInt(4).putLong(12);
      if (filter == 1) {
        new DeltaShuffle(3, 4, 1, 2).forward(cells.array(), 0, content.array(), 16);
      } else {
        new MedianShuffle(3, 4, 1, 2, filter == 3).forward(cells.array(), 0, content.array(), 16);
      }
      made.put("filtered-" + filter, HexFormat.of().formatHex(content.array()));
    }
  }

  private static String text(byte[] document) {
    assertThat(document[document.length - 1]).isEqualTo((byte) '\n');
    return new String(Arrays.copyOf(document, document.length - 1), UTF_8);
  }

  private static byte[] line(String text) {
    return (text + "\n").getBytes(UTF_8);
  }

  private static Vectors vectors() throws IOException {
    Map<String, String> vectors = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file())) {
      int colon = line.indexOf(": ");
      if (!line.startsWith("#") && colon > 0) {
        vectors.put(line.substring(0, colon), line.substring(colon + 2));
      }
    }
    return new Vectors(vectors);
  }

  private record Vectors(Map<String, String> values) {

    String get(String name) {
      return Objects.requireNonNull(values.get(name), name);
    }
  }

  private static Path file() {
    return SharedData.checkout().resolve("docs/format/repository-vectors.txt");
  }
}
