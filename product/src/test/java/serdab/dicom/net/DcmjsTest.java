package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.Tag;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// dcmjs-dimse 0.3.3, an implementation in JavaScript that reads every data set, and writes it anew
/// with other values: text in UTF-8, private elements left out.
@Needs({Peer.DCMJS, Peer.SHARED_DATA})
class DcmjsTest {

  private static final String SUCCESS = "{\"status\":0}";

  @TempDir Path temp;

  /// It says of nearly all that it stored them, and few of those are what was sent.
  @Test
  void whatItsNodeTakesIsFoundMovedToUsAndGotAsTheNodeHasIt() throws Exception {
    Path images = Files.createDirectory(temp.resolve("images"));
    MemorySink moved = new MemorySink();
    try (StorageServer inbox =
            StorageServer.start(new ServerSettings(AeTitle.ours("SERDAB")), moved, _ -> {});
        PeerProgram server = Dcmjs.node(temp, images, "SERDAB=" + inbox.address().getPort())) {
      NodeAddress node = NodeAddress.parse("dicom://DCMJS@127.0.0.1:" + server.port());
      try (Association association = Association.open(AssociationRequest.to(node).verification())) {
        assertThat(association.echo()).isEqualTo(DimseStatus.SUCCESS);
      }
      Samples.Sent sent = Samples.ofEveryKind().sendTo(node);
      Set<String> studies = studies(node);
      for (String study : studies) {
        move(node, study);
      }
      Map<String, String> kept = Samples.in(images);
      Map<String, String> back = Samples.of(moved.kept());
      Map<String, String> asSent = new TreeMap<>(sent.stored());
      asSent.entrySet().retainAll(kept.entrySet());

      assertThat(sent.stored()).hasSizeGreaterThanOrEqualTo(60);
      assertThat(asSent).hasSizeBetween(8, sent.stored().size() - 1);
      assertThat(studies).hasSizeGreaterThanOrEqualTo(35);
      assertThat(back).hasSizeGreaterThanOrEqualTo(50);
      assertThat(kept).containsAllEntriesOf(back);
      assertThat(kept).containsAllEntriesOf(got(node, studies));
    }
  }

  private static Set<String> studies(NodeAddress node) {
    Set<String> studies = new TreeSet<>();
    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      DimseStatus found =
          association.find(
              QueryLevel.STUDY,
              Map.of(Tag.StudyInstanceUID, ""),
              1000,
              row -> studies.add(study(row)));
      assertThat(found).isEqualTo(DimseStatus.SUCCESS);
    }
    return studies;
  }

  private static String study(DataSet row) {
    try {
      return row.string(Tag.StudyInstanceUID).orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void move(NodeAddress node, String study) {
    try (Association association = Association.open(AssociationRequest.to(node).moving())) {
      association.move(
          QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), AeTitle.ours("SERDAB"));
    } catch (SerdabException e) {
      // One that it cannot read any more ends the association; the others are asked for all the
      // same.
    }
  }

  /// By C-GET, what is an uncompressed MR image.
  private static Map<String, String> got(NodeAddress node, Set<String> studies) {
    MemorySink sink = new MemorySink();
    List<ProposedContext> kinds =
        List.of(new ProposedContext("1.2.840.10008.5.1.4.1.1.4", List.of("1.2.840.10008.1.2.1")));
    for (String study : studies) {
      try (Association association = Association.open(AssociationRequest.to(node).getting(kinds))) {
        association.get(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), sink);
      } catch (SerdabException e) {
        // As when moving.
      }
    }
    assertThat(sink.kept()).isNotEmpty();
    return Samples.of(sink.kept());
  }

  @Test
  @Needs(Peer.DCMTK)
  void whatItSendsArrivesAsItDoesAtAnotherServer() throws Exception {
    List<String> words = new ArrayList<>(List.of("store"));
    Samples.ofEveryKind().files().values().forEach(file -> words.add(file.toString()));
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    MemorySink sink = new MemorySink();
    List<String> said;
    try (StorageServer ours =
            StorageServer.start(new ServerSettings(AeTitle.ours("INBOX")), sink, _ -> {});
        PeerProgram theirs =
            PeerProgram.serve(
                temp,
                Map.of("TCP_NODELAY", "1"),
                "storescp",
                "+B",
                "+xa",
                "-od",
                elsewhere.toString(),
                "PORT")) {
      NodeAddress inbox = node("INBOX", ours.address().getPort());
      assertThat(Dcmjs.ask(inbox, temp, "echo")).containsExactly(SUCCESS);
      said = Dcmjs.ask(inbox, temp, words.toArray(String[]::new));
      Dcmjs.ask(node("THEIRS", theirs.port()), temp, words.toArray(String[]::new));
    }

    Map<String, String> here = Samples.of(sink.kept());
    Map<String, String> there = Samples.in(elsewhere);
    assertThat(there).hasSizeGreaterThanOrEqualTo(55);
    assertThat(here).containsAllEntriesOf(there);
    assertThat(said.stream().filter(SUCCESS::equals).count())
        .as(said.toString())
        .isEqualTo(sink.kept().size());
  }

  private static NodeAddress node(String title, int port) {
    return NodeAddress.parse("dicom://" + title + "@127.0.0.1:" + port);
  }
}
