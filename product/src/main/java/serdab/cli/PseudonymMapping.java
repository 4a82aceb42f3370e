package serdab.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.StudyFacts;
import serdab.ziptree.IssueLog;

/// The list that resolves pseudonyms, which a person keeps away from the copies: CSV (RFC 4180),
/// one line for each name and what is known of its study, readable by its owner only. Thread-safe.
///
/// A line is written whole and synced before the copy it speaks of becomes visible. Nothing in the
/// file is ever changed: a corrected patient name makes another line.
final class PseudonymMapping implements BiConsumer<String, StudyFacts> {

  static final String HEADER =
      "pseudonym,patient_id,patient_name,birth_date,study_uid,study_date\r\n";

  /// A file that was made by something else is not read to its end.
  private static final int LINES_MAX = 10_000_000;

  private static final int LINE_CHARACTERS_MAX = 40_000;
  private static final PatientData.Purpose BESIDE = PatientData.Purpose.BESIDE_THE_DATA;

  private final Path file;

  /// What stands in the file; filled when the first line is to be written.
  private final Set<String> known = new HashSet<>();

  private boolean open;

  PseudonymMapping(Path file) {
    this.file = file;
  }

  @Override
  public synchronized void accept(String name, StudyFacts facts) {
    try {
      if (!open) {
        begin();
        open = true;
      }
      String line = line(name, facts);
      if (known.contains(line)) {
        return;
      }
      append(line + "\r\n");
      known.add(line);
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "pseudonym-mapping-failed",
              "The list that resolves pseudonyms, " + file + ", cannot be written.",
              "Connect its disk or make the file writable; no copy is made without its line there."),
          e);
    }
  }

  private void begin() throws IOException {
    if (!Files.exists(file)) {
      Path parent = file.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.createFile(file);
      if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      }
    }
    if (Files.size(file) == 0) {
      append(HEADER);
      return;
    }
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      String first = lines.readLine();
      if (first == null || !first.equals(HEADER.strip())) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "pseudonym-mapping-other",
                "The file " + file + " is no list of pseudonyms.",
                "Name a file that is not there yet, or the list of an earlier run."));
      }
      for (int i = 0; i < LINES_MAX; i++) {
        String line = lines.readLine();
        if (line == null) {
          break;
        }
        if (line.length() <= LINE_CHARACTERS_MAX) {
          known.add(line);
        }
      }
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      channel.read(last, channel.size() - 1);
      if (last.get(0) != '\n') {
        // A power cut left half a line; it stands alone, and its study gets a whole one.
        append("\r\n");
      }
    }
  }

  private void append(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  private static String line(String name, StudyFacts facts) {
    return String.join(
        ",",
        name,
        IssueLog.cell(facts.patientId().reveal(BESIDE)),
        IssueLog.cell(facts.patientName().reveal(BESIDE)),
        facts.birthDate().map(date -> date.reveal(BESIDE).toString()).orElse(""),
        IssueLog.cell(facts.key().value()),
        facts.studyDate().map(LocalDate::toString).orElse(""));
  }
}
