"""image_classifier: a trained Keras model as NumPy code.

    predict(image) -> classes

Inputs, a batch of samples each:
    image: (8, 7, 1) float32
Outputs:
    classes: (5,) float32
"""

import numpy as np

# (stem/kernel: get_weights()[0] of stem) * scale, scale = gamma / sqrt(moving_variance + 0.001) of stem_bn: (3, 3, 1, 4)
stem_kernel = np.array([
    -0.44029185, 0.10540053, -0.16417277, 0.40899783,
    -0.05870558, -0.42160213, 0.086914994, -0.30674836,
    0.3228807, -0.030114437, -0.25108775, 0.22494881,
    -0.19079314, 0.36137325, 0.0, -0.4907974,
    0.19079314, -0.1656294, 0.25108775, 0.040899783,
    -0.3228807, 0.22585829, -0.086914994, 0.57259697,
    0.05870558, -0.30114436, 0.16417277, -0.14314924,
    0.44029185, 0.09034331, -0.17382999, 0.38854793,
    -0.073381975, -0.43665934, 0.077257775, -0.32719827,
], dtype=np.float32).reshape(3, 3, 1, 4)

# offset, scale = gamma / sqrt(moving_variance + 0.001) of stem_bn; offset = beta - moving_mean * scale of stem_bn: (4,)
stem_bias = np.array([-0.16902919, 0.76932657, -0.07639055, -0.13327587], dtype=np.float32)

# depthwise/kernel: get_weights()[0] of depthwise: (3, 3, 1, 4)
depthwise_kernel = np.array([
    0.390625, 0.015625, -0.359375, 0.21875,
    -0.15625, 0.421875, 0.046875, -0.328125,
    0.25, -0.125, 0.453125, 0.078125,
    -0.296875, 0.28125, -0.09375, -0.46875,
    0.109375, -0.265625, 0.3125, -0.0625,
    -0.4375, 0.140625, -0.234375, 0.34375,
    -0.03125, -0.40625, 0.171875, -0.203125,
    0.375, 0.0, -0.375, 0.203125,
    -0.171875, 0.40625, 0.03125, -0.34375,
], dtype=np.float32).reshape(3, 3, 1, 4)

# depthwise/bias: get_weights()[1] of depthwise: (4,)
depthwise_bias = np.array([-0.390625, 0.1875, -0.1875, 0.390625], dtype=np.float32)

# pointwise/kernel: get_weights()[0] of pointwise: (1, 1, 4, 6)
pointwise_kernel = np.array([
    -0.21875, 0.359375, -0.015625, -0.390625, 0.1875, -0.1875,
    0.390625, 0.015625, -0.359375, 0.21875, -0.15625, 0.421875,
    0.046875, -0.328125, 0.25, -0.125, 0.453125, 0.078125,
    -0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625,
], dtype=np.float32).reshape(1, 1, 4, 6)

# pointwise/bias: get_weights()[1] of pointwise: (6,)
pointwise_bias = np.array([-0.046875, -0.421875, 0.15625, -0.21875, 0.359375, -0.015625], dtype=np.float32)

# upsample/kernel: get_weights()[0] of upsample: (2, 2, 3, 6)
upsample_kernel = np.array([
    0.125, -0.25, 0.328125, -0.046875, -0.421875, 0.15625,
    -0.21875, 0.359375, -0.015625, -0.390625, 0.1875, -0.1875,
    0.390625, 0.015625, -0.359375, 0.21875, -0.15625, 0.421875,
    0.046875, -0.328125, 0.25, -0.125, 0.453125, 0.078125,
    -0.296875, 0.28125, -0.09375, -0.46875, 0.109375, -0.265625,
    0.3125, -0.0625, -0.4375, 0.140625, -0.234375, 0.34375,
    -0.03125, -0.40625, 0.171875, -0.203125, 0.375, 0.0,
    -0.375, 0.203125, -0.171875, 0.40625, 0.03125, -0.34375,
    0.234375, -0.140625, 0.4375, 0.0625, -0.3125, 0.265625,
    -0.109375, 0.46875, 0.09375, -0.28125, 0.296875, -0.078125,
    -0.453125, 0.125, -0.25, 0.328125, -0.046875, -0.421875,
    0.15625, -0.21875, 0.359375, -0.015625, -0.390625, 0.1875,
], dtype=np.float32).reshape(2, 2, 3, 6)

