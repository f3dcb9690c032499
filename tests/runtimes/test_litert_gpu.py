"""LiteRT's GPU: what runs there is said, what does not is named, and no driver takes us along."""

import sys

import numpy as np
import pytest

from mobilekit.errors import AcceleratorError, InputDataError, ModelFileError, UsageError
from mobilekit.runtimes import litert_gpu, open_runtime
from mobilekit.runtimes.adapters import Adapter, Found, find_adapter
from tests.runtimes.stub_driver import COMMAND
from tests.runtimes.support import TinyFile, quantised_identity, scaled_tanh, schema

needs_gpu = pytest.mark.skipif(find_adapter().adapter is None, reason=f"no GPU: {find_adapter().reason}")


@pytest.fixture
def any_gpu(monkeypatch):
    """A machine with a GPU by name only: the driver is a stub."""
    found = Found(adapter=Adapter(name="Stub", emulated=True, float16=False))
    monkeypatch.setattr(litert_gpu, "find_adapter", lambda: found)


def prelu(shape, *, before=True):
    """[sigmoid →] PRELU by slopes of ``shape`` over (1, 4, 5, 3)."""
    file = TinyFile()
    x = value = file.tensor("x", (1, 4, 5, 3))
    if before:
        value = file.tensor("m", (1, 4, 5, 3))
        file.operator(schema.BuiltinOperator.LOGISTIC, [x], [value])
    slopes = file.tensor("slopes", shape, data=np.full(shape, 0.25, np.float32))
    y = file.tensor("y", (1, 4, 5, 3))
    file.operator(schema.BuiltinOperator.PRELU, [value, slopes], [y])
    return file.bytes(inputs=[x], outputs=[y])


@needs_gpu
def test_the_gpu_computes_what_the_cpu_does(path, x):
    """Whole on the GPU, in the ONNX model's layout, to float32's last digits; in either precision."""
    with open_runtime(path) as cpu:
        expected = cpu.run({"x": x})["y"]
    with open_runtime(path, accelerator="gpu", precision="fp16", timeout_s=120) as gpu:
        assert gpu.acceleration.whole
        assert gpu.acceleration.operators == 2
        assert gpu.acceleration.adapter in gpu.name
        assert gpu.acceleration.precision == "fp16"
        assert gpu.inputs[0].shape == (1, 3, 4, 5)
        for sign in (1, -1):
            got = gpu.run({"x": sign * x})["y"]
            assert np.abs(got - sign * expected).max() < (1e-2 if gpu.acceleration.note == "" else 1e-5)
        with pytest.raises(InputDataError, match="got float64"):
            gpu.run({"x": x.astype(np.float64)})
        with pytest.raises(UsageError, match="no intermediate values"):
            gpu.run({"x": x}, taps=["m"])
    with pytest.raises(UsageError, match="closed"):
        gpu.run({"x": x})


@needs_gpu
def test_refused_operators_are_named(tmp_path, x):
    """PRELU by a slope for every place, the same for all channels: the rest of the file runs, the CPU helps, all is said."""
    path = tmp_path / "net.tflite"
    path.write_bytes(prelu((4, 5, 1)))
    with open_runtime(path) as cpu, open_runtime(path, accelerator="gpu") as gpu:
        feed = {"x": np.moveaxis(x, 1, 3)}
        np.testing.assert_allclose(gpu.run(feed)["y"], cpu.run(feed)["y"], atol=1e-5)
        said = gpu.acceleration
    assert not said.whole
    assert (said.operators, said.accepted) == (2, 1)
    assert [(r.operator, r.kind) for r in said.refused] == [("y", "PRELU")]
    assert "shape" in said.refused[0].reason
    path.write_bytes(prelu((4, 5, 1), before=False))
    with pytest.raises(AcceleratorError, match=r"takes no operator of .*PRELU 'y': Alpha shape"):
        open_runtime(path, accelerator="gpu")


@needs_gpu
def test_integers_at_the_border(tmp_path):
    """An int8 file takes and gives the ONNX model's floats, quantised as on the CPU."""
    path = tmp_path / "net.tflite"
    path.write_bytes(quantised_identity())
    feed = {"x": np.array([[-1.5, 0, 2, 63]], np.float32)}
    with open_runtime(path) as cpu:
        expected = cpu.run(feed)["y"]
    with open_runtime(path, accelerator="gpu") as gpu:
        np.testing.assert_array_equal(gpu.run(feed)["y"], expected)


