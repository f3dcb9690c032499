"""Photos and arrays → feeds for a model's inputs, by what its description says they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.arrays import ArrayFiles, Written, array_files, written
from mobilekit.calibrate.crops import Crops, Shown
from mobilekit.calibrate.embedding import Embedding, open_embedding
from mobilekit.calibrate.faces import Faces, find_faces
from mobilekit.calibrate.fit import image_fit
from mobilekit.calibrate.samples import SampleSource, split
from mobilekit.description import TensorDescription, shows_faces
from mobilekit.errors import DescriptionError, InputDataError, MissingPhotosError

if TYPE_CHECKING:
    from mobilekit.calibrate.photos import Photos
    from mobilekit.description import ModelDescription
    from mobilekit.tensors import Array, TensorSpec

__all__ = ["input_samples", "shows_faces", "split"]

_NAMED = 3
_PATHS = ("source", "projection")

_Value = Callable[[tuple[int, ...], int], "Array"]
"""``value(items, i)``: one input's value in the feed of ``items[i]``."""


def input_samples(
    inputs: tuple[TensorSpec, ...],
    description: ModelDescription,
    *,
    photos: Photos | None,
    data: Mapping[str, Path] | None = None,
    faces: Faces | None = None,
) -> SampleSource:
    """A feed per photo (per array sample, if no input is an image).

    Where k inputs show photos of their own, input j of feed i shows photo i + j·n/k (modulo n), or the
    next one of somebody else; array inputs take sample i of their data (modulo its length), or the file
    that is named like the photo. ``data`` replaces what the description says for an input. ``faces`` are
    looked for if they are needed and not given. Raises MissingPhotosError, InputDataError or
    DescriptionError.
    """
    data = data or {}
    _check_names(inputs, data)
    images = _images(inputs, description, data)
    if images and photos is None:
        raise _missing_photos(sorted(images))
    arrays = {
        spec.name: _array_source(spec, description, data, images)
        for spec in inputs
        if spec.name not in images
    }
    if photos is None or not images:
        return _without_photos(inputs, description, arrays)
    found = None
    if _crops_faces(images, arrays):
        found = faces if faces is not None else find_faces(photos, description)
    arrays = {
        name: source.beside(photos.names, photos.sources) if isinstance(source, ArrayFiles) else source
        for name, source in arrays.items()
    }
    items, notes = _used(photos, found, description)
    notes = (*notes, *_alone(photos, items, images))
    crops = Crops(photos, found)
    values: dict[str, _Value] = {spec.name: _value(spec.name, images, arrays, crops) for spec in inputs}
    origins = {name: source.digest for name, source in arrays.items()}
    return SampleSource(
        items=items,
        names=tuple(photos.names[item] for item in items),
        digest=_digest(inputs, description, origins, [photos.digest, found.digest if found else None, items]),
        make=lambda items, index: {spec.name: values[spec.name](items, index) for spec in inputs},
        notes=notes,
    )


def _without_photos(
    inputs: tuple[TensorSpec, ...],
    description: ModelDescription,
    arrays: Mapping[str, ArrayFiles | Written | Embedding],
) -> SampleSource:
    """A feed per array sample."""
    plain = {name: source for name, source in arrays.items() if not isinstance(source, Embedding)}
    count = max(len(source) for source in plain.values())
    return SampleSource(
        items=tuple(range(count)),
        names=tuple(f"sample {i}" for i in range(count)),
        digest=_digest(inputs, description, {name: source.digest for name, source in plain.items()}, []),
        make=lambda items, index: {name: source.value(items, index) for name, source in plain.items()},
    )


def _value(
    name: str,
    images: Mapping[str, Shown],
    arrays: Mapping[str, ArrayFiles | Written | Embedding],
    crops: Crops,
) -> _Value:
    """How one input gets its value for a feed."""
    if name in images:
        return crops.images(images[name])
    source = arrays[name]
    return crops.embedded(source, images[source.of]) if isinstance(source, Embedding) else source.value


