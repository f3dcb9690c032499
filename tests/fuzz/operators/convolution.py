"""Conv and ConvTranspose over one to three axes."""

from __future__ import annotations

from tests.fuzz.draft import Draft, Value
from tests.fuzz.operators.windows import window


def image(d: Draft, *, channels: int | None = None) -> Value:
    """An image of rank 4, less often one of rank 3 or 5."""
    ranks = d.choose.of([(4,), (4,), (4,), (3,), (5,)])
    return d.operand(
        ranks=ranks,
        where=lambda v: channels is None or v.shape[1] == channels,
        shape=lambda: _shape(d, ranks[0], channels),
    )


def _shape(d: Draft, rank: int, channels: int | None) -> tuple[int, ...]:
    most = 9 if rank < 5 else 5
    batch = d.choose.of([1, 1, 2])
    return (batch, channels or d.choose.integer(1, 6), *(d.choose.integer(1, most) for _ in range(rank - 2)))


def _groups(d: Draft, channels: int) -> int:
    return d.choose.of([1, 1, *(g for g in range(2, channels + 1) if channels % g == 0)])


def _bias(d: Draft, channels: int) -> list[str]:
    return [d.weight((channels,))] if d.choose.chance(60) else []


def _conv(d: Draft) -> None:
    x = image(d)
    group = _groups(d, x.shape[1])
    out = group * d.choose.integer(1, 3)
    w = window(d, x.shape[2:])
    weights = d.weight((out, x.shape[1] // group, *w.kernel), low=-1.0, high=1.0, runtime=4)
    given = w.attributes(d, kernel=False)
    d.add("Conv", [x, weights, *_bias(d, out)], group=group if group > 1 else d.choose.of([None, 1]), **given)


def _conv_transpose(d: Draft) -> None:
    x = image(d)
    group = _groups(d, x.shape[1])
    per_group = d.choose.integer(1, 3)
    w = window(d, x.shape[2:])
    weights = d.weight((x.shape[1], per_group, *w.kernel), low=-1.0, high=1.0, runtime=4)
    given = w.attributes(d, kernel=False)
    if d.choose.chance(30):
        given["output_padding"] = [
            d.choose.integer(0, max(s, k) - 1) for s, k in zip(w.strides, w.dilations, strict=True)
        ]
    elif d.choose.chance(10):
        given.pop("pads", None)
        given["output_shape"] = [
            s * t + d.choose.integer(0, 2) for s, t in zip(x.shape[2:], w.strides, strict=True)
        ]
    d.add(
        "ConvTranspose",
        [x, weights, *_bias(d, group * per_group)],
        group=group if group > 1 else None,
        **given,
    )


TABLE = {"Conv": _conv, "ConvTranspose": _conv_transpose}
