"""Photos and arrays → feeds for a model's inputs, by what its description says they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.arrays import ArrayFiles, Embedding, array_files, open_embedding
from mobilekit.calibrate.fit import ImageFit, image_fit
from mobilekit.calibrate.samples import RecentArrays, SampleSource, split
from mobilekit.description import TensorDescription
from mobilekit.errors import InputDataError, MissingPhotosError

if TYPE_CHECKING:
    from mobilekit.calibrate.photos import Photos
    from mobilekit.description import ModelDescription
    from mobilekit.tensors import Array, TensorSpec

__all__ = ["input_samples", "split"]

_CACHE_BYTES = 32 << 20

_Value = Callable[[tuple[int, ...], int], "Array"]
"""``value(items, i)``: one input's value in the feed of ``items[i]``."""


def input_samples(
    inputs: tuple[TensorSpec, ...],
    description: ModelDescription,
    *,
    photos: Photos | None,
    data: Mapping[str, Path] | None = None,
) -> SampleSource:
    """A feed per photo (per array sample, if no input is an image).

    Where k inputs come from n photos, input j of feed i gets photo i + j·n/k (modulo n). Array
    inputs take sample i of their file or folder (modulo its length). ``data`` replaces what the
    description says for an input. Raises MissingPhotosError, InputDataError or DescriptionError.
    """
    data = data or {}
    _check_names(inputs, data)
    images = _image_fits(inputs, description, data)
    if images and photos is None:
        raise _missing_photos(sorted(images))
    cropped = _Crops(photos) if photos is not None else None
    values: dict[str, _Value] = {}
    origins: dict[str, str] = {}
    counts = []
    for spec in inputs:
        if spec.name in images:
            assert cropped is not None
            values[spec.name] = cropped.value(images[spec.name], _turn(images, spec.name), len(images))
            continue
        found = _array_source(spec, description, data, images)
        origins[spec.name] = found.digest
        if isinstance(found, ArrayFiles):
            counts.append(len(found))
            values[spec.name] = found.value
        else:
            assert cropped is not None
            values[spec.name] = cropped.embedded(found, spec, images)
    count = len(photos) if photos is not None and images else max(counts)
    names = photos.names if photos is not None and images else tuple(f"sample {i}" for i in range(count))
    return SampleSource(
        items=tuple(range(count)),
        names=names,
        digest=_digest(inputs, description, photos if images else None, origins),
        make=lambda items, index: {spec.name: values[spec.name](items, index) for spec in inputs},
    )


class _Crops:
    """Crops of photos at the sizes that inputs want, the last ones remembered."""

    def __init__(self, photos: Photos) -> None:
        self._photos = photos
        self._recent = RecentArrays(_CACHE_BYTES)

    def value(self, fit: ImageFit, turn: int, turns: int) -> _Value:
        """The value of the image input that is number ``turn`` of ``turns``."""
        return lambda items, index: self._tensor(fit, items, index + turn * len(items) // turns)

    def embedded(self, embedding: Embedding, spec: TensorSpec, images: Mapping[str, ImageFit]) -> _Value:
        """The value of an array input that ``embedding`` computes from the photo of another."""
        turn, turns = _turn(images, embedding.of), len(images)

        def value(items: tuple[int, ...], index: int) -> Array:
            first = index + turn * len(items) // turns
            key = (spec.name, items[first % len(items)])
            return self._recent.get(key, lambda: embedding.run(self._tensor(embedding.fit, items, first)))

        return value

    def _tensor(self, fit: ImageFit, items: tuple[int, ...], first: int) -> Array:
        chosen = [items[(first + entry) % len(items)] for entry in range(fit.batch)]
        return fit.tensor([self._crop(fit, photo) for photo in chosen])

    def _crop(self, fit: ImageFit, photo: int) -> Array:
        key = (photo, fit.height, fit.width)
        return self._recent.get(key, lambda: fit.crop(self._photos[photo].pixels))


def _image_fits(
    inputs: tuple[TensorSpec, ...], description: ModelDescription, data: Mapping[str, Path]
) -> dict[str, ImageFit]:
    """The inputs that photos become, in the order of the inputs."""
    said = {spec.name: description.inputs.get(spec.name, TensorDescription()) for spec in inputs}
    return {
        spec.name: image_fit(spec, said[spec.name])
        for spec in inputs
        if spec.name not in data and said[spec.name].kind == "image"
    }


def _turn(images: Mapping[str, ImageFit], name: str) -> int:
    return list(images).index(name)


def _array_source(
    spec: TensorSpec, description: ModelDescription, data: Mapping[str, Path], images: Mapping[str, ImageFit]
) -> ArrayFiles | Embedding:
    """Where the values of a non-image input (or of one in ``data``) come from."""
    if spec.name in data:
        return array_files(spec, data[spec.name])
    said = description.inputs.get(spec.name, TensorDescription())
    if said.source is None:
        message = f"input {spec.name} ({spec.dtype} {list(spec.shape)}) is not an image and has no data"
        give = f"--input {spec.name}=file.npy (or a folder of .npy files)"
        hint = f'give {give}, or from = or kind = "image" in [inputs.{spec.name}] of mobilekit.toml'
        raise InputDataError(message, hint=hint)
    path = description.folder / said.source
    if path.suffix.lower() == ".onnx":
        return open_embedding(spec, said, path, tuple(images))
    return array_files(spec, path)


def _check_names(inputs: tuple[TensorSpec, ...], data: Mapping[str, Path]) -> None:
    unknown = sorted(set(data) - {spec.name for spec in inputs})
    if unknown:
        known = ", ".join(spec.name for spec in inputs)
        message = f"the model has no input {unknown[0]}"
        raise InputDataError(message, hint=f"its inputs are: {known}")


def _missing_photos(images: list[str]) -> MissingPhotosError:
    verb = "is an image" if len(images) == 1 else "are images"
    message = f"no photos to calibrate with: {', '.join(images)} {verb}"
    return MissingPhotosError(message, hint="run the same command again with --photos FOLDER")


def _digest(
    inputs: tuple[TensorSpec, ...],
    description: ModelDescription,
    photos: Photos | None,
    origins: Mapping[str, str],
) -> str:
    """Digest of all that the feeds depend on; no path is part of it."""
    said: dict[str, dict[str, object]] = {}
    for spec in inputs:
        meaning = asdict(description.inputs.get(spec.name, TensorDescription()))
        meaning.pop("source", None)
        said[spec.name] = meaning
    content = {
        "inputs": [asdict(spec) for spec in inputs],
        "meaning": said,
        "photos": photos.digest if photos is not None else None,
        "origins": dict(origins),
    }
    return digest_of_bytes(json.dumps(content, sort_keys=True, default=str).encode())
