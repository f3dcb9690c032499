"""Train the fusion network on one small CPU: python train.py --out RUN.

Three stages, each a given number of minutes: the core on pictures of 64, then of 128
pixels, then the whole network at 512. Stop it at any time: RUN/last.pt is always whole,
and RUN/after-128.pt has the weights as they were after that stage.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from data import TEST_SEED, TRAIN_SEED, Batch, Blocks, draw_blocks, person_numbers, sample_batch
from model import IDENTITY, SCENE, Fusion
from torch import Tensor

from mobilekit.demo.faces import Identity

PERSON_NUMBERS = len(person_numbers(Identity.sample(0)))


def tensor(pictures: np.ndarray) -> Tensor:
    """N×3×H×W floats -1..1 of N×H×W×3 bytes."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def face_weight(boxes: np.ndarray, size: int) -> Tensor:
    """N×1×H×W weights: 1 far from the head, 3 in its middle."""
    axis = (torch.arange(size) + 0.5) * (2.0 / size) - 1.0
    x, y, scale = (torch.from_numpy(boxes[:, k]).view(-1, 1, 1) for k in range(3))
    square = ((axis - x) / scale / 0.95) ** 2 + ((axis[:, None] - y - 0.05) / scale / 1.1) ** 2
    return 1.0 + 2.0 * torch.exp(-(square**2))[:, None]


