/// Years in a clinic, in seconds: everything that happens to a backup, drawn from a seed.
///
/// Start at [EnduranceTest]. [Clinic] is what happens, [Truth] is what really is; the second knows
/// nothing of the code under test but where it puts its files.
@NullMarked
package serdab.endurance;

import org.jspecify.annotations.NullMarked;
