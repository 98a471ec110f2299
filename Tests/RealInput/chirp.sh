#!/bin/sh
# Prints a Python that has libchirp; 1 where it cannot be had.
#
# libchirp 1.2.1b3 comes from PyPI and is built for OpenSSL 3 into .build-peers; that needs libuv1-dev,
# libssl-dev and a C compiler.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/.build-peers
python=$venv/bin/python
"$python" -c 'import libchirp' 2>/dev/null || {
    python3 -m venv "$venv"
    "$venv/bin/pip" -q install setuptools wheel cffi
    CFLAGS='-DFIPS_mode_set(x)=1' "$venv/bin/pip" -q install --no-build-isolation --no-deps \
        libchirp==1.2.1b3
} >&2
echo "$python"
