"""The blocks of image networks as people write them in PyTorch, small: for make_torch.py and make_pnnx.py."""
# ruff: noqa: B905, D101, N812 - written as the exporters' users write

import torch
import torch.nn.functional as F
from torch import nn


def conv_bn(inner: int, outer: int, size: int = 3, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(inner, outer, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outer))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = conv_bn(3, 4), conv_bn(4, 6)
        self.up, self.last = nn.ConvTranspose2d(6, 4, 2, 2), nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x):
        skip = F.relu(self.first(x))
        deep = F.relu(self.second(F.max_pool2d(skip, 2)))
        return torch.sigmoid(self.last(torch.cat([self.up(deep), skip], dim=1)))


class BilinearUNet(nn.Module):
    """The decoder of Ultralytics and MONAI users: upsampled to the size of the skip, whatever it is."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 6, 3, 2, 1)
        self.last = nn.Conv2d(10, 3, 1)

    def forward(self, x):
        skip = F.leaky_relu(self.first(x), 0.2)
        deep = F.leaky_relu(self.second(skip), 0.2)
        deep = F.interpolate(deep, size=skip.shape[2:], mode="bilinear", align_corners=False)
        return torch.tanh(self.last(torch.cat([deep, skip], dim=1)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.side = conv_bn(3, 6, stride=2), conv_bn(6, 6), conv_bn(3, 6, 1, stride=2)
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 5)

    def forward(self, x):
        x = F.relu(self.two(F.relu(self.one(x))) + self.side(x))
        return self.fc(torch.flatten(self.pool(x), 1))


class PreActivation(nn.Module):
    """BatchNorm before the convolution (ResNet v2, DenseNet)."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.point = nn.Conv2d(6, 4, 1, bias=False)

    def forward(self, x):
        x = F.relu(self.stem(x))
        return self.point(self.norm(x))


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x):
        scale = F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))
        return x * F.hardsigmoid(self.up(scale))


class LinearSqueezeExcite(nn.Module):
    """The original: mean, Linear, view back."""

    def __init__(self, channels: int = 6):
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.fc = nn.Sequential(nn.Linear(channels, 2), nn.ReLU(), nn.Linear(2, channels), nn.Sigmoid())

    def forward(self, x):
        x = self.stem(x)
        b, c, _, _ = x.size()
        y = self.fc(F.adaptive_avg_pool2d(x, 1).view(b, c)).view(b, c, 1, 1)
        return x * y.expand_as(x)


class MobileNetV3(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 4, stride=2)
        self.expand, self.depth, self.project = conv_bn(4, 8, 1), conv_bn(8, 8, 5, groups=8), conv_bn(8, 4, 1)
        self.squeeze = SqueezeExcite(8)

    def forward(self, x):
        x = F.hardswish(self.stem(x))
        y = F.hardswish(self.depth(F.hardswish(self.expand(x))))
        return x + self.project(self.squeeze(y))


class ChannelsFirstLayerNorm(nn.Module):
    """ConvNeXt's own layer."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(channels)), nn.Parameter(torch.randn(channels))

    def forward(self, x):
        u = x.mean(1, keepdim=True)
        s = (x - u).pow(2).mean(1, keepdim=True)
        x = (x - u) / torch.sqrt(s + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ConvNeXt(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 4, 4), ChannelsFirstLayerNorm(6)
        self.depth, self.inner = nn.Conv2d(6, 6, 7, padding=3, groups=6), nn.LayerNorm(6, eps=1e-6)
        self.up, self.down = nn.Linear(6, 12), nn.Linear(12, 6)
        self.gamma = nn.Parameter(torch.rand(6))

    def forward(self, x):
        x = self.norm(self.stem(x))
        y = self.inner(self.depth(x).permute(0, 2, 3, 1))
        y = self.gamma * self.down(F.gelu(self.up(y)))
        return x + y.permute(0, 3, 1, 2)


class SwinWindows(nn.Module):
    """A shifted window block: roll, partition, relative bias, mask, reverse."""

    size, window, dim, heads, shift = 8, 4, 8, 2, 2

    def __init__(self):
        super().__init__()
        self.norm, self.qkv = nn.LayerNorm(self.dim), nn.Linear(self.dim, 3 * self.dim)
        self.project = nn.Linear(self.dim, self.dim)
        count = self.window**2
        self.table = nn.Parameter(torch.randn((2 * self.window - 1) ** 2, self.heads))
        grid = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")).flatten(1)
        relative = (grid[:, :, None] - grid[:, None, :]).permute(1, 2, 0) + self.window - 1
        self.register_buffer("index", (relative[..., 0] * (2 * self.window - 1) + relative[..., 1]).view(-1))
        regions = torch.zeros(1, self.size, self.size, 1)
        parts = (slice(0, -self.window), slice(-self.window, -self.shift), slice(-self.shift, None))
        for i, rows in enumerate(parts):
            for j, columns in enumerate(parts):
                regions[:, rows, columns, :] = 3 * i + j
        flat = self.partition(regions).view(-1, count)
        apart = flat.unsqueeze(1) - flat.unsqueeze(2)
        self.register_buffer("mask", apart.masked_fill(apart != 0, -100.0).masked_fill(apart == 0, 0.0))

    def partition(self, x):
        b, h, w, c = x.shape
        x = x.view(b, h // self.window, self.window, w // self.window, self.window, c)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, self.window**2, c)

    def reverse(self, windows, h, w):
        b = windows.shape[0] // (h * w // self.window // self.window)
        x = windows.view(b, h // self.window, w // self.window, self.window, self.window, -1)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(b, h, w, -1)

    def attend(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = q * (c // self.heads) ** -0.5 @ k.transpose(-2, -1)
        a = a + self.table[self.index].view(n, n, -1).permute(2, 0, 1).unsqueeze(0)
        w = self.mask.shape[0]
        a = (a.view(b // w, w, self.heads, n, n) + self.mask.unsqueeze(1).unsqueeze(0)).view(
            -1, self.heads, n, n
        )
        return self.project((a.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c))

    def forward(self, x):
        y = torch.roll(self.norm(x), shifts=(-self.shift, -self.shift), dims=(1, 2))
        y = self.reverse(self.attend(self.partition(y)), self.size, self.size)
        return x + torch.roll(y, shifts=(self.shift, self.shift), dims=(1, 2))


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, 4)
        self.token, self.position = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 17, 8))
        self.norm, self.qkv, self.out = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)
        self.mlp = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, n, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.out(self.attend(q, k, v).transpose(1, 2).reshape(b, n, c))
        x = x + self.mlp(x)
        return x[:, 0]

    def attend(self, q, k, v):
        return (q @ k.transpose(-2, -1) * 0.5).softmax(dim=-1) @ v


class FusedViT(ViT):
    """With PyTorch's own attention, which the exporters write out, or as ONNX's Attention (opset 23)."""

    def attend(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v)


def mean_std(features, eps: float = 1e-5):
    """AdaIN's own helper, with its unbiased variance over a flattened map."""
    n, c = features.size()[:2]
    std = (features.view(n, c, -1).var(dim=2) + eps).sqrt().view(n, c, 1, 1)
    return features.view(n, c, -1).mean(dim=2).view(n, c, 1, 1), std


