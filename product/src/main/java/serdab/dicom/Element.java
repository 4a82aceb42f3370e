package serdab.dicom;

/// One data element, item or fragment as it stands in the file.
///
/// @param index its place in the [DataSet] it was asked of
/// @param tag group in the upper half; [Tag#Item] for items and fragments
/// @param vr as written; from the dictionary when VRs are implicit; [Vr#UN] when neither says;
///   [Vr#NONE] for items and fragments
/// @param position of its first byte, the tag
/// @param valueOffset position of the first byte of its value
/// @param valueLength length of the value in bytes, cut to what is there; delimiters at the end are
///   not counted
/// @param depth how many items of that data set hold it
/// @param parent index of the item that holds it, or of the sequence or pixel data for an item or
///   fragment; -1 at the top of that data set
/// @param undefinedLength whether its length was not written but marked by a delimiter
/// @param explicit whether its VR was written
/// @param bigEndian whether its numbers have their highest byte first
public record Element(
    int index,
    int tag,
    Vr vr,
    long position,
    long valueOffset,
    long valueLength,
    int depth,
    int parent,
    boolean undefinedLength,
    boolean explicit,
    boolean bigEndian) {

  /// Where its value is.
  public ByteRange value() {
    return new ByteRange(valueOffset, valueLength);
  }

  /// Tag, VR and place; never the value.
  @Override
  public String toString() {
    return Tag.text(tag) + " " + vr + " at " + position + ", " + valueLength + " bytes";
  }
}
