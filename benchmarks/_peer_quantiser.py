"""``python _peer_quantiser.py FLOAT.tflite FEEDS.npz OUT.tflite``: ai-edge-quantizer's static int8 file.

Run by the interpreter of an environment with ai-edge-quantizer; its recipe for int8 weights and
activations, calibrated with all feeds (in the layouts of the file).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np


def main() -> None:
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe

    float_file, feeds, out = sys.argv[1:4]
    interpreter = Interpreter(float_file)
    signature = next(iter(interpreter.get_signature_list()))
    inputs = interpreter.get_signature_runner(signature).get_input_details()
    made = quantizer.Quantizer(float_file, recipe.static_wi8_ai8())
    ranges = made.calibrate({signature: list(_feeds(feeds, inputs))}, num_threads=1)
    made.quantize(ranges).export_model(out, overwrite=True)


def _feeds(path: str, inputs: dict[str, dict]) -> Iterator[dict[str, np.ndarray]]:
    with np.load(path) as held:
        for index in sorted({int(key.partition("/")[0]) for key in held.files}):
            own = {k.partition("/")[2]: held[k] for k in held.files if k.startswith(f"{index}/")}
            by_position = dict(zip(inputs, own.values(), strict=True))
            yield {name: _laid_out(own.get(name, by_position[name]), d) for name, d in inputs.items()}


def _laid_out(value: np.ndarray, details: dict) -> np.ndarray:
    if tuple(details["shape"]) != value.shape:
        value = np.transpose(value, (0, 2, 3, 1))
    return np.ascontiguousarray(value)


if __name__ == "__main__":
    main()
