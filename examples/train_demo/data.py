"""Training pictures: blocks of a few people in a few scenes, every person in every scene.

One block of P people and S scenes costs P*S renders and gives P*(P-1)*S*(S-1) examples
(target, source, truth), which is what makes training on a small machine possible.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from mobilekit.demo.faces import Identity, Scene, render

PEOPLE, SCENES = 5, 4
TRAIN_SEED, TEST_SEED = 1_000_000, 9_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Pictures B×P×S×H×W×3 uint8 and head boxes B×S×3 (x, y, scale, half picture sizes)."""

    pictures: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """target, source, truth N×H×W×3 uint8 and boxes N×3."""

    target: np.ndarray
    source: np.ndarray
    truth: np.ndarray
    boxes: np.ndarray


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
    return Blocks(pictures=pictures, boxes=boxes)


def sample_batch(blocks: Blocks, count: int, rng: np.random.Generator) -> Batch:
    """Random examples; one in 16 has the same person twice, half are mirrored."""
    block = rng.integers(len(blocks.pictures), size=count)
    first = rng.integers(PEOPLE, size=count)
    second = (first + np.where(rng.random(count) < 1 / 16, 0, rng.integers(1, PEOPLE, size=count))) % PEOPLE
    here = rng.integers(SCENES, size=count)
    there = (here + rng.integers(1, SCENES, size=count)) % SCENES
    target = blocks.pictures[block, first, here]
    source = blocks.pictures[block, second, there]
    truth = blocks.pictures[block, second, here]
    boxes = blocks.boxes[block, here].copy()
    if rng.random() < 0.5:
        target, source, truth = (x[:, :, ::-1] for x in (target, source, truth))
        boxes[:, 0] *= -1
    return Batch(target=target, source=source, truth=truth, boxes=boxes)


def test_pairs(count: int) -> list[tuple[Identity, Identity, Scene, Scene]]:
    """Unseen pairs (target person, source person, target scene, source scene)."""
    seeds = range(TEST_SEED, TEST_SEED + 2 * count, 2)
    return [(Identity.sample(s), Identity.sample(s + 1), Scene.sample(s), Scene.sample(s + 1)) for s in seeds]
