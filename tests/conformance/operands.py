"""Which inputs of an operator are data: they stay inputs of the model, all others become constants.

Data is what a network computes: maps, scores, coordinates, indices that another operator found. Weights,
shapes, axes, pads and other parameters are constants in the networks that are converted.
"""

from __future__ import annotations

_EVERY_INPUT = (
    "Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor "
    "Ceil Concat Cos Cosh Div Einsum Equal Erf Exp Floor Gather GatherElements GatherND Gemm "
    "Greater GreaterOrEqual GridSample IsInf IsNaN Less LessOrEqual Log MatMul Max Mean Min "
    "Mod Mul Neg Not Or Pow Reciprocal RoiAlign Round Scan Sign Sin Sinh Sqrt Sub Sum Tan Tanh Where Xor"
)
_SOME_INPUTS: dict[str, tuple[int, ...]] = {
    "Attention": (0, 1, 2, 3, 4, 5),  # queries, keys, values, mask and what was kept of both
    "BlackmanWindow": (),  # the size of the output
    "ConstantOfShape": (),  # the shape of the output
    "DeformConv": (0, 2, 4),  # the map, offsets and mask; not the weights
    "GRU": (0, 5),  # the sequence and the initial state; sequence lengths are constants
    "HammingWindow": (),
    "HannWindow": (),
    "If": (),  # which branch
    "LSTM": (0, 5, 6),
    "Loop": (2,),  # not the trip count, not the condition
    "MatMulInteger": (0, 1),
    "MelWeightMatrix": (),
    "NegativeLogLikelihoodLoss": (0, 1),  # scores and labels; weights are constants
    "QLinearMatMul": (0, 3),  # both factors, not their scales
    "RNN": (0, 5),
    "Range": (),
    "ScatterElements": (0, 2),  # data and updates; indices are constants
    "Scatter": (0, 2),
    "ScatterND": (0, 2),
    "SoftmaxCrossEntropyLoss": (0, 1),
    "TensorScatter": (0, 1),
}


def data_inputs(operator: str, count: int) -> tuple[int, ...]:
    """The positions of the data among an operator's ``count`` inputs: the first one, unless the table says more."""
    if operator in _EVERY_INPUT.split():
        return tuple(range(count))
    return tuple(i for i in _SOME_INPUTS.get(operator, (0,)) if i < count)
