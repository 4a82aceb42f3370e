/// What others send us, kept safely before they hear that it is.
///
/// Start at [Inbox]. An instance is appended to a log and synced with its digest; many senders
/// share one sync. Later, when nobody waits, the log is brought to its places: one plain file for
/// each instance, in a folder for each study, which [InboxSource] offers to a backup when nothing
/// has come for a study for a while.
///
/// This package knows nothing of sockets: what is received comes through
/// [serdab.dicom.net.InstanceSink].
@NullMarked
package serdab.source.inbox;

import org.jspecify.annotations.NullMarked;
