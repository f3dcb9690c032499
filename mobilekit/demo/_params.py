"""What a portrait is made of: `Identity` stays, `Scene` changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mobilekit.demo._color import CLOTH_HEX, HAIR_HEX, IRIS_HEX

HAIR_STYLES = ("bald", "short", "swept", "fringe", "bob", "long", "bun", "afro")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person; lengths are in head half-heights, angles in radians.

    `monk` is a tone 1..10 of the Monk Skin Tone Scale; `undertone` runs from cool (-1) to
    warm (1); `hair_color` and `iris_color` index the palettes; `beard` and `freckles` are
    strengths 0..1; `glasses` is 0 (none), 1 (round) or 2 (square).
    """

    monk: int
    undertone: float
    face_width: float
    forehead: float
    cheek: float
    jaw: float
    chin: float
    eye_size: float
    eye_distance: float
    eye_tilt: float
    iris_color: int
    brow_thickness: float
    brow_arch: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float
    lip_tint: float
    hair_style: str
    hair_color: int
    hairline: float
    hair_volume: float
    beard: float
    freckles: float
    glasses: int

    @classmethod
    def sample(cls, seed: int, monk: int | None = None) -> Identity:
        """The person of a seed; `monk` replaces the drawn skin tone and nothing else."""
        rng = np.random.default_rng((seed, 1))
        between = rng.uniform
        person = cls(
            monk=int(rng.integers(1, 11)),
            undertone=float(between(-1, 1)),
            face_width=float(between(0.68, 0.84)),
            forehead=float(between(0.9, 1.04)),
            cheek=float(between(0.0, 1.0)),
            jaw=float(between(0.72, 1.0)),
            chin=float(between(2.0, 2.7)),
            eye_size=float(between(0.8, 1.25)),
            eye_distance=float(between(0.29, 0.37)),
            eye_tilt=float(between(-0.18, 0.24)),
            iris_color=int(rng.integers(len(IRIS_HEX))),
            brow_thickness=float(between(0.5, 1.5)),
            brow_arch=float(between(0.0, 1.0)),
            nose_width=float(between(0.1, 0.18)),
            nose_length=float(between(0.24, 0.36)),
            mouth_width=float(between(0.22, 0.34)),
            lip_fullness=float(between(0.5, 1.4)),
            lip_tint=float(between(0.0, 1.0)),
            hair_style=HAIR_STYLES[int(rng.integers(len(HAIR_STYLES)))],
            hair_color=int(len(HAIR_HEX) * between() ** 1.5),
            hairline=float(between(-0.08, 0.08)),
            hair_volume=float(between(0.0, 1.0)),
            beard=float(max(0.0, between(-1.6, 1.0))),
            freckles=float(max(0.0, between(-2.0, 1.0))),
            glasses=max(0, int(rng.integers(-4, 3))),
        )
        return person if monk is None else replace(person, monk=monk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A moment: pose, expression, light, clothes and background.

    Angles are in radians (yaw > 0 looks to the picture's right, pitch > 0 down); offsets
    and scale are in half picture sizes; `light_azimuth` > 0 lights from the right,
    `light_elevation` > 0 from above.
    """

    yaw: float
    pitch: float
    roll: float
    offset_x: float
    offset_y: float
    scale: float
    mouth_open: float
    smile: float
    brow_raise: float
    eye_closure: float
    gaze: float
    light_azimuth: float
    light_elevation: float
    light_kelvin: float
    light_intensity: float
    ambient: float
    cloth_color: int
    background_seed: int

    @classmethod
    def sample(cls, seed: int) -> Scene:
        """The scene of a seed."""
        rng = np.random.default_rng((seed, 2))
        between = rng.uniform
        return cls(
            yaw=float(between(-0.45, 0.45)),
            pitch=float(between(-0.2, 0.22)),
            roll=float(between(-0.2, 0.2)),
            offset_x=float(between(-0.08, 0.08)),
            offset_y=float(between(-0.06, 0.06)),
            scale=float(between(0.50, 0.58)),
            mouth_open=float(max(0.0, between(-0.7, 1.0))),
            smile=float(between(-0.4, 1.0)),
            brow_raise=float(between(-0.6, 1.0)),
            eye_closure=float(max(0.0, between(-0.8, 0.8))),
            gaze=float(between(-1, 1)),
            light_azimuth=float(between(-1.1, 1.1)),
            light_elevation=float(between(-0.1, 0.9)),
            light_kelvin=float(between(2800, 9500)),
            light_intensity=float(between(0.68, 0.95)),
            ambient=float(between(0.18, 0.34)),
            cloth_color=int(rng.integers(len(CLOTH_HEX))),
            background_seed=int(rng.integers(2**31)),
        )
