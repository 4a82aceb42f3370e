package serdab.repository;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobStore;
import serdab.store.HeldBytes;
import serdab.store.ReadableBytes;
import serdab.store.Staged;

/// Mends what a [Check] found, from copies, from parity, or from what it is handed. Needs no key.
/// One thread at a time.
///
/// It only adds: what is damaged is moved under `quarantine/` once a whole one is at hand, and
/// nothing is brought back that no version needs. Killed at any moment it can run again.
public final class Repair {

  private static final String READY = Judge.QUARANTINE + "ready/";

  private final Shelf shelf;
  private final Supply supply;
  private final Check.Pace pace;
  private final List<Mended> mended = new ArrayList<>();
  private final Set<String> notMended = new TreeSet<>();
  private Judge judge;
  private boolean indexDamaged;

  private Repair(Shelf shelf, Supply supply, Check.Pace pace) {
    this.shelf = shelf;
    this.supply = supply;
    this.pace = pace;
    this.judge = new Judge(shelf, Charter.read(shelf));
  }

  /// Packs from elsewhere: another repository object, or made again from the source.
  public interface Supply {

    /// Has no pack.
    Supply NONE = _ -> Optional.empty();

    /// A pack by the SHA-256 of its stored bytes; empty when it cannot be had. What is given is
    /// compared with the name, and closed.
    Optional<ReadableBytes> supply(Sha256 pack);
  }

  /// What something was mended from.
  public enum From {
    COPY,
    PARITY,
    /// Made again from what it repeats: parity from packs, a document from this program.
    ORIGINALS,
    SUPPLY
  }

  /// A file that is whole again, or a parity file in place of one that can not be.
  public record Mended(String file, From from) {}

  /// What a run did.
  ///
  /// @param mended files that are whole again
  /// @param notMended files of the findings for which nothing could be done
  /// @param indexDamaged whether a damaged part of the index was set aside: what it said has to be
  ///   read from the snapshots again ([Repository#rebuildIndex])
  /// @param isComplete false when it was told to stop
  public record Result(
      List<Mended> mended, Set<String> notMended, boolean indexDamaged, boolean isComplete) {

    public Result {
      mended = List.copyOf(mended);
      notMended = Set.copyOf(notMended);
    }
  }

  /// Mends the files that findings name.
  ///
  /// @param findings of a check; what is whole by now is left alone
  /// @throws SerdabException.Damaged when `repository.json` and all its copies are damaged
  public static Result run(
      BlobStore store, Collection<Check.Finding> findings, Supply supply, Check.Pace pace) {
    Repair repair = new Repair(new Shelf(store), supply, pace);
    boolean complete = repair.run(findings);
    return new Result(repair.mended, repair.notMended, repair.indexDamaged, complete);
  }

  private boolean run(Collection<Check.Finding> findings) {
    Set<String> small = new TreeSet<>();
    Set<String> index = new TreeSet<>();
    Set<String> copies = new TreeSet<>();
    Set<String> parity = new TreeSet<>();
    Set<Sha256> packs = new TreeSet<>();
    for (Check.Finding finding : findings) {
      String file = finding.file();
      switch (finding.kind()) {
        case UNKNOWN, UNPROVEN -> {}
        case MISSING, WRONG_LENGTH, DAMAGED, UNREADABLE, UNSIGNED, HALF -> {
          Layout.packOf(file).ifPresent(packs::add);
          if (Layout.indexOf(file).isPresent()) {
            index.add(file);
          } else if (ParityGroup.nameOf(file).isPresent() || ParityGroup.pairOf(file).isPresent()) {
            parity.add(file);
          } else if (Layout.copyOf(file).isPresent()) {
            copies.add(file);
          } else if (Judge.isSmall(file)) {
            small.add(file);
          }
        }
      }
    }
    // A repair that was killed may have set one of two aside, and the index that tells of them too.
    NavigableSet<String> there = shelf.names(Layout.COPIES);
    for (String file : there) {
      Check.twin(file).filter(twin -> !there.contains(twin)).ifPresent(copies::add);
    }
    small(small);
    index.forEach(this::index);
    copies.forEach(this::copies);
    return packs(packs, parity);
  }

