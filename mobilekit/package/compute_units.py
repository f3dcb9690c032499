"""Core ML's compute units for a tier's accelerators."""

from __future__ import annotations

from collections.abc import Sequence

from mobilekit.tier import Accelerator


def compute_units(accelerators: Sequence[Accelerator]) -> str:
    """The name of the ``MLComputeUnits`` case: ``all``, ``cpuAndNeuralEngine``, ``cpuAndGPU``, ``cpuOnly``.

    Core ML chooses among those it may use; the CPU is always one of them.
    """
    if {"npu", "gpu"} <= set(accelerators):
        return "all"
    if "npu" in accelerators:
        return "cpuAndNeuralEngine"
    return "cpuAndGPU" if "gpu" in accelerators else "cpuOnly"
