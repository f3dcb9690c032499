"""``open_runtime`` picks the runtime by suffix and says what it cannot do."""

import subprocess
import sys

import numpy as np
import onnx.parser
import pytest

from mobilekit.errors import AcceleratorError, UsageError
from mobilekit.runtimes import RUNTIMES, open_runtime
from tests.runtimes.support import scaled_tanh


def test_each_suffix_opens(tmp_path):
    """Each suffix opens."""
    text = '<ir_version: 9, opset_import: ["":21]> g (float[2] x) => (float[2] y) { y = Relu(x) }'
    onnx.save(onnx.parser.parse_model(text), tmp_path / "net.onnx")
    (tmp_path / "net.tflite").write_bytes(scaled_tanh())
    with open_runtime(str(tmp_path / "net.onnx"), threads=1) as session:
        np.testing.assert_array_equal(session.run({"x": np.array([-1, 1], np.float32)})["y"], [0, 1])
    with open_runtime(tmp_path / "net.tflite", accelerator="cpu") as session:
        assert session.outputs[0].name == "y"


def test_accelerators_that_are_not_there_are_refused(tmp_path, monkeypatch):
    """Accelerators of a runtime that has none, and Core ML's away from macOS, are refused by name."""
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(AcceleratorError, match="Core ML's npu is only there on macOS"):
        open_runtime(tmp_path / "net.mlpackage", accelerator="npu")
    with pytest.raises(AcceleratorError, match="Core ML has no accelerator 'tpu'"):
        open_runtime(tmp_path / "net.mlpackage", accelerator="tpu")
    with pytest.raises(AcceleratorError, match="LiteRT has no accelerator 'npu'"):
        open_runtime(tmp_path / "net.tflite", accelerator="npu")


def test_what_does_not_apply_is_refused_not_ignored(tmp_path):
    """Precision, time limits and threads are for those accelerators that have them."""
    path = tmp_path / "net.tflite"
    for accelerator, keywords, what in (
        ("cpu", {"precision": "fp16"}, "no precision to choose"),
        ("cpu", {"timeout_s": 5}, "cannot be given up on"),
        ("gpu", {"threads": 2}, "no number of threads"),
        ("gpu", {"timeout_s": 0}, "more than 0"),
        ("gpu", {"precision": "int8"}, "fp32 or fp16"),
    ):
        with pytest.raises(UsageError, match=what):
            open_runtime(path, accelerator=accelerator, **keywords)


def test_the_cpu_computes_in_float32_and_may_be_asked_to(tmp_path):
    """The one precision that the CPU has is no error."""
    (tmp_path / "net.tflite").write_bytes(scaled_tanh())
    with open_runtime(tmp_path / "net.tflite", precision="fp32") as session:
        assert session.outputs[0].name == "y"


def test_other_suffixes_and_no_threads_are_usage_errors(tmp_path):
    """Other suffixes and no threads are usage errors."""
    with pytest.raises(UsageError, match=r"\.pt"):
        open_runtime(tmp_path / "net.pt")
    with pytest.raises(UsageError, match="without a suffix"):
        open_runtime(tmp_path / "net")
    with pytest.raises(UsageError, match="threads must be 1 or more"):
        open_runtime(tmp_path / "net.tflite", threads=0)


def test_importing_the_runtimes_loads_none_of_them():
    """Importing the runtimes loads none of them."""
    code = (
        "import sys, mobilekit.runtimes, mobilekit.runtimes.isolated, mobilekit.parity.whole_model;"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'onnx', 'onnxruntime', 'ai_edge_litert', 'skimage'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_runtime_says_whether_it_is_available():
    """Every runtime says whether it is available."""
    assert all(runtime.availability().detail for runtime in RUNTIMES)