  // ---- putting a whole file in place of a damaged one

  private static String ready(String file) {
    return READY + file;
  }

  private Optional<byte[]> content(String file) {
    try {
      return shelf.whole(file, Judge.BYTES_MAX);
    } catch (SerdabException.Damaged e) {
      return Optional.of(new byte[0]);
    }
  }

  private boolean isThere(String file) {
    return shelf.store().find(file).isPresent();
  }

  /// Moves what is there to the first free name under `quarantine/`.
  private void setAside(String file) {
    if (!isThere(file)) {
      return;
    }
    String aside = Judge.QUARANTINE + file;
    for (int i = 2; isThere(aside); i++) {
      aside = Judge.QUARANTINE + file + '.' + i;
    }
    shelf.store().move(file, aside);
  }

  /// The name gets the file that is ready; for a moment it has none.
  private void replaceByReady(String file, From from) {
    setAside(file);
    shelf.store().move(ready(file), file);
    mended.add(new Mended(file, from));
  }

  private void replace(String file, byte[] content, From from) {
    if (!isThere(file)) {
      // Whoever wrote it meanwhile is as good.
      shelf.putIfFree(file, Bulk.of(content));
      mended.add(new Mended(file, from));
      return;
    }
    if (!content(ready(file)).filter(there -> Arrays.equals(there, content)).isPresent()) {
      shelf.store().delete(ready(file));
      shelf.put(ready(file), Bulk.of(content));
    }
    replaceByReady(file, from);
  }

  // ---- small files

  private void index(String file) {
    // It may have looked unsigned only because the file of its writer was damaged.
    if (!isGoodIndex(file)) {
      // The snapshots say it all again.
      setAside(file);
      indexDamaged = true;
    }
  }

