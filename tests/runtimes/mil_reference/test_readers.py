"""A value goes after its last reader, wherever that is."""

from mobilekit.runtimes.mil_reference.program import Block
from mobilekit.runtimes.mil_reference.readers import last_readers
from tests.runtimes.mil_reference.support import FLOAT, Name, operation


def test_values_go_after_their_last_reader():
    """Values go after their last reader; outputs stay; what nobody reads goes at once."""
    a = operation("relu", {"x": Name("x")}, {"a": FLOAT})
    unread = operation("relu", {"x": Name("a")}, {"unread": FLOAT})
    b = operation("add", {"x": Name("a"), "y": Name("a")}, {"b": FLOAT})
    block = Block(inputs=(), operations=(a, unread, b), outputs=("b",))
    assert last_readers(block) == ((), ("unread",), ("a",))


def test_a_nested_block_reads_for_the_operation_around_it():
    """A nested block reads for the operation around it, even what it only hands on."""
    a = operation("relu", {"x": Name("x")}, {"a": FLOAT})
    kept = Block(inputs=(), operations=(), outputs=("a",))
    cond = operation("cond", {"pred": True}, {"c": FLOAT}, blocks=(kept, kept))
    block = Block(inputs=(), operations=(a, cond), outputs=("c",))
    assert last_readers(block) == ((), ("a",))
