package serdab.repository;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import serdab.SerdabException;
import serdab.Sha256;

/// `repository.json`, from a copy when it is lost or damaged (format section 2).
///
/// @param owner whose signatures count
/// @param content the file as it should be
@SuppressWarnings("ArrayRecordComponent") // never compared
record Charter(OwnerKey owner, byte[] content) {

  static final long BYTES_MAX = 1 << 20;

  /// @throws SerdabException.Refused `repository-missing` when there is nothing of a repository
  /// @throws SerdabException.Damaged when neither the file nor a copy of it can be used
  static Charter read(Shelf shelf) {
    return find(shelf)
        .orElseThrow(() ->
            shelf.store().find(Layout.REPOSITORY).isEmpty()
                ? Problems.none(shelf.store().describe())
                : Problems.damaged("repository.json is not as it was written."));
  }

  /// The file or, when it is lost or damaged, what most of its copies say; empty when none of them
  /// can be used.
  static Optional<Charter> find(Shelf shelf) {
    Optional<Charter> first = readable(shelf, Layout.REPOSITORY).flatMap(Charter::parse);
    if (first.isPresent()) {
      return first;
    }
    Map<Sha256, List<Charter>> votes = new HashMap<>();
    for (String file : shelf.names(Layout.COPIES)) {
      Copies.read(shelf, file, Layout.REPOSITORY)
          .flatMap(Charter::parse)
          .ifPresent(each ->
              votes
                  .computeIfAbsent(Sha256.digest(each.content()), _ -> new ArrayList<>())
                  .add(each));
    }
    return votes.values().stream()
        .max(java.util.Comparator.comparingInt(List::size))
        .map(List::getFirst);
  }

  private static Optional<byte[]> readable(Shelf shelf, String file) {
    try {
      return shelf.whole(file, BYTES_MAX);
    } catch (SerdabException.Damaged e) {
      return Optional.of(new byte[0]);
    }
  }

  /// Reads one whose signature is that of the owner it names. One without a signature is none, or a
  /// bit in the name of that member would make it one that nobody can check.
  static Optional<Charter> parse(byte[] content) {
    try {
      Doc doc = Doc.parse(content);
      if (!doc.isWrittenAs(content)) {
        return Optional.empty();
      }
      OwnerKey owner =
          new OwnerKey(
              UUID.fromString(doc.text("id")), Base64.getDecoder().decode(doc.text("ownerKey")));
      String signature = doc.text("signature");
      return owner.signed(Layout.REPOSITORY, doc.without("signature").bytes(), signature)
          ? Optional.of(new Charter(owner, content))
          : Optional.empty();
    } catch (IllegalArgumentException | SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  /// The digest that one of the stored documents should have, when it says.
  Optional<String> digestOf(String document) {
    Doc doc = Doc.parse(content);
    return doc.has("documents") ? doc.object("documents").textIfThere(document) : Optional.empty();
  }
}
