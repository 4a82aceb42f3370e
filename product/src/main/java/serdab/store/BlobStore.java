package serdab.store;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import serdab.Sha256;

/// Named blobs in one place: a folder, a bucket. Thread-safe.
///
/// - A blob is wholly there or not there; a crash at any moment leaves nothing half-written under a
///   blob's name.
/// - After [Staged#commit] returns, [#open], [#find] and, where the place has
///   [Capability#LIST_AFTER_WRITE], [#list] show the blob, from this process or another, and a
///   power cut does not take it away.
/// - A blob never changes. Only the few small documents written by [#replace] do.
/// - Not finding something is an answer only when the place was there to be asked: a place that is
///   gone throws, it never looks empty.
///
/// Names are relative paths of parts separated by `/`; [BlobName] has the rules. Names are kept as
/// given; some file systems fold case or compose Unicode, so a form writes names in Unicode NFC
/// that differ in more than case.
///
/// Every method throws [serdab.SerdabException.Unavailable] when the place cannot be reached
/// (`place-gone`), is full (`place-full`), does not permit the step (`place-not-permitted`) or
/// fails while writing (`place-failed`), [serdab.SerdabException.Damaged] (`place-unreadable`) when
/// stored bytes cannot be read, and [IllegalStateException] once the store is closed. Methods that
/// write throw [serdab.SerdabException.HeldBack] (`place-busy`) while another run writes to the
/// place.
public interface BlobStore extends AutoCloseable {

  /// What a staged name is longer than the final one, in bytes. A form whose names are limited
  /// keeps this much free in the last part of each name.
  int STAGED_SUFFIX_BYTES = 22;

  /// The largest document [#replace] takes and [#document] gives, in bytes.
  int DOCUMENT_BYTES_MAX = 16 << 20;

  /// What this place can promise; it never changes while the store is open.
  Capabilities capabilities();

  /// The place as a person would name it in a message; holds no password and no patient data.
  String describe();

  /// Begins a blob of this name. Several may be staged under one name at once; the first to commit
  /// wins.
  ///
  /// @throws serdab.SerdabException.Refused `blob-name-not-allowed` for a name [BlobName] refuses,
  ///   or `blob-exists` when the name is taken already
  Staged stage(String name);

  /// Opens a blob for reading by position, through whatever cache the place has.
  ///
  /// @throws serdab.SerdabException.Refused `blob-missing` when the place is there and the blob is
  ///   not
  Blob open(String name);

  /// Opens a committed blob for proof: as the place holds it, by the most honest means it has.
  /// Makes sure first, as far as the place permits, that the blob would outlive a power cut: a run
  /// that was killed just before its last sync leaves a blob that is visible and not yet safe.
  ///
  /// @throws serdab.SerdabException.Refused `blob-missing` when the place is there and the blob is
  ///   not
  ReadBack readBack(String name);

  /// The place's own SHA-256 of the bytes it stores; empty where the place has no
  /// [Capability#SERVER_CHECKSUM] or no such blob.
  Optional<Sha256> attested(String name);

  /// What is known of a blob or document without reading it; empty when there is none of this name.
  Optional<BlobInfo> find(String name);

  /// Every blob and document whose name starts with `prefix`, in no order, read from the place as
  /// the stream is; the caller closes it. Own bookkeeping and unfinished parts are not shown;
  /// another program's files are, under their names, unless no blob could be called that.
  Stream<BlobInfo> list(String prefix);

  /// Deletes a blob or document; true when there was one. Deleting is for retention, planned first.
  boolean delete(String name);

  /// Gives a blob another name, its bytes untouched and unread; it returns when a power cut would
  /// not take the new name away. Never replaces a blob. For setting aside what is damaged.
  ///
  /// A crash on the way, or `Unavailable`, leaves the blob under its old name, its new one, or
  /// both. (Only where a place knows no second names, as on exFAT, it is one renaming that the
  /// place itself makes safe or not: what must not be lost is copied there, not moved.)
  ///
  /// @throws serdab.SerdabException.Refused `blob-missing` when there is no blob of the old name,
  ///   `blob-exists` when the new one is taken, `blob-name-not-allowed` for a name that [BlobName]
  ///   refuses
  void move(String from, String to);

  /// Writes a small document whole, in place of the one there, atomically and synced.
  ///
  /// @throws serdab.SerdabException.Refused `document-changed` when what is there is not as
  ///   expected, `document-too-large` above [#DOCUMENT_BYTES_MAX]
  void replace(String name, byte[] content, Expected expected);

  /// A small document as it is now; empty when there is none.
  ///
  /// @throws serdab.SerdabException.Damaged `document-too-large` above [#DOCUMENT_BYTES_MAX]
  Optional<byte[]> document(String name);

  /// Names, not of blobs, under which runs of ours left unfinished bytes; the caller closes the
  /// stream. Those this store is writing now are left out; those of a live run elsewhere are not.
  Stream<String> unfinished();

  /// Removes what runs of ours that have ended left unfinished, and nothing else; the number
  /// removed.
  ///
  /// @throws serdab.SerdabException.HeldBack `place-busy` while another run writes to the place
  int sweep();

  /// Bytes that can still be written, as the place says; empty where it does not say.
  OptionalLong usableBytes();

  /// How much the whole place can hold, in bytes; empty when it does not say.
  default OptionalLong totalBytes() {
    return OptionalLong.empty();
  }

  /// Ends writing. Blobs still staged are not committed; closing twice does nothing.
  @Override
  void close();
}