# upsample/bias: get_weights()[1] of upsample: (3,)
upsample_bias = np.array([0.296875, -0.078125, -0.453125], dtype=np.float32)

# classes/kernel: get_weights()[0] of classes: (18, 5)
classes_kernel = np.array([
    [0.46875, 0.09375, -0.28125, 0.296875, -0.078125],
    [-0.453125, 0.125, -0.25, 0.328125, -0.046875],
    [-0.421875, 0.15625, -0.21875, 0.359375, -0.015625],
    [-0.390625, 0.1875, -0.1875, 0.390625, 0.015625],
    [-0.359375, 0.21875, -0.15625, 0.421875, 0.046875],
    [-0.328125, 0.25, -0.125, 0.453125, 0.078125],
    [-0.296875, 0.28125, -0.09375, -0.46875, 0.109375],
    [-0.265625, 0.3125, -0.0625, -0.4375, 0.140625],
    [-0.234375, 0.34375, -0.03125, -0.40625, 0.171875],
    [-0.203125, 0.375, 0.0, -0.375, 0.203125],
    [-0.171875, 0.40625, 0.03125, -0.34375, 0.234375],
    [-0.140625, 0.4375, 0.0625, -0.3125, 0.265625],
    [-0.109375, 0.46875, 0.09375, -0.28125, 0.296875],
    [-0.078125, -0.453125, 0.125, -0.25, 0.328125],
    [-0.046875, -0.421875, 0.15625, -0.21875, 0.359375],
    [-0.015625, -0.390625, 0.1875, -0.1875, 0.390625],
    [0.015625, -0.359375, 0.21875, -0.15625, 0.421875],
    [0.046875, -0.328125, 0.25, -0.125, 0.453125],
], dtype=np.float32)

# classes/bias: get_weights()[1] of classes: (5,)
classes_bias = np.array([-0.3125, 0.265625, -0.109375, 0.46875, 0.09375], dtype=np.float32)

# in the order in which it takes part in a product
upsample_kernel_by_channel = np.ascontiguousarray(np.moveaxis(upsample_kernel, -1, 0))


def checked(name, samples, shape, dtype):
    """The samples as an array of this dtype, or a ValueError that says what is wrong with them."""
    array, wanted = np.asarray(samples), np.dtype(dtype)
    if array.dtype == wanted and array.ndim and array.shape[1:] == shape:
        return array
    kinds = {"b": 0, "u": 1, "i": 1, "f": 2}  # integers may become floats, floats not integers
    fits = kinds.get(array.dtype.kind, 3) <= kinds[wanted.kind]
    if not fits or array.ndim == 0 or array.shape[1:] != shape:
        sizes = ", ".join(map(str, ("batch", *shape)))
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name}: expected {wanted} of shape ({sizes}), got {found}")
    result = array.astype(wanted, copy=False)
    if wanted.kind in "iu" and (result != array).any():
        raise ValueError(f"{name}: {wanted} can't hold its largest or smallest number")
    return result


def padded(x, padding, fill):
    """x with so many elements before and after along each axis."""
    sizes = [a + size + b for size, (a, b) in zip(x.shape, padding)]
    y = np.full(sizes, fill, x.dtype) if fill != 0 else np.zeros(sizes, x.dtype)
    y[tuple(slice(a, a + size) for size, (a, _) in zip(x.shape, padding))] = x
    return y


def padded_image(x, padding, fill=0):
    """x: (batch, *sizes, channels), with elements around it; as many everywhere if padding is one number."""
    if not padding:
        return x
    pairs = [(padding, padding)] * (x.ndim - 2) if isinstance(padding, int) else padding
    return padded(x, [(0, 0), *pairs, (0, 0)], fill)


