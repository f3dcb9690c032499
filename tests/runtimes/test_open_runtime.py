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
    with pytest.raises(AcceleratorError, match="LiteRT has no accelerator 'gpu'"):
        open_runtime(tmp_path / "net.tflite", accelerator="gpu")


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
