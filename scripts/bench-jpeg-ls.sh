#!/bin/sh
# Megabytes of pixels that one core codes in a second as JPEG-LS, cold and warm. Needs the product's
# jar (./serdab --version), and its flags but for the heap. Usage: scripts/bench-jpeg-ls.sh JDK-HOME FOLDER [MEGABYTES] [ROUNDS]
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
jdk=$1
shift
out="$checkout/benchmarks/target/jpeg-ls"
mkdir -p "$out"
jar="$checkout/product/target/launch/$(cat "$checkout/product/target/launch/current")/serdab.jar"
"$jdk/bin/javac" -proc:none -nowarn -d "$out" -cp "$jar" \
  "$checkout"/benchmarks/src/main/java/serdab/benchmarks/JpegLsBench.java
. "$checkout/scripts/launch.sh"
# shellcheck disable=SC2086,SC2154 # flags are separated by blanks; launch.sh sets them
exec "$jdk/bin/java" $moving_flags -Xmx2g --enable-native-access=ALL-UNNAMED -cp "$out:$jar" serdab.benchmarks.JpegLsBench "$@"
