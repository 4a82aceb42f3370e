# ./dev prove. Read after tests.sh.
#
# A proof is a test tagged "prove" and "prove-TOPIC". Its seeds are cut into slices; the state file says
# which slice is next, so that a proof of hours can be stopped and continued. Slices of one proof all
# belong to one state of the product: when product/src changes, it starts over.

SLICES=20

prove() {
  topic=${1:-}
  case $topic in
    interruption | differential | fuzz | interop | endurance | network | repository) ;;
    speed)
      prove_speed
      return
      ;;
    scale)
      prove_scale "${2:-}"
      return
      ;;
    *)
      echo "usage: ./dev prove interruption|differential|fuzz|interop|endurance|network|repository|speed|scale [--slice N]" >&2
      return 2
      ;;
  esac
  shift
  at_most=$SLICES
  case ${1:-} in
    '') ;;
    --slice)
      at_most=${2:-}
      case $at_most in
        '' | *[!0-9]* | 0)
          echo "dev: --slice needs a number of slices" >&2
          return 2
          ;;
      esac
      ;;
    *)
      echo "dev: prove does not know $1" >&2
      return 2
      ;;
  esac

  state=target/prove/$topic
  mkdir -p "$state"
  product_now=$(product_version) || return 1
  product_then= next=0 first_seed= spent=0
  if [ -f "$state/state" ]; then
    { read -r product_then && read -r next && read -r first_seed && read -r spent; } <"$state/state" || true
  fi
  if [ "$product_then" != "$product_now" ] || [ -z "$spent" ]; then
    [ -z "$product_then" ] || echo "dev: the product has changed since the last slice; $topic starts over"
    next=0
    spent=0
    first_seed=$(random_seed)
    rm -rf "$state/reports"
    mkdir -p "$state/reports"
  fi

  while [ "$next" -lt "$SLICES" ] && [ "$at_most" -gt 0 ]; do
    echo "== $topic, slice $((next + 1)) of $SLICES, -DfirstSeed=$first_seed"
    begun=$(date +%s)
    forget_reports
    outcome=0
    maven_for_tests test -Dgroups="prove-$topic" -DexcludedGroups= \
      -Dslice="$next/$SLICES" -DfirstSeed="$first_seed" -Dsurefire.failIfNoSpecifiedTests=false || outcome=$?
    summarize_tests "$outcome" || {
      echo "dev: slice $((next + 1)) of $topic failed; it runs again with the same seeds next time" >&2
      return 1
    }
    mkdir -p "$state/reports/$next"
    cp product/target/surefire-reports/TEST-*.xml "$state/reports/$next/"
    next=$((next + 1))
    spent=$((spent + $(date +%s) - begun))
    at_most=$((at_most - 1))
    printf '%s\n%s\n%s\n%s\n' "$product_now" "$next" "$first_seed" "$spent" >"$state/state.new"
    mv "$state/state.new" "$state/state"
  done
  if [ "$next" -lt "$SLICES" ]; then
    echo "$topic: $next of $SLICES slices done; ./dev prove $topic continues"
    return 0
  fi
  "$jdk/bin/java" scripts/TestSummary.java rows "docs/proof/$topic.md" \
    "seeds from $first_seed, $(duration "$spent")" "$(git rev-parse --short=10 HEAD)" "$state"/reports/*
  rm -f "$state/state"
  echo "$topic: proven; see docs/proof/$topic.md"
}

# The product and its tests as one name; refuses to prove what is in no commit.
product_version() {
  if [ -n "$(git status --porcelain -- product pom.xml)" ]; then
    echo "dev: product/ has changes that are in no commit; a proof names the commit it holds for" >&2
    return 1
  fi
  git rev-parse HEAD:product
}

duration() {
  printf '%d:%02d:%02d h' $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60))
}
