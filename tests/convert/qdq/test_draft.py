"""A model being written: names are never used twice, equal constants once."""

import numpy as np

from mobilekit.convert.qdq.draft import Draft


def test_names_are_taken_once():
    """A name in use gets a number; nodes have names of their own."""
    draft = Draft({"v/int8"})
    assert [draft.name("v/int8"), draft.name("v/int8"), draft.name("w")] == ["v/int8/2", "v/int8/3", "w"]
    draft.add("Relu", ["x"], "v")
    draft.step("Abs", ["v"], "v")
    assert [(n.name, n.output[0]) for n in draft.nodes] == [("v", "v"), ("v/2", "v/2")]
    again = type(draft.nodes[0]).FromString(draft.nodes[0].SerializeToString())
    draft.append(again)
    assert draft.nodes[-1].name == "v/3"


def test_equal_constants_of_one_name_are_one():
    """Others of that name are apart; types and shapes count."""
    draft = Draft(set())
    one, same = draft.constant("k", np.ones(2, np.int8)), draft.constant("k", np.ones(2, np.int8))
    other = draft.constant("k", np.ones(2, np.uint8))
    assert one == same == "k"
    assert other == "k/2"
    assert draft.constant("scalar", np.array(1.0)) in draft.constants
    assert draft.constants["scalar"].shape == ()
    draft.keep("k", np.zeros(3))
    assert draft.constants["k"].size == 2
