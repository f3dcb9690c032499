"""MediaTek: the NPU (APU) of Dimensity chips, through NeuroPilot."""

from __future__ import annotations

from mobilekit.compile.base import Vendor

MEDIATEK = Vendor(
    name="mediatek",
    title="MediaTek",
    backend="mediatek",
    models=(
        "MT6853",
        "MT6877",
        "MT6878",
        "MT6879",
        "MT6886",
        "MT6893",
        "MT6895",
        "MT6897",
        "MT6983",
        "MT6985",
        "MT6989",
        "MT6991",
        "MT6993",
        "MT8171",
        "MT8188",
        "MT8189",
    ),
    package="ai-edge-litert-sdk-mediatek",
    module="ai_edge_litert_sdk_mediatek",
    variable="MOBILEKIT_NEURON_LIBRARIES",
    manufacturers=("Mediatek", "MediaTek"),
)
