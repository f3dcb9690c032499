"""LiteRT's own profiler, through its C library: the time of every operator inside the running file.

The Python interface has none. Options are text that the library reads (``litert/c/options``); an event is
13 words (``litert_profiler_event.h``): tag, kind, start and length in µs, two memory usages, two of metadata,
source.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_OPERATOR, _DELEGATED = 2, 8
_CPU = 1
_EVENT_WORDS = 13
_TENSOR_TYPE_BYTES = 256  # more than LiteRtRankedTensorType needs
_WARM = 3

Pointer = ctypes.c_void_p
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One operator: its name, whether XNNPACK ran it, and the least time it took."""

    name: str
    delegated: bool
    milliseconds: float


def profile(path: Path, *, rounds: int, threads: int = 1) -> list[Event]:
    """The operators of a file in the order in which they run, inputs being zero."""
    run, profiler, call = _opened(path, threads)
    for _ in range(_WARM):
        run()
    found = [_round(run, profiler, call) for _ in range(rounds)]
    count = len(found[0])
    same = [events for events in found if len(events) == count]
    least = [min(events[i][2] for events in same) for i in range(count)]
    return [
        Event(name=name, delegated=kind == _DELEGATED, milliseconds=microseconds / 1e3)
        for (name, kind, _), microseconds in zip(found[0], least, strict=True)
    ]


Call = Callable[..., None]


def _library() -> Call:
    import ai_edge_litert

    library = ctypes.CDLL(str(Path(ai_edge_litert.__file__).parent / "libLiteRt.so"))

    def call(name: str, *arguments: object) -> None:
        status = getattr(library, name)(*arguments)
        if status:
            message = f"{name} of LiteRT's C library: status {status}"
            raise RuntimeError(message)

    return call


def _opened(path: Path, threads: int) -> tuple[Callable[[], None], Pointer, Call]:
    """What runs the file, its profiler, and the library."""
    call = _library()
    environment, model, options, compiled = Pointer(), Pointer(), Pointer(), Pointer()
    call("LiteRtCreateEnvironment", 0, None, ctypes.byref(environment))
    call("LiteRtCreateModelFromFile", environment, str(path).encode(), ctypes.byref(model))
    call("LiteRtCreateOptions", ctypes.byref(options))
    call("LiteRtSetOptionsHardwareAccelerators", options, _CPU)
    kept = [
        _add(call, options, "runtime_options_string", "enable_profiling = true\n"),
        _add(call, options, "xnnpack", f"num_threads = {threads}\n"),
    ]
    call("LiteRtCreateCompiledModel", environment, model, options, ctypes.byref(compiled))
    inputs = _buffers(call, environment, model, compiled, "Input")
    outputs = _buffers(call, environment, model, compiled, "Output")
    profiler = Pointer()
    call("LiteRtCompiledModelGetProfiler", compiled, ctypes.byref(profiler))

    def run() -> None:
        assert kept
        sizes = (ctypes.c_size_t(len(inputs)), ctypes.c_size_t(len(outputs)))
        call("LiteRtRunCompiledModel", compiled, ctypes.c_size_t(0), sizes[0], inputs, sizes[1], outputs)

    return run, profiler, call


def _add(call: Call, options: Pointer, name: str, text: str) -> tuple[object, ...]:
    """Add options by their text; what is returned must live as long as they do."""
    content, destructor, made = ctypes.create_string_buffer(text.encode()), _Destructor(_nothing), Pointer()
    data = ctypes.cast(content, ctypes.c_void_p)
    call("LiteRtCreateOpaqueOptions", name.encode(), data, destructor, ctypes.byref(made))
    call("LiteRtAddOpaqueOptions", options, made)
    return content, destructor


def _nothing(data: object) -> None:
    """The text is Python's."""


def _buffers(
    call: Call, environment: Pointer, model: Pointer, compiled: Pointer, kind: str
) -> ctypes.Array[Pointer]:
    """Managed buffers for the inputs or outputs of the first signature."""
    signature, count, first = Pointer(), ctypes.c_size_t(), ctypes.c_size_t(0)
    call("LiteRtGetModelSignature", model, first, ctypes.byref(signature))
    call(f"LiteRtGetNumSignature{kind}s", signature, ctypes.byref(count))
    found = (Pointer * count.value)()
    for index in range(count.value):
        place = ctypes.c_size_t(index)
        tensor, needs, made = Pointer(), Pointer(), Pointer()
        kind_of = ctypes.create_string_buffer(_TENSOR_TYPE_BYTES)
        call(f"LiteRtGetSignature{kind}TensorByIndex", signature, place, ctypes.byref(tensor))
        call("LiteRtGetRankedTensorType", tensor, kind_of)
        call(f"LiteRtGetCompiledModel{kind}BufferRequirements", compiled, first, place, ctypes.byref(needs))
        call(
            "LiteRtCreateManagedTensorBufferFromRequirements", environment, kind_of, needs, ctypes.byref(made)
        )
        found[index] = made
    return found


def _round(run: Callable[[], None], profiler: Pointer, call: Call) -> list[tuple[str, int, int]]:
    """Name, kind and microseconds of every operator of one inference."""
    call("LiteRtResetProfiler", profiler)
    call("LiteRtStartProfiler", profiler)
    run()
    call("LiteRtStopProfiler", profiler)
    count = ctypes.c_int()
    call("LiteRtGetNumProfilerEvents", profiler, ctypes.byref(count))
    words = (ctypes.c_uint64 * (count.value * _EVENT_WORDS))()
    call("LiteRtGetProfilerEvents", profiler, count.value, words)
    rows = [words[i : i + _EVENT_WORDS] for i in range(0, len(words), _EVENT_WORDS)]
    return [
        ((ctypes.string_at(row[0]) if row[0] else b"?").decode(), int(row[1] & 0xFFFFFFFF), int(row[3]))
        for row in rows
        if row[1] & 0xFFFFFFFF in (_OPERATOR, _DELEGATED)
    ]
