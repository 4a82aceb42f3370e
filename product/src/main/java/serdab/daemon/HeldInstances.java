package serdab.daemon;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.destination.VersionReader;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;
import serdab.dicom.Tag;

/// One series, or one instance, of a study that is open: what the manifest says of it, and where
/// that is not enough, the header of its first file, read when it is asked for. One thread at a
/// time.
final class HeldInstances implements Attributes {

  private final HeldStudy study;
  private final VersionReader reader;
  private final List<StoredFile> files;
  private final boolean isSeries;
  private @Nullable Header header;
  private boolean isUnreadable;

  private HeldInstances(
      HeldStudy study, VersionReader reader, List<StoredFile> files, boolean isSeries) {
    this.study = study;
    this.reader = reader;
    this.files = files;
    this.isSeries = isSeries;
  }

  static HeldInstances series(HeldStudy study, VersionReader reader, List<StoredFile> files) {
    return new HeldInstances(study, reader, files, true);
  }

  static HeldInstances instance(HeldStudy study, VersionReader reader, StoredFile file) {
    return new HeldInstances(study, reader, List.of(file), false);
  }

  private InstanceFacts facts() {
    return StudyLook.facts(files.getFirst());
  }

  @Override
  public Optional<String> value(int tag) {
    if (tag == Tag.SeriesInstanceUID) {
      return Optional.of(facts().series().value());
    }
    return isSeries ? ofSeries(tag) : ofInstance(tag);
  }

  private Optional<String> ofSeries(int tag) {
    if (tag == Tags.SERIES_INSTANCES) {
      return Optional.of("" + files.size());
    }
    return Tags.SERIES.contains(tag) ? ofHeader(tag) : study.value(tag);
  }

  private Optional<String> ofInstance(int tag) {
    return switch (tag) {
      case Tag.SOPInstanceUID -> Optional.of(facts().sop().value());
      case Tag.SOPClassUID -> Optional.of(facts().sopClassUid());
      case Tags.AVAILABLE_TRANSFER_SYNTAX_UID -> Optional.of(facts().transferSyntaxUid());
      default -> {
        Optional<String> ofStudy = study.value(tag);
        yield ofStudy.isPresent() ? ofStudy : ofHeader(tag);
      }
    };
  }

  /// Of what is damaged only that is told which the manifest says.
  private Optional<String> ofHeader(int tag) {
    @Nullable Header read = header;
    if (read == null && !isUnreadable) {
      try {
        read = Header.read(reader, files.getFirst());
        header = read;
      } catch (SerdabException.Damaged e) {
        isUnreadable = true;
      }
    }
    return read == null ? Optional.of("") : read.value(tag);
  }
}
