"""Google: the TPU of Tensor chips."""

from __future__ import annotations

from mobilekit.compile.base import Vendor

GOOGLE = Vendor(
    name="google",
    title="Google",
    backend="google_tensor",
    models=("Tensor_G3", "Tensor_G4", "Tensor_G5", "Tensor_G6"),
    package="ai-edge-litert-sdk-google-tensor",
    module="ai_edge_litert_sdk_google_tensor",
    variable="MOBILEKIT_TENSOR_LIBRARIES",
    manufacturers=("Google",),
)
