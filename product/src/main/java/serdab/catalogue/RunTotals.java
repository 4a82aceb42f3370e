package serdab.catalogue;

/// What a run counted. All figures are of studies except where the name says otherwise.
///
/// @param listed in the source, before selection
/// @param selected wanted by the plan
/// @param copied copied and proven in this run, on every destination
/// @param alreadyThere had proven copies everywhere already
/// @param adopted were found at a destination, proven and taken over
/// @param incomplete copied with files missing
/// @param failed could not be copied to some destination
/// @param waiting left for a later run: back-off, quiet time or batch
/// @param findings findings of any kind
/// @param copiedBytes source bytes read and copied
public record RunTotals(
    long listed,
    long selected,
    long copied,
    long alreadyThere,
    long adopted,
    long incomplete,
    long failed,
    long waiting,
    long findings,
    long copiedBytes) {

  public static final RunTotals NONE = new RunTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
