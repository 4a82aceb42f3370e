#!/bin/sh
# Header scans per second on one core, beside dcmftest. Needs the compiled product (mvn compile) and the
# shared data. Usage: scripts/bench-header-scan.sh JDK-HOME DATA-DICOM-FOLDER [FILES]
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd -P)
jdk=$1
shift
out="$checkout/benchmarks/target/header-scan"
mkdir -p "$out"
"$jdk/bin/javac" -proc:none -nowarn -d "$out" -cp "$checkout/product/target/classes" \
  "$checkout"/benchmarks/src/main/java/serdab/benchmarks/HeaderScan.java
# One core for each of the two: pinned where the system can.
pin=$(command -v taskset >/dev/null && echo "taskset -c 0" || echo "")
exec $pin "$jdk/bin/java" -XX:+UseSerialGC -cp "$out:$checkout/product/target/classes" \
  serdab.benchmarks.HeaderScan "$@"
