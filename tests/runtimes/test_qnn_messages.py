"""Refused operators are read from the provider's log, each once, with the reason."""

from mobilekit.runtimes.qnn_messages import RefusedNode, said_of

LOG = """
\x1b[0;93m2026 [W:onnxruntime:, qnn_model_wrapper.cc:565 CreateQnnNode] QNN.backendValidateOpConfig() failed for node `r` of type `Prelu` with error code 3110
\x1b[m
2026 [V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] Validation FAILED for 3 nodes in OrtNodeUnit (LeakyRelu) :
\tOperator type: DequantizeLinear Node name: c/2 Node index: 107
\tOperator type: LeakyRelu Node name: r Node index: 108
\tOperator type: QuantizeLinear Node name: r/int8 Node index: 109
\tREASON : Failed to add node.

2026 [V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] Validation PASSED for 1 nodes in OrtNodeUnit (Softmax) :
\tOperator type: Softmax Node name: s Node index: 3

2026 [V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] Validation FAILED for 1 nodes in OrtNodeUnit (Erf) :
\tOperator type: Erf Node name: z Node index: 2
\tREASON : Operators of type `Erf` are not supported by QNN EP.Erf node `z` will not be assigned to QNN EP.

"""


def test_each_refused_node_is_told_once():
    """The provider looks twice; a bare failure takes the processor's own reason."""
    said = said_of(LOG + LOG)
    assert said.refused == (
        RefusedNode(name="r", kind="LeakyRelu", reason="HTP refuses its Prelu (error 3110)"),
        RefusedNode(name="z", kind="Erf", reason="Operators of type `Erf` are not supported by QNN EP"),
    )
    assert said.partitions is None


def test_a_log_without_refusals_says_how_many_parts():
    """Nothing is invented."""
    said = said_of("x Node(s) placed on [QNNExecutionProvider]. Number of nodes: 9\n")
    assert (said.refused, said.partitions) == ((), 9)
    assert said_of("All nodes placed on [QNNExecutionProvider]. Number of nodes: 1").partitions == 1
    assert said_of("").refused == ()
