"""Maps of element numbers: each form is named for its own map, and for none that is off by one element."""

import numpy as np
import pytest

from mobilekit.normalise.movement_forms import (
    channel_order,
    padding,
    pixel_shuffle,
    pixel_unshuffle,
    plausible,
    separable,
    upsampling,
)

NUMBERS = np.arange(1 * 8 * 4 * 6, dtype=np.int32).reshape(1, 8, 4, 6)


def _pad(mode, rows=(1, 2), columns=(0, 2)):
    return np.pad(NUMBERS, ((0, 0), (0, 0), rows, columns), mode)


def _shuffled(order):
    split = NUMBERS.reshape(1, 2, 2, 2, 4, 6)
    axes = (0, 3, 4, 1, 5, 2) if order == "DCR" else (0, 1, 4, 2, 5, 3)
    return split.transpose(axes).reshape(1, 2, 8, 12)


def _unshuffled():
    return NUMBERS.reshape(1, 8, 2, 2, 3, 2).transpose(0, 3, 5, 1, 2, 4).reshape(1, 32, 2, 3)


CASES = [
    (upsampling, NUMBERS.repeat(2, axis=2).repeat(3, axis=3), "nearest upsampling by 2x3"),
    (channel_order, NUMBERS[:, [0, 4, 1, 5, 2, 6, 3, 7]], "channel shuffle"),
    (pixel_shuffle, _shuffled("DCR"), "pixel shuffle DCR"),
    (pixel_shuffle, _shuffled("CRD"), "pixel shuffle CRD"),
    (pixel_unshuffle, _unshuffled(), "pixel unshuffle"),
    (padding, _pad("reflect"), "reflect padding"),
    (padding, _pad("edge"), "edge padding"),
    (padding, _pad("wrap"), "wrap padding"),
    (separable, NUMBERS[:, :, [3, 1, 1]][..., [5, 0]], "rows and columns by index"),
]
NAMES = [kind for _, _, kind in CASES]


@pytest.mark.parametrize(("form", "moved", "kind"), CASES, ids=NAMES)
def test_its_own_map(form, moved, kind):
    """The form is found under its name."""
    assert form(NUMBERS, moved).kind == kind


@pytest.mark.parametrize(("form", "moved", "kind"), CASES, ids=NAMES)
@pytest.mark.parametrize("place", [0, -1, 77])
def test_a_map_that_is_off_by_two_elements(form, moved, kind, place):
    """Two elements in each other's place, whichever: no form, or another one than a proved one."""
    other = moved.copy().reshape(-1)
    place = place % other.size
    neighbour = next(i for i in range(other.size) if other[i] != other[place])
    other[place], other[neighbour] = other[neighbour], other[place]
    assert form(NUMBERS, other.reshape(moved.shape)) is None, kind


@pytest.mark.parametrize(
    ("form", "moved"),
    [
        (upsampling, NUMBERS),
        (upsampling, np.tile(NUMBERS, (1, 1, 2, 2))),
        (channel_order, NUMBERS),
        (channel_order, np.roll(NUMBERS, 3, axis=1)),
        (channel_order, NUMBERS[:, :4]),
        (padding, NUMBERS),
        (padding, _pad("symmetric")),
        (padding, _pad("reflect", rows=(1, 2), columns=(0, 0))[:, :, 1:][..., :3]),
        (padding, np.concatenate([_pad("edge")[:, :, :4], _pad("wrap")[:, :, 4:]], axis=2)),
        (pixel_shuffle, NUMBERS.reshape(1, 2, 8, 12)),
        (pixel_unshuffle, NUMBERS.reshape(1, 32, 2, 3)),
        (separable, NUMBERS),
        (separable, NUMBERS[:, ::-1]),
    ],
    ids=[
        "as it is", "tiles", "own order", "rotation", "fewer", "not padded", "symmetric", "cut", "two modes",
        "reshaped", "reshaped back", "own places", "channels",
    ],
)  # fmt: skip
def test_neighbours(form, moved):
    """Maps of other movements: nothing is found in them."""
    assert form(NUMBERS, np.ascontiguousarray(moved)) is None


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ((1, 8, 8, 6), True),
        ((1, 2, 8, 12), True),
        ((1, 32, 2, 3), True),
        ((2, 8, 4, 6), False),
        ((1, 8, 3, 6), False),
        ((1, 4, 8, 6), False),
        ((1, 8, 0, 6), False),
    ],
)
def test_plausible(target, expected):
    """By shapes alone: other batches, crops, other ratios and nothing at all have no form."""
    assert plausible(NUMBERS.shape, target) == expected
