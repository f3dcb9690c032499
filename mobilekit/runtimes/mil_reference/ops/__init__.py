"""One module per op family: each function gets a Call and returns the op's value, or a tuple of them."""

_HERE = "mobilekit.runtimes.mil_reference.ops"

MODULES: tuple[str, ...] = (
    f"{_HERE}.activation",
    f"{_HERE}.cast",
    f"{_HERE}.classify",
    f"{_HERE}.constexpr",
    f"{_HERE}.constexpr_blocks",
    f"{_HERE}.control_flow",
    f"{_HERE}.conv",
    f"{_HERE}.elementwise",
    f"{_HERE}.image_resizing",
    f"{_HERE}.image_sampling",
    f"{_HERE}.linear",
    f"{_HERE}.lists",
    f"{_HERE}.movement",
    f"{_HERE}.normalization",
    f"{_HERE}.pad",
    f"{_HERE}.pool",
    f"{_HERE}.quantization",
    f"{_HERE}.random",
    f"{_HERE}.recurrent",
    f"{_HERE}.reduction",
    f"{_HERE}.scatter",
    f"{_HERE}.scatter_gather",
    f"{_HERE}.slicing",
    f"{_HERE}.sorting",
    f"{_HERE}.states",
    f"{_HERE}.suppression",
    f"{_HERE}.tensor_operation",
    f"{_HERE}.tensor_transformation",
    f"{_HERE}.transformers",
)
"""Every family. A module that is not here is not used."""
