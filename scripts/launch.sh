# Builds the jar and its class cache for ./serdab, and says where they are. Read after tools.sh.
#
# product/target/launch/
#   maven/            what Maven makes; not used by a running program, so a new build may overwrite it
#   current           names the folder of the current build; as old as the moment its build began
#   CHECKSUM/         one build: serdab.jar and, for each JDK, a class cache. Never changed, only added to.
#   lock/             there while a build runs; holds the process id

build=         # folder of the current build
class_cache=   # its class cache for this JDK; empty when there is none

# Commands that move data need the second compiler, and a bound so that an old Mac stays usable beside them: this
# heap, SQLite's caches and the JVM's own memory stay below 512 MB together, whatever the library's size (./dev prove
# scale). What runs for seconds only is not worth the second compiler's work, so that it waits for what is hot indeed;
# the first one, which compiles everything, should not compile small methods again inside all that call them; and the
# second one leaves loops that are compiled already where they are, where they have more registers for themselves:
# coding gains up to a tenth (docs/proof/jpeg-ls.md).
# shellcheck disable=SC2034 # for who reads this file
moving_flags='-XX:+UseParallelGC -Xmx288m -XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=12000'
moving_flags="$moving_flags -XX:Tier4CompileThreshold=300000 -XX:Tier4BackEdgeThreshold=400000"
moving_flags="$moving_flags -XX:C1MaxInlineSize=10 -XX:InlineSmallCode=600 -XX:FreqInlineSize=120"

LOCK_POLLS_MAX=9000 # 0.2 s each: half an hour, longer than the slowest first download

current_build() {
  launch=$checkout/product/target/launch
  if is_stale; then
    with_lock build_unless_done || return $?
  fi
  read -r build_name <"$launch/current"
  build=$launch/$build_name
  cache_folder=$build
  cache_name=$build_name-$jdk_version.aot
  if [ ! -f "$cache_folder/$cache_name" ] && ! may_write "$build"; then
    # A checkout that others installed: keep the cache where this user may write.
    cache_folder=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/serdab
  fi
  if [ ! -f "$cache_folder/$cache_name" ] && [ ! -f "$cache_folder/$cache_name.none" ]; then
    make_class_cache
  fi
  [ ! -f "$cache_folder/$cache_name" ] || class_cache=$cache_folder/$cache_name
}

may_write() {
  [ -w "$1" ]
}

# Folders count too: they change when a file is added, renamed or removed.
is_stale() {
  [ -f "$launch/current" ] || return 0
  [ -n "$(find "$checkout/pom.xml" "$checkout/product/pom.xml" "$checkout/product/src/main" \
    -newer "$launch/current" -print 2>/dev/null | head -n 1)" ]
}

# Runs a command while no other process builds here. A lock whose process is gone is taken over.
with_lock() {
  if ! mkdir -p "$launch" 2>/dev/null || ! may_write "$launch"; then
    echo "serdab: cannot build, because $launch cannot be written; make it writable, or run ./serdab once as its owner." >&2
    return 2
  fi
  polls=0
  while ! mkdir "$launch/lock" 2>/dev/null; do
    owner=
    read -r owner 2>/dev/null <"$launch/lock/pid" || true
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null && mv "$launch/lock" "$launch/lock.dead.$$" 2>/dev/null; then
      rm -rf "$launch/lock.dead.$$"
      continue
    fi
    if [ "$polls" -eq 0 ]; then
      echo "serdab: waiting for another build to end" >&2
    fi
    polls=$((polls + 1))
    if [ "$polls" -gt "$LOCK_POLLS_MAX" ]; then
      echo "serdab: another build does not end; if none is running, remove $launch/lock" >&2
      return 1
    fi
    sleep 0.2
  done
  trap 'rm -rf "$launch/lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  echo "$$" >"$launch/lock/pid"
  outcome=0
  "$@" || outcome=$?
  rm -rf "$launch/lock"
  trap - EXIT INT TERM HUP
  return "$outcome"
}

build_unless_done() {
  is_stale || return 0
  find_maven || return 2
  echo "serdab: building (the first time takes a minute, and a network if Maven has not been used)" >&2
  begun=$launch/begun.$$
  : >"$begun"
  # Plain javac: the style gate is for ./dev, not for someone who wants to run a backup.
  if ! run_maven -q -f "$checkout/product/pom.xml" -Dserdab.quick=true \
    -Dserdab.target="$launch/maven" -Dmaven.test.skip=true package </dev/null >"$launch/maven.log" 2>&1; then
    rm -f "$begun"
    cat "$launch/maven.log" >&2
    echo "serdab: the build failed; Maven's reasons are above." >&2
    return 1
  fi
  build_name=$(cksum <"$launch/maven/serdab.jar")
  build_name=${build_name%% *}-${build_name##* }
  if [ ! -f "$launch/$build_name/serdab.jar" ]; then
    mkdir -p "$launch/$build_name"
    cp "$launch/maven/serdab.jar" "$launch/$build_name/serdab.jar.$$"
    mv "$launch/$build_name/serdab.jar.$$" "$launch/$build_name/serdab.jar"
  fi
  echo "$build_name" >"$launch/current.$$"
  touch -r "$begun" "$launch/current.$$"
  rm -f "$begun"
  mv "$launch/current.$$" "$launch/current"
  forget_old_builds
}

# Programs that run from an older build keep their open jar; the hour is for those just starting.
forget_old_builds() {
  find "$launch" -mindepth 1 -maxdepth 1 -type d -name '*-*' -mmin +60 ! -name "$build_name" \
    -exec rm -rf {} + 2>/dev/null || true
}

# Lets the JVM learn the classes of what people run (JEP 483, 514), but not what was hot then (JEP 515): it would
# compile all of that again at once, where an unchanged run ends sooner. The result is bound to this jar and this
# JDK, and has its final name only when it is whole; two trainings at once only cost time.
make_class_cache() {
  mkdir -p "$cache_folder" 2>/dev/null && may_write "$cache_folder" || return 0
  training=$(mktemp -d "$cache_folder/training.XXXXXX") || return 0
  trap 'rm -rf "$training"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if "$jdk/bin/java" -XX:AOTCacheOutput="$training/aot" -XX:+UseSerialGC -Xmx256m \
    -XX:+UnlockDiagnosticVMOptions -XX:-AOTRecordTraining \
    -Xlog:disable -Xlog:all=off -cp "$build/serdab.jar" serdab.cli.Training \
    "$training" "$checkout/examples/Horos Data" </dev/null >"$training/out" 2>&1 && [ -s "$training/aot" ]; then
    mv "$training/aot" "$cache_folder/$cache_name"
  else
    # Works without; said once, so that not every start tries again.
    echo "serdab: no class cache could be made; starts will be slower" >&2
    : >"$cache_folder/$cache_name.none"
  fi
  rm -rf "$training"
  trap - EXIT INT TERM HUP
}

# True for the commands that only look something up, and for help with any command.
looks_up() {
  case ${1:-help} in
    help | --help | -h | --version | -V | status | studies) return 0 ;;
  esac
  for argument in "$@"; do
    [ "$argument" != --help ] || return 0
  done
  return 1
}
