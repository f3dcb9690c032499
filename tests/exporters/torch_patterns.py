"""Single patterns as people write them in PyTorch: for make_torch.py and make_pnnx.py."""
# ruff: noqa: B905, N812 - written as the exporters' users write

import math

import torch
import torch.nn.functional as F
from torch import nn


class Pattern(nn.Module):
    """A function of one map between two 1×1 convolutions, so that its borders are inside the graph."""

    def __init__(self, function, inner: int = 8, outer: int = 8):
        super().__init__()
        self.function, self.before, self.after = function, nn.Conv2d(3, inner, 1), nn.Conv2d(outer, 3, 1)
        self.gamma, self.beta = (
            nn.Parameter(torch.rand(1, inner, 1, 1)),
            nn.Parameter(torch.randn(1, inner, 1, 1)),
        )

    def forward(self, x):
        return self.after(self.function(self.before(x), self.gamma, self.beta))


# Normalisations


def instance_norm(x, gamma, beta):
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    return gamma * (x - mean) / torch.sqrt(variance + 1e-5) + beta


def instance_norm_unbiased(x, gamma, beta):
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True)
    return (x - mean) * torch.rsqrt(variance + 1e-5) * gamma + beta


def instance_norm_outside(x, gamma, beta):
    """Epsilon outside the root, as in many style-transfer and video networks."""
    mean, std = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)
    return gamma * (x - mean) / (std + 1e-3) + beta


def layer_norm_channels(x, gamma, beta):
    """NAFNet's and Restormer's LayerNorm2d."""
    mean = x.mean(1, keepdim=True)
    variance = (x - mean).pow(2).mean(1, keepdim=True)
    return gamma * ((x - mean) / (variance + 1e-6).sqrt()) + beta


def layer_norm_flat(x, gamma, beta):
    """Restormer: to b (h w) c and back."""
    b, c, h, w = x.shape
    y = x.reshape(b, c, h * w).permute(0, 2, 1)
    mean, variance = y.mean(-1, keepdim=True), y.var(-1, keepdim=True, unbiased=False)
    y = (y - mean) / torch.sqrt(variance + 1e-5) * gamma.view(c) + beta.view(c)
    return y.permute(0, 2, 1).reshape(b, c, h, w)


def layer_norm_outside(x, gamma, beta):
    """The annotated transformer's: unbiased, epsilon outside."""
    x = x.permute(0, 2, 3, 1)
    mean, std = x.mean(-1, keepdim=True), x.std(-1, keepdim=True)
    x = gamma.view(-1) * (x - mean) / (std + 1e-6) + beta.view(-1)
    return x.permute(0, 3, 1, 2)


def group_norm(x, gamma, beta):
    return F.group_norm(x, 4, gamma.view(-1), beta.view(-1))


def group_norm_written(x, gamma, beta):
    n, c, h, w = x.size()
    x = x.view(n, 4, -1)
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    x = (x - mean) / (variance + 1e-5).sqrt()
    return x.view(n, c, h, w) * gamma + beta


def group_norm_five(x, gamma, beta):
    """With the groups as an axis of their own and the map not flattened."""
    n, c, h, w = x.size()
    x = x.view(n, 4, c // 4, h, w)
    mean = x.mean((2, 3, 4), keepdim=True)
    variance = ((x - mean) * (x - mean)).mean((2, 3, 4), keepdim=True)
    x = (x - mean) / (variance + 1e-5) ** 0.5
    return x.view(n, c, h, w) * gamma + beta


def rms_norm(x, gamma, beta):
    return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6) * gamma


def rms_norm_l2(x, gamma, beta):
    """Lucidrains' RMSNorm: a normalised vector times √C."""
    return F.normalize(x, dim=1) * gamma * 8**0.5


def biggan_norm(x, gamma, beta):
    """E[x²] − E[x]², as a scale and a shift."""
    mean = x.mean((2, 3), keepdim=True)
    variance = (x * x).mean((2, 3), keepdim=True) - mean * mean
    scale = torch.rsqrt(variance + 1e-5) * gamma
    return x * scale - (mean * scale - beta)


def pixel_norm(x, gamma, beta):
    return x / torch.sqrt(torch.mean(x**2, dim=1, keepdim=True) + 1e-8)


