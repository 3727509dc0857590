"""A small convolutional network: strided windows gathered by indices, pooling, a dense layer."""

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(3)
IMAGES = rng.normal(size=(2, 1, 6, 6))
LABELS = np.array([0, 1])


def windows(images, size, stride=1):
    """All patches: (batch, rows, columns, channels * size * size)."""
    n, channels, height, width = images.shape
    rows = (height - size) // stride + 1
    columns = (width - size) // stride + 1
    patches = []
    for di in range(size):
        for dj in range(size):
            part = images[:, :, di : di + stride * rows : stride, dj : dj + stride * columns : stride]
            patches.append(part)
    stacked = np.stack(patches, axis=-1)
    return stacked.transpose(0, 2, 3, 1, 4).reshape(n, rows, columns, channels * size * size)


def convolve(images, kernels, bias, stride=1):
    filters, channels, size, _ = kernels.shape
    out = windows(images, size, stride) @ kernels.reshape(filters, -1).T + bias
    return np.moveaxis(out, -1, 1)


def max_pool(images, size=2):
    n, channels, height, width = images.shape
    blocks = images.reshape(n, channels, height // size, size, width // size, size)
    return blocks.max(axis=(3, 5))


def loss(params, images, labels):
    x = convolve(images, params["kernels"], params["bias"])
    x = np.maximum(x, 0.1 * x)
    x = max_pool(x)
    x = x.reshape(len(x), -1) @ params["W"] + params["b"]
    x = x - x.max(axis=1, keepdims=True)
    log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return -log_p[range(len(labels)), labels].mean()


params = {
    "kernels": rng.normal(size=(2, 1, 3, 3)) * 0.4,
    "bias": np.array([0.1, -0.1]),
    "W": rng.normal(size=(8, 2)) * 0.4,
    "b": np.zeros(2),
}
PROGRAMS = [Program("convolution", loss, (params, IMAGES, LABELS))]