class AdaIN(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 6, 3), nn.ReLU())
        self.decode = nn.Sequential(nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Conv2d(6, 3, 3))

    def forward(self, content, style):
        content, style = self.encode(content), self.encode(style)
        size = content.size()
        mean, std = mean_std(content)
        style_mean, style_std = mean_std(style)
        normal = (content - mean.expand(size)) / std.expand(size)
        return self.decode(normal * style_std.expand(size) + style_mean.expand(size))


class StyleTransfer(nn.Module):
    """Johnson's network: reflection, InstanceNorm, residual, nearest upsampling."""

    def __init__(self):
        super().__init__()
        self.pad, self.one, self.norm1 = (
            nn.ReflectionPad2d(2),
            nn.Conv2d(3, 4, 5),
            nn.InstanceNorm2d(4, affine=True),
        )
        self.two, self.norm2 = nn.Conv2d(4, 6, 3, 2), nn.InstanceNorm2d(6, affine=True)
        self.three, self.norm3 = nn.Conv2d(6, 6, 3), nn.InstanceNorm2d(6, affine=True)
        self.last = nn.Conv2d(6, 3, 3)

    def forward(self, x):
        x = F.relu(self.norm1(self.one(self.pad(x))))
        x = F.relu(self.norm2(self.two(F.pad(x, (1, 1, 1, 1), mode="reflect"))))
        x = x + self.norm3(self.three(F.pad(x, (1, 1, 1, 1), mode="reflect")))
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.last(F.pad(x, (1, 1, 1, 1), mode="reflect"))


class ModulatedConv(nn.Module):
    """StyleGAN2's convolution, as rosinality and the official code write it: weights times a style."""

    def __init__(self, *, upsample: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, 5, 4, 3, 3))
        self.affine, self.noise, self.upsample = nn.Linear(7, 4), nn.Parameter(torch.rand(1)), upsample
        self.bias = nn.Parameter(torch.randn(1, 5, 1, 1))

    def forward(self, x, w):
        batch, inner, height, width = x.shape
        style = self.affine(w).view(batch, 1, inner, 1, 1)
        weight = (1 / (inner * 9) ** 0.5) * self.weight * style
        demodulate = torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8)
        weight = weight * demodulate.view(batch, 5, 1, 1, 1)
        x = x.view(1, batch * inner, height, width)
        if self.upsample:
            weight = weight.transpose(1, 2).reshape(batch * inner, 5, 3, 3)
            x = F.conv_transpose2d(x, weight, padding=0, stride=2, groups=batch)
        else:
            x = F.conv2d(x, weight.view(batch * 5, inner, 3, 3), padding=1, groups=batch)
        x = x.view(batch, 5, x.shape[2], x.shape[3])
        return F.leaky_relu(x + self.bias, 0.2) * 2**0.5


