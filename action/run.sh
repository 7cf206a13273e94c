#!/usr/bin/env bash
# The GitHub Action: runs crdguard check, and tells what it found where people look. Inputs come as INPUT_… variables; see action.yml.
set -uo pipefail

refuse() {
  tell_error "$1"
  exit 2
}

# As an annotation. What a message quotes may come from a pull request: no line of it may become a command of its own.
tell_error() {
  local text=$1
  text=${text//'%'/'%25'}
  text=${text//$'\r'/'%0D'}
  text=${text//$'\n'/'%0A'}
  printf '::error title=crdguard::%s\n' "$text"
}

# Shows foreign text; the runner takes no line of it for a command until a word that nobody can guess.
show() {
  local word
  word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$word"
  cat -- "$1"
  printf '\n::%s::\n' "$word"
}

# --flag=VALUE for each line of an input; a value is never taken for a flag.
add_lines() {
  local flag=$1 line
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    [[ -z $line ]] || arguments+=("$flag=$line")
  done <<<"$2"
}

add_value() {
  [[ -z $2 ]] || arguments+=("$1=$2")
}

# Adds the flag where the input is true.
add_switch() {
  is_true "$2" "$3" && arguments+=("$1")
  return 0
}

is_true() {
  case $2 in
    true) return 0 ;;
    false | '') return 1 ;;
    *) refuse "$1 takes true or false, not \"$2\"" ;;
  esac
}

set_output() {
  # One line each: what could hold another is a path, and a path with a line break is refused below.
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Installs the package beside everything else, so that neither the checked-out repository nor its .npmrc has a say in it.
install() {
  local version=$1
  [[ -n $version ]] || version=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).version' "$GITHUB_ACTION_PATH/package.json")
  [[ $version =~ ^[0-9A-Za-z][0-9A-Za-z.+-]*$ ]] || refuse "version takes a version of the npm package, not \"$version\""
  mkdir "$scratch/package"
  (cd "$scratch/package" && npm install --no-audit --no-fund --ignore-scripts --loglevel=error --prefix . "crdguard@$version") >"$scratch/install.log" 2>&1 || {
    show "$scratch/install.log"
    tell_error "crdguard $version could not be installed"
    exit 3
  }
  PATH="$scratch/package/node_modules/.bin:$PATH"
}

# Runs the check in one output format.
check() {
  crdguard check "${arguments[@]}" "--output=$1"
}

# As `check`, to a file. Where it ends otherwise than the run that decided, nothing is allowed any more.
tell() {
  local ended=0
  check "$1" >"$2" 2>"$scratch/errors" || ended=$?
  if ((ended != status)); then
    tell_error "crdguard check --output=$1 ended with $ended, and with $status before: $(cat "$scratch/errors")"
    ((status != 0)) || status=3
  fi
}

scratch=$(mktemp -d "${RUNNER_TEMP:-/tmp}/crdguard.XXXXXX") || exit 3
set_output result undecided
cd -- "${INPUT_WORKING_DIRECTORY:-.}" || refuse "working-directory: there is no folder \"$INPUT_WORKING_DIRECTORY\""
sarif=${INPUT_SARIF_FILE:-}
junit=${INPUT_JUNIT_FILE:-}
[[ $sarif$junit$PWD != *$'\n'* ]] || refuse "sarif-file, junit-file and working-directory take one line"

arguments=()
add_lines --filename "${INPUT_FILENAME:-}"
add_lines --kustomize "${INPUT_KUSTOMIZE:-}"
add_lines --delete "${INPUT_DELETE:-}"
add_lines --rule "${INPUT_RULES:-}"
add_lines --catalog "${INPUT_CATALOG:-}"
add_value --against "${INPUT_AGAINST:-}"
add_value --namespace "${INPUT_NAMESPACE:-}"
add_value --fail-on "${INPUT_FAIL_ON:-}"
add_value --kubeconfig "${INPUT_KUBECONFIG:-}"
add_value --context "${INPUT_CONTEXT:-}"
add_switch --recursive recursive "${INPUT_RECURSIVE:-}"
add_switch --prune prune "${INPUT_PRUNE:-}"
is_true annotations "${INPUT_ANNOTATIONS:-}" && wants_annotations=yes || wants_annotations=no
is_true summary "${INPUT_SUMMARY:-}" && wants_summary=yes || wants_summary=no

[[ ${INPUT_VERSION:-} == none ]] || install "${INPUT_VERSION:-}"

# The first run decides; the others tell the same in other words.
report=$scratch/report.json
status=0
check json >"$report" 2>"$scratch/errors" || status=$?
if [[ ! -s $report ]]; then
  tell_error "$(cat "$scratch/errors")"
  # Without a report nothing was allowed, whatever a wrong status says.
  exit $((status == 0 ? 3 : status))
fi
[[ ! -s $scratch/errors ]] || show "$scratch/errors"
result=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).verdict' "$report")
case $result in
  allow | deny | undecided) ;;
  *)
    tell_error "the report has no verdict"
    exit 3
    ;;
esac

tell text "$scratch/text"
show "$scratch/text"
if [[ $wants_annotations == yes ]]; then
  tell github "$scratch/annotations"
  cat "$scratch/annotations"
fi
if [[ $wants_summary == yes && -n ${GITHUB_STEP_SUMMARY:-} ]]; then
  tell markdown "$scratch/summary"
  # A summary of more than a mebibyte is refused as a whole.
  head -c 1000000 "$scratch/summary" >>"$GITHUB_STEP_SUMMARY"
fi
if [[ -n $sarif ]]; then tell sarif "$sarif"; fi
if [[ -n $junit ]]; then tell junit "$junit"; fi

set_output result "$result"
set_output report "$report"
[[ -z $sarif ]] || set_output sarif-file "$(cd -- "$(dirname -- "$sarif")" && pwd)/$(basename -- "$sarif")"
exit "$status"
