/// What tests share: peers and real data, seeds, the simulated world.
@NullMarked
package serdab.testing;

import org.jspecify.annotations.NullMarked;
