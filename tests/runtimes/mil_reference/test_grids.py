"""Points of the sampling modes as the documentation's examples have them; mirrors and borders by hand."""

import numpy as np
import pytest

from mobilekit.runtimes.mil_reference.grids import floored, folded, interpolate, points, sample, unnormalised


@pytest.mark.parametrize(
    ("mode", "count", "expected"),
    [
        ("UNALIGN_CORNERS", 5, [0, 0.1, 0.5, 0.9, 1]),
        ("STRICT_ALIGN_CORNERS", 5, [0, 0.25, 0.5, 0.75, 1]),
        ("ALIGN_CORNERS", 5, [0, 0.25, 0.5, 0.75, 1]),
        ("DEFAULT", 5, [0, 0.4, 0.8, 1, 1]),
        ("OFFSET_CORNERS", 5, [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("UNALIGN_CORNERS", 6, [0, 0, 1 / 3, 2 / 3, 1, 1]),
        ("DEFAULT", 6, [0, 1 / 3, 2 / 3, 1, 1, 1]),
        ("OFFSET_CORNERS", 6, [1 / 12, 3 / 12, 5 / 12, 7 / 12, 9 / 12, 11 / 12]),
        ("ALIGN_CORNERS", 1, [0.5]),
        ("STRICT_ALIGN_CORNERS", 1, [0]),
    ],
)
def test_points(mode, count, expected):
    """Two elements sampled at five and six points, and at one."""
    np.testing.assert_allclose(points(mode, 2, count), expected, atol=1e-12)


def test_unknown_modes():
    """A mode of neither kind is an error."""
    with pytest.raises(ValueError, match="sampling_mode 'CUBIC'"):
        points("CUBIC", 2, 2)
    with pytest.raises(ValueError, match="coordinates_mode 'polar'"):
        unnormalised(np.zeros(1), 2, "polar", align_corners=True)


def test_interpolate():
    """Between elements, on the last one, and along another axis; the input stays as it is."""
    x = np.asarray([[1, 3], [5, 9]], np.float32)
    np.testing.assert_allclose(interpolate(x, np.asarray([0.25, 1.0]), 1), [[1.5, 3], [6, 9]])
    np.testing.assert_allclose(interpolate(x, np.asarray([0.5]), 0), [[3, 6]])
    np.testing.assert_array_equal(x, [[1, 3], [5, 9]])


def test_floored():
    """Exact where a product in floating point is not: 7 to 49 elements, each seven times."""
    np.testing.assert_array_equal(floored(7, 49), np.repeat(np.arange(7), 7))
    np.testing.assert_array_equal(floored(3, 2), [0, 1])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("border", [0, 0, 0, 1, 2, 2, 2]),
        ("reflection", [2, 1, 0, 1, 2, 1, 0]),
        ("symmetric", [1, 0, 0, 1, 2, 2, 1]),
        ("constant", [-2, -1, 0, 1, 2, 3, 4]),
    ],
)
def test_folded(mode, expected):
    """Two elements to each side of three, as the documentation pads them."""
    np.testing.assert_allclose(folded(np.arange(-2.0, 5), 3, mode), expected)


def test_reflection_of_one_element():
    """There is nothing to mirror: every position is that element."""
    np.testing.assert_array_equal(folded(np.asarray([-3.0, 0.4, 7]), 1, "reflection"), [0, 0, 0])


def test_unnormalised():
    """The corners are the centres of the outermost elements, or their edges."""
    ends = np.asarray([-1.0, 1.0])
    mode = "normalized_minus_one_to_one"
    np.testing.assert_allclose(unnormalised(ends, 4, mode, align_corners=True), [0, 3])
    np.testing.assert_allclose(unnormalised(ends, 4, mode, align_corners=False), [-0.5, 3.5])
    np.testing.assert_allclose(unnormalised(ends, 4, "unnormalized", align_corners=True), [-1, 1])


def test_sample():
    """Four neighbours by their shares, those outside as the padding; nearest rounds halves to even."""
    x = np.asarray([[[[10, 20], [30, 40]]]], np.float32)
    columns, rows = np.asarray([[0.5, 0.0]]), np.asarray([[0.5, -0.5]])
    np.testing.assert_allclose(sample(x, columns, rows, nearest=False, outside=2.0), [[[25, 6]]])
    np.testing.assert_allclose(sample(x, columns, rows, nearest=True, outside=2.0), [[[10, 10]]])
