"""ONNX Runtime on the CPU: the reference that everything else is compared with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import MobilekitError, ModelError, ModelFileError, UnsupportedOperatorError, UsageError
from mobilekit.runtimes.base import Availability, ClosedOnExit
from mobilekit.runtimes.feeds import DYNAMIC, check_feed, check_taps
from mobilekit.tensors import DType, TensorSpec

if TYPE_CHECKING:
    import onnx

    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

_DTYPES = {
    "tensor(float16)": DType.FLOAT16,
    "tensor(float)": DType.FLOAT32,
    "tensor(double)": DType.FLOAT64,
    **{f"tensor({d.value})": d for d in DType if not d.is_float},
}
ROUNDING_OPTIMIZERS = ["WeightBiasQuantization"]
"""What would make int8 of float weights between DequantizeLinear and QuantizeLinear: 60.6 → 59.0 dB once."""
_LOG_FATAL_ONLY = 4  # its errors become ours; logged as well they would be shown twice
_NO_KERNEL = re.compile(r"not a registered function/op|No Op registered|Could not find an implementation")


def availability() -> Availability:
    """Whether ONNX Runtime can be imported here, and its version."""
    try:
        import onnxruntime
    except ImportError as error:
        return Availability(available=False, detail=f"{error}; pip install onnxruntime")
    return Availability(available=True, detail=f"ONNX Runtime {onnxruntime.__version__}")


class OrtSession(ClosedOnExit):
    """An ONNX model in ONNX Runtime; open one with :func:`open_onnx` or :func:`open_graph`."""

    def __init__(self, session: Any, *, taps: Sequence[str] = (), constants: Feed | None = None) -> None:
        import onnxruntime

        self.name = f"ONNX Runtime {onnxruntime.__version__} CPU"
        self._session = session
        self._constants = constants or {}
        self.inputs = tuple(_spec(value) for value in session.get_inputs())
        self._taps = frozenset(taps) | {s.name for s in self.inputs} | set(self._constants)
        self.outputs = tuple(_spec(v) for v in session.get_outputs() if v.name not in set(taps))
        self._taps |= {s.name for s in self.outputs}

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """Outputs, and the ``taps`` that were declared when opening. See :class:`Session`."""
        if self._session is None:
            message = "this session is closed"
            raise UsageError(message)
        check_feed(feed, self.inputs, where=self.name)
        check_taps(taps, self._taps, where=self.name)
        known = {**self._constants, **feed}
        names = list(dict.fromkeys([*(s.name for s in self.outputs), *(t for t in taps if t not in known)]))
        with typed_errors("run the model", ModelError):
            values = self._session.run(names, {k: np.asarray(v, order="C") for k, v in feed.items()})
        return {**{t: known[t] for t in taps if t in known}, **dict(zip(names, values, strict=True))}

    def close(self) -> None:
        """Free the session's memory."""
        self._session = None


def open_onnx(path: Path, *, threads: int | None = None) -> OrtSession:
    """Open an ONNX file as it is, external data included; open dimensions are -1 in the specs.

    Raises ModelFileError if it is missing, truncated or not ONNX, UnsupportedOperatorError if ONNX
    Runtime has no kernel for one of its operators.
    """
    if not path.is_file():
        message = f"{path}: no such file"
        raise ModelFileError(message)
    return OrtSession(_session(str(path), where=str(path), optimise=True, threads=threads))


