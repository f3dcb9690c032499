"""What the model says, in the fewest nodes: a source Graph becomes a normalised one.

One pass per file; :mod:`~mobilekit.normalise.pipeline` has their order.
"""
