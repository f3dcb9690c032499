"""How the provider is asked: alone, without anybody's fallback, and once more with all messages where it refuses."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mobilekit.runtimes.qnn_driver import open_driver

REFUSAL = "nodes are assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled by the user."


class Options:
    """Session options that remember."""

    def __init__(self):
        self.entries, self.provider, self.log_severity_level = {}, {}, None

    def add_session_config_entry(self, name, value):
        self.entries[name] = value

    def add_provider_for_devices(self, devices, said):
        self.provider = {**said, "devices": [d.device.type for d in devices]}


@pytest.fixture
def opened(monkeypatch):
    """Every session that is opened: its options and keywords; ``refuses`` makes it fail without the CPU's help."""
    seen = SimpleNamespace(sessions=[], refuses=False, registered=[])
    kinds = SimpleNamespace(NPU="npu", CPU="cpu")

    def session(path, options, **keywords):
        seen.sessions.append((options, keywords))
        if seen.refuses and options.entries["session.disable_cpu_ep_fallback"] == "1":
            raise RuntimeError(REFUSAL)
        outputs = [SimpleNamespace(name="y")]
        return SimpleNamespace(get_outputs=lambda: outputs, run=lambda names, feed: [2 * feed["x"]])

    def devices():
        both = [
            SimpleNamespace(ep_name="QNNExecutionProvider", device=SimpleNamespace(type=k))
            for k in ("cpu", "npu")
        ]
        return both if seen.registered else []

    runtime = SimpleNamespace(
        SessionOptions=Options,
        InferenceSession=session,
        OrtHardwareDeviceType=kinds,
        get_ep_devices=devices,
        register_execution_provider_library=lambda *names: seen.registered.append(names),
    )
    package = SimpleNamespace(get_qnn_htp_path=lambda: "htp", get_library_path=lambda: "provider")
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    monkeypatch.setitem(sys.modules, "onnxruntime_qnn", package)
    return seen


def test_the_cpu_is_never_allowed_to_help(opened):
    """Neither for operators, nor for rounding the border, nor by Python's own fallback; an NPU comes first."""
    driver = open_driver(Path("net.onnx"), {"soc_model": "57", "htp_arch": "75"})
    ((options, keywords),) = opened.sessions
    assert options.entries == {"session.disable_cpu_ep_fallback": "1"}
    assert options.provider == {
        "backend_path": "htp",
        "offload_graph_io_quantization": "0",
        "soc_model": "57",
        "htp_arch": "75",
        "devices": ["npu"],
    }
    assert keywords["enable_fallback"] == 0
    assert keywords["disabled_optimizers"] == ["WeightBiasQuantization"]
    assert np.array_equal(driver.run({"x": np.ones(2)})["y"], np.full(2, 2.0))
    assert opened.registered == [("QNNExecutionProvider", "provider")]
    driver.close()


def test_a_refused_file_is_opened_again_with_all_messages(opened):
    """And still not on the CPU: the second failure is what is told."""
    opened.refuses = True
    with pytest.raises(RuntimeError, match="explicitly disabled"):
        open_driver(Path("net.onnx"), {})
    assert [options.log_severity_level for options, _ in opened.sessions] == [4, 0]
    assert {options.entries["session.disable_cpu_ep_fallback"] for options, _ in opened.sessions} == {"1"}


def test_a_look_lets_the_cpu_help_and_shows_everything(opened):
    """To see all that is refused, the rest is prepared too."""
    opened.refuses = True
    assert open_driver(Path("net.onnx"), {"report": True}).facts == {"whole": True}
    ((options, _),) = opened.sessions
    assert (options.log_severity_level, options.entries["session.disable_cpu_ep_fallback"]) == (0, "0")
