"""Two sessions and samples in, a report out: does an artifact compute what the model computes?

``whole_model`` compares the ends; ``per_op`` finds the first operator that is wrong on its own.
"""
