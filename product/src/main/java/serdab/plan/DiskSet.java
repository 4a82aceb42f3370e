package serdab.plan;

import java.util.List;

/// Disks that take turns as one destination. That one of them is away is normal.
///
/// @param name for people
/// @param destinations the addresses under which a disk of the set may appear; disks that appear
///   under one address are told apart by their marker
/// @param remindAfterDays after how many days without any disk, or without a certain one, to remind
public record DiskSet(String name, List<String> destinations, int remindAfterDays) {

  public DiskSet {
    destinations = List.copyOf(destinations);
  }
}
