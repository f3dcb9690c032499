"""The blocks of image networks as people write them in Keras and TensorFlow: for make_tensorflow.py."""

import keras
import tensorflow as tf
from keras import layers


def call(function, *values):
    """A function of TensorFlow's own in a Keras model."""
    return layers.Lambda(lambda v: function(*v) if len(values) > 1 else function(v))(
        list(values) if len(values) > 1 else values[0]
    )


def gelu(x):
    """As BERT writes it; tf.nn.gelu has an Erfc that tf2onnx does not know."""
    return 0.5 * x * (1.0 + tf.math.erf(x / tf.sqrt(2.0)))


def unet():
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    skip = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", use_bias=False)(x)))
    deep = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPooling2D()(skip))
    up = layers.Conv2DTranspose(4, 2, strides=2)(deep)
    x = layers.Concatenate()([up, skip])
    return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


def unet_upsampling():
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    skip = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(4, 3, padding="same")(x))
    deep = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(skip)
    near, smooth = layers.UpSampling2D()(deep), layers.UpSampling2D(interpolation="bilinear")(deep)
    x = layers.Concatenate()([near, smooth, skip])
    return keras.Model(inputs, layers.Conv2D(3, 3, padding="same", activation="tanh")(x))


def resnet():
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    x = layers.ZeroPadding2D(((1, 1), (1, 1)))(x)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 3, strides=2)(x)))
    y = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(x))
    x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def preactivation():
    x = inputs = layers.Input((8, 8, 3), batch_size=1)
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(4, 1, use_bias=False)(layers.BatchNormalization()(x))
    return keras.Model(inputs, x)


def relu6(x):
    return call(tf.nn.relu6, x)


def mobilenetv3():
    """The spelling of keras.applications, from before Keras had a hard swish."""
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    x = layers.Rescaling(scale=1.0 / 127.5, offset=-1.0)(x)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x))
    x = x * relu6(x + 3.0) * (1.0 / 6.0)
    x = layers.DepthwiseConv2D(5, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Multiply()([x, layers.Rescaling(1.0 / 6.0)(layers.ReLU(6.0)(x + 3.0))])
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Conv2D(8, 1)(layers.ReLU()(layers.Conv2D(4, 1)(y)))
    x = layers.Multiply()([x, relu6(y + 3.0) * (1.0 / 6.0)])
    return keras.Model(inputs, layers.Conv2D(4, 1)(x))


def convnext():
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Conv2D(6, 4, strides=4)(x))
    y = layers.LayerNormalization(epsilon=1e-6)(layers.Conv2D(6, 7, padding="same", groups=6)(x))
    y = layers.Dense(6)(call(gelu, layers.Dense(12)(y)))
    return keras.Model(inputs, layers.Add()([x, y]))


def windows(x):
    y = tf.roll(x, shift=[-2, -2], axis=[1, 2])
    y = tf.transpose(tf.reshape(y, (-1, 2, 4, 2, 4, 8)), (0, 1, 3, 2, 4, 5))
    return tf.reshape(y, (-1, 16, 8))


def whole(y):
    y = tf.transpose(tf.reshape(y, (-1, 2, 2, 4, 4, 8)), (0, 1, 3, 2, 4, 5))
    return tf.roll(tf.reshape(y, (-1, 8, 8, 8)), shift=[2, 2], axis=[1, 2])


def swin():
    x = inputs = layers.Input((8, 8, 8), batch_size=1)
    y = call(windows, layers.LayerNormalization()(x))
    y = layers.MultiHeadAttention(2, 4)(y, y)
    return keras.Model(inputs, layers.Add()([x, call(whole, y)]))


def vit():
    inputs = layers.Input((16, 16, 3), batch_size=1)
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(inputs))
    x = x + layers.Embedding(16, 8)(keras.ops.arange(16))
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
    y = layers.Dense(8)(call(gelu, layers.Dense(16)(layers.LayerNormalization()(x))))
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(layers.Add()([x, y])))


def instance(x, epsilon=1e-5):
    mean, variance = tf.nn.moments(x, axes=[1, 2], keepdims=True)
    return (x - mean) / tf.sqrt(variance + epsilon)


def padded(x, size, mode="REFLECT"):
    return call(lambda v: tf.pad(v, [[0, 0], [size, size], [size, size], [0, 0]], mode), x)


def style_transfer():
    """Reflection padding, instance normalisation by moments and resizing, as in TensorFlow's tutorials."""
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    x = layers.ReLU()(call(instance, layers.Conv2D(4, 5)(padded(x, 2))))
    x = layers.Conv2D(6, 3, strides=2)(padded(x, 1))
    x = layers.ReLU()(layers.GroupNormalization(groups=-1)(x))
    x = call(lambda v: tf.image.resize(v, (16, 16), method="nearest"), x)
    return keras.Model(inputs, layers.Conv2D(3, 3)(padded(x, 1, "SYMMETRIC")))


def adaptive(one, two):
    mean, variance = tf.nn.moments(one, axes=[1, 2], keepdims=True)
    style_mean, style_variance = tf.nn.moments(two, axes=[1, 2], keepdims=True)
    return tf.nn.batch_normalization(one, mean, variance, style_mean, tf.sqrt(style_variance + 1e-5), 1e-5)


