package serdab.destination;

import java.util.List;
import serdab.Depth;

/// What copies on a destination are like.
///
/// @param byteExact whether every file comes back bit for bit
/// @param atomicPerStudy whether a version appears wholly or not at all; else each instance does
/// @param deepestProof the deepest depth that [Destination#prove] can reach
/// @param copiedDepth the depth a copy needs to count as copied
/// @param wholeStudyPerVersion whether a new version costs the room of the whole study again, so
///   that small changes had better wait for a quiet time
/// @param limits in words, what it will not do because its place lacks something
public record Traits(
    boolean byteExact,
    boolean atomicPerStudy,
    Depth deepestProof,
    Depth copiedDepth,
    boolean wholeStudyPerVersion,
    List<String> limits) {

  public Traits {
    limits = List.copyOf(limits);
  }
}
