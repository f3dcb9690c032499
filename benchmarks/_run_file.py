"""``python _run_file.py FILE.tflite FEEDS.npz OUT.npz REPEAT``: outputs for every feed, and the time of one.

In a process of its own: other converters' files can end it. Integer inputs and outputs are those of the
file's own scales. Time is the median of one thread's processor time over REPEAT inferences of the last
feed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np


def main() -> None:
    from ai_edge_litert.interpreter import Interpreter

    file, feeds, out, repeat = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    interpreter = Interpreter(file, num_threads=1)
    interpreter.allocate_tensors()
    found: dict[str, np.ndarray] = {}
    for index, feed in enumerate(read_feeds(feeds)):
        set_inputs(interpreter, feed)
        interpreter.invoke()
        for place, details in enumerate(interpreter.get_output_details()):
            found[f"{index}/{place}"] = real(interpreter.get_tensor(details["index"]), details)
    seconds = []
    for _ in range(repeat):
        began = time.thread_time()
        interpreter.invoke()
        seconds.append(time.thread_time() - began)
    np.savez(out, seconds=np.array(statistics.median(seconds)), **found)


def set_inputs(interpreter: Any, feed: Mapping[str, np.ndarray]) -> None:
    """By name, else by position; images by the file's shape."""
    signature = next(iter(interpreter.get_signature_list()))
    inputs = interpreter.get_signature_runner(signature).get_input_details()
    by_position = dict(zip(inputs, feed.values(), strict=True))
    for name, details in inputs.items():
        value = feed.get(name, by_position[name])
        if tuple(details["shape"]) != value.shape:
            value = np.transpose(value, (0, 2, 3, 1))
        interpreter.set_tensor(details["index"], stored(np.ascontiguousarray(value), details))


def stored(value: np.ndarray, details: Mapping[str, Any]) -> np.ndarray:
    """Real numbers as the file's tensor holds them."""
    scale, zero_point = details["quantization"]
    if not scale or np.dtype(details["dtype"]).kind == "f":
        return value
    limits = np.iinfo(details["dtype"])
    return np.clip(np.round(value / scale) + zero_point, limits.min, limits.max).astype(details["dtype"])


def real(value: np.ndarray, details: Mapping[str, Any]) -> np.ndarray:
    """What a tensor stands for."""
    scale, zero_point = details["quantization"]
    if not scale or value.dtype.kind == "f":
        return np.array(value)
    return scale * (value.astype(np.float64) - zero_point)


def read_feeds(path: str) -> list[dict[str, np.ndarray]]:
    """Feeds in order, inputs in theirs."""
    with np.load(path) as held:
        count = 1 + max(int(key.partition("/")[0]) for key in held.files)
        feeds: list[dict[str, np.ndarray]] = [{} for _ in range(count)]
        for key in held.files:
            index, _, name = key.partition("/")
            feeds[int(index)][name] = held[key]
    return feeds


if __name__ == "__main__":
    main()
