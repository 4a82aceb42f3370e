/// Which copies a destination may lose: planned, printed, confirmed by a person, and certified.
///
/// Nothing here acts by itself. A plan is made by reading only; carrying it out never removes the
/// last proven copy of a study, nor what a person holds.
@NullMarked
package serdab.retention;

import org.jspecify.annotations.NullMarked;
