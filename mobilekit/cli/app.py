"""The program ``mobilekit``: the only place that turns errors into messages and exit codes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mobilekit.cli.calibrate import calibrate
from mobilekit.cli.convert import convert
from mobilekit.cli.crops import crops
from mobilekit.cli.doctor import doctor
from mobilekit.cli.init import init
from mobilekit.cli.inspect import inspect
from mobilekit.cli.isp import isp
from mobilekit.cli.package import package
from mobilekit.cli.run import run
from mobilekit.errors import MobilekitError

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
TERMINATED = 143
"""128 + SIGTERM."""

_debug = False


class _Group(TyperGroup):
    """Lets Ctrl-C through as exit code 130; click's own is 1, the code of an error."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise SystemExit(INTERRUPTED) from None


app = typer.Typer(
    name="mobilekit",
    cls=_Group,
    help="One ONNX model in; packages per store and device tier out, proven to compute what it computes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (package, convert, calibrate, inspect, run, init, crops, isp, doctor):
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        import mobilekit

        print(f"mobilekit {mobilekit.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version  # its callback has done it
    global _debug  # noqa: PLW0603 - one process, one command line
    _debug = debug


def main() -> NoReturn:
    """Run the command line of this process, and exit."""
    with _cleaning_up_when_told_to_end():
        code = _run()
    sys.exit(code)


@contextlib.contextmanager
def _cleaning_up_when_told_to_end() -> Iterator[None]:
    """SIGTERM (a build machine's time limit) ends as Ctrl-C does: no child, no temporary folder stays."""
    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminated(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends at once
    print("terminated", file=sys.stderr)
    raise SystemExit(TERMINATED)


def _run() -> int:
    try:
        app(prog_name="mobilekit")
        sys.stdout.flush()
    except SystemExit as exit_:
        return _exit_code(exit_)
    except MobilekitError as error:
        return _report(error, error.message, error.hint, error.exit_code)
    except BrokenPipeError:
        return _close_quietly()
    except MemoryError as error:
        hint = "use smaller shapes (--shape, or size in a target file), or a machine with more memory"
        return _report(error, f"out of memory: {error}" if str(error) else "out of memory", hint, 1)
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a message
        name = type(error).__name__
        hint = "this is a bug of mobilekit; please report it with the output of `mobilekit --debug …`"
        return _report(error, f"internal error: {name}: {error}", hint, MobilekitError.exit_code)
    return 0


def _exit_code(exit_: SystemExit) -> int:
    """The exit code, once what is still in the buffer is written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _close_quietly()
    return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)


def _report(error: Exception, message: str, hint: str, exit_code: int) -> int:
    if _debug:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return exit_code


def _close_quietly() -> int:
    """Whoever read our output has left (``mobilekit … | head``): nothing to say, nobody to say it to."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


if __name__ == "__main__":
    main()
