"""Qualcomm's HTP: what it refuses is named, what breaks is typed, and nothing hangs."""

import sys
import time

import numpy as np
import onnx
import pytest

from mobilekit.errors import AcceleratorError, InputDataError, ModelFileError, UsageError
from mobilekit.runtimes import open_runtime, qnn
from mobilekit.runtimes.base import Availability
from tests.runtimes.stub_driver import COMMAND as STUB

COMMAND = (*STUB[:2], STUB[2].replace('"litert-gpu"', '"qnn-htp"'))
needs_htp = pytest.mark.skipif(not qnn.availability().available, reason=qnn.availability().detail)

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3, 8, 8] in) => (float[1, 3, 8, 8] out)
<float s = {0.03}, uint8 z = {128}, float t = {0.02}, uint8 zero = {0}>
{
  [q] q = QuantizeLinear (in, s, z)
  [d] d = DequantizeLinear (q, s, z)
  [r] r = Relu (d)
  [qr] qr = QuantizeLinear (r, t, zero)
  [out] out = DequantizeLinear (qr, t, zero)
}
"""


def write(folder, text=TEXT, *, todo=""):
    """The model in a file; ``todo`` is what the stub driver is to do with it, in a field that nobody reads."""
    model = onnx.parser.parse_model(text)
    model.doc_string = f" {todo} "
    onnx.save(model, folder / "net.qdq.onnx")
    return folder / "net.qdq.onnx"


@pytest.fixture
def feed():
    """Seeded noise."""
    return {"in": np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)}


@pytest.fixture
def any_htp(monkeypatch):
    """A machine with the package by name only: the driver is a stub."""
    monkeypatch.setattr(qnn, "availability", lambda: Availability(available=True, detail="a stub"))


def opened(path, **keywords):
    """A session by the stub driver."""
    return qnn.open_onnx_qnn(path, command=COMMAND, **keywords)


def test_without_the_package_the_error_says_what_to_install(tmp_path, monkeypatch):
    """It is optional: nothing else needs it."""
    monkeypatch.setattr(qnn, "find_spec", lambda name: None)
    with pytest.raises(AcceleratorError, match="onnxruntime-qnn is not installed") as caught:
        open_runtime(write(tmp_path), accelerator="qnn-htp")
    assert "pip install '.[qnn]'" in caught.value.hint


def test_a_session_speaks_the_files_names(tmp_path, any_htp, feed):
    """The stub doubles; what ran where is said."""
    with opened(write(tmp_path)) as session:
        assert np.array_equal(session.run(feed)["in"], 2 * feed["in"])
        assert session.acceleration.whole
        assert session.acceleration.operators == 1
        with pytest.raises(UsageError, match="no intermediate values"):
            session.run(feed, taps=["r"])
        with pytest.raises(InputDataError):
            session.run({})
    with pytest.raises(UsageError, match="closed"):
        session.run(feed)


@pytest.mark.parametrize(
    ("todo", "said"),
    [
        ("opening:abort", r"crashed \(SIGABRT\) while opening"),
        ("opening:kill", "was ended by SIGKILL while opening"),
        ("opening:exit", "ended with exit code 3 while opening"),
        ("opening:raise", "Failed to modify graph"),
        ("running:kill", "was ended by SIGKILL while running"),
    ],
)
def test_a_driver_that_breaks_is_an_error(tmp_path, any_htp, feed, todo, said):
    """Whatever happens to the child, the parent says what and goes on."""
    with pytest.raises(AcceleratorError, match=said):
        opened(write(tmp_path, todo=todo)).run(feed)


@pytest.mark.parametrize("step", ["opening", "running"])
def test_a_driver_that_hangs_is_ended(tmp_path, any_htp, feed, step):
    """After the time it was given, and not later."""
    start = time.monotonic()
    with pytest.raises(AcceleratorError, match=r"did not finish .* within 3 s"):
        opened(write(tmp_path, todo=f"{step}:hang"), timeout_s=3.0).run(feed)
    assert time.monotonic() - start < 30


def test_refused_operators_are_named(tmp_path, any_htp, monkeypatch):
    """What the provider's log says of them is the error."""
    log = "Validation FAILED for 3 nodes in OrtNodeUnit (Relu) :\n"
    log += "\tOperator type: Relu Node name: r Node index: 2\n\tREASON : too bad\n"
    monkeypatch.setattr("mobilekit.runtimes.served.DriverProcess.log_from", lambda self, place: log)
    with pytest.raises(AcceleratorError, match=r"does not take all of .*: Relu 'r': too bad"):
        opened(write(tmp_path, todo="opening:raise"))


def test_an_operator_that_cannot_be_prepared_is_found_alone(tmp_path, any_htp):
    """The provider says nothing of it: every operator is opened by itself, and no other is blamed."""
    text = TEXT.replace("[qr]", "[e] e = Exp (r) [qr]").replace("(r, t, zero)", "(e, t, zero)")
    path = write(tmp_path, text)
    model = onnx.load(path)
    next(node for node in model.graph.node if node.name == "e").doc_string = " opening:unprepared "
    onnx.save(model, path)
    with pytest.raises(AcceleratorError, match=r"cannot prepare .*Code: 1002; to blame: Exp 'e'") as caught:
        opened(path)
    assert "Relu" not in caught.value.message
    assert caught.value.cause == "refused"


def test_what_was_asked_is_checked_first(tmp_path, any_htp):
    """An unknown chip, float32 and a file that is none never reach the driver."""
    with pytest.raises(UsageError, match="no chip 'SM1'") as caught:
        opened(write(tmp_path), soc="SM1")
    assert "SM8650" in caught.value.hint
    with pytest.raises(UsageError, match="float16"):
        open_runtime(write(tmp_path), accelerator="qnn-htp", precision="fp32")
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(ModelFileError):
        open_runtime(tmp_path / "net.onnx", accelerator="qnn-htp")


@needs_htp
def test_htp_computes_the_integers(tmp_path, feed):
    """Wholly on HTP, named as what it is; the result is that of ONNX Runtime's CPU, but for one step."""
    path = write(tmp_path)
    with open_runtime(path) as reference, open_runtime(path, accelerator="qnn-htp") as session:
        wanted, got = reference.run(feed)["out"], session.run(feed)["out"]
        assert np.abs(wanted - got).max() <= 0.0201
        assert session.name.startswith("Qualcomm HTP")
        assert ("emulator" in session.name) == (sys.platform == "linux" and qnn.is_emulated())


@needs_htp
def test_htp_names_what_it_refuses(tmp_path):
    """An operator that Qualcomm's provider has not is to blame, and no other; nothing runs on the CPU."""
    text = TEXT.replace("[q] q = QuantizeLinear (in", "[e] e = Erf (in) [q] q = QuantizeLinear (e")
    path = write(tmp_path, text)
    with pytest.raises(AcceleratorError, match=r"does not take all of .*: Erf 'e': .*not supported"):
        open_runtime(path, accelerator="qnn-htp")
    found = qnn.acceptance(path)
    assert (found.operators, found.accepted, found.whole) == (2, 1, False)
    assert [r.kind for r in found.refused] == ["Erf"]
