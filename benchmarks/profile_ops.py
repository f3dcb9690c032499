"""Where a .tflite file spends its time: every operator as a file of its own, summed per kind.

LiteRT's Python interface has no profiler. An operator alone gets the kernel that it gets in the
whole file (XNNPACK's where that takes it), without what XNNPACK fuses across operators and without
a warm cache, so the sum is a little above the whole file's time, which is printed beside it.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from _measure import table
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

THREADS = 2
ROUNDS = 7
KINDS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


def read(path: Path) -> Any:
    return schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)


def alone(model: Any, operator: Any) -> bytes:
    """A file with one operator: constants stay, all else it reads becomes an input."""
    from mobilekit.convert.tflite.fallback_file import pack_model

    graph = model.subgraphs[0]
    used = sorted({int(t) for t in (*operator.inputs, *operator.outputs) if t >= 0})
    place = {tensor: index for index, tensor in enumerate(used)}
    tensors = [copy.copy(graph.tensors[tensor]) for tensor in used]
    buffers = [schema.BufferT()]
    for tensor in tensors:
        data = model.buffers[tensor.buffer].data
        if data is None or not len(data):
            tensor.buffer = 0
            continue
        buffers.append(copy.copy(model.buffers[tensor.buffer]))
        tensor.buffer = len(buffers) - 1
    single = copy.copy(operator)
    single.opcodeIndex = 0
    single.inputs = np.array([place.get(int(t), -1) for t in operator.inputs], np.int32)
    single.outputs = np.array([place[int(t)] for t in operator.outputs], np.int32)
    part = schema.SubGraphT()
    part.tensors, part.operators = tensors, [single]
    part.inputs = [i for i in dict.fromkeys(single.inputs.tolist()) if i >= 0 and tensors[i].buffer == 0]
    part.outputs = single.outputs
    made = schema.ModelT()
    made.version, made.subgraphs, made.buffers = 3, [part], buffers
    made.operatorCodes = [model.operatorCodes[operator.opcodeIndex]]
    return pack_model(made)


def milliseconds(content: bytes) -> float:
    """Median time of one inference; inputs hold small random values."""
    interpreter = Interpreter(model_content=content, num_threads=THREADS)
    interpreter.allocate_tensors()
    random = np.random.default_rng(0)
    for details in interpreter.get_input_details():
        value = random.uniform(0.5, 1.5, details["shape"])
        interpreter.set_tensor(details["index"], value.astype(details["dtype"]))
    found = []
    for _ in range(ROUNDS + 2):
        started = time.perf_counter()
        interpreter.invoke()
        found.append(1e3 * (time.perf_counter() - started))
    return statistics.median(found[2:])


def signature(model: Any, operator: Any) -> str:
    """Kind, element type and output shape: what operators are grouped by in the long table."""
    graph = model.subgraphs[0]
    code = model.operatorCodes[operator.opcodeIndex]
    kind = KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    out = graph.tensors[int(operator.outputs[0])]
    read_from = graph.tensors[int(operator.inputs[0])]
    types = {v: k.lower() for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
    return f"{kind} {types[out.type]} {[int(d) for d in read_from.shape]} -> {[int(d) for d in out.shape]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--top", type=int, default=12, help="how many of the dearest shapes to show")
    given = parser.parse_args()
    for path in given.files:
        model = read(path)
        spent: dict[str, list[float]] = defaultdict(list)
        for operator in model.subgraphs[0].operators:
            spent[signature(model, operator)].append(milliseconds(alone(model, operator)))
        kinds: dict[str, list[float]] = defaultdict(list)
        for name, values in spent.items():
            kinds[" ".join(name.split()[:2])] += values
        total = sum(map(sum, kinds.values()))
        print(f"\n{path}: {milliseconds(path.read_bytes()):.2f} ms as a whole, {total:.2f} ms in parts")
        for groups, most in ((kinds, len(kinds)), (spent, given.top)):
            ordered = sorted(groups.items(), key=lambda item: -sum(item[1]))[:most]
            table(["operator", "count", "ms"], [[name, len(v), sum(v)] for name, v in ordered])
            print()


if __name__ == "__main__":
    main()