def open_graph(
    graph: Graph,
    *,
    taps: Sequence[str] = (),
    optimise: bool = True,
    threads: int | None = None,
    spin: bool = True,
    integers: bool = True,
) -> OrtSession:
    """Open a graph from memory; ``taps`` are the values that ``run`` may be asked for besides outputs.

    ``optimise=False`` runs the nodes exactly as they are written; ``spin=False`` leaves the processor
    to others while its threads wait for one another. ``integers=False`` computes between DequantizeLinear
    and QuantizeLinear in float, as it is written: ONNX Runtime would round weights there too. Raises
    UsageError for a tap that
    the graph does not have, UnsupportedOperatorError for an operator without a kernel.
    """
    where = f"the {graph.stage} graph"
    if not taps:
        return OrtSession(
            _session(
                graph.model, where=where, optimise=optimise, threads=threads, spin=spin, integers=integers
            )
        )
    model = graph.proto()
    constants, added = _add_taps(model, taps, where=where)
    content = model.SerializeToString()
    session = _session(content, where=where, optimise=optimise, threads=threads, spin=spin, integers=integers)
    return OrtSession(session, taps=added, constants=constants)


def _add_taps(
    model: onnx.ModelProto, taps: Sequence[str], *, where: str
) -> tuple[dict[str, Array], list[str]]:
    """Make ``taps`` outputs of ``model``; those that are initializers are returned as they are."""
    import onnx

    outputs = {v.name for v in model.graph.output}
    inputs = {v.name for v in model.graph.input}
    initializers = {t.name: t for t in model.graph.initializer}
    produced = {name for node in model.graph.node for name in node.output if name}
    check_taps(taps, produced | outputs | inputs | set(initializers), where=where)
    added = [t for t in dict.fromkeys(taps) if t in produced and t not in outputs]
    infos = {v.name: v for v in model.graph.value_info}
    model.graph.output.extend(infos.get(t) or onnx.ValueInfoProto(name=t) for t in added)
    constants = {t: onnx.numpy_helper.to_array(initializers[t]) for t in taps if t in initializers}
    return constants, added


def _session(
    model: str | bytes,
    *,
    where: str,
    optimise: bool,
    threads: int | None,
    spin: bool = True,
    integers: bool = True,
) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _LOG_FATAL_ONLY
    options.use_deterministic_compute = True
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    if threads is not None:
        options.intra_op_num_threads = threads
    if not spin:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not integers:
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    create: Callable[..., Any] = onnxruntime.InferenceSession
    with typed_errors(f"open {where}", ModelFileError):
        return create(
            model,
            sess_options=options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=ROUNDING_OPTIMIZERS,
        )


@contextmanager
def typed_errors(action: str, otherwise: type[MobilekitError]) -> Iterator[None]:
    """ONNX Runtime's exceptions as ours: each derives from Exception directly, so all are listed.

    A kernel that is missing is an UnsupportedOperatorError, what is no model a ModelFileError,
    anything else ``otherwise``.
    """
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    not_a_model = (state.InvalidProtobuf, state.NoSuchFile, state.InvalidGraph, state.NoModel)
    runtime = (state.Fail, state.InvalidArgument, state.RuntimeException, state.EPFail, state.EngineError)
    try:
        yield
    except (state.NotImplemented, *not_a_model, *runtime, RuntimeError, ValueError) as error:
        message = f"ONNX Runtime cannot {action}: {_useful(error)}"
        if isinstance(error, state.NotImplemented) or _NO_KERNEL.search(str(error)):
            raise UnsupportedOperatorError(message) from error
        if isinstance(error, not_a_model):
            raise ModelFileError(message, hint="check it with onnx.checker, or export it again") from error
        raise otherwise(message) from error


def _useful(error: Exception) -> str:
    """The first line of ONNX Runtime's message without error codes and C++ source positions."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    return re.sub(r"\S*/\S+\.(?:cc|h):\d+ .*?\) ", "", text).strip()


def _spec(value: Any) -> TensorSpec:
    if value.type not in _DTYPES:
        message = f"{value.name!r} has type {value.type}"
        raise ModelError(message, hint="inputs and outputs must be tensors of numbers or booleans")
    shape = tuple(d if isinstance(d, int) else DYNAMIC for d in value.shape or ())
    return TensorSpec(name=value.name, dtype=_DTYPES[value.type], shape=shape)
