/// Finds all studies of a node that cuts its lists and does not say so: by C-FIND ([StudySearch])
/// and by QIDO-RS ([StudyListing]).
@NullMarked
package serdab.dicom.net.find;

import org.jspecify.annotations.NullMarked;