def test_the_file_is_looked_at_first(tmp_path):
    """A missing or damaged file is the file's fault, with or without a GPU."""
    with pytest.raises(ModelFileError, match="No such file"):
        open_runtime(tmp_path / "none.tflite", accelerator="gpu")
    (tmp_path / "bad.tflite").write_bytes(b"0123TFL3" + 64 * b"\xff")
    with pytest.raises(ModelFileError, match="not a TFLite file"):
        open_runtime(tmp_path / "bad.tflite", accelerator="gpu")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (
            "import os; os.abort()",
            r"accelerator \(Stub, software\) crashed \(SIGABRT\) while opening .*net\.tflite",
        ),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("import time; time.sleep(60)", "did not finish opening .* within 1 s"),
        ("raise SystemExit(3)", "exit code 3"),
    ],
)
def test_a_broken_driver_is_an_accelerator_error(path, any_gpu, code, fault):
    """Crash, kill, hang and exit while opening: typed, with the device's name."""
    with pytest.raises(AcceleratorError, match=fault) as caught:
        litert_gpu.open_tflite_gpu(path, timeout_s=1, command=[sys.executable, "-c", code])
    assert caught.value.cause == ("hung" if "did not finish" in fault else "")
    assert "it said" not in caught.value.message  # they print nothing


def test_last_words_are_said_once(path, any_gpu):
    """What a dying driver printed, whoever tells it."""
    code = "import sys; sys.stderr.write('no device\\n'); sys.stderr.flush(); raise SystemExit(3)"
    with pytest.raises(AcceleratorError) as caught:
        litert_gpu.open_tflite_gpu(path, timeout_s=5, command=[sys.executable, "-c", code])
    assert caught.value.message.count("it said: no device") == 1


def test_a_failing_run_closes_the_session(tmp_path, any_gpu):
    """After a crash in a run the session is closed, and says so."""
    path = tmp_path / "net.tflite"
    path.write_bytes(scaled_tanh() + b" running:abort ")
    session = litert_gpu.open_tflite_gpu(path, timeout_s=30, command=COMMAND)
    feed = {"x": np.zeros((1, 3, 4, 5), np.float32)}
    with pytest.raises(AcceleratorError, match=r"crashed \(SIGABRT\) while running .*Check failed: alpha"):
        session.run(feed)
    with pytest.raises(UsageError, match="closed"):
        session.run(feed)
    session.close()


def test_the_device_is_asked_for_its_arithmetic(path, any_gpu):
    """fp16 on a device without 16-bit floats is said to prove nothing; fp32 needs no remark."""
    for precision, note in (("fp16", "no 16-bit float"), ("fp32", "")):
        with litert_gpu.open_tflite_gpu(path, precision=precision, command=COMMAND) as session:
            assert note in session.acceleration.note
            assert bool(session.acceleration.note) == bool(note)


@needs_gpu
@pytest.mark.parametrize("kind", ["INT64", "INT32", "BOOL"])
def test_integers_cross_the_border_whole(tmp_path, kind):
    """What the GPU computes becomes integers of the file's own kind, on the CPU if it has none."""
    file = TinyFile()
    x, y = file.tensor("x", (1, 4)), file.tensor("y", (1, 4))
    m = file.tensor("m", (1, 4))
    file.tensors[y].type = getattr(schema.TensorType, kind)
    file.operator(schema.BuiltinOperator.NEG, [x], [m])
    file.operator(
        schema.BuiltinOperator.CAST, [m], [y], schema.BuiltinOptions.CastOptions, schema.CastOptionsT()
    )
    (tmp_path / "net.tflite").write_bytes(file.bytes(inputs=[x], outputs=[y]))
    feed = {"x": np.array([[-1, 0, 7, -90000]], np.float32)}
    with (
        open_runtime(tmp_path / "net.tflite") as cpu,
        open_runtime(tmp_path / "net.tflite", accelerator="gpu") as gpu,
    ):
        expected, got = cpu.run(feed)["y"], gpu.run(feed)["y"]
        assert gpu.acceleration.accepted == (1 if kind == "INT64" else 2)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
