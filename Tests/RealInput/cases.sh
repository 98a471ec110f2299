#!/bin/bash
# What happens to a gateway in the field (field/), what somebody hostile does (hostile/), and what GridWorks houses
# need (gridworks/): one program each, which starts the gateway and plays the rest on loopback.
#
#   cases.sh [NAME]...    those whose names hold one of the texts, in full length; none: all, the long ones cut short
#
# PROGRAM is the gateway (.build/release/tidegate), JOBS how many run side by side (3), LENGTH "full" or "short".
# Prints a line for each; exits 1 when one is wrong. One that is wrong beside others is tried again alone, and so
# it says: these programs wait by real time.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export TIDEGATE=${PROGRAM:-$root/.build/release/tidegate} PYTHONPATH=$here/lib PYTHONDONTWRITEBYTECODE=1
length=${LENGTH:-$([ $# -gt 0 ] && echo full || echo short)}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# What is left of the long ones in the short form; `make soak` runs them in full.
[ "$length" = full ] || export SECONDS_=60 KILLS=6 N=20 STOP_SECONDS=25

# one CASE: runs it, leaves its words in $out.
one() {
    local name=$1 begin=$SECONDS status=0
    (cd "$here/$name" && exec timeout -k 15 900 python3 case.py) >"$out/${name//\//-}" 2>&1 </dev/null || status=$?
    echo "$status $((SECONDS - begin))" >"$out/${name//\//-}.status"
}

names=()
for path in "$here"/{field,hostile,gridworks}/*/case.py; do
    name=${path#"$here"/} name=${name%/case.py}
    wanted=$([ $# -eq 0 ] && echo yes)
    for text in "$@"; do [[ $name != *$text* ]] || wanted=yes; done
    [ -z "$wanted" ] || names+=("$name")
done
for name in "${names[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-3}" ]; do wait -n; done
    one "$name" &
done
wait
wrong=0
for name in "${names[@]}"; do
    file=$out/${name//\//-} again=""
    read -r status took <"$file.status"
    if [ "$status" != 0 ] && [ "$status" != 77 ] && [ "${JOBS:-3}" != 1 ]; then
        again=", at the second try, alone"
        one "$name"
        read -r status took <"$file.status"
    fi
    case $status in
        0) echo "ok    $name (${took} s$again)" ;;
        77) echo "left out: $name: $(grep -a '^SKIPPED: ' "$file" | tail -1 | cut -c10-)" ;;
        *)
            wrong=$((wrong + 1))
            tail -n 40 "$file" | tr -d '\000-\010\013-\037\177'
            echo "FAIL  $name (${took} s$again)"
            ;;
    esac
done
echo "${#names[@]} cases, $wrong wrong"
[ ${#names[@]} -gt 0 ] && [ $wrong -eq 0 ]
