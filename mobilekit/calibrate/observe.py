"""A graph in ONNX Runtime, its values reduced to statistics inside the graph.

Little leaves the runtime: for a large value a strided sample, and its extremes where they are wanted::

    map ─┬─ Conv(one 1 a channel, strides s) ─► sample    other ─┬─ Reshape(-1) ─ Slice(::s) ─► sample
         ├─ ReduceMin ────────────────────────► minimum          ├─ ReduceMin ────────────────► minimum
         └─ ReduceMax ────────────────────────► maximum          └─ ReduceMax ────────────────► maximum

A convolution is one of the few operators that ONNX Runtime executes on maps in its blocked layout:
most others have the whole map rearranged first, which costs more than the sample. Each channel's
kernel holds a single 1, at a place of its own, so that the samples are spread over all rows and
columns; a stride alone would take the same few of every channel, the upper left corner always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.calibrate.observations import Observations
from mobilekit.calibrate.samples import SampleSource
from mobilekit.calibrate.shards import NO_SAMPLES, observe_in_shards
from mobilekit.calibrate.stats import (
    BIN_BITS,
    CalibrationStats,
    ValueStats,
    bin_counts,
    exact_sum,
    ordered_bins,
)
from mobilekit.calibrate.windows import windows
from mobilekit.errors import InputDataError, UsageError
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array, Feed

PICTURE_CHANNELS = 4
"""Maps of at most so many channels are pictures: their extremes are always observed."""

SAMPLE_SIZE = 16_384
"""Values of fewer elements are taken whole; of larger ones, at most so many elements a photo."""

_PREFIX = "mobilekit.observe"
_LEAST_SIDE = 4
_FOLDED = 1 << 17  # photos: each adds less than 2**15 to a 32-bit count
_Progress = Callable[[int, int], None]


def observe(
    graph: Graph,
    samples: Iterable[Feed] | Observations,
    *,
    values: Sequence[str],
    extremes: bool = True,
    jobs: int | None = None,
    spin: bool = True,
    progress: _Progress | None = None,
) -> CalibrationStats:
    """Statistics of the float ``values`` over ``samples``, in one pass; memory does not grow with them.

    Without ``extremes`` minimum and maximum of large values are those of their samples, which is
    enough for percentiles and cheaper; those of pictures are exact.
    ``jobs`` processes share the work (as many as ``samples`` say, else one), and the result does not depend
    on how many; without ``spin`` threads leave the processor to others while they wait.
    ``progress`` is called with samples done and their number (0 if that is unknown). Raises
    UsageError for a value the graph does not have, InputDataError if there are no samples.
    """
    if isinstance(samples, Observations):
        return samples.observe(graph, values=values, extremes=extremes, progress=progress)
    if jobs is None:
        jobs = samples.jobs if isinstance(samples, SampleSource) else 1
    if jobs != 1 and values:
        return observe_in_shards(
            graph, samples, values=values, extremes=extremes, jobs=jobs, progress=progress
        )
    counters = {name: _Counter() for name in dict.fromkeys(values)}
    tap = partial(_tap, values=list(counters), extremes=extremes)
    for outputs in _run(graph, samples, tap, progress, spin=spin):
        for name, counter in counters.items():
            counter.add(outputs, name)
    return CalibrationStats(values={name: counter.stats() for name, counter in counters.items()})


def channel_extremes(graph: Graph, samples: Iterable[Feed], *, values: Mapping[str, int]) -> dict[str, Array]:
    """The largest magnitude in each channel of ``values`` (name → channel axis): float64 per channel."""
    result: dict[str, Array] = {}
    for outputs in _run(graph, samples, partial(_tap_channels, values=values), None):
        for name in values:
            low, high = (outputs[_output(name, kind)] for kind in ("minimum", "maximum"))
            largest = np.maximum(np.abs(low), np.abs(high)).astype(np.float64)
            result[name] = np.maximum(result[name], largest) if name in result else largest
    return result


class _Counter:
    """The statistics of one value while they grow."""

    def __init__(self) -> None:
        self._counts = np.zeros(1 << BIN_BITS, dtype=np.uint32)
        self._bins: dict[int, int] = {}
        self._photos = self._non_finite = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._minimum_sum = self._maximum_sum = 0
        self._exhaustive = self._picture = True

    def add(self, outputs: Mapping[str, Array], name: str) -> None:
        """Add what one photo gave."""
        whole = outputs.get(name)
        self._exhaustive &= whole is not None
        picture = outputs.get(_output(name, "picture"))
        self._picture &= picture is not None
        sample = next(s for s in (whole, picture, outputs.get(_output(name, "sample"))) if s is not None)
        sample = sample.ravel()
        finite = np.isfinite(sample)
        low, high = _extremes(outputs, name, sample)
        if not (math.isfinite(low) and math.isfinite(high) and finite.all()):
            self._non_finite += 1
            sample = sample[finite]
            low, high = _extremes({}, name, sample)
        if not sample.size:
            return
        self._photos += 1
        self._minimum, self._maximum = min(self._minimum, low), max(self._maximum, high)
        self._minimum_sum += exact_sum([low])
        self._maximum_sum += exact_sum([high])
        bin_counts(sample, self._counts)
        if self._photos % _FOLDED == 0:
            self._fold()

    def _fold(self) -> None:
        """Move the counts to where they have no largest number."""
        for index, count in ordered_bins(self._counts).items():
            self._bins[index] = self._bins.get(index, 0) + count
        self._counts[:] = 0

    def stats(self) -> ValueStats:
        """What was added, frozen. A value that was never finite has the range 0…0."""
        seen = self._photos > 0
        self._fold()
        return ValueStats(
            photos=self._photos,
            minimum=self._minimum + 0.0 if seen else 0.0,
            maximum=self._maximum + 0.0 if seen else 0.0,
            minimum_sum=self._minimum_sum,
            maximum_sum=self._maximum_sum,
            bins=self._bins,
            exhaustive=self._exhaustive,
            picture=self._picture and seen,
            non_finite=self._non_finite,
        )


def _extremes(outputs: Mapping[str, Array], name: str, sample: Array) -> tuple[float, float]:
    """The extremes that the graph computed, else those of the sample."""
    if not sample.size:
        return 0.0, 0.0
    if _output(name, "minimum") in outputs:
        return float(outputs[_output(name, "minimum")]), float(outputs[_output(name, "maximum")])
    return float(sample.min()), float(sample.max())


def _run(
    graph: Graph,
    samples: Iterable[Feed],
    tap: Callable[[onnx.ModelProto], None],
    progress: _Progress | None,
    *,
    spin: bool = True,
) -> Iterator[dict[str, Array]]:
    """The outputs of ``graph``, rewritten by ``tap``, for each sample. Raises InputDataError without one."""
    from mobilekit.runtimes.ort import open_graph

    model = graph.proto()
    tap(model)
    if not model.graph.output:
        return
    total = len(samples) if isinstance(samples, Sized) else 0
    done = 0
    with open_graph(graph_from_proto(model, stage=graph.stage), spin=spin) as session:
        used = {spec.name for spec in session.inputs}
        for feed in samples:
            yield session.run({name: value for name, value in feed.items() if name in used})
            done += 1
            if progress is not None:
                progress(done, total)
    if not done:
        raise InputDataError(NO_SAMPLES, hint="give photos or samples to calibrate with")


def _tap(model: onnx.ModelProto, values: Sequence[str], *, extremes: bool) -> None:
    """Replace the outputs of ``model`` by samples and extremes of ``values``."""
    known = _known(model, values)
    del model.graph.output[:]
    for name in values:
        kind, shape = known[name]
        if math.prod(shape) <= SAMPLE_SIZE:
            _add_output(model, name, kind, shape)
            continue
        picture = len(shape) == 4 and shape[1] <= PICTURE_CHANNELS
        if extremes or picture:
            for operator, end in (("ReduceMin", "minimum"), ("ReduceMax", "maximum")):
                _add_output(model, _node(model, operator, [name], _output(name, end), keepdims=0), kind, ())
        found = None if picture else _sample_map(model, name, kind, shape)
        sampled, size = found or _sample_flat(
            model, name, shape, _output(name, "picture" if picture else "sample")
        )
        _add_output(model, sampled, kind, size)


def _sample_map(
    model: onnx.ModelProto, name: str, kind: int, shape: tuple[int, ...]
) -> tuple[str, tuple[int, ...]] | None:
    """Some pixels of every channel, each channel's shifted against the others'; None where that is not for.

    With an infinity near by a sample becomes NaN, so that infinities are found rather than missed.
    """
    import onnx

    few = len(shape) != 4 or min(shape[2:]) < _LEAST_SIDE or math.prod(shape[:2]) > SAMPLE_SIZE
    if few or kind != onnx.TensorProto.FLOAT:
        return None
    rows, columns = windows(shape[2:], channels=shape[1], count=SAMPLE_SIZE // math.prod(shape[:2]))
    kernel = np.zeros((shape[1], 1, rows.taps, columns.taps), dtype=np.float32)
    channel = np.arange(shape[1])
    kernel[channel, 0, rows.phases(shape[1]), columns.phases(shape[1])] = 1.0
    weights = _output(name, "kernel")
    model.graph.initializer.append(onnx.numpy_helper.from_array(kernel, weights))
    where = {
        "kernel_shape": [rows.taps, columns.taps],
        "strides": [rows.step, columns.step],
        "dilations": [rows.dilation, columns.dilation],
        "group": shape[1],
    }
    sample = _node(model, "Conv", [name, weights], _output(name, "sample"), **where)
    return sample, (*shape[:2], rows.count, columns.count)


def _sample_flat(
    model: onnx.ModelProto, name: str, shape: tuple[int, ...], output: str
) -> tuple[str, tuple[int, ...]]:
    """Every s-th element."""
    size, step = math.prod(shape), stride(shape)
    flat = _node(model, "Reshape", [name, _constant(model, -1)], _output(name, "flat"))
    bounds = [_constant(model, number) for number in (0, size, 0, step)]
    return _node(model, "Slice", [flat, *bounds], output), (-(-size // step),)


def _tap_channels(model: onnx.ModelProto, values: Mapping[str, int]) -> None:
    """Replace the outputs of ``model`` by the extremes per channel of ``values``."""
    known = _known(model, list(values))
    del model.graph.output[:]
    for name, channel in values.items():
        kind, shape = known[name]
        axes = _constant(model, *(axis for axis in range(len(shape)) if axis != channel))
        for operator, end in (("ReduceMin", "minimum"), ("ReduceMax", "maximum")):
            reduced = _node(model, operator, [name, axes], _output(name, end), keepdims=0)
            _add_output(model, reduced, kind, (shape[channel],))


def stride(shape: Sequence[int]) -> int:
    """A step over the flat elements that shares no factor with any side: it meets every row and column.

    At least size / SAMPLE_SIZE; a sample with it is not aligned to the rows of an image.
    """
    step = -(-math.prod(shape) // SAMPLE_SIZE)
    while any(math.gcd(step, side) > 1 for side in shape):
        step += 1
    return step


def _known(model: onnx.ModelProto, values: Sequence[str]) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Element types (of onnx.TensorProto) and shapes of ``values``. Raises UsageError for an unknown one."""
    infos = {
        v.name: v.type.tensor_type for v in (*model.graph.input, *model.graph.value_info, *model.graph.output)
    }
    if unknown := sorted(set(values) - set(infos)):
        message = f"cannot observe {', '.join(unknown)}: no such value of known shape in the graph"
        raise UsageError(message)
    return {
        name: (infos[name].elem_type, tuple(d.dim_value for d in infos[name].shape.dim)) for name in values
    }


def _output(name: str, kind: str) -> str:
    return f"{_PREFIX}.{kind}.{name}"


def _node(model: onnx.ModelProto, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
    import onnx

    model.graph.node.append(onnx.helper.make_node(operator, inputs, [output], **attributes))
    return output


def _add_output(model: onnx.ModelProto, name: str, kind: int, shape: tuple[int, ...]) -> None:
    """Let the value ``name`` leave the model."""
    import onnx

    model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, shape))


def _constant(model: onnx.ModelProto, *numbers: int) -> str:
    """The name of an int64 initializer that holds ``numbers``."""
    import onnx

    name = f"{_PREFIX}.constant.{len(model.graph.initializer)}"
    array = np.array(numbers, dtype=np.int64)
    model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return name
