package serdab.store;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// What one place can promise.
public record Capabilities(Set<Capability> present) {

  public Capabilities {
    present = Set.copyOf(present);
  }

  /// The place can promise exactly these.
  public static Capabilities of(Capability... present) {
    EnumSet<Capability> set = EnumSet.noneOf(Capability.class);
    set.addAll(Arrays.asList(present));
    return new Capabilities(set);
  }

  /// Whether the place promises this.
  public boolean has(Capability capability) {
    return present.contains(capability);
  }

  /// What will not be done here for want of a capability, one sentence each, in the order of
  /// [Capability].
  public List<String> consequences() {
    return Arrays.stream(Capability.values())
        .filter(capability -> !present.contains(capability))
        .map(Capability::consequenceWithout)
        .toList();
  }
}
