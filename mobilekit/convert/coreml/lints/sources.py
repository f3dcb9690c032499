"""Who says what the lints say: Apple where Apple says it, else people who measured it."""

from __future__ import annotations

ANE_TRANSFORMERS = (
    "Apple, Deploying Transformers on the Apple Neural Engine, "
    "machinelearning.apple.com/research/neural-engine-transformers"
)
TYPED_EXECUTION = "Core ML Tools guide, Typed Execution, apple.github.io/coremltools/docs-guides"
FLEXIBLE_INPUTS = "Core ML Tools guide, Flexible Input Shapes, apple.github.io/coremltools/docs-guides"
FORUM_FLEXIBLE = "Apple engineer, developer.apple.com/forums/thread/724930"
COREMLTOOLS_RANK = "apple/coremltools issues 832 and 1723: Core ML has no tensors of more than five axes"
COREMLTOOLS_RECURRENT = "apple/coremltools issue 1780: recurrent layers are not on the Neural Engine"
COREMLTOOLS_IMAGES = "coremltools 9.0: images are (1, 3, H, W) in colour, (1, 1, H, W) in grey"
COREMLTOOLS_TYPES = "coremltools 9.0, pass adjust_io_to_supported_types"
ENGINE_LIMITS = "executorch issue 7907 prints Core ML's limits: N 65536, D 16384, C 65536, H 16384, W 16384"
HOLLANCE = "hollance/neural-engine, docs/unsupported-layers.md (partly guesses, by its own words)"
HOLLANCE_HALF = "hollance/neural-engine, docs/16-bit.md"
ANE_GUIDE = "ane-guide.readthedocs.io, chapters 4 and 17 (measured on M1)"
ANEFORGE = "aneforge.readthedocs.io, op catalog and capabilities (measured on M1 and M5)"
COMPUTE_PLAN = "published MLComputePlan of Whisper's decoder (whisperkit-coreml): gather is CPU only"
HALF = "IEEE 754 binary16: largest 65504, smallest 6e-8"
RMS_NORM = "executorch pull request 19523: sums of squares overflow float16 on the Neural Engine"
