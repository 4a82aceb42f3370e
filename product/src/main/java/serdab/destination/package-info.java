/// Where copies are kept: a ZIP tree, a repository, later a DICOM node.
///
/// Start at [Destination], the promise that all of them make. Nothing above this package knows how
/// a form stores its copies; nothing in it knows runs, plans to come or the catalogue.
@NullMarked
package serdab.destination;

import org.jspecify.annotations.NullMarked;
