package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// What was backed up is read by a stranger who has the repository, an identity and common tools.
@Needs({Peer.SHARED_DATA, Peer.AGE, Peer.ZSTD, Peer.PYTHON})
class RepositoryWithoutSerdabTest {

  @TempDir private Path folder;

  @Test
  void theScriptInTheRepositoryRestoresEveryFile() throws Exception {
    copyTree(SharedData.dicom(), folder.resolve("source"));
    backUp();

    assertTheScriptRestoresEveryFile();
  }

  /// Pixels of 8, 16 and 32 bits, signed and not, of one sample and of three.
  @Test
  void theScriptRestoresWhatWasMadeFast() throws Exception {
    for (String each : List.of("odd_pydicom", "mr_heudiconv", "mr_divest", "us_go-dicom")) {
      copyTree(SharedData.dicom().resolve(each), folder.resolve("source").resolve(each));
    }
    backUp("--compression", "fast");

    assertTheScriptRestoresEveryFile();
  }

  private void assertTheScriptRestoresEveryFile() throws Exception {
    Said said =
        run(
            "python3",
            path("sealed/restore.py"),
            path("sealed"),
            path("person.txt"),
            "restore",
            path("back"));

    assertThat(said.code()).as(said.text()).isZero();
    Set<String> back = new HashSet<>(digests(folder.resolve("back")));
    for (Path file : filesIn(folder.resolve("source"))) {
      assertThat(back).as(file.getFileName().toString()).contains(digest(file));
    }
  }

  /// Section 9 of the format, command by command; the JPEG-LS decoder is the one of the script.
  @Test
  @Needs({Peer.UNZIP, Peer.OPENSSL, Peer.JQ})
  void aStudyIsRestoredByHandAsTheFormatTells() throws Exception {
    Path real = SharedData.dicom().resolve("mr_divest");
    copyTree(real, folder.resolve("source"));
    backUp();
    String study =
        new CommandLineRun(folder.resolve("home"))
            .run("repository", "snapshots", "repo:" + path("sealed"), "--show-studies")
            .out()
            .lines()
            .filter(line -> line.matches(".* [0-9.]{20,64}"))
            .map(line -> line.substring(line.lastIndexOf(' ') + 1))
            .findFirst()
            .orElseThrow();
    Path script = Files.writeString(folder.resolve("by-hand.sh"), BY_HAND);

    Said said =
        run("bash", script.toString(), path("sealed"), path("person.txt"), study, path("hand"));

    assertThat(said.code()).as(said.text()).isZero();
    List<String> restored = digests(folder.resolve("hand/files"));
    List<String> source = digests(folder.resolve("source"));
    assertThat(restored).isNotEmpty();
    assertThat(source).containsAll(restored);
    assertThat(said.text()).contains(".jls decoded");
  }

