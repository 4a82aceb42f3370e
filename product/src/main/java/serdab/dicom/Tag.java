package serdab.dicom;

/// The attributes this product reads by name, spelled as in PS3.6. A tag is an `int`, group in the
/// upper half; compare tags with [Integer#compareUnsigned].
public final class Tag {

  public static final int FileMetaInformationGroupLength = 0x00020000;
  public static final int FileMetaInformationVersion = 0x00020001;
  public static final int MediaStorageSOPClassUID = 0x00020002;
  public static final int MediaStorageSOPInstanceUID = 0x00020003;
  public static final int TransferSyntaxUID = 0x00020010;
  public static final int ImplementationClassUID = 0x00020012;
  public static final int ImplementationVersionName = 0x00020013;
  public static final int SourceApplicationEntityTitle = 0x00020016;
  public static final int FileSetID = 0x00041130;
  public static final int SpecificCharacterSetOfFileSetDescriptorFile = 0x00041142;
  public static final int OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0x00041200;
  public static final int OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0x00041202;
  public static final int DirectoryRecordSequence = 0x00041220;
  public static final int OffsetOfTheNextDirectoryRecord = 0x00041400;
  public static final int RecordInUseFlag = 0x00041410;
  public static final int OffsetOfReferencedLowerLevelDirectoryEntity = 0x00041420;
  public static final int DirectoryRecordType = 0x00041430;
  public static final int ReferencedFileID = 0x00041500;
  public static final int ReferencedSOPClassUIDInFile = 0x00041510;
  public static final int ReferencedSOPInstanceUIDInFile = 0x00041511;
  public static final int ReferencedTransferSyntaxUIDInFile = 0x00041512;
  public static final int SpecificCharacterSet = 0x00080005;
  public static final int ImageType = 0x00080008;
  public static final int SOPClassUID = 0x00080016;
  public static final int SOPInstanceUID = 0x00080018;
  public static final int StudyDate = 0x00080020;
  public static final int SeriesDate = 0x00080021;
  public static final int AcquisitionDate = 0x00080022;
  public static final int ContentDate = 0x00080023;
  public static final int StudyTime = 0x00080030;
  public static final int SeriesTime = 0x00080031;
  public static final int AccessionNumber = 0x00080050;
  public static final int Modality = 0x00080060;
  public static final int Manufacturer = 0x00080070;
  public static final int InstitutionName = 0x00080080;
  public static final int ReferringPhysicianName = 0x00080090;
  public static final int CodeValue = 0x00080100;
  public static final int CodingSchemeDesignator = 0x00080102;
  public static final int TimezoneOffsetFromUTC = 0x00080201;
  public static final int StationName = 0x00081010;
  public static final int StudyDescription = 0x00081030;
  public static final int SeriesDescription = 0x0008103E;
  public static final int ManufacturerModelName = 0x00081090;
  public static final int ReferencedSeriesSequence = 0x00081115;
  public static final int ReferencedSOPInstanceUID = 0x00081155;
  public static final int ReferencedFrameNumber = 0x00081160;
  public static final int ReferencedSOPSequence = 0x00081199;
  public static final int PatientName = 0x00100010;
  public static final int PatientID = 0x00100020;
  public static final int IssuerOfPatientID = 0x00100021;
  public static final int PatientBirthDate = 0x00100030;
  public static final int PatientSex = 0x00100040;
  public static final int BodyPartExamined = 0x00180015;
  public static final int StudyInstanceUID = 0x0020000D;
  public static final int SeriesInstanceUID = 0x0020000E;
  public static final int StudyID = 0x00200010;
  public static final int SeriesNumber = 0x00200011;
  public static final int InstanceNumber = 0x00200013;
  public static final int SamplesPerPixel = 0x00280002;
  public static final int PhotometricInterpretation = 0x00280004;
  public static final int PlanarConfiguration = 0x00280006;
  public static final int NumberOfFrames = 0x00280008;
  public static final int Rows = 0x00280010;
  public static final int Columns = 0x00280011;
  public static final int BitsAllocated = 0x00280100;
  public static final int BitsStored = 0x00280101;
  public static final int HighBit = 0x00280102;
  public static final int PixelRepresentation = 0x00280103;
  public static final int ConceptNameCodeSequence = 0x0040A043;
  public static final int CurrentRequestedProcedureEvidenceSequence = 0x0040A375;
  public static final int ContentSequence = 0x0040A730;
  public static final int ReferencedSegmentNumber = 0x0062000B;
  public static final int FloatPixelData = 0x7FE00008;
  public static final int DoubleFloatPixelData = 0x7FE00009;
  public static final int PixelData = 0x7FE00010;
  public static final int DataSetTrailingPadding = 0xFFFCFFFC;
  public static final int Item = 0xFFFEE000;
  public static final int ItemDelimitationItem = 0xFFFEE00D;
  public static final int SequenceDelimitationItem = 0xFFFEE0DD;

  private Tag() {}

  public static int group(int tag) {
    return tag >>> 16;
  }

  /// The lower half of the tag.
  public static int element(int tag) {
    return tag & 0xFFFF;
  }

  /// Whether the group is odd and so belongs to a vendor (PS3.5 section 7.8).
  public static boolean isPrivate(int tag) {
    return (tag & 0x00010000) != 0;
  }

  /// Whether it reserves a block of private elements for the vendor its value names (PS3.5 section
  /// 7.8.1).
  public static boolean isPrivateCreator(int tag) {
    return isPrivate(tag) && element(tag) >= 0x10 && element(tag) <= 0xFF;
  }

  /// Whether it is the retired length of its group (PS3.5 section 7.2).
  public static boolean isGroupLength(int tag) {
    return element(tag) == 0;
  }

  /// Whether it is one of the three that hold pixels: (7FE0,0008), (7FE0,0009) or (7FE0,0010).
  public static boolean isPixelData(int tag) {
    return tag == PixelData || tag == FloatPixelData || tag == DoubleFloatPixelData;
  }

  /// The tag as the standard prints it: `(0020,000D)`.
  public static String text(int tag) {
    char[] text = "(0000,0000)".toCharArray();
    for (int digit = 0; digit < 8; digit++) {
      int nibble = (tag >>> (28 - 4 * digit)) & 0xF;
      text[1 + digit + (digit < 4 ? 0 : 1)] =
          (char) (nibble < 10 ? '0' + nibble : 'A' + nibble - 10);
    }
    return new String(text);
  }
}
