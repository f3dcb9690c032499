"""Inputs and outputs that are images: pixels in 0…255 at the border, the model's values inside.

An ML program has no preprocessing outside the graph: Core ML hands a pixel buffer to the function as a
float tensor [1, C, H, W] of 0…255, channels in the order of its colour space, and takes an output
tensor of such values as pixels (ImageFeatureType has a width, a height and a colour space; the
``scale`` and ``bias`` of coremltools' ImageType are operators that its pass
insert_image_preprocessing_ops writes after the input). So the model's normalisation is operators here
too, per channel where it needs to be, and exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mobilekit.convert.coreml.image_graph import GraphEditor
from mobilekit.errors import DescriptionError
from mobilekit.source.graph import Graph, graph_from_proto
from mobilekit.tensors import Layout, TensorSpec

if TYPE_CHECKING:
    from mobilekit.description import ModelDescription, TensorDescription

ColorSpace = Literal["RGB", "BGR", "GRAYSCALE"]

_SPACES: Mapping[str, ColorSpace] = {"rgb": "RGB", "bgr": "BGR", "gray": "GRAYSCALE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A feature that is an image. The model's values are ``(pixel - mean) / std``, per channel.

    ``mean`` and ``std`` have a number per channel, in the order of ``color``; ``layout`` is the
    model's own, the pixels are NCHW always.
    """

    color: ColorSpace
    width: int
    height: int
    layout: Layout
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the tensor of pixels."""
        return (1, len(self.mean), self.height, self.width)

    def entry(self) -> dict[str, Any]:
        """For the package's metadata: value = pixel * scale + bias, per channel."""
        return {
            "color": self.color,
            "layout": str(self.layout),
            "scale": [1.0 / s for s in self.std],
            "bias": [-m / s for m, s in zip(self.mean, self.std, strict=True)],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WithImages:
    """A legalised graph whose image inputs and outputs are pixels.

    ``images`` has the features that are. ``inner`` maps an ONNX value of the graph before to the value
    that holds it now, where that is another. ``full_precision`` are the first outputs of nodes whose
    numbers float16 does not have; ``normalising`` are those between the pixels and a node that reads an
    image in the graph before, by that node's first output.
    """

    graph: Graph
    images: Mapping[str, Image] = field(default_factory=dict)
    inner: Mapping[str, str] = field(default_factory=dict)
    full_precision: tuple[str, ...] = ()
    normalising: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def entry(self, name: str) -> dict[str, Any] | None:
        """What the metadata says of the input or output ``name`` as an image."""
        return self.images[name].entry() if name in self.images else None

    def islands(self, islands: Iterable[str]) -> frozenset[str]:
        """``islands`` of the graph before, by the names they have in this one, and its own.

        An island that reads an image was decided on for float32 values of it: they are computed so.
        """
        said = tuple(islands)
        values = (name for reader in said for name in self.normalising.get(reader, ()))
        return frozenset((*(self.inner.get(name, name) for name in said), *values, *self.full_precision))

    def tensors(self, found: Mapping[str, str]) -> dict[str, str]:
        """``found``, what holds each value of this graph, by the names of the graph before.

        Pixels are no value of the graph before; what is left of them under their name is its value.
        """
        added = {*self.inner.values(), *self.images}
        kept = {name: held for name, held in found.items() if name not in added}
        return kept | {name: found[held] for name, held in self.inner.items() if held in found}


def with_images(graph: Graph, description: ModelDescription) -> WithImages:
    """Let what ``description`` calls an image be pixels in ``graph``.

    An input becomes ``(pixel - mean) * (1 / std)``; an output ``round(clip(value * std + mean, 0,
    255))``, rounded to nearest, ties to even, so that nothing depends on how Core ML makes bytes of
    floats. An NHWC model gets a Transpose, or loses the one that it begins or ends with. Raises
    DescriptionError for an image that no pixel buffer can be: another batch than 1, no rank 4,
    other channels than its colours, or floats that nobody says the black and white of.
    """
    editor = GraphEditor(graph.proto())
    images: dict[str, Image] = {}
    for spec in graph.inputs:
        image = image_of(spec, description.inputs.get(spec.name))
        if image is not None:
            images[spec.name] = image
            editor.input_pixels(spec, image)
    for spec in graph.outputs:
        image = image_of(spec, description.outputs.get(spec.name))
        if image is not None:
            images[spec.name] = image
            editor.output_pixels(spec, image)
    return WithImages(
        graph=graph_from_proto(editor.model, stage="legalised"),
        images=images,
        inner=dict(editor.inner),
        full_precision=tuple(editor.full_precision),
        normalising=editor.normalising,
    )


def image_of(spec: TensorSpec, said: TensorDescription | None) -> Image | None:
    """The image that ``spec`` is described as; None for arrays. Raises DescriptionError."""
    if said is None or said.kind != "image":
        return None
    layout = said.layout_of(spec.shape)
    if len(spec.shape) != 4 or layout is None:
        raise _no_pixel_buffer(spec, "its shape does not tell where the channels are", 'give layout = "nchw"')
    channels_first = layout is Layout.NCHW
    batch, channels = spec.shape[0], spec.shape[1 if channels_first else 3]
    if batch != 1:
        hint = "give it a batch of 1 (--shape), or leave inputs and outputs multi-arrays: --io float32"
        raise _no_pixel_buffer(spec, f"a pixel buffer holds one image, not {batch}", hint)
    if channels != said.channels:
        what = f"{said.color} has {said.channels} channels, the tensor {channels}"
        raise _no_pixel_buffer(spec, what, f"correct color of {spec.name}, or call it an array")
    if spec.dtype.is_float and not said.says_values:
        hint = f"give {spec.name} range = [black, white], or mean = […] and std = […] in 0…255 units"
        raise _no_pixel_buffer(spec, "nothing says the values of black and white", hint)
    height, width = spec.shape[2:] if channels_first else spec.shape[1:3]
    mean, std = said.affine()
    return Image(color=_SPACES[said.color], width=width, height=height, layout=layout, mean=mean, std=std)


def make_image_features(spec: Any, images: Mapping[str, Image]) -> None:
    """Let features of ``spec`` (a Model protobuf) be images; ``images`` is by feature name."""
    for feature in (*spec.description.input, *spec.description.output):
        image = images.get(feature.name)
        if image is None:
            continue
        kind = feature.type.imageType  # taking it drops the multi-array: both are of one oneof
        kind.width, kind.height = image.width, image.height
        kind.colorSpace = type(kind).ColorSpace.Value(image.color)


def _no_pixel_buffer(spec: TensorSpec, why: str, hint: str) -> DescriptionError:
    message = f"{spec.name} {list(spec.shape)} cannot be an image of Core ML: {why}"
    return DescriptionError(message, hint=hint)
