"""What the model says, in the fewest nodes: in goes a source Graph, out come a normalised one and what was recognised.

One pass per file; :mod:`~mobilekit.normalise.pipeline` has their order.
"""
