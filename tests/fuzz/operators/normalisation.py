"""Normalisations as one operator."""

from __future__ import annotations

from tests.fuzz.draft import Draft, Value

_EPSILONS = (None, 1e-2, 1e-3)


def varied(v: Value, axes: tuple[int, ...] | None = None) -> bool:
    """Whether numbers differ along ``axes``: the norm of what is constant is rounding noise."""
    spread = v.array.std(axis=axes) if v.array.size > 1 else v.array * 0
    return bool((spread > 0.02).all())


def _batch_norm(d: Draft) -> None:
    x = d.operand(ranks=range(2, 6))
    c = x.shape[1]
    operands = [d.weight((c,)), d.weight((c,)), d.weight((c,)), d.weight((c,), low=0.2, high=2.0)]
    d.add("BatchNormalization", [x, *operands], epsilon=d.choose.of(_EPSILONS))


def _instance_norm(d: Draft) -> None:
    x = d.operand(
        ranks=range(3, 6), where=lambda v: varied(v, tuple(range(2, v.rank))), shape=lambda: (2, 3, 5, 4)
    )
    c = x.shape[1]
    d.add("InstanceNormalization", [x, d.weight((c,)), d.weight((c,))], epsilon=d.choose.of(_EPSILONS))


def _layer_norm(d: Draft) -> None:
    axis = d.choose.of([None, -1, -2])
    count = -axis if axis else 1
    x = d.operand(
        ranks=range(count + 1, 6),
        where=lambda v: varied(v, tuple(range(v.rank - count, v.rank))),
        shape=lambda: (2, 5, 6),
    )
    shape = x.shape[-count:]
    bias = [d.weight(shape)] if d.choose.chance(60) else []
    d.add("LayerNormalization", [x, d.weight(shape), *bias], axis=axis, epsilon=d.choose.of(_EPSILONS))


def _group_norm(d: Draft) -> None:
    x = d.operand(
        ranks=(3, 4, 5), where=lambda v: varied(v, tuple(range(2, v.rank))), shape=lambda: (1, 6, 3, 5)
    )
    c = x.shape[1]
    groups = d.choose.of([g for g in range(1, c + 1) if c % g == 0])
    size = groups if d.opset < 21 else c
    d.add(
        "GroupNormalization",
        [x, d.weight((size,)), d.weight((size,))],
        num_groups=groups,
        epsilon=d.choose.of(_EPSILONS),
    )


def _rms_norm(d: Draft) -> None:
    x = d.operand(ranks=range(2, 6), where=varied)
    axis = d.choose.of([None, -1, -2])
    shape = x.shape[axis or -1 :]
    d.add("RMSNormalization", [x, d.weight(shape)], axis=axis, epsilon=d.choose.of(_EPSILONS))


def _lp_norm(d: Draft) -> None:
    x = d.operand(where=lambda v: abs(v.array).min() > 0.02)
    d.add("LpNormalization", [x], axis=d.choose.integer(-x.rank, x.rank - 1), p=d.choose.of([None, 1, 2]))


def _lrn(d: Draft) -> None:
    x = d.operand(ranks=(4,))
    d.add("LRN", [x], size=d.choose.of([3, 1, 5, 2]), alpha=d.choose.of([None, 0.5]), bias=d.choose.of([None, 2.0]),
          beta=d.choose.of([None, 0.5]))  # fmt: skip


def _mvn(d: Draft) -> None:
    x = d.operand(ranks=(4,), where=lambda v: varied(v, (0, 2, 3)), shape=lambda: (1, 2, 5, 3))
    d.add("MeanVarianceNormalization", [x], axes=d.choose.of([None, [0, 2, 3], [2, 3]]))


TABLE = {
    "BatchNormalization": _batch_norm,
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "RMSNormalization": _rms_norm,
    "LpNormalization": _lp_norm,
    "LRN": _lrn,
    "MeanVarianceNormalization": _mvn,
}
