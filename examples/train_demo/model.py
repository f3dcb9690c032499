"""The demo's fusion network: the source's identity in the target's scene.

target, source: N×3×H×W, RGB, -1..1, H and W multiples of 64 (512 in the demo)
  stem      stride-2 convolution of the target, kept for the full-size head
  core      works on both pictures at a quarter of the size:
            source encoder -> identity vector; target encoder (skips at 1/4, 1/8, 1/16)
            -> scene vector and pose -> head coordinates of every pixel;
            AdaIN blocks at 1/64 and 1/32 of the size on [target | source] features,
            decoder with bilinear Resize, Concat skips, head coordinates and AdaIN,
            and a painter: 1x1 convolutions of the head coordinates, styled
  layers    12 channels: a generated picture, a gain and a bias for the target, and the
            logits of a softmax over [generated, target, gain * target + bias]
  head      refines the layers at half size and blends at full size

AdaIN follows Huang and Belongie, arXiv 1703.06868; the painter is styled like FiLM (Perez et
al., arXiv 1709.07871); normalised head coordinates as input are usual since 3DDFA (Zhu et
al., arXiv 1511.07212); blending candidates by a softmax mask is usual in face editing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYERS = 12
IDENTITY = 96
SCENE = 32
STYLE = IDENTITY + SCENE
COORDINATES = 6


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
    """Instance normalisation whose scale and shift come from the style vector."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.style = nn.Linear(STYLE, 2 * channels)
        self.channels = channels

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Normalise N×C×H×W, styled by N×128."""
        style = self.style(style).view(-1, 2 * self.channels, 1, 1)
        scale, shift = torch.split(style, self.channels, dim=1)
        mean = x.mean(dim=(2, 3), keepdim=True)
        if self.training:  # the same in fewer passes over x
            variance = (x * x).mean(dim=(2, 3), keepdim=True) - mean * mean
            gain = (1.0 + scale) * torch.rsqrt(variance.clamp_min(0.0) + 1e-5)
            return x * gain + (shift - mean * gain)
        centred = x - mean
        deviation = torch.sqrt(centred.pow(2).mean(dim=(2, 3), keepdim=True) + 1e-5)
        return centred / deviation * (1.0 + scale) + shift


class Painter(nn.Module):
    """A styled function of the head coordinates of each pixel (1×1 convolutions)."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        pairs = list(zip((COORDINATES, *widths), widths, strict=False))
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 1) for a, b in pairs])
        self.styles = nn.ModuleList([nn.Linear(STYLE, 2 * b) for b in widths])

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """N×C×H×W of N×6×H×W coordinates, styled by N×128."""
        for conv1, linear in zip(self.convs, self.styles, strict=True):
            pair = linear(style).view(-1, 2 * conv1.out_channels, 1, 1)
            scale, shift = torch.split(pair, conv1.out_channels, dim=1)
            x = act(conv1(x) * (1.0 + scale) + shift)
        return x


def head_coordinates(pose: tuple[Tensor, ...], like: Tensor) -> Tensor:
    """N×6×H×W coordinates of the head at each pixel, from six pose numbers, N×1×1×1 each.

    They are cos(roll)/scale, sin(roll)/scale, shift x, shift y, sin(yaw), sin(pitch). The
    channels are x, y in the picture plane, u, v on the turned face, |u|, and the depth.
    """
    height, width = int(like.shape[2]), int(like.shape[3])
    across = ((torch.arange(width) + 0.5) * (2.0 / width) - 1.0).view(1, 1, 1, -1)
    down = ((torch.arange(height) + 0.5) * (2.0 / height) - 1.0).view(1, 1, -1, 1)
    cos, sin, shift_x, shift_y, yaw, pitch = pose
    x = F.hardtanh(cos * across + sin * down + shift_x, -1.7, 1.7)
    y = F.hardtanh(cos * down - sin * across + shift_y, -1.7, 1.7)
    inside = F.relu(1.0 - x * x * 1.7 - y * y)
    depth = inside * (1.9 - 0.9 * inside)  # near the root, and gentle at the rim
    u, v = x - depth * yaw * 0.76, y - depth * pitch * 0.8
    return torch.cat([x, y, u, v, u.abs(), depth], dim=1)


