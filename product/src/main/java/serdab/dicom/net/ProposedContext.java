package serdab.dicom.net;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import serdab.dicom.TransferSyntax;
import serdab.dicom.net.OutgoingInstance.Kind;

/// What one presentation context proposes.
///
/// @param abstractSyntax a SOP Class UID
/// @param transferSyntaxes of which the peer picks one
public record ProposedContext(String abstractSyntax, List<String> transferSyntaxes) {

  /// Verification (PS3.4 annex A).
  static final String VERIFICATION = "1.2.840.10008.1.1";

  public ProposedContext {
    transferSyntaxes = List.copyOf(transferSyntaxes);
    if (transferSyntaxes.isEmpty()) {
      throw new IllegalArgumentException("a presentation context needs a transfer syntax");
    }
  }

  /// What has to be proposed to send instances of these kinds as they are: one context for each, so
  /// that the peer cannot choose another syntax. SOP classes that are there uncompressed are
  /// proposed in the default transfer syntax, too, as PS3.5 section 10.1 asks.
  ///
  /// @return for one association each, as an association has 128 contexts; a SOP class is not split
  ///   unless it alone has more. Empty when there are no kinds.
  public static List<List<ProposedContext>> forSending(Collection<Kind> kinds) {
    return split(kinds, PresentationContext.COUNT_MAX, List.of());
  }

  /// What has to be proposed to be given instances of these kinds by C-GET: one context for each,
  /// so that the peer need not choose. SOP classes that may be there uncompressed are proposed in
  /// both little endian syntaxes, as peers write data sets anew.
  ///
  /// @return for one association each, which needs two contexts more for C-GET itself; at least one
  static List<List<ProposedContext>> forGetting(Collection<Kind> kinds) {
    List<List<ProposedContext>> associations =
        split(
            kinds,
            PresentationContext.COUNT_MAX - 2,
            List.of(TransferSyntax.EXPLICIT_LITTLE_ENDIAN));
    return associations.isEmpty() ? List.of(List.of()) : associations;
  }

  private static List<List<ProposedContext>> split(
      Collection<Kind> kinds, int contextsMax, List<String> alsoForNative) {
    Map<String, Set<String>> syntaxesOfClasses = new LinkedHashMap<>();
    for (Kind kind : kinds) {
      Set<String> syntaxes =
          syntaxesOfClasses.computeIfAbsent(kind.sopClassUid(), _ -> new LinkedHashSet<>());
      syntaxes.add(kind.transferSyntaxUid());
    }
    List<List<ProposedContext>> associations = new ArrayList<>();
    List<ProposedContext> present = new ArrayList<>();
    for (String sopClass : new TreeSet<>(syntaxesOfClasses.keySet())) {
      Set<String> syntaxes = syntaxesOfClasses.getOrDefault(sopClass, new LinkedHashSet<>());
      if (syntaxes.stream().anyMatch(ProposedContext::isNative)) {
        syntaxes.addAll(alsoForNative);
        syntaxes.add(TransferSyntax.IMPLICIT_LITTLE_ENDIAN);
      }
      if (present.size() + syntaxes.size() > contextsMax && !present.isEmpty()) {
        associations.add(List.copyOf(present));
        present.clear();
      }
      for (String syntax : syntaxes) {
        if (present.size() == contextsMax) {
          associations.add(List.copyOf(present));
          present.clear();
        }
        present.add(new ProposedContext(sopClass, List.of(syntax)));
      }
    }
    if (!present.isEmpty()) {
      associations.add(List.copyOf(present));
    }
    return List.copyOf(associations);
  }

  private static boolean isNative(String syntax) {
    return !TransferSyntax.of(syntax).encapsulated() && !TransferSyntax.of(syntax).deflated();
  }
}
