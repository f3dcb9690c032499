"""The pictures that inputs show: cut from photos when they are asked for, the last ones remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.calibrate.pairing import Pairing
from mobilekit.calibrate.samples import RecentArrays

if TYPE_CHECKING:
    from mobilekit.calibrate.embedding import Embedding
    from mobilekit.calibrate.faces import Faces
    from mobilekit.calibrate.fit import ImageFit
    from mobilekit.calibrate.photos import Photos
    from mobilekit.tensors import Array

    Value = Callable[[tuple[int, ...], int], Array]

_PHOTOS_BYTES = 40 << 20
"""Whole photos are kept for inputs that show the same one at other sizes: one of 13 megapixels, say."""
_PICTURES_BYTES = 32 << 20
_VALUES_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An image input: how it shows photos, and that it shows those of turn ``turn`` of ``turns``."""

    fit: ImageFit
    turn: int
    turns: int


class Crops:
    """Values of the inputs that are made from photos; memory does not grow with the number of photos."""

    def __init__(self, photos: Photos, faces: Faces | None) -> None:
        self._photos = photos
        self._faces = faces
        self._sources = photos.sources
        self._pairing = Pairing(people=photos.people, sources=self._sources)
        self._pixels = RecentArrays(_PHOTOS_BYTES)
        self._pictures = RecentArrays(_PICTURES_BYTES)
        self._values = RecentArrays(_VALUES_BYTES)

    def images(self, shown: Shown) -> Value:
        """The value of an image input."""

        def value(items: tuple[int, ...], index: int) -> Array:
            chosen = self._chosen(shown, items, index)
            return shown.fit.tensor([self.picture(shown.fit, photo) for photo in chosen])

        return value

    def embedded(self, embedding: Embedding, shown: Shown) -> Value:
        """The value that ``embedding`` computes from the photos that another input shows."""

        def computed(photo: int) -> Array:
            picture = self.picture(embedding.fit, photo)
            return embedding.run(embedding.fit.tensor([picture]))

        def of_photo(photo: int) -> Array:
            return self._values.get((embedding.spec.name, photo), lambda: computed(photo))

        def value(items: tuple[int, ...], index: int) -> Array:
            chosen = self._chosen(shown, items, index)[: embedding.photos]
            return embedding.joined([of_photo(photo) for photo in chosen])

        return value

    def _chosen(self, shown: Shown, items: tuple[int, ...], index: int) -> list[int]:
        """The photos of one feed, one per entry of the input's batch."""
        return [
            self._pairing.photo(items, index + entry, turn=shown.turn, turns=shown.turns)
            for entry in range(shown.fit.batch)
        ]

    def picture(self, fit: ImageFit, photo: int) -> Array:
        """The part of a photo that an input shows: H×W×3 uint8."""
        face = self._faces.box(self._sources[photo]) if self._faces is not None else None

        def shown() -> Array:
            pixels = self._pixels.get(photo, lambda: self._photos[photo].pixels)
            return fit.crop(pixels, face)

        return self._pictures.get((photo, fit.framing), shown)
