"""`mobilekit --help` against the help of a bare typer app, interleaved in one run: the ratio of medians.

    python benchmarks/cli_help.py [ROUNDS]

At most 1.5: no library creeps into start-up.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BARE = """
import typer
app = typer.Typer()
@app.command()
def one(): pass
@app.command()
def two(): pass
app()
"""
LIMIT = 1.5


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    ours = [sys.executable, "-m", "mobilekit.cli.app", "--help"]
    bare = [sys.executable, "-c", BARE, "--help"]
    seconds(ours), seconds(bare)  # warm the file cache
    times = [(seconds(ours), seconds(bare)) for _ in range(rounds)]
    ours_s, bare_s = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = ours_s / bare_s
    print(f"mobilekit {ours_s:.3f} s, a bare typer app {bare_s:.3f} s: {ratio:.2f} (limit {LIMIT})")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
