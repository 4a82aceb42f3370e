/// What runs until it is stopped: a node that answers queries and retrievals out of copies.
///
/// Start at [HeldStudies]: it knows what destinations hold, answers C-FIND from memory as far as it
/// can and from the copies beyond that, and hands instances to `serdab.dicom.net` to be sent. Each
/// retrieval stands in the catalogue before its first instance is sent.
@NullMarked
package serdab.daemon;

import org.jspecify.annotations.NullMarked;
