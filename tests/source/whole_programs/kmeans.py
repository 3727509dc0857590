"""The k-means loss, hard and soft, after some of Lloyd's iterations."""

import numpy as np

from tests.source.programs.registry import Program

rng = np.random.default_rng(5)
POINTS = np.concatenate([rng.normal(size=(5, 2)), rng.normal(size=(4, 2)) + 3.0])


def squared_distances(points, centres):
    return ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=-1)


def hard_loss(centres, points):
    return np.min(squared_distances(points, centres), axis=1).sum()


def soft_loss(centres, points, temperature=0.5):
    d = squared_distances(points, centres) / temperature
    low = d.min(axis=1, keepdims=True)
    return temperature * np.sum(low[:, 0] - np.log(np.exp(low - d).sum(axis=1)))


def lloyd(points, centres, iterations=2):
    centres = centres.copy()
    for _ in range(iterations):
        nearest = np.argmin(squared_distances(points, centres), axis=1)
        for k in range(len(centres)):
            members = points[nearest == k]
            if len(members) > 0:
                centres[k] = members.mean(axis=0)
    return centres


def loss_after_lloyd(points, centres):
    return hard_loss(lloyd(points, centres), points)


def loss_of_points(points):
    return loss_after_lloyd(points, points[[0, 5]])


centres = np.array([[0.2, -0.1], [2.5, 2.8]])
PROGRAMS = [
    Program("kmeans_hard", hard_loss, (centres, POINTS), wrt=(0, 1)),
    Program("kmeans_soft", soft_loss, (centres, POINTS), wrt=(0, 1)),
    Program("kmeans_of_points", loss_of_points, (POINTS,)),
]
