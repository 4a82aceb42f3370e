/// Which copies a destination may lose: planned, printed, confirmed by a person, and certified.
///
/// Start at [RetentionPlan], which only reads; [Prune] carries one out, and writes down what it
/// destroys before and after. Nothing here removes the last proven copy of a study that is not
/// over, or what a person holds, and only [IndexCopies] acts without being asked: it thins the
/// hourly copies of a viewer's index. How a form stores its copies, and what a screen shows, is not
/// known here.
@NullMarked
package serdab.retention;

import org.jspecify.annotations.NullMarked;
