#!/bin/sh
# Finds a Python that really works (3.12 first: the extra onnx2tf needs it) and lets it set up .venv.
# Every candidate is run: a pyenv shim can be on the PATH and fail, Debian's python3 can lack venv.
# PYTHON=/path/to/python (make demo PYTHON=…) is tried before the others.
set -eu
cd "$(dirname "$0")/.."

works() {
    command -v "$1" >/dev/null 2>&1 && "$1" -I - >/dev/null 2>&1 <<'CHECK'
import sys, venv, ensurepip, ssl
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.maxsize < 2**32)
CHECK
}

for candidate in ${PYTHON:+"$PYTHON"} \
    python3.12 "${HOME:-/nonexistent}"/.pyenv/versions/3.12*/bin/python \
    python3.13 "${HOME:-/nonexistent}"/.pyenv/versions/3.13*/bin/python \
    python3.11 "${HOME:-/nonexistent}"/.pyenv/versions/3.11*/bin/python \
    python3 python /usr/bin/python3; do
    if works "$candidate"; then
        exec "$candidate" -I tools/bootstrap.py "$@"
    fi
done

cat >&2 <<'MESSAGE'
error: no working Python 3.11, 3.12 or 3.13 (64 bit, with the modules venv and ensurepip) was found
hint: install one and run this again, for example
        Debian, Ubuntu   sudo apt-get install python3 python3-venv
        Fedora           sudo dnf install python3.12
        macOS            brew install python@3.12
      or name one that is elsewhere:  make demo PYTHON=/path/to/python3
MESSAGE
exit 1