class AdaINBlock(nn.Module):
    """Two convolutions with AdaIN, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(channels, channels), conv(channels, channels)
        self.norm1, self.norm2 = AdaIN(channels), AdaIN(channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """N×C×H×W of the same, styled by N×128."""
        y = act(self.norm1(self.conv1(x), style))
        return x + self.norm2(self.conv2(y), style)


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

    def forward(self, x: Tensor, skips: list[Tensor], style: Tensor) -> Tensor:
        """Features of the skips' size."""
        joined = self.norm(torch.cat([resize_like(x, skips[0]), *skips], dim=1))
        return act(self.adain(self.conv(joined), style))


class SceneEncoder(nn.Module):
    """The scene vector (N×32) and the pose (N×6) of the target's features."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Conv2d(88, 8, 1)
        self.hidden = nn.Linear(96 + 8 * 64, 96)
        self.vector, self.pose = nn.Linear(96, SCENE), nn.Linear(96, 6)
        nn.init.zeros_(self.pose.weight)
        with torch.no_grad():
            self.pose.bias.copy_(torch.tensor([1.85, 0.0, 0.0, 0.0, 0.0, 0.0]))

    def forward(self, t3: Tensor, t4: Tensor) -> tuple[Tensor, Tensor]:
        """Scene vector and pose of features at 1/8 and 1/16."""
        place = self.place(t3)
        place = F.adaptive_avg_pool2d(place, 8) if place.shape[2] > 8 else place
        hidden = act(self.hidden(torch.cat([t4.mean(dim=(2, 3)), place.flatten(1)], dim=1)))
        return self.vector(hidden), self.pose(hidden)


class Core(nn.Module):
    """Features (24 channels) and layers (12 channels) at the size of its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.scene = SourceEncoder(), SceneEncoder()
        self.enc0, self.enc1, self.enc2 = conv(3, 16), conv(16, 32, 2), conv(32, 56, 2)
        self.enc3, self.enc4 = conv(56, 88, 2), conv(88, 96, 2)
        self.join8, self.join16 = nn.Conv2d(96 + 96, 80, 1), nn.Conv2d(80 + 88 + 72, 80, 1)
        self.block8, self.block16 = AdaINBlock(80), AdaINBlock(80)
        self.up32 = Up(80, 56 + COORDINATES, 64, norm=True)
        self.up64 = Up(64, 32 + COORDINATES, 40, norm=True)
        self.painter = Painter((40, 40, 24))
        self.up128 = Up(40, 16 + 24, 24, norm=False)
        self.layers = conv(24, LAYERS)

    def forward(self, target: Tensor, source: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Features and layers of the pictures' size, and the identity, scene and pose vectors."""
        identity, source16, source8 = self.source(source)
        t0 = act(self.enc0(target))
        t1 = act(self.enc1(t0))
        t2 = act(self.enc2(t1))
        t3 = act(self.enc3(t2))
        t4 = act(self.enc4(t3))
        scene, pose = self.scene(t3, t4)
        style = torch.cat([identity, scene], dim=1)
        x = self.block8(self.join8(torch.cat([t4, source8], dim=1)), style)
        x = self.join16(torch.cat([resize_like(x, t3), t3, source16], dim=1))
        x = self.block16(x, style)
        turn = torch.split(pose.view(-1, 6, 1, 1), 1, dim=1)
        x = self.up32(x, [t2, head_coordinates(turn, t2)], style)
        x = self.up64(x, [t1, head_coordinates(turn, t1)], style)
        painted = self.painter(head_coordinates(turn, t0), style)
        x = self.up128(x, [t0, painted], style)
        return x, self.layers(x), (identity, scene, pose)


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
        return self.forward_training(target, source, full=True)[0]

    def forward_core(self, target: Tensor, source: Tensor) -> Tensor:
        """The fused picture at the core's own size, without the head."""
        return self.forward_training(target, source, full=False)[0]

    def forward_training(
        self, target: Tensor, source: Tensor, *, full: bool
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """The fused picture, and the identity, scene and pose vectors."""
        if not full:
            _, layers, vectors = self.core(target, source)
            return blend(target, layers), vectors
        stem = act(self.stem(target))
        features, layers, vectors = self.core(F.avg_pool2d(target, 4), F.avg_pool2d(source, 4))
        detail = act(self.head1(torch.cat([resize_like(features, stem), stem], dim=1)))
        layers = resize_like(layers, stem) + self.head2(detail)
        return blend(target, resize_like(layers, target)), vectors