def windows(x, window, strides=1, dilation=1, padding=0):
    """The elements of x that each window holds, in x's own memory: (batch, *places, *window, channels).

    x: (batch, *sizes, channels). A stride, rate or padding given as one number is that of all axes.
    """
    x = padded_image(x, padding)
    samples, *sizes, channels = x.shape
    rank = len(window)
    strides, dilation = ([one] * rank if isinstance(one, int) else one for one in (strides, dilation))
    counts = [(n - d * (w - 1) - 1) // s + 1 for n, w, s, d in zip(sizes, window, strides, dilation)]
    sample, *steps, channel = x.strides
    apart = [a * b for a, b in zip(steps, strides)], [a * b for a, b in zip(steps, dilation)]
    shape, steps = (samples, *counts, *window, channels), (sample, *apart[0], *apart[1], channel)
    return np.lib.stride_tricks.as_strided(x, shape, steps, writeable=False)


def conv(x, kernel, strides=1, dilation=1, padding=0):
    """Each filter's sum, over the window and the channels, of x * kernel.

    x: (batch, *sizes, channels). kernel: (*window, channels, filters).
    """
    *window, channels, filters = kernel.shape
    seen = windows(x, window, strides, dilation, padding)
    y = np.empty((*seen.shape[: -1 - len(window)], filters), x.dtype)
    kernel = kernel.reshape(-1, filters)
    # Products of copies that have each element as often as windows see it: of some samples at once, or some of
    # the lines of a sample, so that a copy stays near.
    samples, lines = y.shape[:2]
    most = max(1, (1 << 18) * samples * lines // max(seen.size, 1))
    count = max(1, most // max(lines, 1))
    for sample in range(0, samples, count):
        for line in range(0, lines, most):
            part = np.s_[sample : sample + count, line : line + most]
            np.matmul(seen[part].reshape(-1, len(kernel)), kernel, out=y[part].reshape(-1, filters))
    return y


def depthwise_conv(x, kernel, strides=1, dilation=1, padding=0):
    """Each filter's sum, over the window, of x * kernel; a filter sees one channel.

    x: (batch, *sizes, channels). kernel: (*window, 1, filters), channel by channel.
    """
    *window, _, filters = kernel.shape
    if filters > x.shape[-1]:
        x = np.repeat(x, filters // x.shape[-1], axis=-1)
    seen = windows(x, window, strides, dilation, padding)
    axes, rank = list(range(seen.ndim)), len(window)
    return np.einsum(seen, axes, kernel[..., 0, :], axes[1 + rank:], axes[:1 + rank] + axes[-1:])


def conv_transpose(x, kernel, strides, crop, sizes, dilation):
    """Every element of x adds its multiple of the kernel to a window of y.

    x: (batch, *places, channels). kernel: (channels, *window, filters). sizes: y's.
    crop: how many elements the first window lies before y.
    """
    samples, *counts, channels = x.shape
    _, *window, filters = kernel.shape
    rank = len(window)
    # Along each axis y is cut at the strides, and so are the windows: runs of them are added at once.
    cut, into, of = [samples], [(slice(None),)], [(slice(None),)]
    for n, w, s, c, size, d in zip(counts, window, strides, crop, sizes, dilation):
        run = s if d == 1 else 1
        firsts = [(first, *divmod(first * d, s)) for first in range(0, w, run)]
        cut += [max(n + firsts[-1][1], -(-(c + size) // s)), s]
        into = [(*i, slice(p, p + n), slice(q, q + min(run, w - f))) for i in into for f, p, q in firsts]
        of = [(*i, slice(None), slice(f, f + run)) for i in of for f, _, _ in firsts]
    y = np.zeros((*cut, filters), x.dtype)
    parts = (x.reshape(-1, channels) @ kernel.reshape(channels, -1)).reshape(samples, *counts, *window, filters)
    parts = parts.transpose(0, *(axis for a in range(1, rank + 1) for axis in (a, a + rank)), 2 * rank + 1)
    for there, here in zip(into, of):
        y[there] += parts[here]
    y = y.reshape(samples, *(a * b for a, b in zip(cut[1::2], cut[2::2])), filters)
    return y[(slice(None), *(slice(c, c + size) for c, size in zip(crop, sizes)))]


def along(x, axis, window, stride):
    """For each place in a window along the axis, the elements that are there in all windows."""
    before, ends = (slice(None),) * axis, x.shape[axis] - window + 1
    return [x[(*before, slice(first, first + ends, stride))] for first in range(window)]


def lowest_if_none(y):
    """y, the largest of some numbers each, none below the lowest finite one: TensorFlow begins with that,
    so that it stays where the others are NaN or -inf.
    """
    if np.vdot(y, y) < np.inf:  # a quick look: it is not if there is any NaN or infinity
        return y
    return np.fmax(y, np.finfo(y.dtype).min)


def max_pool(x, window, strides=1, padding=0):
    """The largest element of each window that is not NaN. x: (batch, *sizes, channels)."""
    lowest = (np.finfo if x.dtype.kind == "f" else np.iinfo)(x.dtype).min
    y = padded_image(x, padding, lowest)
    strides = [strides] * len(window) if isinstance(strides, int) else strides
    for axis, (size, stride) in enumerate(zip(window, strides), 1):  # along one axis after the other
        y, *others = along(y, axis, size, stride)
        for other in others:
            y = np.fmax(y, other)
    return lowest_if_none(y) if x.dtype.kind == "f" else y


def adaptive_pool(function, x, axes, sizes):
    """The function of m windows along each axis; window i of n elements is i*n/m to (i+1)*n/m, rounded outwards."""
    for axis, m in zip(axes, sizes):
        n, before = x.shape[axis], (slice(None),) * axis
        parts = [x[(*before, slice(i * n // m, -(-(i + 1) * n // m)))] for i in range(m)]
        x = np.stack([function(part, axis=axis) for part in parts], axis)
    return x


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    e /= e.sum(axis=axis, keepdims=True)
    return e


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(image):
    """The model's outputs for a batch of samples.

    image: (batch, 8, 7, 1) float32
    Returns classes: (batch, 5) float32
    """
    image = checked("image", image, (8, 7, 1), np.float32)

    # stem: Conv2D(filters=4, kernel_size=(3, 3), strides=(2, 2), padding='same',
    #     data_format='channels_last', use_bias=False)
    # stem_bn: BatchNormalization()
    # stem_relu: ReLU()
    # y[p,q,f] = sum over i,j,c of x[2*p+i,2*q+j-1,c] * kernel[i,j,c,f] + bias[f]
    stem_relu = conv(image, stem_kernel, strides=2, padding=((0, 1), (1, 1))) + stem_bias
    stem_relu = np.maximum(stem_relu, 0)  # (batch, 4, 4, 4)

    # depthwise: DepthwiseConv2D(kernel_size=(3, 3), padding='same', data_format='channels_last')
    # y[p,q,f] = sum over i,j of x[p+i-1,q+j-1,f's channel] * kernel[i,j,0,f] + bias[f]
    # shape: (batch, 4, 4, 4)
    depthwise = depthwise_conv(stem_relu, depthwise_kernel, padding=1) + depthwise_bias

    # pointwise: Conv2D(filters=6, kernel_size=(1, 1), data_format='channels_last',
    #     activation='relu')
    # y[p,q,f] = sum over i,j,c of x[p+i,q+j,c] * kernel[i,j,c,f] + bias[f]
    pointwise = conv(depthwise, pointwise_kernel) + pointwise_bias
    pointwise = np.maximum(pointwise, 0)  # (batch, 4, 4, 6)

    # upsample: Conv2DTranspose(filters=3, kernel_size=(2, 2), strides=(2, 2),
    #     data_format='channels_last')
    # y = bias[f]; y[2*p+i,2*q+j,f] += sum over c of x[p,q,c] * kernel[i,j,f,c]
    upsample = conv_transpose(
        pointwise,
        upsample_kernel_by_channel,
        strides=(2, 2),
        crop=(0, 0),
        sizes=(8, 8),
        dilation=(1, 1),
    ) + upsample_bias  # (batch, 8, 8, 3)

    # pool: MaxPooling2D(pool_size=(3, 3), strides=(2, 2), padding='same',
    #     data_format='channels_last')
    # y = max of x over windows of 3x3, (2, 2) apart, of what lies inside x
    pool = max_pool(upsample, (3, 3), strides=2, padding=((0, 1), (0, 1)))  # (batch, 4, 4, 3)

    # adaptive: AdaptiveAveragePooling2D(output_size=(2, 3), data_format='channels_last')
    # y[o] = mean of x[floor(o*n/m) .. ceil((o+1)*n/m) - 1], n = (4, 4), m = (2, 3)
    adaptive = adaptive_pool(np.mean, pool, axes=(1, 2), sizes=(2, 3))  # (batch, 2, 3, 3)

    # flatten: Flatten(data_format='channels_last')
    flatten = adaptive.reshape(-1, 18)  # (batch, 18)

    # classes: Dense(units=5, activation='softmax')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    classes_add = flatten @ classes_kernel + classes_bias  # (batch, 5)
    # y = exp(x - max(x)) / sum(exp(x - max(x))), over axis 1
    classes = softmax(classes_add, axis=1)  # (batch, 5)

    return classes
