"""Conv over volumes: a sum of two-dimensional convolutions, one per plane of the kernel.

Measured in LiteRT 2.3.0 with 2 threads, 3×3×3 kernels: CONV_3D (outside XNNPACK) 4.0, 5.9, 31 and 14 ms,
the sum 0.2, 0.9, 9.8 and 7.0 ms; all planes concatenated for one convolution is no faster than the sum,
and has no groups. GPU delegates have no CONV_3D at all.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.spatial import flat, full, is_tflite_padding, onnx_pads, outputs_of, window_of
from mobilekit.legalise.volumes import AXES, every, planes_of, tap, volume_of


def _volume(node: Node, b: Builder) -> Replacement | Refusal | None:
    x, weights = node.inputs[:2]
    axes = b.rank(x) - 2
    if axes > AXES:
        return Refusal(got=f"a kernel over {axes} axes", hint="convolve over at most 3 axes")
    if axes != AXES:
        return None
    window = window_of(node, b.shape(weights)[2:])
    pads = onnx_pads(node, window, b.shape(x)[2:])
    depth = outputs_of(window, b.shape(x)[2:], pads)[0]
    flatly = window.over(1, 2)
    inner = is_tflite_padding(pads[1:], flatly, b.shape(x)[3:])
    around = (pads[0], (0, 0), (0, 0)) if inner else pads
    padded = b.add("Pad", x, full(around)) if any(map(any, around)) else x
    source = planes_of(padded, b) if b.shape(x)[0] == 1 else padded
    sums = []
    for plane in range(window.kernel[0]):
        axis = 0 if source != padded else 2
        part = every(source, axis, plane * window.dilations[0], depth, window.strides[0], b)
        sums.append(
            b.add(
                "Conv",
                part if axis == 0 else planes_of(part, b),
                tap(weights, 2, plane, b),
                node.input(2) if plane == 0 else None,
                kernel_shape=flatly.kernel,
                strides=flatly.strides,
                dilations=flatly.dilations,
                group=node["group"],
                pads=flat(pads[1:]) if inner else (0,) * 4,
            )
        )
    return volume_of(b.chain("Add", sums), b.shape(x)[0], b)


RULES = (Rule(name="conv-3d", ops=("Conv",), apply=_volume),)
