"""Models as ONNX defines them: run by ONNX's own evaluator, slowly, where ONNX Runtime has no kernel."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import ModelError

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array, Feed


class Definition:
    """A model in ``onnx.reference``, whose exceptions have no common base: each becomes a ModelError."""

    def __init__(self, model: onnx.ModelProto) -> None:
        import onnx
        from onnx.reference import ReferenceEvaluator

        self.name = f"ONNX {onnx.__version__} reference evaluator"
        try:
            self._evaluator = ReferenceEvaluator(model)
        except Exception as error:
            message = f"{self.name} cannot read the model: {type(error).__name__}: {error}"
            raise ModelError(message) from error

    def run(self, names: Sequence[str], feed: Feed) -> list[Array]:
        """The values called ``names``. Raises ModelError."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return [np.asarray(v) for v in self._evaluator.run(list(names), dict(feed))]
        except Exception as error:
            message = f"{self.name} cannot run the model: {type(error).__name__}: {error}"
            raise ModelError(message) from error
