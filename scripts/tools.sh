# Finds a JDK 25 and Maven. Read by ./serdab, ./dev and .ci/run; plain POSIX sh.
# Starts no program on the usual path: this runs before every command.

jdk=             # folder of the JDK that was found
jdk_version=     # its exact build, such as 25.0.3+9-LTS
jdk_newer=       # a JDK newer than 25, taken only when there is no 25
jdk_newer_version=

# Looks at one folder and remembers it when it is a JDK 25.
# A JDK says what it is in its file "release"; asking `java -version` would cost 0.1 s each.
try_jdk() {
  [ -z "$jdk" ] || return 0
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
  try_major= try_runtime=
  while IFS='=' read -r try_key try_value; do
    try_value=${try_value#\"}
    try_value=${try_value%\"}
    case $try_key in
      JAVA_VERSION) try_major=${try_value%%[!0-9]*} ;;
      JAVA_RUNTIME_VERSION) try_runtime=$try_value ;;
    esac
    # The shell reads byte by byte, and the list of modules that follows is long.
    [ -z "$try_major" ] || [ -z "$try_runtime" ] || break
  done <"$1/release"
  case $try_major in
    25)
      jdk=$1
      jdk_version=${try_runtime:-25}
      ;;
    2[6-9] | [3-9][0-9])
      if [ -z "$jdk_newer" ]; then
        jdk_newer=$1
        jdk_newer_version=${try_runtime:-$try_major}
      fi
      ;;
  esac
}

# The folder of the JDK that the `java` on the path belongs to, through its links.
jdk_on_path() {
  on_path=$(command -v java 2>/dev/null) || return 0
  links=0
  while [ -L "$on_path" ] && [ "$links" -lt 20 ]; do
    link=$(readlink "$on_path")
    case $link in
      /*) on_path=$link ;;
      *) on_path=${on_path%/*}/$link ;;
    esac
    links=$((links + 1))
  done
  try_jdk "${on_path%/bin/java}"
}

find_jdk() {
  [ -z "${JAVA_HOME:-}" ] || try_jdk "$JAVA_HOME"
  [ -n "$jdk" ] || jdk_on_path
  for candidate in \
    /usr/lib/jvm/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-/nonexistent}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${SDKMAN_DIR:-${HOME:-/nonexistent}/.sdkman}"/candidates/java/* \
    "${HOME:-/nonexistent}"/.jdks/* \
    "${HOME:-/nonexistent}"/.jdks/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    "${HOMEBREW_PREFIX:-/usr/local}"/opt/openjdk*/libexec \
    /opt/java/* /opt/jdk* /usr/java/* /usr/local/jdk*; do
    [ -z "$jdk" ] || break
    try_jdk "$candidate"
  done
  if [ -z "$jdk" ] && [ -x /usr/libexec/java_home ]; then
    try_jdk "$(/usr/libexec/java_home -v 25 2>/dev/null)"
  fi
  if [ -z "$jdk" ] && [ -n "$jdk_newer" ]; then
    jdk=$jdk_newer
    jdk_version=$jdk_newer_version
  fi
  [ -n "$jdk" ] && return 0
  echo "serdab: no JDK 25 was found; install one (for example Temurin 25 from https://adoptium.net) or set JAVA_HOME to it." >&2
  return 1
}

# Maven says where it is from its own script; we only need it to be there.
find_maven() {
  if ! command -v mvn >/dev/null 2>&1; then
    echo "serdab: Maven was not found; install Maven 3.8 or newer (Debian: apt-get install maven, macOS: brew install maven)." >&2
    return 1
  fi
}

# Maven in the JDK that was found, without the warnings its own libraries cause on JDK 25.
run_maven() {
  JAVA_HOME=$jdk \
    MAVEN_OPTS="${MAVEN_OPTS:-} --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow" \
    mvn -B -ntp -Dstyle.color=never "$@"
}

# Java takes the encoding of file names from the locale. cron and launchd start programs with none,
# and then every name beyond ASCII would be unreadable.
use_utf8() {
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
    *[Uu][Tt][Ff]-8* | *[Uu][Tt][Ff]8*) ;;
    *)
      LC_ALL=C.UTF-8
      export LC_ALL
      ;;
  esac
}
