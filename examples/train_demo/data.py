"""Training pictures: blocks of a few people in a few scenes, every person in every scene.

One block of P people and S scenes costs P*S renders and gives P*(P-1)*S*(S-1) examples
(target, source, truth), which is what makes training on a small machine possible.
"""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from mobilekit.demo._color import HAIR_HEX, IRIS_HEX, linear_from_hex
from mobilekit.demo.faces import HAIR_STYLES, Identity, Scene, render

PEOPLE, SCENES = 5, 4
TRAIN_SEED, TEST_SEED = 1_000_000, 9_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Pictures B×P×S×H×W×3 uint8, head boxes B×S×3 (x, y, scale, half picture sizes), and
    the numbers behind them: people B×P×K and scenes B×S×L, see `person_numbers`.
    """

    pictures: np.ndarray
    boxes: np.ndarray
    people: np.ndarray
    scenes: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """target, source, truth N×H×W×3 uint8, boxes N×3, the source's person N×K, the target's scene N×L."""

    target: np.ndarray
    source: np.ndarray
    truth: np.ndarray
    boxes: np.ndarray
    person: np.ndarray
    scene: np.ndarray


def person_numbers(person: Identity) -> list[float]:
    """What can be seen of a person, as numbers of deviation about 1."""
    numbers = [
        (person.monk - 5.5) / 3,
        person.undertone * 1.7,
        (person.face_width - 0.76) * 22,
        (person.forehead - 0.97) * 25,
        (person.cheek - 0.5) * 3.5,
        (person.jaw - 0.86) * 12,
        (person.chin - 2.35) * 5,
        (person.eye_size - 1.02) * 8,
        (person.eye_distance - 0.33) * 43,
        (person.eye_tilt - 0.03) * 8,
        (person.brow_thickness - 1.0) * 3.5,
        (person.brow_arch - 0.5) * 3.5,
        (person.nose_width - 0.14) * 43,
        (person.nose_length - 0.3) * 29,
        (person.mouth_width - 0.28) * 29,
        (person.lip_fullness - 0.95) * 4,
        (person.lip_tint - 0.5) * 3.5,
        person.hairline * 22,
        (person.hair_volume - 0.5) * 3.5,
        person.beard * 3,
        person.freckles * 3,
    ]
    numbers += [2.0 * (person.glasses == kind) for kind in range(3)]
    numbers += [2.0 * (person.hair_style == style) for style in HAIR_STYLES]
    numbers += [4.0 * x for x in linear_from_hex(IRIS_HEX[person.iris_color])]
    return numbers + [4.0 * x for x in linear_from_hex(HAIR_HEX[person.hair_color])]


def scene_numbers(scene: Scene) -> list[float]:
    """Six numbers of the pose (see `model.head_coordinates`), then expression and light."""
    cos, sin = math.cos(scene.roll) / scene.scale, math.sin(scene.roll) / scene.scale
    return [
        cos,
        sin,
        -(cos * scene.offset_x + sin * scene.offset_y),
        -(cos * scene.offset_y - sin * scene.offset_x),
        math.sin(scene.yaw),
        math.sin(scene.pitch),
        scene.mouth_open * 3,
        (scene.smile - 0.3) * 2.5,
        (scene.brow_raise - 0.2) * 2,
        scene.eye_closure * 4,
        scene.gaze * 1.7,
        math.sin(scene.light_azimuth) * 1.6,
        (scene.light_elevation - 0.4) * 3.5,
        (scene.light_kelvin - 6000) / 2000,
        (scene.light_intensity - 0.81) * 13,
        (scene.ambient - 0.26) * 22,
    ]


def people_of(block: int, seed: int) -> list[Identity]:
    """The people of a block; tones are drawn evenly over the Monk scale."""
    return [Identity.sample(seed + block * PEOPLE + k) for k in range(PEOPLE)]


def scenes_of(block: int, seed: int) -> list[Scene]:
    """The scenes of a block."""
    return [Scene.sample(seed + block * SCENES + k) for k in range(SCENES)]


def draw_block(block: int, *, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One block: pictures P×S×H×W×3 and boxes S×3."""
    scenes = scenes_of(block, seed)
    pictures = [[render(person, scene, size=size) for scene in scenes] for person in people_of(block, seed)]
    boxes = [(scene.offset_x, scene.offset_y, scene.scale) for scene in scenes]
    return np.array(pictures), np.array(boxes, np.float32)


def draw_blocks(count: int, *, size: int, seed: int = TRAIN_SEED, workers: int = 2) -> Blocks:
    """Many blocks, drawn in worker processes; the result does not depend on `workers`."""
    pictures = np.empty((count, PEOPLE, SCENES, size, size, 3), np.uint8)
    boxes = np.empty((count, SCENES, 3), np.float32)
    draw = partial(draw_block, size=size, seed=seed)
    with ProcessPoolExecutor(workers) as pool:
        for index, (drawn, box) in enumerate(pool.map(draw, range(count), chunksize=8)):
            pictures[index], boxes[index] = drawn, box
    people = [[person_numbers(x) for x in people_of(block, seed)] for block in range(count)]
    scenes = [[scene_numbers(x) for x in scenes_of(block, seed)] for block in range(count)]
    return Blocks(
        pictures=pictures,
        boxes=boxes,
        people=np.array(people, np.float32),
        scenes=np.array(scenes, np.float32),
    )


def sample_batch(blocks: Blocks, count: int, rng: np.random.Generator) -> Batch:
    """Random examples; one in 16 has the same person twice."""
    block = rng.integers(len(blocks.pictures), size=count)
    first = rng.integers(PEOPLE, size=count)
    second = (first + np.where(rng.random(count) < 1 / 16, 0, rng.integers(1, PEOPLE, size=count))) % PEOPLE
    here = rng.integers(SCENES, size=count)
    there = (here + rng.integers(1, SCENES, size=count)) % SCENES
    return Batch(
        target=blocks.pictures[block, first, here],
        source=blocks.pictures[block, second, there],
        truth=blocks.pictures[block, second, here],
        boxes=blocks.boxes[block, here],
        person=blocks.people[block, second],
        scene=blocks.scenes[block, here],
    )


def test_pairs(count: int) -> list[tuple[Identity, Identity, Scene, Scene]]:
    """Unseen pairs (target person, source person, target scene, source scene)."""
    seeds = range(TEST_SEED, TEST_SEED + 2 * count, 2)
    return [(Identity.sample(s), Identity.sample(s + 1), Scene.sample(s), Scene.sample(s + 1)) for s in seeds]
