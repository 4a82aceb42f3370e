# ./dev test, check, golden and freeze. Read after tools.sh.

# Runs Maven with the tests' own lines and nothing else of it, then says what was skipped and why.
# The outcome is Maven's, unless Maven is content although no test ran.
run_tests() {
  forget_reports
  outcome=0
  maven_for_tests test "$@" || outcome=$?
  summarize_tests "$outcome"
}

maven_for_tests() {
  run_maven \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
    -Dorg.slf4j.simpleLogger.log.org.apache.maven.plugin.surefire=info \
    "$@" </dev/null
}

forget_reports() {
  rm -rf product/target/surefire-reports benchmarks/target/surefire-reports it/target/surefire-reports
}

summarize_tests() {
  "$jdk/bin/java" scripts/TestSummary.java summary \
    product/target/surefire-reports benchmarks/target/surefire-reports it/target/surefire-reports || return $?
  return "$1"
}

# A test that a plain run skips because it takes long carries the tag "prove".
check() {
  echo "== format"
  run_maven -q spotless:check || {
    echo "dev: run ./dev fmt and commit what it changes" >&2
    return 1
  }
  echo "== compile gate, Javadoc, all tests"
  run_tests -Dserdab.javadoc=true
  first_seed=$(seed_of_this_state)
  echo "== long proofs at a twentieth, -DfirstSeed=$first_seed"
  forget_reports
  outcome=0
  maven_for_tests test -Dgroups=prove -DexcludedGroups= -DrunsFactor=0.05 -DfirstSeed="$first_seed" \
    -Dsurefire.failIfNoSpecifiedTests=false || outcome=$?
  summarize_tests "$outcome"
}

# The same product gets the same verdict, wherever and whenever it is checked; another one gets other seeds.
seed_of_this_state() {
  state=$(git rev-parse HEAD:product 2>/dev/null) || state=
  if [ -n "$state" ]; then
    printf '%s' "$state" | cksum | cut -d ' ' -f 1
  else
    random_seed
  fi
}

random_seed() {
  od -A n -N 4 -t u4 /dev/urandom | tr -d ' \n'
}

rewrite_golden() {
  run_tests -Dgolden=rewrite
  git --no-pager diff --stat -- '*/golden/*'
}

freeze() {
  case ${1:-} in
    v[1-9] | v[1-9][0-9]) ;;
    *)
      echo "usage: ./dev freeze VERSION, such as v2" >&2
      return 2
      ;;
  esac
  if [ -e "product/src/test/resources/formats/$1" ]; then
    echo "dev: formats/$1 is there already; what earlier versions wrote is never written again" >&2
    return 2
  fi
  build_maker
  "$jdk/bin/java" -Xmx512m --enable-native-access=ALL-UNNAMED -Dserdab.checkout="$checkout" -cp "$maker_classes" \
    serdab.cli.FormatFreezer "$1"
}
