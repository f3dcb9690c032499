"""LiteRT's GPU accelerator, as :mod:`mobilekit.runtimes.server` holds it; nothing else imports it.

It speaks the file's own names, types and layouts. What the delegate says goes to the log.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import AcceleratorError

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_PARTLY = "ops are not accelerated"  # CompiledModel's error where the CPU is not allowed to help


class LitertGpu:
    """A file opened with CompiledModel, on the GPU alone or, where that is refused, with the CPU's help."""

    def __init__(self, path: Path, options: Mapping[str, Any]) -> None:
        from ai_edge_litert.compiled_model import CompiledModel, GpuOptions, HardwareAccelerator, Options

        def compiled(accelerators: Any) -> Any:
            gpu = GpuOptions(enforce_f32=bool(options["enforce_f32"]))
            return CompiledModel.from_file(
                str(path), options=Options(hardware_accelerators=accelerators, gpu_options=gpu)
            )

        only = HardwareAccelerator.GPU
        try:
            self._model: Any = compiled(only)
        except RuntimeError as error:
            if _PARTLY not in str(error):
                raise
            self._model, only = compiled(HardwareAccelerator.GPU | HardwareAccelerator.CPU), None
        signature = next(iter(self._model.get_signature_list()))
        names = self._model.get_signature_by_index(0)
        self._names: list[str] = list(names["inputs"])
        self._results: list[str] = list(names["outputs"])
        self._inputs: list[Any] = self._model.create_input_buffers(0)
        self._outputs: list[Any] = self._model.create_output_buffers(0)
        whole = only is not None and self._model.is_fully_accelerated()
        self.facts = {
            "whole": whole,
            "signature": signature,
            "inputs": self._names,
            "outputs": self._results,
        }

    def run(self, feed: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by the signature's names, of the file's types."""
        for name, buffer in zip(self._names, self._inputs, strict=True):
            buffer.write(np.ascontiguousarray(feed[name]).reshape(-1).view(np.uint8))
        self._model.run_by_index(0, self._inputs, self._outputs)
        return {name: _read(buffer) for name, buffer in zip(self._results, self._outputs, strict=True)}

    def close(self) -> None:
        """Free the device's memory."""
        for buffer in (*self._inputs, *self._outputs):
            buffer.destroy()
        self._inputs, self._outputs = [], []
        self._model.close()


def _read(buffer: Any) -> Array:
    """The numbers in a buffer; as bytes, because its Python interface names few types."""
    details = buffer.get_tensor_details()
    try:
        dtype = np.dtype(details["dtype"])
    except TypeError as error:
        message = f"an output of a type that LiteRT calls {details['dtype']!r}"
        raise AcceleratorError(message, hint="use the CPU") from error
    size = int(np.prod(details["shape"], dtype=np.int64)) * dtype.itemsize
    content: Array = buffer.read(size, np.uint8)
    return content.view(dtype).reshape(details["shape"])


def open_driver(path: Path, options: Mapping[str, Any]) -> LitertGpu:
    """Open ``path``; options: ``enforce_f32``, and ``loader`` (the Vulkan loader to use, or empty).

    The loader is loaded first, under the name that the accelerator will ask for.
    """
    if options["loader"]:
        ctypes.CDLL(options["loader"], mode=ctypes.RTLD_GLOBAL)
    return LitertGpu(path, options)
