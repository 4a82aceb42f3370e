/// The world outside, simulated from a seed: a disk that loses power, a place that lies.
///
/// Start at [SimulatedDisk]. Whatever happens here is drawn from the generator it was made with, so
/// a failing test is replayed by its seed.
@NullMarked
package serdab.testing.world;

import org.jspecify.annotations.NullMarked;
