"""Layers that read one vector are one; what is read in between, or by others, stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.legalise.legality_mil import check_legal_mil
from mobilekit.legalise.pipeline import legalise
from tests.legalise.mil import check_mil
from tests.legalise.support import more, noise, text_graph

FEED = {"x": noise(1, 3, 1, 1, seed=9), "u": noise(1, 4, 5, 5, seed=8)}
CONSTANTS = {
    "v": noise(8, 3, 1, 1, seed=1), "w": noise(8, 3, 1, 1, seed=2), "a": noise(8, seed=3), "one": np.float32(1),
    "s": noise(1, 4, 1, 1, seed=4), "row": noise(4, seed=5),
}  # fmt: skip
FIRST = "c = Conv (x, v, a) f, g = Split<axis=1, num_outputs=2> (c)"
SECOND = "d = Conv (x, w) h, i = Split<axis=1, num_outputs=2> (d)"


def _found(body, outputs="float[1,4,5,5] y"):
    text = f"g (float[1,3,1,1] x, float[1,4,5,5] u) => ({outputs}) {{ {body} }}"
    used = {
        name: value
        for name, value in CONSTANTS.items()
        if any(f"{c}{name}{d}" in text for c in " (" for d in "),")
    }
    found = check_mil(text_graph(text, used), FEED)
    del found["identity"]
    return found


def test_styles():
    """Two layers, two Splits and the one that is added are one Conv and one Split."""
    body = f"{FIRST} {SECOND} p = Add (f, one) q = Mul (u, p) r = Add (q, g) t = Mul (r, h) y = Add (t, i)"
    assert _found(body) == {"conv": 1, "split": 1, "mul": 2, "add": 2}


@pytest.mark.parametrize(
    "line", ["p = Mul (f, s)", "p = Sub (f, s)", "p = Sub (s, f)", "k = Mul (f, s) p = Add (s, k)"]
)
def test_constants_in_the_weights(line):
    """A product, a difference either way, several in a row; of one layer alone too."""
    assert _found(f"{FIRST} {line} q = Mul (u, p) y = Add (q, g)") == {
        "conv": 1,
        "split": 1,
        "mul": 1,
        "add": 1,
    }


def test_constant_along_another_axis():
    """A row of columns makes a row of the cell: it is added to no bias."""
    found = _found(f"{FIRST} p = Add (f, row) q = ReduceSum (p) k = Mul (u, q) y = Add (k, g)")
    assert (found["conv"], found["add"]) == (1, 2)


@pytest.mark.parametrize("more_outputs", [", float[1,4,1,1] f", ", float[1,8,1,1] c"])
def test_read_in_between(more_outputs):
    """A part, or the whole layer, that is an output itself is computed as it is."""
    body = f"{FIRST} p = Add (f, one) q = Mul (u, p) y = Add (q, g)"
    assert _found(body, f"float[1,4,5,5] y{more_outputs}") == {"conv": 1, "split": 1, "mul": 1, "add": 2}


def test_ends_that_are_outputs():
    """They keep their names."""
    outputs = "float[1,4,1,1] p, float[1,4,1,1] g, float[1,4,1,1] h, float[1,4,1,1] i"
    assert _found(f"{FIRST} {SECOND} p = Add (f, one)", outputs) == {"conv": 1, "split": 1}


def test_no_gain():
    """Two layers that nothing cuts are two operators anyhow; layers of maps stay apart."""
    body = "c = Conv (x, v, a) d = Conv (x, w) y = Mul (c, d)"
    assert _found(body, "float[1,8,1,1] y") == {"conv": 2, "mul": 1}
    text = f"g (float[1,3,2,1] x) => (float[1,4,2,1] y) {{ {FIRST} {SECOND} p = Mul (f, g) q = Mul (h, i) y = Add (p, q) }}"
    used = {name: CONSTANTS[name] for name in "vwa"}
    assert check_mil(text_graph(text, used), {"x": noise(1, 3, 2, 1)})["conv"] == 2


def test_different_vectors():
    """Of the vector and of its root: nothing to join."""
    body = f"e = Abs (x) {FIRST} d = Conv (e, w) h, i = Split<axis=1, num_outputs=2> (d) p = Mul (f, g)"
    assert _found(f"{body} q = Mul (h, i) y = Add (p, q)", "float[1,4,1,1] y")["conv"] == 2


@given(seed=st.integers(0, 10**6))
@more
def test_chains(seed):
    """Layers, Splits and arithmetic in any order: the same numbers, in no more operators."""
    rng = np.random.default_rng(seed)
    lines, constants, values = [], {}, [("x", 3)]
    for step in range(int(rng.integers(3, 10))):
        name, channels = values[0 if rng.random() < 0.4 else int(rng.integers(len(values)))]
        kind = rng.choice(["Conv", "Conv", "Split", "Add", "Mul", "Sub", "Sub2", "Relu"])
        if kind == "Conv":
            constants[f"w{step}"] = noise(4, channels, 1, 1, seed=step) / 2
            lines.append(f"v{step} = Conv ({name}, w{step})")
            values.append((f"v{step}", 4))
        elif kind == "Split" and channels % 2 == 0:
            lines.append(f"v{step}, z{step} = Split<axis=1, num_outputs=2> ({name})")
            values += [(f"v{step}", channels // 2), (f"z{step}", channels // 2)]
        elif kind == "Relu":
            lines.append(f"v{step} = Relu ({name})")
            values.append((f"v{step}", channels))
        elif kind in ("Add", "Mul", "Sub", "Sub2"):
            constants[f"k{step}"] = noise(*((channels, 1, 1) if rng.random() < 0.5 else ()), seed=step)
            operands = f"k{step}, {name}" if kind == "Sub2" else f"{name}, k{step}"
            lines.append(f"v{step} = {kind[:3]} ({operands})")
            values.append((f"v{step}", channels))
    chosen = dict(values[1:][int(i)] for i in rng.integers(0, len(values) - 1, 4)) if len(values) > 1 else {}
    if not chosen:
        return
    said = ", ".join(f"float[1,{channels},1,1] {name}" for name, channels in chosen.items())
    graph = text_graph(f"g (float[1,3,1,1] x) => ({said}) {{ {' '.join(lines)} }}", constants)
    legal = legalise(graph, profile="coreml", samples=[{"x": noise(1, 3, 1, 1, seed=seed)}]).graph
    assert check_legal_mil(legal) == ()
    assert len(legal.proto().graph.node) <= len(graph.proto().graph.node)
