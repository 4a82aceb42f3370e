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
  if [ "${1:-}" = jpeg-ls ]; then
    bench_jpeg_ls
    return
  fi
  if [ "${1:-}" = network ]; then
    bench_network
    return
  fi
  if [ "${1:-}" = repository ]; then
    shift
    bench_repository "$@"
    return
  fi
  [ -d target/bench-data ] || make_bench target/bench-data
  "$checkout/serdab" --version >/dev/null # builds now, not while it is measured
  "$jdk/bin/java" "$BENCHMARKS/SideBySide.java" "$checkout" target/bench-data "$@"
  scan_headers "$@"
}

# Compiled pixels alone: the series that make-bench is made from, then 300 MB of what it made.
bench_jpeg_ls() {
  shared=${SERDAB_SHARED:-../shared}
  [ -d target/bench-data ] || make_bench target/bench-data || return
  "$checkout/serdab" --version >/dev/null # builds
  for folder in "$shared/data/dicom/ct_dcm_qa_ct/Philips" "$shared/data/dicom/ct_dcm_qa_ct/GE" \
    "$shared/data/dicom/mr_siemens_dcm_qa_decubitus" target/bench-data; do
    echo "== $folder"
    scripts/bench-jpeg-ls.sh "$jdk" "$folder" 300 || return
  done
}

# Sending beside storescu, into storescp and Orthanc as Debian ships them.
bench_network() {
  for program in storescu storescp; do
    command -v "$program" >/dev/null || {
      echo "dev: $program is not installed; the network is measured beside it" >&2
      return 2
    }
  done
  "$checkout/serdab" --version >/dev/null # builds now, not while it is measured
  scripts/bench-network.sh "$jdk" "$(cd "${SERDAB_SHARED:-../shared}" && pwd -P)/data" || return
  scripts/bench-dicomweb.sh "$jdk" "$(cd "${SERDAB_SHARED:-../shared}" && pwd -P)/data"
}

bench_repository() {
  record=
  if [ "${1:-}" = --record ]; then
    product_version >/dev/null || return 1
    record=docs/proof/repository.md
    shift
  fi
  data=${1:-target/bench-data}
  [ -d "$data" ] || [ "$data" != target/bench-data ] || make_bench "$data"
  for program in restic borg; do
    command -v "$program" >/dev/null || {
      echo "dev: $program is not installed; the repository is measured beside it" >&2
      return 2
    }
  done
  data=$(cd "$data" && pwd -P)
  "$checkout/serdab" --version >/dev/null # builds now, not while it is measured
  python3 scripts/bench-repository.py "$checkout" "$data" ${record:+"$record" "$(git rev-parse --short=10 HEAD)"}
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

# The maker is test code: it is built apart from what ./serdab and ./dev test use, so that no build disturbs another.
build_maker() {
  maker=$checkout/product/target/library-maker
  mkdir -p "$maker"
  run_maven -q -f product/pom.xml -Dserdab.quick=true -Dserdab.target="$maker" \
    test-compile dependency:build-classpath -Dmdep.outputFile="$maker/libraries" -Dmdep.includeScope=test </dev/null
  read -r libraries <"$maker/libraries" || [ -n "$libraries" ]
  maker_classes=$maker/test-classes:$maker/classes:$libraries
}

run_maker() {
  maker_class=$1
  shift
  "$jdk/bin/java" -Xmx512m --enable-native-access=ALL-UNNAMED -cp "$maker_classes" "serdab.testing.horos.$maker_class" "$@"
}

make_library() {
  library=${1:-}
  full=
  if [ "${2:-}" = --full ]; then
    full=${3:-$FULL_STUDIES}
    studies=$FULL_REAL_STUDIES
    [ "$full" = "$FULL_STUDIES" ] || studies=100
    [ "$#" -le 3 ] || library=
  else
    studies=${2:-1000}
    [ "$#" -le 2 ] || library=
  fi
  for number in "$studies" ${full:+"$full"}; do
    case $number in
      '' | *[!0-9]* | 0*) library= ;;
    esac
  done
  if [ -z "$library" ]; then
    echo "usage: ./dev make-library FOLDER [STUDIES | --full [STUDIES]]" >&2
    echo "makes \"Horos Data\" in FOLDER, with 1000 studies unless told; --full also adds index rows for $FULL_STUDIES" >&2
    echo "studies without files, and FOLDER/home and FOLDER/copies as if all of them were backed up" >&2
    return 2
  fi
  shared=${SERDAB_SHARED:-../shared}
  if [ ! -d "$shared/data/dicom" ]; then
    echo "dev: the shared data is not at $shared; set SERDAB_SHARED to the folder that holds data/dicom" >&2
    return 2
  fi
  if [ -e "$library/Horos Data" ]; then
    echo "dev: $library/Horos Data is there already; remove it to make it again" >&2
    return 2
  fi
  build_maker
  run_maker RealLibrary "$shared/data/dicom" "$library" "$studies"
  [ -n "$full" ] || return 0
  # The studies with files are really backed up; of the others there are rows, and holdings that say so.
  SERDAB_HOME=$library/home "$checkout/serdab" backup --from "$library/Horos Data" --to "zip:$library/copies" --naming uid
  run_maker FullLibrary rows "$library" "$full" "$FULL_IMAGES"
  run_maker FullLibrary holdings "$library" "$library/home" "$library/copies"
  # Backups list what they copied as they go; here all of it is there at once.
  SERDAB_HOME=$library/home "$checkout/serdab" catalogue index "zip:$library/copies"
}

FULL_STUDIES=130000
FULL_REAL_STUDIES=500
FULL_IMAGES=231

# At full size on the folder that SERDAB_SCALE names, made when it is not there; `small` in a folder of its own.
prove_scale() {
  if [ "${1:-}" = small ]; then
    scale_on_small 2000
    return
  fi
  product_version >/dev/null || return 1
  folder=${SERDAB_SCALE:-target/full-library}
  case $folder in
    /*) ;;
    *) folder=$checkout/$folder ;;
  esac
  if [ ! -d "$folder/home" ]; then
    make_library "$folder" --full || return $?
  else
    build_maker
  fi
  outcome=0
  measure_scale "$folder" || outcome=$?
  cat target/scale-rows.md >>docs/proof/scale.md
  return "$outcome"
}

scale_on_small() {
  folder=$checkout/target/small-library
  rm -rf "$folder"
  make_library "$folder" --full "$1" || return $?
  outcome=0
  measure_scale "$folder" --small || outcome=$?
  rm -rf "$folder"
  return "$outcome"
}

measure_scale() {
  mkdir -p target
  : >target/scale-rows.md
  "$checkout/serdab" --version >/dev/null # builds now, not while it is measured
  SERDAB_MORE="$jdk/bin/java --enable-native-access=ALL-UNNAMED -cp $maker_classes serdab.testing.horos.FullLibrary"
  export SERDAB_MORE
  python3 scripts/scale.py "$checkout" "$1" target/scale-rows.md "$(git rev-parse --short=10 HEAD)" ${2:+"$2"}
}
