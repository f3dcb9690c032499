"""Sessions that are functions."""

from mobilekit.tensors import DType, TensorSpec


class FunctionSession:
    """A session that computes ``outputs = function(feed)``."""

    def __init__(self, function, *, inputs=None, outputs=None, name="function"):
        self.name = name
        self.inputs = inputs or (spec("x"),)
        self.outputs = outputs or (spec("y"),)
        self._function = function

    def run(self, feed, *, taps=()):
        result = self._function(feed)
        return result if isinstance(result, dict) else {"y": result}

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def spec(name, *shape, dtype="float32"):
    """A spec, of shape [2, 3] if none is given."""
    return TensorSpec(name=name, dtype=DType(dtype), shape=shape or (2, 3))
