package serdab.dicom.net;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.OutgoingInstance.Kind;

/// What a server answers queries and retrievals from (PS3.4 annex C). Thread-safe: each association
/// calls on a thread of its own.
///
/// Every method throws [SerdabException] when a place fails; the peer then hears that it could not
/// be done, and nothing of why.
public interface Holdings {

  /// Answers a query.
  ///
  /// @param answers is given each match, until it wants no more
  /// @return [DimseStatus#SUCCESS] when all matches were given or no more are wanted; else why not
  /// @throws IOException only as `answers` threw it
  DimseStatus find(Query query, Answers answers) throws IOException;

  /// Chooses what a retrieval brings, and writes down that it begins: nothing is sent before this
  /// returns.
  ///
  /// @param destination who is to be sent it; empty for the one who asks
  /// @return empty when the query does not name what it wants by unique keys
  Optional<Retrieval> retrieve(Query query, Optional<MoveTarget> destination);

  /// Where a C-MOVE may send to; empty when nobody configured this title.
  Optional<MoveTarget> destination(AeTitle title);

  /// Of the transfer syntaxes that a peer proposes for one SOP class in one presentation context,
  /// the one that most of what is held of this class is in; empty when there is none in any.
  Optional<String> preferred(String sopClassUid, List<String> proposed);

  /// A question.
  ///
  /// @param by who asks
  /// @param byPatient whether it is of the patient root rather than of the study root
  /// @param level of the information model
  /// @param identifier its keys, the level and the character set among them
  record Query(AssociationFacts by, boolean byPatient, QueryLevel level, DataSet identifier) {}

  /// Takes matches.
  @FunctionalInterface
  interface Answers {
    /// Sends one match.
    ///
    /// @param complete whether every key of the query was matched, or is in the answer
    /// @return whether more are wanted
    boolean give(Identifier match, boolean complete) throws IOException;
  }

  /// A node that may be sent to.
  ///
  /// @param node its address, with the title that we give ourselves
  /// @param tls how TLS is spoken to it; empty where it is not
  record MoveTarget(NodeAddress node, Optional<SSLContext> tls) {}

  /// An instance that is to be sent.
  record Item(SopInstanceUid sop, Kind kind) {}

  /// One retrieval under way. One thread at a time.
  interface Retrieval extends AutoCloseable {

    /// What is to be sent, in order.
    List<Item> items();

    /// Reads an instance, and compares it with what is known of it.
    ///
    /// @param i which of the items
    /// @return can be sent until this is called again, or the retrieval is closed
    /// @throws SerdabException when it cannot be read, or is not what it should be
    OutgoingInstance ready(int i);

    /// Told when an instance was taken by whom it was sent to.
    void taken(int i);

    /// Writes down how it ended.
    void ended(RetrieveOutcome outcome);

    @Override
    void close();
  }
}
