"""Which operators a delegate would take, predicted from the list that its makers publish.

In: the operators of a file, written or still being made. Out: the operators that a delegate would
refuse, each with the reason, and in how many parts it would run the rest. The lists are data
(``*.toml`` beside this file), each with its source; nothing is run.
"""