# Movements


def pixel_shuffle(x, *_):
    return F.pixel_shuffle(x, 2)


def pixel_shuffle_written(x, *_):
    b, c, h, w = x.shape
    return x.view(b, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).contiguous().view(b, c // 4, 2 * h, 2 * w)


def depth_to_space(x, *_):
    b, c, h, w = x.size()
    return x.view(b, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).contiguous().view(b, c // 4, h * 2, w * 2)


def pixel_unshuffle(x, *_):
    return F.pixel_unshuffle(x, 2)


def focus(x, *_):
    """YOLOv5's Focus: a space to depth in slices."""
    return torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)


def channel_shuffle(x, *_):
    b, c, h, w = x.size()
    return torch.transpose(x.view(b, 2, c // 2, h, w), 1, 2).contiguous().view(b, -1, h, w)


def reflect_sliced(x, *_):
    """Reflection by flips: what is written where Pad(reflect) is missing."""
    x = torch.cat([x[:, :, 1:3].flip(2), x, x[:, :, -3:-1].flip(2)], 2)
    return torch.cat([x[:, :, :, 1:3].flip(3), x, x[:, :, :, -3:-1].flip(3)], 3)


def reflect_gathered(x, *_):
    n = x.shape[2]
    index = torch.tensor([2, 1, *range(n), n - 2, n - 3])
    return x.index_select(2, index).index_select(3, index)


def replicate_sliced(x, *_):
    x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], 2)
    return torch.cat([x[:, :, :, :1], x, x[:, :, :, -1:]], 3)


def circular(x, *_):
    x = torch.cat([x[:, :, -2:], x, x[:, :, :2]], 2)
    return torch.cat([x[:, :, :, -2:], x, x[:, :, :, :2]], 3)


def up_interpolate(x, *_):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def up_expand(x, *_):
    b, c, h, w = x.size()
    return x[:, :, :, None, :, None].expand(b, c, h, 2, w, 2).reshape(b, c, 2 * h, 2 * w)


def up_repeat(x, *_):
    b, c, h, w = x.size()
    return x.view(b, c, h, 1, w, 1).repeat(1, 1, 1, 2, 1, 2).view(b, c, 2 * h, 2 * w)


def up_interleave(x, *_):
    return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def up_stack(x, *_):
    b, c, h, w = x.size()
    x = torch.stack([x, x], dim=4).view(b, c, h, 2 * w)
    return torch.stack([x, x], dim=3).view(b, c, 2 * h, 2 * w)


def up_index(x, *_):
    rows, columns = torch.arange(x.shape[2] * 2) // 2, torch.arange(x.shape[3] * 2) // 2
    return x[:, :, rows][:, :, :, columns]


def up_grid(x, *_):
    """Both axes indexed at once: GatherND."""
    rows, columns = torch.arange(x.shape[2] * 2) // 2, torch.arange(x.shape[3] * 2) // 2
    return x[:, :, rows[:, None], columns[None, :]]


def sandwich(x, *_):
    """Code that thinks in NHWC."""
    x = x.permute(0, 2, 3, 1)
    x = F.relu(x + 0.5) * 2
    x = torch.cat([x[..., :4], x[..., 4:] * 0.5], dim=-1)
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2)


def token_sandwich(x, *_):
    """To tokens and back for a Linear-like product."""
    b, c, h, w = x.shape
    x = x.flatten(2).transpose(1, 2)
    x = F.silu(x * 0.5)
    return x.transpose(1, 2).view(b, c, h, w)


def split_equal(x, *_):
    one, two = x.chunk(2, dim=1)
    return one * torch.sigmoid(two)


def split_unequal(x, *_):
    one, two, three = torch.split(x, [1, 3, 4], dim=1)
    return torch.cat([three, two, one], dim=1)


def roll(x, *_):
    return torch.roll(x, (2, -1), (2, 3))


def flip(x, *_):
    return torch.flip(x, [3])


def zero_pad(x, *_):
    return F.pad(x, (1, 2, 1, 2))


# Activations, written out

