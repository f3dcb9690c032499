"""Write paddle/*.onnx: blocks through Paddle2ONNX at two opsets.

Run from the repository's root, in an environment with paddlepaddle and paddle2onnx:
    python tests/exporters/make_paddle.py
"""
# ruff: noqa: D101, N812 - written as the exporters' users write

from pathlib import Path

import onnx
import paddle
import paddle.nn.functional as F
from paddle import nn

HERE = Path(__file__).parent
OPSETS = (11, 16)


class MobileNetV3(nn.Layer):
    """PaddleOCR's: hard sigmoid with a slope of 0.2, BatchNorm, squeeze-excite."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2D(3, 8, 3, 2, 1, bias_attr=False), nn.BatchNorm2D(8)
        self.depth = nn.Conv2D(8, 8, 5, 1, 2, groups=8)
        self.down, self.up = nn.Conv2D(8, 2, 1), nn.Conv2D(2, 8, 1)

    def forward(self, x):
        x = F.hardswish(self.norm(self.stem(x)))
        x = F.hardswish(self.depth(x))
        y = self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1))))
        return x * F.hardsigmoid(y, slope=0.2, offset=0.5)


class Detector(nn.Layer):
    """PP-YOLO's habits: mish, nearest upsampling, transposed and reshaped heads."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2D(3, 6, 3, 2, 1), nn.Conv2D(6, 6, 3, 2, 1)
        self.head = nn.Conv2D(12, 6, 1)

    def forward(self, x):
        x = F.mish(self.one(x))
        y = F.swish(self.two(x))
        y = F.interpolate(y, size=[8, 8], mode="nearest")  # Paddle2ONNX 2.1 stops at a scale_factor
        x = self.head(paddle.concat([x, y], axis=1))
        x = paddle.transpose(x, [0, 2, 3, 1]).reshape([1, -1, 3])
        boxes, scores = paddle.split(x, [2, 1], axis=-1)
        return boxes.exp(), F.sigmoid(scores)


class Norms(nn.Layer):
    def __init__(self):
        super().__init__()
        self.convs = nn.LayerList([nn.Conv2D(3, 8, 1) for _ in range(4)])
        self.instance, self.group, self.layer = nn.InstanceNorm2D(8), nn.GroupNorm(2, 8), nn.LayerNorm(8)
        self.last = nn.Conv2D(32, 3, 1)

    def forward(self, x):
        instance, group, layer, unit = (c(x) for c in self.convs)
        layer = self.layer(layer.flatten(2).transpose([0, 2, 1])).transpose([0, 2, 1]).reshape(instance.shape)
        mean = unit.mean(axis=[2, 3], keepdim=True)
        unit = (unit - mean) / paddle.sqrt(unit.var(axis=[2, 3], keepdim=True, unbiased=False) + 1e-5)
        return self.last(paddle.concat([self.instance(instance), self.group(group), layer, unit], axis=1))


class Movements(nn.Layer):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2D(3, 8, 1), nn.Conv2D(8, 3, 3)

    def forward(self, x):
        # Paddle2ONNX 2.1 knows neither channel_shuffle nor pixel_unshuffle: written out, as in PaddleClas.
        b, c, h, w = 1, 8, 8, 8
        x = self.first(x).reshape([b, 2, c // 2, h, w]).transpose([0, 2, 1, 3, 4]).reshape([b, c, h, w])
        x = (
            F.relu(F.pixel_shuffle(F.relu(x), 2))
            .reshape([b, 2, h, 2, w, 2])
            .transpose([0, 1, 3, 5, 2, 4])
            .reshape([b, c, h, w])
        )
        x = F.relu(x).reshape([b, c, h, 1, w, 1]).tile([1, 1, 1, 2, 1, 2]).reshape([b, c, 2 * h, 2 * w])
        return self.last(F.pad(x, [1, 1, 1, 1], mode="reflect"))


class Attention(nn.Layer):
    def __init__(self):
        super().__init__()
        self.embed, self.norm = nn.Conv2D(3, 8, 4, 4), nn.LayerNorm(8)
        self.qkv, self.out, self.mlp = nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose([0, 2, 1])
        qkv = self.qkv(self.norm(x)).reshape([1, 16, 3, 2, 4]).transpose([2, 0, 3, 1, 4])
        q, k, v = qkv[0], qkv[1], qkv[2]
        a = F.softmax(q.matmul(k.transpose([0, 1, 3, 2])) * 0.5, axis=-1)
        x = x + self.out(a.matmul(v).transpose([0, 2, 1, 3]).reshape([1, 16, 8]))
        return x + F.gelu(self.mlp(x))


class UNet(nn.Layer):
    """PaddleSeg's: bilinear to the size of the skip, PReLU, padding before the convolution."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.act = nn.Conv2D(3, 4, 3), nn.Conv2D(4, 6, 3, 2, 1), nn.PReLU(4)
        self.up, self.last = nn.Conv2DTranspose(6, 4, 2, 2), nn.Conv2D(14, 3, 1)
        self.pad = nn.Pad2D([1, 1, 1, 1])

    def forward(self, x):
        x = self.act(self.one(self.pad(x)))
        y = F.leaky_relu(self.two(x), 0.1)
        smooth = F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=False)
        return F.sigmoid(self.last(paddle.concat([x, self.up(y), smooth], axis=1)))


BLOCKS = {
    "mobilenetv3": MobileNetV3, "detector": Detector, "norms": Norms, "movements": Movements,
    "attention": Attention, "unet": UNet,
}  # fmt: skip


def main() -> None:
    folder = HERE / "paddle"
    folder.mkdir(exist_ok=True)
    size = {"norms": 8, "movements": 8}
    for name, make in BLOCKS.items():
        paddle.seed(0)
        model = make()
        model.eval()
        for value in model.state_dict().values():
            value.set_value(paddle.uniform(value.shape, min=0.2, max=1.0) - 0.4 * (len(value.shape) > 1))
        side = size.get(name, 16)
        spec = [paddle.static.InputSpec([1, 3, side, side], "float32", "x")]
        for opset in OPSETS:
            target = folder / f"{name}.{opset}"
            try:
                paddle.onnx.export(model, str(target), input_spec=spec, opset_version=opset)
                onnx.checker.check_model(f"{target}.onnx")
            except Exception as error:  # noqa: BLE001 - an exporter's own limit, told and left out
                Path(f"{target}.onnx").unlink(missing_ok=True)
                print(f"{name}.{opset}: {type(error).__name__}: {str(error)[:150]}")  # noqa: T201


if __name__ == "__main__":
    main()
