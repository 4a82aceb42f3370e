# ./dev bench, make-bench, make-library and prove speed. Read after prove.sh.

BENCHMARKS=benchmarks/src/main/java/serdab/benchmarks

make_bench() {
  bench_data=${1:-target/bench-data}
  shared=${SERDAB_SHARED:-../shared}
  if [ ! -d "$shared/data/dicom" ]; then
    echo "dev: the shared data is not at $shared; set SERDAB_SHARED to the folder that holds data/dicom" >&2
    return 2
  fi
  if [ -e "$bench_data" ]; then
    echo "dev: $bench_data is there already; remove it to make it again" >&2
    return 2
  fi
  mkdir -p "${bench_data%/*}" 2>/dev/null || true
  rm -rf "$bench_data.part"
  "$jdk/bin/java" "$BENCHMARKS/MakeBench.java" "$shared/data" "$bench_data.part"
  mv "$bench_data.part" "$bench_data"
  echo "made $bench_data"
}

bench() {
  [ -d target/bench-data ] || make_bench target/bench-data
  "$checkout/serdab" --version >/dev/null # builds now, not while it is measured
  "$jdk/bin/java" "$BENCHMARKS/SideBySide.java" "$checkout" target/bench-data "$@"
  scan_headers "$@"
}

# Header scans per second of one core, on real files; the row is recorded like the others.
scan_headers() {
  shared=${SERDAB_SHARED:-../shared}
  [ -d product/target/classes/serdab ] || run_maven -q compile -pl product
  scripts/bench-header-scan.sh "$jdk" "$shared/data/dicom" >target/header-scan.txt || return 1
  cat target/header-scan.txt
  [ "${1:-}" = --record ] || return 0
  scan_result=$(tr '\n' ' ' <target/header-scan.txt | tr -s ' |' '  ')
  printf '| %s | %s | %s | %s |\n' "At least 20,000 headers per second on one core with a warm cache" \
    '`scripts/bench-header-scan.sh`' "$scan_result" "$3" >>"$2"
}

prove_speed() {
  product_version >/dev/null || return 1
  bench --record docs/proof/speed.md "$(git rev-parse --short=10 HEAD)"
}

make_library() {
  echo "dev: make-library is not wired yet; the maker of libraries is serdab.testing.horos in product/src/test" >&2
  return 2
}