def _images(
    inputs: tuple[TensorSpec, ...], description: ModelDescription, data: Mapping[str, Path]
) -> dict[str, Shown]:
    """The inputs that show photos, in the order of the inputs, and whose photo each shows."""
    said = {spec.name: description.inputs.get(spec.name, TensorDescription()) for spec in inputs}
    names = [spec.name for spec in inputs if spec.name not in data and said[spec.name].kind == "image"]
    leading = [name for name in names if said[name].of is None]
    for name in names:
        if said[name].of is not None and said[name].of not in leading:
            message = f"[inputs.{name}] of = {said[name].of!r} is no image input with a photo of its own"
            raise DescriptionError(message, hint=f"those are: {', '.join(leading) or 'none'}")
    return {
        spec.name: Shown(
            fit=image_fit(spec, said[spec.name]),
            turn=leading.index(said[spec.name].of or spec.name),
            turns=len(leading),
        )
        for spec in inputs
        if spec.name in names
    }


def _array_source(
    spec: TensorSpec, description: ModelDescription, data: Mapping[str, Path], images: Mapping[str, Shown]
) -> ArrayFiles | Written | Embedding:
    """Where the values of a non-image input (or of one in ``data``) come from."""
    if spec.name in data:
        return array_files(spec, data[spec.name])
    said = description.inputs.get(spec.name, TensorDescription())
    if said.value is not None:
        return written(spec, said.value)
    if said.source is None:
        message = f"input {spec.name} ({spec.dtype} {list(spec.shape)}) is not an image and has no data"
        give = f"--input {spec.name}=file.npy (or a folder of .npy files)"
        hint = f'give {give}, or from =, value = or kind = "image" in [inputs.{spec.name}] of mobilekit.toml'
        raise InputDataError(message, hint=hint)
    if said.source.lower().endswith(".onnx"):
        of = said.of or (next(iter(images)) if len(images) == 1 else "")
        batch = images[of].fit.batch if of in images else 1
        vectors = batch if spec.shape[:1] == (batch,) else 1
        return open_embedding(spec, said, description.folder, tuple(images), photos=vectors)
    return array_files(spec, description.folder / said.source)


def _crops_faces(images: Mapping[str, Shown], arrays: Mapping[str, ArrayFiles | Written | Embedding]) -> bool:
    fits = [shown.fit for shown in images.values()]
    fits += [source.fit for source in arrays.values() if isinstance(source, Embedding)]
    return any(fit.framing.crop == "face" for fit in fits)


def _used(
    photos: Photos, faces: Faces | None, description: ModelDescription
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The photos that are used, and what to tell about those without a face."""
    every = tuple(range(len(photos)))
    if faces is None:
        return every, ()
    faceless = [i for i in every if faces.box(photos.sources[i]) is None]
    if not faceless:
        return every, ()
    skip = description.faces.missing == "skip"
    names = ", ".join(photos.names[i] for i in faceless[:_NAMED])
    more = ", …" if len(faceless) > _NAMED else ""
    done = "left out" if skip else "their centre is shown"
    note = f"no face found on {len(faceless)} of {len(photos)} photos, {done}: {names}{more}"
    if len(faceless) == len(photos) and skip:
        message = f"no face found on any of the {len(photos)} photos"
        raise MissingPhotosError(message, hint="lower score in [crop], or check [crop.input] and boxes")
    return tuple(i for i in every if not skip or i not in set(faceless)), (note,)


def _alone(photos: Photos, items: tuple[int, ...], images: Mapping[str, Shown]) -> tuple[str, ...]:
    """What to tell where inputs that should show several people can only show one."""
    people = {photos.people[item] for item in items}
    if max((shown.turns for shown in images.values()), default=1) < 2 or len(people) > 1 or None in people:
        return ()
    first = [name for name, shown in images.items() if shown.turns > 1]
    return (f"all photos are of {people.pop()}: inputs {', '.join(first)} show the same person",)


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
    origins: Mapping[str, str],
    photos: list[Any],
) -> str:
    """Digest of all that the feeds depend on; no path is part of it."""
    said: dict[str, dict[str, object]] = {}
    for spec in inputs:
        meaning = asdict(description.inputs.get(spec.name, TensorDescription()))
        said[spec.name] = {key: value for key, value in meaning.items() if key not in _PATHS}
    content = {
        "inputs": [asdict(spec) for spec in inputs],
        "meaning": said,
        "photos": photos,
        "origins": dict(origins),
    }
    return digest_of_bytes(json.dumps(content, sort_keys=True, default=str).encode())
