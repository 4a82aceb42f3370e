/// What is remembered: studies, versions, copies, runs and findings.
///
/// Start at [Catalogue]. It is memory, not truth: deleted, it is rebuilt from the destinations, and
/// nothing is copied again. This package knows nothing of how studies are read or stored.
@NullMarked
package serdab.catalogue;

import org.jspecify.annotations.NullMarked;
