/// Tests of the house itself: the launcher, the layers, the project's own text.
@NullMarked
package serdab.house;

import org.jspecify.annotations.NullMarked;
