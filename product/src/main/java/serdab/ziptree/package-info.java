/// One proven ZIP per study, in month folders, that any unzip program opens.
///
/// [Deflate] makes the compressed bytes of an entry (RFC 1951), faster than the JDK does and with
/// 16-bit pixels in mind. This package knows DICOM files and places; it knows nothing of libraries,
/// plans, runs or other forms of keeping a copy.
///
/// @spec https://www.rfc-editor.org/info/rfc1951 RFC 1951: DEFLATE Compressed Data Format
@NullMarked
package serdab.ziptree;

import org.jspecify.annotations.NullMarked;
