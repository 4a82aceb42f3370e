package serdab.repository;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import serdab.Sha256;

/// What `snapshot.json` says (format section 5).
///
/// @param writer who signed it
/// @param version for kind [Kind#VERSION], else empty
record Commit(Layout.At at, Kind kind, Instant time, String writer, Optional<Version> version) {

  enum Kind {
    BEGIN,
    VERSION,
    END,
    FENCE;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// @param packs every pack that the version needs, in the order of their ordinals
  /// @param isNew whether each came with this snapshot
  record Version(
      String group,
      String version,
      Optional<String> parent,
      long files,
      long lengthBytes,
      List<PackRef> packs,
      List<Boolean> isNew,
      BlobAt manifest) {

    Version {
      packs = List.copyOf(packs);
      isNew = List.copyOf(isNew);
    }

    long newBytes() {
      long sum = 0;
      for (int i = 0; i < packs.size(); i++) {
        sum += isNew.get(i) ? packs.get(i).storedBytes() : 0;
      }
      return sum;
    }
  }

  byte[] bytes() {
    Doc doc =
        new Doc()
            .with("kind", kind.word())
            .with("session", at.session())
            .with("number", at.number())
            .with("time", time.toString());
    version.ifPresent(each -> {
      doc.with("group", each.group()).with("version", each.version());
      each.parent().ifPresent(parent -> doc.with("parent", parent));
      doc.with("files", each.files()).with("bytes", each.lengthBytes());
      List<Object> packs = new ArrayList<>();
      for (int i = 0; i < each.packs().size(); i++) {
        PackRef pack = each.packs().get(i);
        packs.add(
            new Doc()
                .with("name", pack.name().hex())
                .with("stored", pack.storedBytes())
                .with("group", pack.group())
                .with("new", each.isNew().get(i)));
      }
      doc.with("packs", packs);
      doc.with(
          "manifest",
          new Doc()
              .with("pack", each.manifest().pack())
              .with("offset", each.manifest().offset())
              .with("stored", each.manifest().storedBytes()));
    });
    return doc.bytes();
  }

  /// @throws serdab.SerdabException.Damaged when it is not what its name says
  static Commit parse(byte[] json, Layout.At at, String writer) {
    Doc doc = Doc.parse(json);
    try {
      Kind kind = Kind.valueOf(doc.text("kind").toUpperCase(Locale.ROOT));
      if (!doc.text("session").equals(at.session()) || doc.number("number") != at.number()) {
        throw wrong();
      }
      Optional<Version> version =
          kind == Kind.VERSION ? Optional.of(version(doc)) : Optional.empty();
      return new Commit(at, kind, Instant.parse(doc.text("time")), writer, version);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw wrong();
    }
  }

  private static Version version(Doc doc) {
    List<PackRef> packs = new ArrayList<>();
    List<Boolean> isNew = new ArrayList<>();
    for (Doc pack : doc.objects("packs")) {
      packs.add(
          new PackRef(
              Sha256.parse(pack.text("name")),
              pack.count("stored"),
              requireName(pack.text("group"))));
      isNew.add(pack.flag("new"));
    }
    Doc manifest = doc.object("manifest");
    if (manifest.count("pack") >= packs.size()) {
      throw wrong();
    }
    return new Version(
        requireName(doc.text("group")),
        requireName(doc.text("version")),
        doc.textIfThere("parent").map(Commit::requireName),
        doc.count("files"),
        doc.count("bytes"),
        packs,
        isNew,
        new BlobAt(
            (int) manifest.count("pack"), manifest.count("offset"), manifest.count("stored"), 1));
  }

  /// A name of 32 hexadecimal digits, which may become part of a path.
  static String requireName(String name) {
    if (name.length() != 32
        || !name.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
      throw wrong();
    }
    return name;
  }

  private static serdab.SerdabException.Damaged wrong() {
    return Problems.damaged("A snapshot of the repository does not say what it should.");
  }
}
