"""Qualcomm's execution provider, as :mod:`mobilekit.runtimes.server` holds it; nothing else imports it.

The CPU is never allowed to help. A file that is refused is opened once more with all messages on: what the
provider says of each operator goes to the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.runtimes.ort import ROUNDING_OPTIMIZERS

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_PROVIDER = "QNNExecutionProvider"
_SILENT, _EVERYTHING = 4, 0
_REFUSED = "fallback to CPU EP has been explicitly disabled"


class QnnHtp:
    """A file opened on HTP alone; with ``report`` in the options, only looked at."""

    def __init__(self, path: Path, options: Mapping[str, Any]) -> None:
        self._provider = {k: v for k, v in options.items() if k in ("soc_model", "htp_arch")}
        self._session: Any = None
        self.facts: dict[str, Any] = {"whole": True}
        if options.get("report"):
            self._session = self._opened(path, fallback=True, severity=_EVERYTHING)
            return
        try:
            self._session = self._opened(path, fallback=False, severity=_SILENT)
        except Exception as error:
            if _REFUSED in str(error):
                self._opened(path, fallback=False, severity=_EVERYTHING)
            raise
        self._names = [value.name for value in self._session.get_outputs()]

    def run(self, feed: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by name."""
        values = self._session.run(self._names, dict(feed))
        return dict(zip(self._names, values, strict=True))

    def close(self) -> None:
        """Free the device's memory."""
        self._session = None

    def _opened(self, path: Path, *, fallback: bool, severity: int) -> Any:
        import onnxruntime
        import onnxruntime_qnn

        options = onnxruntime.SessionOptions()
        options.log_severity_level = severity
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "0" if fallback else "1")
        said = {
            "backend_path": onnxruntime_qnn.get_qnn_htp_path(),
            "offload_graph_io_quantization": "0",  # inputs and outputs are HTP's business too
            **self._provider,
        }
        options.add_provider_for_devices(_devices()[:1], said)
        # Its own fallback would open the file once more on the CPU, and hide why it was refused.
        return onnxruntime.InferenceSession(
            str(path), options, disabled_optimizers=ROUNDING_OPTIMIZERS, enable_fallback=0
        )


def _devices() -> list[Any]:
    """The provider's devices, NPUs first; an emulator's is the processor."""
    import onnxruntime
    import onnxruntime_qnn

    found = [d for d in onnxruntime.get_ep_devices() if d.ep_name == _PROVIDER]
    if not found:
        onnxruntime.register_execution_provider_library(_PROVIDER, onnxruntime_qnn.get_library_path())
        found = [d for d in onnxruntime.get_ep_devices() if d.ep_name == _PROVIDER]
    return sorted(found, key=lambda d: d.device.type != onnxruntime.OrtHardwareDeviceType.NPU)


def open_driver(path: Path, options: Mapping[str, Any]) -> QnnHtp:
    """Open ``path``; options: ``soc_model`` and ``htp_arch`` where there is no chip, and ``report``."""
    return QnnHtp(path, options)
