package serdab.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.net.NodeAddress;

/// A node of DICOM's own protocol as it is written, `dicom://CALLED@host:104?calling=SERDAB`, and
/// behind an `&` each how it is treated as a destination.
///
/// @param node the node itself
/// @param existing what it is asked before a study is sent
public record DicomAddress(NodeAddress node, Existing existing) {

  public static boolean isOne(String address) {
    return address.startsWith(NodeAddress.SCHEME);
  }

  /// Reads an address.
  ///
  /// @throws SerdabException.Misconfigured `node-address-wrong` when it is none
  public static DicomAddress parse(String address) {
    int question = address.indexOf('?');
    Map<String, String> settings = new LinkedHashMap<>();
    StringBuilder ofTheNode = new StringBuilder();
    if (question >= 0) {
      for (String each : address.substring(question + 1).split("&", -1)) {
        int equals = each.indexOf('=');
        String key = equals < 0 ? each : each.substring(0, equals);
        if (Setting.of(key).isEmpty()) {
          ofTheNode.append(ofTheNode.isEmpty() ? '?' : '&').append(each);
        } else if (settings.put(key, each.substring(equals + 1)) != null) {
          throw wrong(address, "has the setting " + key + " twice");
        }
      }
    }
    NodeAddress node =
        NodeAddress.parse(question < 0 ? address : address.substring(0, question) + ofTheNode);
    return new DicomAddress(
        node,
        Setting.EXISTING
            .in(settings)
            .map(text ->
                Existing.parse(text)
                    .orElseThrow(() ->
                        wrong(address, "has existing=" + text + "; write full, count or skip")))
            .orElse(Existing.FULL));
  }

  /// What may stand in an address beside what the node needs.
  private enum Setting {
    EXISTING("existing");

    private final String key;

    Setting(String key) {
      this.key = key;
    }

    static Optional<Setting> of(String key) {
      for (Setting each : values()) {
        if (each.key.equals(key)) {
          return Optional.of(each);
        }
      }
      return Optional.empty();
    }

    Optional<String> in(Map<String, String> settings) {
      return Optional.ofNullable(settings.get(key));
    }
  }

  private static SerdabException.Misconfigured wrong(String address, String what) {
    return new SerdabException.Misconfigured(
        new Problem(
            "node-address-wrong",
            "The address of a DICOM node \"" + address + "\" " + what + ".",
            "Write dicom://CALLED@host:104?calling=SERDAB, and behind an & each, what it is to be"
                + " treated like."));
  }

  /// What is wrong with an address, as the end of a sentence; empty when nothing is.
  static Optional<String> wrong(String address) {
    try {
      DicomAddress _ = parse(address);
      return Optional.empty();
    } catch (SerdabException.Misconfigured e) {
      return Optional.of("is wrong: " + e.problem().what());
    }
  }

  /// The address alone, without titles of ours and settings: what is remembered, and told.
  public String plain() {
    return node.place();
  }
}