class Landmarks(nn.Module):
    """PReLU, flatten and fully connected (PFLD), and a heat map read by its expectation."""

    def __init__(self):
        super().__init__()
        self.one, self.act, self.two = nn.Conv2d(3, 6, 3, 2, 1), nn.PReLU(6), nn.Conv2d(6, 4, 3, 2, 1)
        self.fc = nn.Linear(4 * 4 * 4, 10)

    def forward(self, x):
        x = self.two(self.act(self.one(x)))
        points = self.fc(x.view(x.size(0), -1))
        b, c, h, w = x.shape
        heat = torch.softmax(x.reshape(b, c, h * w), dim=2).reshape(b, c, h, w)
        xs = (heat.sum(2) * torch.arange(w, dtype=heat.dtype)).sum(2)
        ys = (heat.sum(3) * torch.arange(h, dtype=heat.dtype)).sum(2)
        return points, torch.stack([xs, ys], dim=2)


class AnchorDetector(nn.Module):
    """An SSD head: two scales, permuted and flattened, decoded with priors and variances."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 6, 3, 2, 1)
        self.boxes = nn.ModuleList([nn.Conv2d(6, 8, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)])
        self.scores = nn.ModuleList([nn.Conv2d(6, 4, 3, padding=1), nn.Conv2d(6, 4, 3, padding=1)])
        self.register_buffer("priors", torch.rand(160, 4) * 0.5 + 0.25)

    def forward(self, x):
        x = F.relu(self.one(x))
        maps = [x, F.relu(self.two(x))]
        boxes = torch.cat(
            [f(m).permute(0, 2, 3, 1).reshape(m.size(0), -1, 4) for f, m in zip(self.boxes, maps)], 1
        )
        scores = torch.cat(
            [f(m).permute(0, 2, 3, 1).reshape(m.size(0), -1, 2) for f, m in zip(self.scores, maps)], 1
        )
        centre = self.priors[:, :2] + boxes[..., :2] * 0.1 * self.priors[:, 2:]
        size = self.priors[:, 2:] * torch.exp(boxes[..., 2:] * 0.2)
        return F.softmax(scores, dim=2), torch.cat([centre - size / 2, centre + size / 2], 2)


class GridDetector(nn.Module):
    """A YOLO head: the grid from Shape arithmetic, boxes by a 5-D view, halves by chunk."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 14, 1)
        self.register_buffer("anchors", torch.tensor([[10.0, 13.0], [33.0, 23.0]]))

    def forward(self, x):
        x = self.head(F.silu(self.stem(x)))
        b, _, h, w = x.shape
        x = x.view(b, 2, 7, h, w).permute(0, 1, 3, 4, 2).contiguous().sigmoid()
        ys, xs = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        grid = torch.stack((xs, ys), 2).view(1, 1, h, w, 2).float()
        xy, wh, rest = x.split((2, 2, 3), 4)
        xy = (xy * 2 - 0.5 + grid) * 2
        wh = (wh * 2) ** 2 * self.anchors.view(1, 2, 1, 1, 2)
        return torch.cat((xy, wh, rest), 4).view(b, -1, 7)


class CrossStage(nn.Module):
    """C2f of YOLOv8: chunk, bottleneck, concat; SPPF's chain of pools."""

    def __init__(self):
        super().__init__()
        self.one, self.inner, self.two = conv_bn(3, 8, 1), conv_bn(4, 4), nn.Conv2d(24, 4, 1)

    def forward(self, x):
        y = list(F.silu(self.one(x)).chunk(2, 1))
        y.append(y[-1] + F.silu(self.inner(y[-1])))
        for _ in range(3):
            y.append(F.max_pool2d(y[-1], 5, 1, 2))
        return self.two(torch.cat(y, 1))


def image(channels: int = 3, size: int = 16, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, channels, size, size)


BLOCKS = {
    "unet": (UNet, lambda: (image(),)),
    "unet_bilinear": (BilinearUNet, lambda: (image(size=18),)),
    "resnet": (ResNet, lambda: (image(),)),
    "preactivation": (PreActivation, lambda: (image(size=10),)),
    "squeeze_excite": (LinearSqueezeExcite, lambda: (image(size=8),)),
    "mobilenetv3": (MobileNetV3, lambda: (image(),)),
    "convnext": (ConvNeXt, lambda: (image(),)),
    "swin": (SwinWindows, lambda: (torch.randn(1, 8, 8, 8),)),
    "vit": (ViT, lambda: (image(),)),
    "vit_fused": (FusedViT, lambda: (image(),)),
    "adain": (AdaIN, lambda: (image(size=8), image(size=8))),
    "style_transfer": (StyleTransfer, lambda: (image(),)),
    "modulated": (ModulatedConv, lambda: (image(4, 8), torch.randn(1, 7))),
    "modulated_batch": (ModulatedConv, lambda: (image(4, 8, 2), torch.randn(2, 7))),
    "modulated_up": (lambda: ModulatedConv(upsample=True), lambda: (image(4, 8), torch.randn(1, 7))),
    "landmarks": (Landmarks, lambda: (image(),)),
    "anchors": (AnchorDetector, lambda: (image(),)),
    "grid": (GridDetector, lambda: (image(),)),
    "cross_stage": (CrossStage, lambda: (image(),)),
}
