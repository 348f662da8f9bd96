#!/bin/sh
# Puts the locked environment into .venv. Finds uv, or gets it through pip into .tools/; on a bare
# Debian or Ubuntu without pip, as root, it gets pip from the distribution first.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
say() { printf '%s\n' "$*" >&2; }

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    say "Opsgate needs Python 3.11 or newer as '$PYTHON' (set PYTHON=/path/to/python)."; exit 1; }

if command -v uv >/dev/null 2>&1; then
    UV=uv
elif [ -x .tools/bin/uv ]; then
    UV=.tools/bin/uv
else
    if ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            say "pip is missing: installing python3-pip"
            apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-pip >/dev/null
        else
            say "Opsgate needs pip or uv for '$PYTHON': install one of them, then run make again."; exit 1
        fi
    fi
    "$PYTHON" -m pip install --quiet --target .tools --upgrade uv
    UV=.tools/bin/uv
fi
# The demo and production need no tools of development (WITHOUT_DEV=1).
"$UV" sync --locked --quiet --python "$PYTHON" ${WITHOUT_DEV:+--no-dev}
