package serdab.store;

/// Something a place may or may not be able to promise. [#consequenceWithout] says what follows
/// where it cannot.
public enum Capability {
  /// A name is given only if it is free, decided by the place itself.
  CONDITIONAL_CREATE(
      "The place cannot refuse a name that is taken, so only one computer may write to it at a time,"
          + " and clean-up that needs several writers to agree stays off."),
  /// A committed blob is in the very next listing.
  LIST_AFTER_WRITE(
      "A listing may miss what was just written, so a study missing from a listing is asked for by"
          + " name before it counts as missing, and nothing is ever deleted because of a listing."),
  /// The place computes a SHA-256 of what it stores and tells it.
  SERVER_CHECKSUM(
      "The place cannot vouch for the bytes it stores, so every proof reads all of them back."),
  /// Staged bytes can be read back before they have their name.
  READ_BEFORE_COMMIT(
      "A copy can be read back only after it has its name, so a damaged one can be visible until its"
          + " proof has failed; it is then reported and a new one is made beside it."),
  /// Finished blobs can be locked against change and deletion.
  IMMUTABILITY(
      "Anyone who may write to the place can change or delete finished copies; this is noticed by the"
          + " next proof and not prevented."),
  /// Reads for proof reach the medium past this computer's memory.
  READ_PAST_CACHE(
      "Reading back may be answered from this computer's memory, so a proof made right after writing"
          + " says little about the medium; verify again after the place was disconnected or the"
          + " computer was restarted.");

  private final String consequenceWithout;

  Capability(String consequenceWithout) {
    this.consequenceWithout = consequenceWithout;
  }

  /// What will not be done, or not be proven, at a place without this; one sentence for a person.
  public String consequenceWithout() {
    return consequenceWithout;
  }
}
