"""Qualcomm: the Hexagon NPU (HTP) of Snapdragon chips."""

from __future__ import annotations

from mobilekit.compile.base import Vendor

QUALCOMM = Vendor(
    name="qualcomm",
    title="Qualcomm",
    backend="qualcomm",
    models=(
        "SA8255",
        "SA8295",
        "SM8350",
        "SM8450",
        "SM8475",
        "SM8550",
        "SM8650",
        "SM8750",
        "SM8845",
        "SM8850",
    ),
    package="ai-edge-litert-sdk-qualcomm",
    module="ai_edge_litert_sdk_qualcomm",
    variable="MOBILEKIT_QNN_LIBRARIES",
    manufacturers=("QTI", "Qualcomm"),
    needs=("libQnnHtp.so", "libQnnIr.so", "libQnnSaver.so", "libQnnSystem.so"),
    # The low-power NPU: LiteRT's plugin links to its library whatever it compiles for.
    unused={"libQnnLpai.so": "libQnnSystem.so"},
)
