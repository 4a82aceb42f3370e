#!/bin/sh
# Megabytes of pixels that one core codes in a second as JPEG-LS, cold and warm. Needs the compiled product
# (mvn compile). Usage: scripts/bench-jpeg-ls.sh JDK-HOME FOLDER [MEGABYTES] [ROUNDS]
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
jdk=$1
shift
out="$checkout/benchmarks/target/jpeg-ls"
mkdir -p "$out"
"$jdk/bin/javac" -proc:none -nowarn -d "$out" -cp "$checkout/product/target/classes" \
  "$checkout"/benchmarks/src/main/java/serdab/benchmarks/JpegLsBench.java
exec "$jdk/bin/java" -XX:+UseSerialGC -cp "$out:$checkout/product/target/classes" serdab.benchmarks.JpegLsBench "$@"
