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
}

prove_speed() {
  product_version >/dev/null || return 1
  bench --record docs/proof/speed.md "$(git rev-parse --short=10 HEAD)"
}

make_library() {
  echo "dev: make-library is not wired yet; the maker of libraries is serdab.testing.horos in product/src/test" >&2
  return 2
}
