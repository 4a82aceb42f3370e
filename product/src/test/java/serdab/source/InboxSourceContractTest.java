package serdab.source;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.AssociationFacts;
import serdab.dicom.net.IncomingInstance;
import serdab.source.inbox.Inbox;
import serdab.source.inbox.InboxSource;
import serdab.testing.horos.TinyDicom;

/// An inbox keeps the promises of every source.
class InboxSourceContractTest extends SourceContract {

  @Override
  List<Path> fill(List<TinyDicom> images) throws IOException {
    List<Path> files = new ArrayList<>();
    InstantSource hoursAgo = InstantSource.fixed(Instant.now().minus(Duration.ofHours(2)));
    try (Inbox inbox =
        Inbox.open(rootFolder(), Optional.empty(), Inbox.Settings.DEFAULT, hoursAgo, _ -> {})) {
      for (TinyDicom image : images) {
        byte[] file = image.bytes();
        DicomFile read = DicomFile.read(ByteSource.of(file));
        inbox.store(
            new IncomingInstance(
                new AssociationFacts(
                    1,
                    new AeTitle("MODALITY"),
                    new AeTitle("SERDAB"),
                    InetAddress.getLoopbackAddress(),
                    "",
                    "",
                    Optional.empty()),
                read.facts().sopClassUid(),
                read.facts().sop(),
                read.facts().transferSyntaxUid(),
                Optional.empty(),
                Channels.newChannel(
                    new ByteArrayInputStream(
                        Arrays.copyOfRange(file, (int) read.dataSetOffset(), file.length)))));
        files.add(
            rootFolder()
                .resolve("received")
                .resolve(read.facts().study().value())
                .resolve(read.facts().sop().value() + ".dcm"));
      }
    }
    return files;
  }

  @Override
  Source open() {
    return InboxSource.open(rootFolder(), temp.resolve("cache.db"), InstantSource.system());
  }

  @Override
  Path rootFolder() {
    return temp.resolve("inbox");
  }
}
