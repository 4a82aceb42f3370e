/// Measures what Serdab promises about speed, side by side with the programs it is compared with.
///
/// Each class is a program of its own, run by `./dev bench`; none is part of the product.
@NullMarked
package serdab.benchmarks;

import org.jspecify.annotations.NullMarked;