  private boolean isGoodIndex(String file) {
    if (Layout.indexOf(file).filter(name -> hasDigest(file, name)).isEmpty()) {
      return false;
    }
    try (ReadableBytes stored = shelf.store().open(file)) {
      SignedZip.open(stored, judge.trust(), Segment.SUBJECT).requireIntact();
      return true;
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  private void small(Set<String> files) {
    // What says whose signatures count comes before what they signed.
    if (files.remove(Layout.REPOSITORY)) {
      small(Layout.REPOSITORY);
    }
    List<String> trusted =
        files.stream()
            .filter(file -> file.startsWith(Layout.KEYS) || file.startsWith(Layout.WRITERS))
            .toList();
    trusted.forEach(this::small);
    judge = new Judge(shelf, judge.charter());
    files.removeAll(trusted);
    files.forEach(this::small);
  }

  private void small(String file) {
    Optional<byte[]> there = content(file);
    if (there.isPresent() && judge.of(file, there.get()) == Judge.Verdict.GOOD) {
      return;
    }
    Optional<byte[]> good = good(file);
    if (good.isPresent()) {
      replace(file, good.get(), Repository.DOCUMENTS.contains(file) ? From.ORIGINALS : From.COPY);
    } else {
      notMended.add(file);
    }
  }

  private Optional<byte[]> good(String file) {
    if (file.equals(Layout.REPOSITORY)) {
      return Optional.of(judge.charter().content());
    }
    if (Repository.DOCUMENTS.contains(file)) {
      return Repository.resource(file)
          .filter(content -> judge.of(file, content) == Judge.Verdict.GOOD);
    }
    if (isOfErased(file)) {
      return Optional.empty();
    }
    Optional<String> notice = Notices.firstOf(file);
    if (notice.isPresent()) {
      return Notices.files(notice.get()).stream()
          .filter(judge::isGood)
          .findFirst()
          .flatMap(this::content);
    }
    for (String copies : shelf.names(Layout.COPIES)) {
      if (mayHave(copies, file)) {
        Optional<byte[]> copy =
            Copies.read(shelf, copies, file)
                .filter(content -> judge.of(file, content) == Judge.Verdict.GOOD);
        if (copy.isPresent()) {
          return copy;
        }
      }
    }
    return Optional.empty();
  }

  private static boolean mayHave(String copies, String file) {
    Optional<Layout.Range> range = Layout.copyOf(copies);
    Optional<Layout.At> at = Layout.At.of(file);
    return range.isPresent()
        && (at.isEmpty()
            || (range.get().session().equals(at.get().session())
                && at.get().number() >= range.get().from()
                && at.get().number() < range.get().to()));
  }

  private boolean isOfErased(String file) {
    var group = GroupKey.FILE.matcher(file);
    return group.matches()
        && Notices.files(Erased.file(group.group(1))).stream().anyMatch(judge::isGood);
  }

  private void copies(String file) {
    Optional<byte[]> there = content(file);
    if (there.isPresent() && Check.copiesAreGood(judge, there.get())) {
      return;
    }
    Optional<byte[]> twin = Check.twin(file).flatMap(this::content);
    Optional<byte[]> whole =
        twin.filter(content -> Check.copiesAreGood(judge, content))
            .or(() -> putTogether(names(there).or(() -> names(twin)), List.of(there, twin)));
    if (whole.isPresent()) {
      replace(file, whole.get(), From.COPY);
    } else {
      notMended.add(file);
    }
  }

  private static Optional<List<String>> names(Optional<byte[]> copies) {
    try {
      return copies.map(content -> StoredZip.names(StoredZip.entries(new HeldBytes(content))));
    } catch (SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  /// Copies of which both are damaged, each file in them from whichever has it whole.
  private Optional<byte[]> putTogether(
      Optional<List<String>> names, List<Optional<byte[]>> copies) {
    if (names.isEmpty()) {
      return Optional.empty();
    }
    Map<String, byte[]> entries = new LinkedHashMap<>();
    for (String name : names.get()) {
      List<byte[]> candidates = new ArrayList<>();
      content(name).ifPresent(candidates::add);
      for (Optional<byte[]> each : copies) {
        try {
          each.map(Judge::entries)
              .flatMap(found -> Optional.ofNullable(found.get(name)))
              .ifPresent(candidates::add);
        } catch (SerdabException.Damaged e) {
          // Nothing to take from it.
        }
      }
      Optional<byte[]> good =
          candidates.stream()
              .filter(content -> judge.of(name, content) == Judge.Verdict.GOOD)
              .findFirst();
      if (good.isEmpty()) {
        return Optional.empty();
      }
      entries.put(name, good.get());
    }
    return Optional.of(StoredZip.of(entries));
  }

  // ---- packs and parity

  private boolean packs(Set<Sha256> suspects, Set<String> parityFiles) {
    Roll roll = Roll.call(shelf, judge);
    TreeSet<Sha256> wanted = new TreeSet<>();
    TreeSet<Sha256> unneeded = new TreeSet<>();
    for (Sha256 pack : suspects) {
      boolean there = isThere(Layout.pack(pack));
      // When nobody knows what some version needs, no pack that is there is given up.
      boolean needed = roll.needs(pack) || (roll.isUncertain() && there);
      if ((needed || there) && !isWhole(pack) && !takeReady(pack)) {
        (needed ? wanted : unneeded).add(pack);
      }
    }
    if (!fromParity(wanted)) {
      return false;
    }
    if (fromSupply(wanted) && !fromParity(wanted)) {
      return false;
    }
    wanted.forEach(pack -> notMended.add(Layout.pack(pack)));
    // Whole again they protect others. Else they are out of the way, and parity finds them there.
    if (!fromParity(unneeded)) {
      return false;
    }
    unneeded.forEach(pack -> setAside(Layout.pack(pack)));
    parity(parityFiles, roll);
    return true;
  }

  private boolean isWhole(Sha256 pack) {
    return hasDigest(Layout.pack(pack), pack);
  }

  private boolean hasDigest(String file, Sha256 digest) {
    try {
      return shelf.hash(file).digest().equals(digest);
    } catch (SerdabException.Damaged e) {
      return false;
    } catch (SerdabException.Refused e) {
      if (Shelf.isCode(e, "blob-missing")) {
        return false;
      }
      throw e;
    }
  }

  /// A run that was killed may have left one that only lacks its name.
  private boolean takeReady(Sha256 pack) {
    String file = Layout.pack(pack);
    if (hasDigest(ready(file), pack)) {
      replaceByReady(file, From.PARITY);
      return true;
    }
    // Ours, and not as it should be.
    shelf.store().delete(ready(file));
    return false;
  }

  /// Mends what parity can; false when it was told to stop.
  private boolean fromParity(Set<Sha256> wanted) {
    if (wanted.isEmpty()) {
      return true;
    }
    for (Parity.Held held : new Parity(shelf).held()) {
      Map<Integer, String> targets = new TreeMap<>();
      List<Snapshot.PackName> members = held.group().members();
      for (int i = 0; i < members.size(); i++) {
        if (wanted.contains(members.get(i).digest())) {
          targets.put(i, ready(Layout.pack(members.get(i).digest())));
        }
      }
      if (targets.isEmpty()) {
        continue;
      }
      Optional<Set<Integer>> done = ParityMender.mend(shelf, held, targets, this::whatIsLeft, pace);
      if (done.isEmpty()) {
        return false;
      }
      for (int member : done.get()) {
        Sha256 pack = members.get(member).digest();
        replaceByReady(Layout.pack(pack), From.PARITY);
        wanted.remove(pack);
      }
    }
    return true;
  }

  /// A pack as it is, or as it was set aside by a run that was killed then.
  private Optional<ReadableBytes> whatIsLeft(Snapshot.PackName pack) {
    String file = Layout.pack(pack.digest());
    for (String each : List.of(file, Judge.QUARANTINE + file)) {
      try {
        return Optional.of(shelf.store().open(each));
      } catch (SerdabException.Refused | SerdabException.Damaged e) {
        // The next one.
      }
    }
    return Optional.empty();
  }

  /// True when there is less to mend afterwards.
  private boolean fromSupply(Set<Sha256> wanted) {
    Set<Sha256> done = new HashSet<>();
    for (Sha256 pack : wanted) {
      String file = Layout.pack(pack);
      try (ReadableBytes bytes = supply.supply(pack).orElse(null)) {
        if (bytes != null && write(bytes, ready(file), pack)) {
          replaceByReady(file, From.SUPPLY);
          done.add(pack);
        }
      }
    }
    wanted.removeAll(done);
    return !done.isEmpty();
  }

  private boolean write(ReadableBytes bytes, String file, Sha256 digest) {
    var hasher = Sha256.hasher();
    ByteBuffer piece = ByteBuffer.allocate(1 << 18);
    try (Staged staged = shelf.store().stage(file)) {
      for (long at = 0; at < bytes.lengthBytes(); at += piece.limit()) {
        piece.clear().limit((int) Math.min(piece.capacity(), bytes.lengthBytes() - at));
        bytes.readFully(at, piece);
        hasher.update(piece.flip());
        staged.write(piece.rewind());
      }
      if (!Sha256.finish(hasher).equals(digest)) {
        return false;
      }
      staged.sync();
      staged.commit();
    }
    if (!hasDigest(file, digest)) {
      throw Problems.readBack(file);
    }
    return true;
  }

  /// Writes parity files anew that are lost or damaged, from their members. Where a member that a
  /// version may need is not whole they stay: what is left of them may still be of use.
  private void parity(Set<String> files, Roll roll) {
    Parity parity = new Parity(shelf);
    Set<String> done = new HashSet<>();
    for (String file : files) {
      if (ParityGroup.nameOf(file).isPresent()
          && isThere(file)
          && parity.describe(file).isEmpty()) {
        // Nothing says what it was of; what it protected is protected anew by the other half.
        setAside(file);
        done.add(file);
      }
    }
    for (Parity.Held held : parity.held()) {
      if (held.isWhole() && held.files().values().stream().noneMatch(files::contains)) {
        continue;
      }
      Set<String> damaged = new TreeSet<>();
      for (String file : held.files().values()) {
        if (!ParityGroup.nameOf(file).filter(name -> hasDigest(file, name)).isPresent()) {
          damaged.add(file);
        }
      }
      if (held.isWhole() && damaged.isEmpty()) {
        done.addAll(held.files().values());
        continue;
      }
      List<Snapshot.PackName> there = new ArrayList<>(held.group().members());
      there.removeIf(member -> !isThere(Layout.pack(member.digest())));
      try {
        if (there.size() == held.group().members().size()) {
          complete(held, damaged, done);
        } else if (!roll.isUncertain()
            && held.group().members().stream()
                .allMatch(member -> there.contains(member) || !roll.needs(member.digest()))) {
          replace(held, there, done);
        }
      } catch (ParityWriter.BadMemberException e) {
        // Left as it is.
      }
    }
    pairs(parity, files, done);
    for (String file : files) {
      if (!done.contains(file)) {
        notMended.add(file);
      }
    }
  }

  private void complete(Parity.Held held, Set<String> damaged, Set<String> done)
      throws ParityWriter.BadMemberException {
    // Only when all members are proven does what is left of the old ones go out of the way.
    ParityWriter.requireWhole(shelf, held.group());
    damaged.forEach(this::setAside);
    ParityWriter.Written written = new ParityWriter(shelf).write(held.group());
    for (String file : List.of(written.p(), written.q())) {
      if (!held.files().containsValue(file) || damaged.contains(file)) {
        mended.add(new Mended(file, From.ORIGINALS));
      }
      done.add(file);
    }
    done.addAll(held.files().values());
  }

  /// What is lost of these halves can only be computed from all members, and one that no version
  /// needs is not brought back for it. So the members that are there get parity of their own, and
  /// then the old one goes out of the way: pair, q, p, as a prune has it.
  private void replace(Parity.Held held, List<Snapshot.PackName> there, Set<String> done)
      throws ParityWriter.BadMemberException {
    if (!there.isEmpty()) {
      ParityWriter.Written written = new ParityWriter(shelf).write(new ParityGroup(there));
      mended.add(new Mended(written.p(), From.ORIGINALS));
      mended.add(new Mended(written.q(), From.ORIGINALS));
    }
    for (ParityGroup.Pair pair : new Parity(shelf).pairs()) {
      if (pair.files().stream().anyMatch(held.files()::containsValue)) {
        setAside(pair.file());
        done.add(pair.file());
        done.addAll(pair.files());
      }
    }
    for (ParityGroup.Part part : List.of(ParityGroup.Part.Q, ParityGroup.Part.P)) {
      Optional.ofNullable(held.files().get(part))
          .ifPresent(file -> {
            setAside(file);
            done.add(file);
          });
    }
  }

  /// A pair of which both files were lost says nothing any more: the next run that writes protects
  /// what they protected. One that is not empty is written anew.
  private void pairs(Parity parity, Set<String> files, Set<String> done) {
    for (ParityGroup.Pair pair : parity.pairs()) {
      boolean concerned = files.contains(pair.file());
      if (pair.files().stream().noneMatch(this::isThere)) {
        setAside(pair.file());
        done.addAll(pair.files());
      } else if (concerned) {
        replace(pair.file(), new byte[0], From.ORIGINALS);
      }
      if (concerned) {
        done.add(pair.file());
      }
    }
  }
}