def adain():
    content, style = (
        layers.Input((8, 8, 3), batch_size=1),
        layers.Input((8, 8, 3), batch_size=1, name="style"),
    )
    encode = layers.Conv2D(6, 3, padding="same", activation="relu")
    x = layers.UpSampling2D()(call(adaptive, encode(content), encode(style)))
    return keras.Model([content, style], layers.Conv2D(3, 3, padding="same")(x))


def pixel_norm(x):
    return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + 1e-8)


def norms():
    """Group, layer and pixel norms, and unit vectors."""
    x = inputs = layers.Input((8, 8, 3), batch_size=1)
    group = layers.GroupNormalization(groups=2)(layers.Conv2D(8, 1)(x))
    layer = layers.LayerNormalization()(layers.Conv2D(8, 1)(x))
    pixel = call(pixel_norm, layers.Conv2D(8, 1)(x))
    unit = call(lambda v: tf.nn.l2_normalize(v, axis=-1), layers.Conv2D(8, 1)(x))
    return keras.Model(inputs, layers.Conv2D(3, 1)(layers.Concatenate()([group, layer, pixel, unit])))


def expectation(x):
    heat = tf.reshape(tf.nn.softmax(tf.reshape(x, (-1, 16, 4)), axis=1), (-1, 4, 4, 4))
    line = tf.range(4, dtype=tf.float32)
    return tf.reduce_sum(tf.reduce_sum(heat, axis=1) * line[None, :, None], axis=1)


def landmarks():
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(6, 3, strides=2, padding="same")(x))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(x)
    return keras.Model(inputs, [layers.Dense(10)(layers.Flatten()(x)), call(expectation, x)])


def decoded(boxes):
    priors = tf.random.stateless_uniform((80, 4), (1, 2))
    centre, size = tf.split(boxes, 2, axis=-1)
    centre = centre / 16 * priors[:, 2:] + priors[:, :2]
    size = tf.exp(size / 5) * priors[:, 2:]
    return tf.concat([centre - size / 2, centre + size / 2], -1)


def anchors():
    """BlazeFace's head: reshape to boxes, concatenate, decode."""
    x = inputs = layers.Input((16, 16, 3), batch_size=1)
    one = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(x)
    two = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(one)
    boxes = [layers.Reshape((-1, 4))(layers.Conv2D(4, 1)(v)) for v in (one, two)]
    scores = [layers.Reshape((-1, 1))(layers.Conv2D(1, 1)(v)) for v in (one, two)]
    boxes, scores = layers.Concatenate(1)(boxes), layers.Concatenate(1)(scores)
    return keras.Model(inputs, [layers.Activation("sigmoid")(scores), call(decoded, boxes)])


def moved(x):
    deep = tf.nn.depth_to_space(tf.nn.space_to_depth(x, 2) * 2.0, 2)
    repeated = tf.repeat(tf.repeat(tf.nn.avg_pool2d(x, 2, 2, "SAME"), 2, axis=1), 2, axis=2)
    shuffled = tf.reshape(tf.transpose(tf.reshape(x, (1, 8, 8, 2, 4)), (0, 1, 2, 4, 3)), (1, 8, 8, 8))
    one, two = tf.split(x, [3, 5], axis=-1)
    return tf.concat([deep, repeated, shuffled, two, tf.nn.softplus(one), tf.reverse(x, axis=[2])], axis=-1)


def movements():
    """Space to depth and back, upsampling by repeat, channel shuffle, splits, flips, dilation."""
    x = inputs = layers.Input((8, 8, 3), batch_size=1)
    x = layers.Conv2D(8, 3, dilation_rate=2, padding="same")(x)
    return keras.Model(inputs, layers.Conv2D(3, 1)(call(moved, x)))


def activations():
    inputs = layers.Input((8, 8, 3), batch_size=1)
    functions = (
        tf.nn.silu, tf.nn.elu, tf.nn.selu, tf.nn.softplus, tf.nn.softsign, keras.activations.mish,
        keras.activations.hard_sigmoid, keras.activations.hard_silu, gelu, lambda v: tf.nn.gelu(v, True),
        lambda v: v * tf.nn.tanh(tf.nn.softplus(v)), lambda v: tf.maximum(v, 0.1 * v), tf.nn.relu6,
        lambda v: tf.nn.relu(v) - 0.3 * tf.nn.relu(-v), layers.PReLU(shared_axes=[1, 2]),
        tf.nn.crelu,
    )  # fmt: skip
    return keras.Model(
        inputs,
        [
            (f if isinstance(f, layers.Layer) else layers.Lambda(f))(layers.Conv2D(2, 1)(inputs))
            for f in functions
        ],
    )


BLOCKS = {
    f.__name__: f
    for f in (
        unet, unet_upsampling, resnet, preactivation, mobilenetv3, convnext, swin, vit, style_transfer, adain,
        norms, landmarks, anchors, movements, activations,
    )
}  # fmt: skip
