#!/bin/sh
# The virtual environment behind the Makefile.
#
#   venv.sh find          print a Python that can carry the project, or say in one line what to install
#   venv.sh make DIR      create DIR with it (a working DIR is adopted, not replaced)
#   venv.sh stale DIR     remove DIR if `make` wrote it and it cannot be used any more
#
# PYTHON in the environment overrides the search.
set -eu

# A candidate counts only if it runs: version managers leave launchers on PATH that do not.
# ssl and sqlite3 are optional parts of a self-built Python; installing and the demo need them.
PROBE='
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(3)
import ensurepip, sqlite3, ssl, venv, zlib
'

usable() { "$1" -c "$PROBE" >/dev/null 2>&1; }

# The version of a Python that runs and is recent enough, whatever else it lacks; else nothing.
recent() {
    "$1" -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 14) and print("%d.%d" % v)' \
        2>/dev/null || true
}

identity() { "$1" -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null || true; }

fail() { echo "$*" >&2; exit 1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 to 3.14 with venv, ssl and sqlite3."
        command -v "$PYTHON"
        return
    fi
    lacking=
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        # Every folder of PATH: the first hit may be a launcher that does not run.
        old_ifs=$IFS; IFS=:
        for folder in $PATH; do
            IFS=$old_ifs
            candidate="${folder:-.}/$name"
            [ -x "$candidate" ] || continue
            if usable "$candidate"; then echo "$candidate"; return; fi
            [ -n "$lacking" ] || lacking=$(recent "$candidate")
        done
        IFS=$old_ifs
    done
    if [ -n "$lacking" ]; then
        fail "Python $lacking is here but without venv: install it (Debian: apt install python$lacking-venv), then run make again."
    fi
    fail "Python 3.11 to 3.14 with venv is needed: install it (Debian: apt install python3.11-venv), or say make PYTHON=/path/to/python3."
}

make_venv() {
    if [ -x "$1/bin/python" ] && usable "$1/bin/python" && "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        echo "using the virtual environment found in $1"
    else
        python=$(find_python)
        echo "making $1 with $("$python" --version)"
        "$python" -m venv --clear "$1"
    fi
    echo '*' >"$1/.gitignore"
    pwd -P >"$1/.made"
}

drop_stale() {
    [ -f "$1/.made" ] || return 0
    if [ "$(cat "$1/.made")" = "$(pwd -P)" ] && "$1/bin/python" -c '' 2>/dev/null; then
        [ -n "${PYTHON:-}" ] || return 0
        [ "$(identity "$PYTHON")" != "$(identity "$1/bin/python")" ] || return 0
    fi
    if [ -n "${PYTHON:-}" ]; then find_python >/dev/null; fi
    echo "$1 was made for another place or another Python: making it anew"
    rm -rf "$1"
}

case "${1:-}" in
    find) find_python ;;
    make) make_venv "$2" ;;
    stale) drop_stale "$2" ;;
    *) fail "usage: venv.sh find | make DIR | stale DIR" ;;
esac
