/// What `./dev bench` and `./dev make-bench` run; not shipped.
///
/// [MakeBench] writes data with distinct pixels, [SideBySide] measures a backup of it beside zip
/// and Python. Both are started from their source by a bare JDK, so they use nothing else.
/// [HeaderScan] measures the product's own reader, beside dcmftest.
@NullMarked
package serdab.benchmarks;

import org.jspecify.annotations.NullMarked;