ACTIVATIONS = {
    "hardswish": lambda x: x * F.relu6(x + 3) / 6,
    "hardswish_mul": lambda x: x * (F.relu6(x + 3) * (1 / 6)),
    "hardsigmoid": lambda x: F.relu6(x + 3) / 6,
    "silu": lambda x: x * torch.sigmoid(x),
    "silu_exp": lambda x: x / (1 + torch.exp(-x)),
    "sigmoid_exp": lambda x: 1 / (1 + torch.exp(-x)),
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_erf": lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2))),
    "gelu_bert": lambda x: x * 0.5 * (1.0 + torch.erf(x / 1.41421)),
    "gelu_gpt": lambda x: (
        0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))
    ),
    "mish": F.mish,
    "mish_written": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
    "softplus_written": lambda x: torch.log(1 + torch.exp(x)),
    "softplus_stable": lambda x: torch.relu(x) + torch.log(1 + torch.exp(-torch.abs(x))),
    "leaky": lambda x: torch.max(x, 0.1 * x),
    "leaky_relus": lambda x: F.relu(x) - 0.2 * F.relu(-x),
    "elu_where": lambda x: torch.where(x > 0, x, torch.exp(x) - 1),
    "tanh_exp": lambda x: (torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1),
    "relu_squared": lambda x: F.relu(x) ** 2,
    "clip_minmax": lambda x: torch.minimum(torch.maximum(x, torch.tensor(-1.0)), torch.tensor(1.0)),
}


def prelu_relus(x, gamma, beta):
    """Keras' and Caffe users' PReLU: max(x, 0) + a · min(x, 0)."""
    return F.relu(x) + gamma * torch.minimum(x, torch.zeros(()))


def prelu_abs(x, gamma, beta):
    return F.relu(x) + gamma * (x - torch.abs(x)) * 0.5


def prelu_negative(x, gamma, beta):
    return F.relu(x) - gamma * F.relu(-x)


class Normalised(nn.Module):
    """ImageNet normalisation in the model, before a first convolution with or without padding."""

    def __init__(self, padding: int):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, 2, padding)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, x):
        return F.relu(self.first((x / 255.0 - self.mean) / self.std))


class PadConv(nn.Module):
    """TensorFlow's asymmetric SAME as PyTorch ports write it."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 4, 3, 1, 1, groups=4)

    def forward(self, x):
        x = F.relu(self.one(F.pad(x, (0, 1, 0, 1))))
        return self.two(F.pad(x, (1, 1, 1, 1)))


FUNCTIONS = {
    f.__name__: (f, width)
    for width, group in {
        8: (
            instance_norm, instance_norm_unbiased, instance_norm_outside, layer_norm_channels, layer_norm_flat,
            layer_norm_outside, group_norm, group_norm_written, group_norm_five, rms_norm, rms_norm_l2, biggan_norm,
            pixel_norm, channel_shuffle, reflect_sliced, reflect_gathered, replicate_sliced, circular,
            up_interpolate, up_expand, up_repeat, up_interleave, up_stack, up_index, up_grid, sandwich,
            token_sandwich, split_unequal, roll, flip, zero_pad, prelu_relus, prelu_abs, prelu_negative,
        ),
        2: (pixel_shuffle, pixel_shuffle_written, depth_to_space),
        32: (pixel_unshuffle, focus),
        4: (split_equal,),
    }.items()
    for f in group
}  # fmt: skip


class Activations(nn.Module):
    """Every activation above on its own copy of the map."""

    def __init__(self, names):
        super().__init__()
        self.names = names
        self.layers = nn.ModuleList(nn.Conv2d(3, 2, 1) for _ in names)

    def forward(self, x):
        return tuple(ACTIVATIONS[n](layer(x)) for n, layer in zip(self.names, self.layers))


def one_image(size: int = 8) -> tuple[torch.Tensor, ...]:
    return (torch.randn(1, 3, size, size),)


PATTERNS = {
    **{
        name: (lambda f=f, width=width: Pattern(f, outer=width), one_image)
        for name, (f, width) in FUNCTIONS.items()
    },
    "activations": (lambda: Activations(tuple(ACTIVATIONS)), one_image),
    "imagenet_valid": (lambda: Normalised(0), lambda: one_image(15)),
    "imagenet_padded": (lambda: Normalised(1), lambda: one_image(16)),
    "pad_conv": (PadConv, lambda: one_image(16)),
}
