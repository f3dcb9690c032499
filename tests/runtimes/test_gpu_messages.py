"""What LiteRT's GPU delegate prints, read."""

from mobilekit.runtimes.gpu_messages import read_messages, silent_failure

ADAPTER = (
    "I0000 00:00:1795276481.735339    3151 environment.cc:532] Selected adapter: SwiftShader Device (Subzero), "
    "arch=swiftshader, vendor=google, backend=Vulkan, adapterType=CPU / Software\n"
)
PARTLY = (
    "ERROR: Following operations are not supported by GPU delegate:\n"
    "GATHER: Only support 1D indices\n"
    "PRELU: Alpha shape does not match input shape.\n"
    "91 operations will run on the GPU, and the remaining 49 operations will run on the CPU.\n"
)
NOTHING = (
    "ERROR: Following operations are not supported by GPU delegate:\n"
    "BITWISE_XOR: Operation is not supported.\n"
    "No operations will run on the GPU, and all 1 operations will run on the CPU.\n"
)


def test_a_whole_file():
    """It names the adapter and says nothing of operators."""
    said = read_messages(f"INFO: x\n{ADAPTER}INFO: y\n")
    assert (said.adapter, said.software) == ("SwiftShader Device (Subzero)", True)
    assert (said.refused, said.accepted, said.rest) == ((), None, None)


def test_a_real_gpu_is_no_software():
    """The adapter's type tells."""
    text = ADAPTER.replace("CPU / Software", "discrete GPU").replace(
        "SwiftShader Device (Subzero)", "Some GPU"
    )
    assert read_messages(text) == read_messages(text + "INFO: more\n")
    assert (read_messages(text).adapter, read_messages(text).software) == ("Some GPU", False)


def test_refusals_and_counts():
    """Kinds with reasons, and how many run where."""
    said = read_messages(ADAPTER + PARTLY)
    assert said.refused == (
        ("GATHER", "Only support 1D indices"),
        ("PRELU", "Alpha shape does not match input shape."),
    )
    assert (said.accepted, said.rest) == (91, 49)


def test_nothing_taken():
    """No operations is zero."""
    said = read_messages(NOTHING)
    assert said.refused == (("BITWISE_XOR", "Operation is not supported."),)
    assert (said.adapter, said.accepted, said.rest) == (None, 0, 1)


def test_the_last_of_two_openings_counts():
    """A file opened twice is reported twice."""
    assert read_messages(NOTHING + PARTLY).accepted == 91
    assert read_messages("").accepted is None


def test_results_that_were_thrown_away_are_told() -> None:
    """In WebGPU's own words; a run without such a line has none."""
    line = "E0000 00:00 1 environment.cc:105] Validation error: [Texture (unlabeled)] includes writable usage"
    assert (
        silent_failure(f"INFO: begun\n{line}\n - While validating\n")
        == "[Texture (unlabeled)] includes writable usage"
    )
    assert silent_failure("INFO: begun\nWARNING: slow\n") is None