def gradient_loss(fused: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1 between horizontal and vertical differences."""
    error = fused - truth
    across = (error[..., 1:] - error[..., :-1]).abs() * weight[..., 1:]
    down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weight[..., 1:, :]
    return across.mean() + down.mean()


def loss_of(fused: Tensor, truth: Tensor, weight: Tensor, mse: float) -> Tensor:
    """Weighted L1 and squared error, and gradients at three scales."""
    error = fused - truth
    total = (error.abs() * weight).mean() + mse * (error.square() * weight).mean()
    for _ in range(3):
        total = total + 0.4 * gradient_loss(fused, truth, weight)
        fused, truth, weight = (F.avg_pool2d(x, 2) for x in (fused, truth, weight))
    return total


def shrink(batch: Batch, factor: int) -> tuple[Tensor, Tensor, Tensor]:
    """target, source, truth as tensors, smaller by a factor."""
    parts = (tensor(x) for x in (batch.target, batch.source, batch.truth))
    target, source, truth = (F.avg_pool2d(x, factor) if factor > 1 else x for x in parts)
    return target, source, truth


class Teacher(torch.nn.Module):
    """Reads the person's and the scene's numbers back from the network's vectors.

    Used in training only: the renderer knows what it drew, and a vector from which that can
    be read is learnt long before one that is only good for drawing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.person, self.scene = torch.nn.Linear(IDENTITY, PERSON_NUMBERS), torch.nn.Linear(SCENE, 10)

    def forward(self, vectors: tuple[Tensor, Tensor, Tensor], batch: Batch) -> Tensor:
        """The error of the numbers read, a scalar."""
        identity, scene, pose = vectors
        person_truth, scene_truth = torch.from_numpy(batch.person), torch.from_numpy(batch.scene)
        person = F.smooth_l1_loss(self.person(identity), person_truth)
        expression = F.smooth_l1_loss(self.scene(scene), scene_truth[:, 6:])
        return 0.25 * person + 0.1 * expression + 2.0 * F.l1_loss(pose, scene_truth[:, :6])


class Trainer:
    """A network, its running average, its optimiser and its log."""

    def __init__(self, out: Path, resume: Path | None, mse: float) -> None:
        self.out, self.start, self.mse = out, time.time(), mse
        self.model = Fusion().to(memory_format=torch.channels_last)
        if resume is not None:
            self.model.load_state_dict(torch.load(resume, weights_only=True))
        self.average, self.teacher = copy.deepcopy(self.model), Teacher()
        parameters = [*self.model.parameters(), *self.teacher.parameters()]
        self.optimiser = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-4)
        self.rng = np.random.default_rng(0)

    def log(self, text: str) -> None:
        """Write a line with the elapsed time to the log and the screen."""
        line = f"{time.time() - self.start:7.0f}s {text}"
        print(line, flush=True)
        with (self.out / "training.log").open("a") as file:
            file.write(line + "\n")

    def save(self, name: str = "last") -> None:
        """Write the averaged weights, atomically."""
        partial = self.out / f"{name}.pt.partial"
        torch.save(self.average.state_dict(), partial)
        partial.replace(self.out / f"{name}.pt")

    def update_average(self, decay: float) -> None:
        """Move the running average towards the weights; copy the statistics."""
        with torch.no_grad():
            for mine, theirs in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mine.lerp_(theirs, 1.0 - decay)
            for mine, theirs in zip(self.average.buffers(), self.model.buffers(), strict=True):
                mine.copy_(theirs)

    def psnr(self, test: Blocks, factor: int, *, full: bool) -> float:
        """Mean PSNR in dB over a fixed set of unseen examples."""
        rng = np.random.default_rng(7)
        values = []
        self.average.eval()
        for _ in range(8):
            target, source, truth = shrink(sample_batch(test, 4, rng), factor)
            with torch.no_grad():
                fused = self.average(target, source) if full else self.average.forward_core(target, source)
            error = ((fused - truth) / 2).square().mean(dim=(1, 2, 3))
            values += (-10 * torch.log10(error)).tolist()
        return float(np.mean(values))

    def stage(
        self,
        name: str,
        train: Blocks,
        test: Blocks,
        *,
        minutes: float,
        batch: int,
        factor: int,
        rate: float,
        full: bool = False,
    ) -> None:
        """Train for some minutes: warm-up, then a cosine to a twentieth of the rate."""
        begin, step, next_save, running = time.time(), 0, 120.0, 0.0
        while (passed := time.time() - begin) < minutes * 60:
            share = passed / (minutes * 60)
            now = rate * min(1.0, (step + 1) / 100) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * share)))
            loss = self.step(sample_batch(train, batch, self.rng), factor, now, full=full)
            self.update_average(min(0.997, (step + 1) / (step + 20)))
            running = loss if step == 0 else 0.98 * running + 0.02 * loss
            step += 1
            if passed > next_save:
                next_save = passed + 120
                self.report(name, step, batch, running, self.psnr(test, factor, full=full))
        self.report(name, step, batch, running, self.psnr(test, factor, full=full))
        self.save(f"after-{name}")

    def report(self, name: str, step: int, batch: int, loss: float, psnr: float) -> None:
        """Save and log."""
        self.save()
        self.log(f"{name} step {step} examples {step * batch} loss {loss:.4f} unseen PSNR {psnr:.2f} dB")

    def step(self, batch: Batch, factor: int, rate: float, *, full: bool) -> float:
        """One optimiser step; returns the loss."""
        self.model.train()
        for module in self.model.modules():
            if full and isinstance(module, torch.nn.BatchNorm2d):
                module.eval()  # batches of 4 are too small for statistics
        target, source, truth = (x.to(memory_format=torch.channels_last) for x in shrink(batch, factor))
        fused, vectors = self.model.forward_training(target, source, full=full)
        loss = loss_of(fused, truth, face_weight(batch.boxes, truth.shape[2]), self.mse)
        total = loss + self.teacher(vectors, batch)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return float(loss.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--minutes", type=float, nargs=3, default=(10.0, 26.0, 9.0))
    parser.add_argument("--blocks", type=int, nargs=2, default=(1000, 100))
    parser.add_argument("--batch", type=int, default=16, help="of the stage at 128 pixels")
    parser.add_argument("--rate", type=float, default=1.2e-3, help="of the stage at 128 pixels")
    parser.add_argument("--rate-512", type=float, default=1e-4, help="of the stage at 512 pixels")
    parser.add_argument("--mse", type=float, default=5.0, help="weight of the squared error in the loss")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=TRAIN_SEED, help="the first person and scene drawn")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.out, options.resume, options.mse)
    small, middle, large = options.minutes
    trainer.save()
    if small + middle > 0:
        train = draw_blocks(options.blocks[0], size=128, seed=options.seed)
        test = draw_blocks(8, size=128, seed=TEST_SEED)
        trainer.log(f"drew {train.pictures.nbytes / 2**20:.0f} MiB of pictures of 128 pixels")
        trainer.stage("64", train, test, minutes=small, batch=32, factor=2, rate=2e-3)
        trainer.stage("128", train, test, minutes=middle, batch=options.batch, factor=1, rate=options.rate)
        del train
    if large > 0:
        train = draw_blocks(options.blocks[1], size=512, seed=options.seed)
        test = draw_blocks(4, size=512, seed=TEST_SEED)
        trainer.log(f"drew {train.pictures.nbytes / 2**20:.0f} MiB of pictures of 512 pixels")
        trainer.stage("512", train, test, minutes=large, batch=4, factor=1, rate=options.rate_512, full=True)
    trainer.log("done")


if __name__ == "__main__":
    main()