  private static final String BY_HAND =
      """
      set -euo pipefail
      cd "$1"; person=$2; study=$3; work=$4
      mkdir -p "$work/files"
      age -d -i "$person" keys/1.age > "$work/secrets.json"
      jq -r .identity "$work/secrets.json" > "$work/repository.txt"
      naming=$(jq -r .naming "$work/secrets.json")
      group=$(printf 'group\\n%s' "$study" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$naming" -r | cut -c1-32)
      snapshot=$(grep -la "$group" snapshots/*/*.zip | tail -1)
      unzip -p "$snapshot" snapshot.json > "$work/snapshot.json"
      jq -r .identity "groups/${group:0:2}/$group/1.json" | base64 -d | age -d -i "$work/repository.txt" -o "$work/group.txt"
      number=0
      for pack in $(jq -r '.packs[].name' "$work/snapshot.json"); do
        test "$(sha256sum < "packs/${pack:0:2}/$pack.age" | cut -c1-64)" = "$pack"
        mkdir "$work/$number"
        age -d -i "$work/group.txt" "packs/${pack:0:2}/$pack.age" > "$work/$number/pack.zip"
        unzip -q "$work/$number/pack.zip" -d "$work/$number"
        zstd -q -d "$work/$number/pack.json.zst"
        for blob in "$work/$number"/0*.zst; do test ! -e "$blob" || zstd -q -d "$blob" -o "${blob%.zst}.blob"; done
        for blob in "$work/$number"/0*.raw; do test ! -e "$blob" || cp "$blob" "${blob%.raw}.blob"; done
        number=$((number + 1))
      done
      zstd -q -d "$work/$(jq -r .manifest.pack "$work/snapshot.json")/manifest.json.zst" -o "$work/manifest.json"
      python3 - "$PWD" "$work" <<'END'
      import glob, hashlib, importlib.util, json, os, re, struct, sys
      root, work = sys.argv[1:]
      spec = importlib.util.spec_from_file_location("restore", root + "/restore.py")
      reader = importlib.util.module_from_spec(spec)
      spec.loader.exec_module(reader)
      manifest = json.load(open(work + "/manifest.json"))
      lines = {}
      for number in range(len(json.load(open(work + "/snapshot.json"))["packs"])):
          for line in open(f"{work}/{number}/pack.json"):
              entry = json.loads(line)
              lines[number, entry["offset"]] = (number, entry)
      def blob(pack, offset):
          number, entry = lines[pack, offset]
          name = f"{work}/{number}/{entry['n']:06d}"
          if entry["codec"] == 2:
              comment, samples = reader.decode_jls(open(name + ".jls", "rb").read())
              cells, order, shift = re.search(r"cells (\\d) (le|be) offset (-?\\d+)", comment).groups()
              top = 256 ** int(cells)
              code = ("<" if order == "le" else ">") + str(len(samples)) + ("B" if cells == "1" else "H")
              data = struct.pack(code, *((sample + int(shift)) % top for sample in samples))
              print(name + ".jls decoded")
          else:
              data = open(name + ".blob", "rb").read()
          assert hashlib.sha256(data).hexdigest() == entry["sha256"], name
          return data
      headers = [blob(*block[:2]) for block in manifest["headers"]]
      for count, file in enumerate(manifest["files"]):
          at, out, block = file["header"][1], b"", headers[file["header"][0]]
          for part in file["parts"]:
              if isinstance(part, int):
                  out, at = out + block[at : at + part], at + part
              else:
                  out += blob(*part[:2])
          assert hashlib.sha256(out).hexdigest() == file["sha256"] and len(out) == file["bytes"]
          open(f"{work}/files/{count}", "wb").write(out)
      END
      """;

  // ---- helpers

  private void backUp(String... options) throws Exception {
    Said key = run("age-keygen", "-o", path("person.txt"));
    assertThat(key.code()).as(key.text()).isZero();
    String recipient = run("age-keygen", "-y", path("person.txt")).text().strip();
    CommandLineRun home = new CommandLineRun(folder.resolve("home"));
    String place = "repo:" + path("sealed");
    CommandLineRun.Result made = home.run("repository", "init", place, "--recipient", recipient);
    assertThat(made.exitCode()).as(made.err()).isZero();
    List<String> backup =
        new ArrayList<>(List.of("backup", "--from", path("source"), "--to", place));
    backup.addAll(List.of(options));
    CommandLineRun.Result copied = home.run(backup.toArray(String[]::new));
    assertThat(copied.exitCode()).as(copied.err()).isZero();
  }

  private record Said(int code, String text) {}

  private static Said run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text);
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static String digest(Path file) throws IOException {
    return Sha256.digest(Files.readAllBytes(file)).hex();
  }

  private static List<String> digests(Path folder) throws IOException {
    List<String> digests = new ArrayList<>();
    for (Path file : filesIn(folder)) {
      digests.add(digest(file));
    }
    return digests;
  }

  private static void copyTree(Path from, Path to) throws IOException {
    for (Path file : filesIn(from)) {
      Path copy = to.resolve(from.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
  }
}
