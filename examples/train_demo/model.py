"""The demo's fusion network: the source's identity in the target's scene.

target, source: N×3×H×W, RGB, -1..1, H and W multiples of 64 (512 in the demo)
  stem      stride-2 convolution of the target, kept for the full-size head
  core      works on both pictures at a quarter of the size:
            target encoder (skips at 1/4, 1/8, 1/16), source encoder -> identity vector,
            AdaIN blocks at 1/64 and 1/32 of the size on [target | source] features,
            decoder with bilinear Resize, Concat skips and AdaIN
  layers    12 channels: a generated picture, a gain and a bias for the target, and the
            logits of a softmax over [generated, target, gain * target + bias]
  head      refines the layers at half size and blends at full size

AdaIN follows Huang and Belongie, arXiv 1703.06868; blending candidates by a softmax mask is
usual in face editing networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYERS = 12
IDENTITY = 96


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 3×3 convolution that keeps the size (or halves it)."""
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def act(x: Tensor) -> Tensor:
    """Leaky ReLU, slope 0.2."""
    return F.leaky_relu(x, 0.2)


def resize_like(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear resize to the height and width of another tensor."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


class AdaIN(nn.Module):
    """Instance normalisation whose scale and shift come from the identity vector."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.style = nn.Linear(IDENTITY, 2 * channels)
        self.channels = channels

    def forward(self, x: Tensor, identity: Tensor) -> Tensor:
        """Normalise N×C×H×W, styled by N×96."""
        style = self.style(identity).view(-1, 2 * self.channels, 1, 1)
        scale, shift = torch.split(style, self.channels, dim=1)
        mean = x.mean(dim=(2, 3), keepdim=True)
        if self.training:  # the same in fewer passes over x
            variance = (x * x).mean(dim=(2, 3), keepdim=True) - mean * mean
            gain = (1.0 + scale) * torch.rsqrt(variance.clamp_min(0.0) + 1e-5)
            return x * gain + (shift - mean * gain)
        centred = x - mean
        deviation = torch.sqrt(centred.pow(2).mean(dim=(2, 3), keepdim=True) + 1e-5)
        return centred / deviation * (1.0 + scale) + shift


class AdaINBlock(nn.Module):
    """Two convolutions with AdaIN, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(channels, channels), conv(channels, channels)
        self.norm1, self.norm2 = AdaIN(channels), AdaIN(channels)

    def forward(self, x: Tensor, identity: Tensor) -> Tensor:
        """N×C×H×W of the same, styled by N×96."""
        y = act(self.norm1(self.conv1(x), identity))
        return x + self.norm2(self.conv2(y), identity)


class SourceEncoder(nn.Module):
    """The identity vector (N×96) of a picture, and its features at 1/8 and 1/16."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(3, 24, 2), conv(24, 48, 2)
        self.conv3, self.conv4 = conv(48, 72, 2), conv(72, 96, 2)
        self.place = nn.Conv2d(96, 6, 1)
        self.hidden = nn.Linear(2 * (48 + 72 + 96) + 6 * 64, 128)
        self.vector = nn.Linear(128, IDENTITY)

    def forward(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Identity vector, features at 1/8, features at 1/16 of N×3×H×W."""
        x1 = act(self.conv1(source))
        x2 = act(self.conv2(x1))
        x3 = act(self.conv3(x2))
        x4 = act(self.conv4(x3))
        parts = [x.mean(dim=(2, 3)) for x in (x2, x3, x4)]
        parts += [self._deviation(x) for x in (x2, x3, x4)]
        place = F.adaptive_avg_pool2d(self.place(x4), 8) if x4.shape[2] > 8 else self._spread(x4)
        hidden = act(self.hidden(torch.cat([*parts, place.flatten(1)], dim=1)))
        return self.vector(hidden), x3, x4

    @staticmethod
    def _deviation(x: Tensor) -> Tensor:
        """N×C standard deviations over the picture."""
        return ((x - x.mean(dim=(2, 3), keepdim=True)).pow(2).mean(dim=(2, 3)) + 1e-5).sqrt()

    def _spread(self, x4: Tensor) -> Tensor:
        """The place features on an 8×8 grid, also when the picture is small."""
        place = self.place(x4)
        return place if x4.shape[2] == 8 else F.interpolate(place, size=(8, 8), mode="bilinear")


class Up(nn.Module):
    """Resize to the skip, concatenate, batch-normalise (if asked), convolve, AdaIN."""

    def __init__(self, inputs: int, skip: int, outputs: int, *, norm: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs + skip) if norm else nn.Identity()
        self.conv = conv(inputs + skip, outputs)
        self.adain = AdaIN(outputs)

    def forward(self, x: Tensor, skip: Tensor, identity: Tensor) -> Tensor:
        """Features of the skip's size."""
        joined = self.norm(torch.cat([resize_like(x, skip), skip], dim=1))
        return act(self.adain(self.conv(joined), identity))


class Core(nn.Module):
    """Features (24 channels) and layers (12 channels) at the size of its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.source = SourceEncoder()
        self.enc0, self.enc1, self.enc2 = conv(3, 16), conv(16, 32, 2), conv(32, 64, 2)
        self.enc3, self.enc4 = conv(64, 88, 2), conv(88, 96, 2)
        self.join8, self.join16 = nn.Conv2d(96 + 96, 96, 1), nn.Conv2d(96 + 88 + 72, 88, 1)
        self.block8, self.block16 = AdaINBlock(96), AdaINBlock(88)
        self.up32, self.up64 = Up(88, 64, 64, norm=True), Up(64, 32, 40, norm=True)
        self.up128 = Up(40, 16, 24, norm=False)
        self.layers = conv(24, LAYERS)

    def forward(self, target: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """Features and layers, of the size of the two pictures."""
        identity, source16, source8 = self.source(source)
        t0 = act(self.enc0(target))
        t1 = act(self.enc1(t0))
        t2 = act(self.enc2(t1))
        t3 = act(self.enc3(t2))
        t4 = act(self.enc4(t3))
        x = self.block8(self.join8(torch.cat([t4, source8], dim=1)), identity)
        x = self.join16(torch.cat([resize_like(x, t3), t3, source16], dim=1))
        x = self.block16(x, identity)
        x = self.up32(x, t2, identity)
        x = self.up64(x, t1, identity)
        x = self.up128(x, t0, identity)
        return x, self.layers(x)


def blend(target: Tensor, layers: Tensor) -> Tensor:
    """The fused picture from the target and its 12 layers, all of one size."""
    generated = torch.tanh(layers[:, 0:3])
    relit = target * (1.0 + layers[:, 3:6]) + layers[:, 6:9]
    mask = torch.softmax(layers[:, 9:12], dim=1)
    fused = generated * mask[:, 0:1] + target * mask[:, 1:2] + relit * mask[:, 2:3]
    return torch.clamp(fused, -1.0, 1.0)


class Fusion(nn.Module):
    """The whole network: the core at a quarter of the size, the head at half of it."""

    def __init__(self) -> None:
        super().__init__()
        self.core = Core()
        self.stem = conv(3, 8, 2)
        self.head1, self.head2 = conv(24 + 8, 16), conv(16, LAYERS)
        nn.init.zeros_(self.head2.weight)
        nn.init.zeros_(self.head2.bias)

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """The fused picture, of the size of the two pictures."""
        stem = act(self.stem(target))
        features, layers = self.core(F.avg_pool2d(target, 4), F.avg_pool2d(source, 4))
        detail = act(self.head1(torch.cat([resize_like(features, stem), stem], dim=1)))
        layers = resize_like(layers, stem) + self.head2(detail)
        return blend(target, resize_like(layers, target))

    def forward_core(self, target: Tensor, source: Tensor) -> Tensor:
        """The fused picture at the core's own size, for training without the head."""
        _, layers = self.core(target, source)
        return blend(target, layers)
