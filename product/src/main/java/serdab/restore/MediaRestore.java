package serdab.restore;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomDir;
import serdab.dicom.DicomFile;
import serdab.dicom.MediaDirectory;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.TransferSyntax;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.store.BlobStore;

/// Writes studies as a DICOM file-set, for handing a patient the exam: files under names that every
/// reader of media accepts, a DICOMDIR and a page that says what this is. One thread at a time.
///
/// Files stay byte for byte what they are, their transfer syntax included; the report says which
/// are not in the one that all readers have to know.
public final class MediaRestore {

  private static final int CHUNK_BYTES = 1 << 20;
  private static final String FILE_SET_ID = "SERDAB";
  private static final String README = "README.txt";
  private static final String CHECKSUMS = "SHA256.TXT";

  private final Function<StudyKey, StudyLabel> labels;
  private final boolean withChecksums;
  private final Path scratch;
  private final RandomGenerator random;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final Choice choice;
  private final MediaDirectory directory = new MediaDirectory();
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);

  private final List<RestoreReport.Gap> gaps = new ArrayList<>();
  private final List<MediaReport.LeftOut> leftOut = new ArrayList<>();
  private final Map<String, Long> otherSyntaxes = new HashMap<>();
  private final Map<Integer, Long> madeUp = new HashMap<>();
  private final Map<String, Sha256> written = new HashMap<>();
  private final List<String> paths = new ArrayList<>();
  private final StringBuilder checksums = new StringBuilder();
  private long studies;
  private long bytesWritten;

  /// @param rejected what becomes of rejected files
  /// @param withChecksums whether a list of SHA-256 digests is written beside the files
  /// @param scratch an empty private folder; deleted by the caller
  /// @param random draws the directory's UID
  public MediaRestore(
      Destination from,
      Catalogue catalogue,
      RejectedFiles rejected,
      boolean withChecksums,
      Path scratch,
      RandomGenerator random,
      Progress progress,
      BooleanSupplier stop) {
    this.labels = catalogue::label;
    this.withChecksums = withChecksums;
    this.scratch = scratch;
    this.random = random;
    this.progress = progress;
    this.stop = stop;
    this.choice = new Choice(from, catalogue, stop, gaps, rejected);
  }

  /// Writes the wanted studies; groups of other files are never among them.
  ///
  /// @param target a folder that is not there yet or empty, or a file that ends in `.zip`
  /// @param folders opens a folder as a store of blobs
  /// @throws SerdabException.HeldBack when there is something at the target
  public MediaReport to(
      Path target,
      Function<Path, BlobStore> folders,
      Selection wanted,
      Optional<Instant> asOf,
      Instant now) {
    List<HeldVersion> chosen =
        choice.of(wanted, asOf).stream().filter(copy -> !Groups.isGroup(copy.study())).toList();
    if (chosen.isEmpty()) {
      return report();
    }
    String unique = Integer.toHexString(random.nextInt());
    try (MediaTarget medium = MediaTarget.at(target, unique, now, folders)) {
      progress.planned(chosen.size());
      for (HeldVersion copy : chosen) {
        if (stop.getAsBoolean()) {
          return report();
        }
        writeStudy(copy, medium);
      }
      if (directory.size() > 0) {
        writeDirectory(medium);
        medium.finish();
      }
      return report();
    }
  }

  /// What would be written. Writes nothing.
  public RestorePlan plan(Path target, Selection wanted, Optional<Instant> asOf) {
    long files = 0;
    long bytes = 0;
    long others = 0;
    int count = 0;
    for (HeldVersion copy : choice.of(wanted, asOf)) {
      if (stop.getAsBoolean() || Groups.isGroup(copy.study())) {
        continue;
      }
      count++;
      try (Choice.Open open = choice.open(copy)) {
        choice.nameWhatIsMissing(open.reader().version(), labels.apply(copy.study()));
        for (StoredFile file : open.files()) {
          if (ViewerRestore.canBeDropped(file)) {
            files++;
            bytes += file.lengthBytes();
          } else {
            others++;
          }
        }
      } catch (SerdabException.Damaged e) {
        gaps.add(new RestoreReport.Gap(Optional.of(labels.apply(copy.study())), "", e.problem()));
      }
    }
    return new RestorePlan(count, files, bytes, 0, others, Room.at(target), gaps, choice.notices());
  }

  // ---- files

  private void writeStudy(HeldVersion copy, MediaTarget medium) {
    StudyLabel label = labels.apply(copy.study());
    progress.began(label);
    int gapsBefore = gaps.size();
    int before = directory.size();
    try (Choice.Open open = choice.open(copy)) {
      choice.nameWhatIsMissing(open.reader().version(), label);
      for (StoredFile file : open.files()) {
        if (stop.getAsBoolean()) {
          return;
        }
        if (file.instance().isEmpty()) {
          leftOut.add(new MediaReport.LeftOut(label, file.path(), "It is no DICOM file."));
        } else {
          writeFile(open, file, medium, label);
        }
      }
      studies += directory.size() > before ? 1 : 0;
    } catch (SerdabException.Damaged e) {
      gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
    }
    progress.ended(label, gaps.size() == gapsBefore ? "restored" : "incomplete");
  }

  private void writeFile(Choice.Open open, StoredFile file, MediaTarget medium, StudyLabel label) {
    String sop = file.instance().map(facts -> facts.sop().value()).orElse("");
    Sha256 before = written.get(sop);
    if (before != null && before.equals(file.digests().file())) {
      // The same bytes twice are on the medium once.
      return;
    }
    Path spooled = scratch.resolve("file");
    try {
      spool(open.reader().open(file), file, spooled);
      try (FileChannel channel = FileChannel.open(spooled, StandardOpenOption.READ)) {
        MediaDirectory.Added added = directory.add(DicomFile.scan(ByteSource.of(channel)));
        switch (added) {
          case MediaDirectory.Added.NotListed not ->
              leftOut.add(new MediaReport.LeftOut(label, file.path(), not.reason()));
          case MediaDirectory.Added.Listed listed -> {
            channel.position(0);
            medium.put(listed.path(), channel, file.lengthBytes(), file.digests().file());
            written.put(sop, file.digests().file());
            wrote(listed, file);
          }
        }
      } finally {
        Files.deleteIfExists(spooled);
      }
    } catch (SerdabException.Damaged e) {
      gaps.add(new RestoreReport.Gap(Optional.of(label), file.path(), e.problem()));
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "scratch-failed",
              "A file cannot be kept for reading its header.",
              "Check the disk of SERDAB_HOME: it may be full."),
          e);
    }
  }

  private void wrote(MediaDirectory.Added.Listed listed, StoredFile file) {
    paths.add(listed.path());
    bytesWritten += file.lengthBytes();
    listed.madeUp().forEach(tag -> madeUp.merge(tag, 1L, Long::sum));
    String syntax = file.instance().map(facts -> facts.transferSyntaxUid()).orElse("");
    if (!syntax.equals(TransferSyntax.EXPLICIT_LITTLE_ENDIAN)) {
      otherSyntaxes.merge(syntax, 1L, Long::sum);
    }
    checksum(listed.path(), file.digests().file());
  }

  private void checksum(String path, Sha256 digest) {
    checksums.append(digest.hex()).append("  ").append(path).append('\n');
  }

  /// Brings a file to the scratch folder and compares it with its manifest before it is shown to
  /// anyone.
  private void spool(ReadableByteChannel bytes, StoredFile file, Path to) {
    MessageDigest hasher = Sha256.hasher();
    long length = 0;
    try (bytes;
        FileChannel out =
            FileChannel.open(
                to,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      while (bytes.read(chunk.clear()) >= 0) {
        chunk.flip();
        length += chunk.remaining();
        progress.read(chunk.remaining());
        hasher.update(chunk.duplicate());
        while (chunk.hasRemaining()) {
          out.write(chunk);
        }
      }
    } catch (IOException e) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-unreadable",
              "The stored bytes of one of its files cannot be read, or not be kept for a moment.",
              "Check the disk of SERDAB_HOME, or restore this study from another destination."),
          e);
    }
    if (length != file.lengthBytes() || !Sha256.finish(hasher).equals(file.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The stored bytes of one of its files are not those that were backed up.",
              "Restore this study from another destination, then run: serdab verify"));
    }
  }

  // ---- directory

  private void writeDirectory(MediaTarget medium) {
    byte[] dicomDir;
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      directory.write(out, FILE_SET_ID, uid());
      dicomDir = out.toByteArray();
      requireSound(dicomDir);
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail", e);
    }
    put(medium, MediaDirectory.FILE_NAME, dicomDir);
    put(medium, README, readme());
    if (withChecksums) {
      byte[] list = checksums.toString().getBytes(StandardCharsets.UTF_8);
      medium.put(CHECKSUMS, channel(list), list.length, Sha256.digest(list));
    }
  }

  private void put(MediaTarget medium, String path, byte[] content) {
    Sha256 digest = Sha256.digest(content);
    medium.put(path, channel(content), content.length, digest);
    checksum(path, digest);
  }

  private static ReadableByteChannel channel(byte[] content) {
    return Channels.newChannel(new ByteArrayInputStream(content));
  }

  /// Reads the directory as a stranger would, before anybody gets it.
  private void requireSound(byte[] dicomDir) throws IOException {
    DicomDir read = DicomDir.read(DicomFile.read(ByteSource.of(dicomDir)));
    DicomDir.Comparison comparison = read.compareWith(paths);
    boolean sound =
        read.oddities().isEmpty()
            && comparison.dangling().isEmpty()
            && comparison.unlisted().isEmpty()
            && comparison.present().size() == paths.size();
    if (!sound) {
      throw new IllegalStateException("the DICOMDIR does not list what was written");
    }
  }

  /// A UUID as a UID (PS3.5 section B.2).
  private String uid() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    bytes[6] = (byte) ((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (byte) ((bytes[8] & 0x3F) | 0x80);
    return "2.25." + new BigInteger(1, bytes);
  }

  private byte[] readme() {
    String english =
        """
        YOUR MEDICAL IMAGES

        This folder (or CD, or USB stick) holds medical images in the DICOM format: %d files of
        %d exams. They are private: they hold your name and your date of birth.

        For your doctor: give the whole folder as it is. Any DICOM viewer or PACS can read it; the
        list of the images is the file DICOMDIR.

        To look at them yourself you need a program for DICOM images, such as Horos or OsiriX on a
        Mac, Weasis on any computer, or MicroDicom on Windows. Open the program and choose
        "import" or "open CD", then this folder.

        Please keep the files together, and do not rename them. Images that you look at on a screen
        at home are not for making a diagnosis.
        """
            .formatted(paths.size(), studies);
    String portuguese =
        """
        SUAS IMAGENS MÉDICAS

        Esta pasta (ou CD, ou pendrive) contém imagens médicas no formato DICOM: %d arquivos de
        %d exames. São dados pessoais: contêm seu nome e sua data de nascimento.

        Para o seu médico: entregue a pasta inteira, como está. Qualquer visualizador DICOM ou PACS
        consegue lê-la; a lista das imagens é o arquivo DICOMDIR.

        Para ver as imagens você precisa de um programa para imagens DICOM, como o Horos ou o
        OsiriX no Mac, o Weasis em qualquer computador ou o MicroDicom no Windows. Abra o programa
        e escolha "importar" ou "abrir CD" e depois esta pasta.

        Mantenha os arquivos juntos e não mude seus nomes. Imagens vistas em uma tela comum não
        servem para fazer um diagnóstico.
        """
            .formatted(paths.size(), studies);
    String text =
        english
            + "\n----------------------------------------------------------------------\n\n"
            + portuguese;
    // The mark in front and the line ends are for the simplest editors of Windows.
    return ("\uFEFF" + text.replace("\n", "\r\n")).getBytes(StandardCharsets.UTF_8);
  }

  private MediaReport report() {
    return new MediaReport(
        studies,
        paths.size(),
        bytesWritten,
        leftOut,
        otherSyntaxes,
        madeUp,
        gaps,
        choice.notices(),
        stop.getAsBoolean());
  }
}
