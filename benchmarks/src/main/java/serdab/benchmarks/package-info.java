/// Programs that measure; nothing of the product needs them.
@NullMarked
package serdab.benchmarks;

import org.jspecify.annotations.NullMarked;
