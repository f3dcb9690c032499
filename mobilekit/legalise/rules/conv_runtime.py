"""Conv whose weights are computed at run time: a matrix product per cell of the kernel, added up.

Measured in LiteRT 2.3.0 with 2 threads: CONV_2D takes runtime weights, but outside XNNPACK: 4.0 ms for
32 channels of 64×64 and 15.5 for 64, against 0.7 and 3.1 as products (1.5 and 5.3 as one product of
concatenated slices, which also needs kernel times the memory). The GPU delegates accept both.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.spatial import Window, full, onnx_pads, outputs_of, window_of
from mobilekit.legalise.volumes import seen

# Beyond so many groups or cells, one CONV_2D (or DEPTHWISE_CONV_2D) is less than its many products.
_MOST_GROUPS = 4
_MOST_PRODUCTS = 64


def _products(node: Node, b: Builder) -> Replacement | None:
    """``Y[p] = Σ over cells: X[p · stride + cell · dilation] · W[cell]``, pixels as rows."""
    x, weights = node.inputs[:2]
    groups = node["group"]
    if b.is_constant(weights) or b.rank(x) != 4:
        return None
    window = window_of(node, b.shape(weights)[2:])
    if groups > _MOST_GROUPS or groups * window.kernel[0] * window.kernel[1] > _MOST_PRODUCTS:
        return None
    pads = onnx_pads(node, window, b.shape(x)[2:])
    sizes = outputs_of(window, b.shape(x)[2:], pads)
    padded = b.add("Pad", x, full(pads)) if any(map(any, pads)) else x
    channels, outputs = b.shape(x)[1] // groups, b.shape(weights)[0] // groups
    # [M, C/g, kh, kw] → [kh·kw, C/g, M]: a matrix per cell
    count = window.kernel[0] * window.kernel[1]
    cells = b.reshape(b.transpose(weights, (2, 3, 1, 0)), (count, channels, outputs * groups))
    done = []
    for group in range(groups):
        image = b.slice(padded, 1, group * channels, (group + 1) * channels)
        matrices = b.slice(cells, 2, group * outputs, (group + 1) * outputs)
        done.append(_sum(image, matrices, window, sizes, b))
    rows = b.concat(done, 2)
    image = b.reshape(rows, (b.shape(x)[0], *sizes, outputs * groups))
    return b.transpose(image, (0, 3, 1, 2))


def _sum(image: str, matrices: str, window: Window, sizes: tuple[int, ...], b: Builder) -> str:
    batch, channels = b.shape(image)[:2]
    parts = []
    for cell in range(b.shape(matrices)[0]):
        part = seen(image, window, divmod(cell, window.kernel[1]), sizes, b)
        rows = b.reshape(b.transpose(part, (0, 2, 3, 1)), (1, batch * sizes[0] * sizes[1], channels))
        parts.append(b.add("MatMul", rows, b.slice(matrices, 0, cell, cell + 1)))
    return b.chain("Add", parts)


RULES = (Rule(name="conv-runtime-weights", ops=("Conv",), apply=_products),)
