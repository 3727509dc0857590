"""Bundle adjustment: reprojection errors of points seen by cameras with rotation vectors and distortion."""

from typing import NamedTuple

import numpy as np

from tests.source.programs.registry import Program


class Camera(NamedTuple):
    rotation: np.ndarray
    translation: np.ndarray
    focal: float
    distortion: np.ndarray


def rodrigues(v, p):
    """Rotate p about v by the angle |v|."""
    theta2 = v @ v
    if theta2 > 1e-12:
        theta = np.sqrt(theta2)
        axis = v / theta
        c, s = np.cos(theta), np.sin(theta)
        return c * p + s * np.cross(axis, p) + (1 - c) * (axis @ p) * axis
    return p + np.cross(v, p)


def project(camera, point):
    x = rodrigues(camera.rotation, point) + camera.translation
    u = x[:2] / x[2]
    r2 = u @ u
    k1, k2 = camera.distortion
    return camera.focal * (1.0 + k1 * r2 + k2 * r2**2) * u


def robust(r2):
    return r2 if r2 < 0.5 else 2 * np.sqrt(0.5 * r2) - 0.5


def reprojection_error(cameras, points, observations):
    total = 0.0
    for camera_index, point_index, (u, v) in observations:
        predicted = project(cameras[camera_index], points[point_index])
        total += robust((predicted[0] - u) ** 2 + (predicted[1] - v) ** 2)
    return total


cameras = [
    Camera(np.array([0.1, -0.2, 0.05]), np.array([0.0, 0.1, 3.0]), 1.2, np.array([0.01, -0.02])),
    Camera(np.zeros(3), np.array([-0.5, 0.0, 3.5]), 1.0, np.array([0.02, 0.01])),
]
points = np.array([[0.3, -0.2, 0.1], [-0.5, 0.4, 0.2], [0.1, 0.6, -0.3]])
observations = [
    (0, 0, (0.2, 0.1)),
    (0, 1, (-0.3, 0.2)),
    (1, 1, (-0.2, 1.4)),
    (1, 2, (0.0, 0.2)),
    (0, 2, (0.1, 0.3)),
]
PROGRAMS = [
    # the turn by nothing at all is on a branch of its own, whose second derivative differs
    Program(
        "bundle_adjustment", reprojection_error, (cameras, points, observations), wrt=(0, 1), second=False
    ),
    Program(
        "bundle_adjustment_turned",
        reprojection_error,
        ([cameras[0], cameras[1]._replace(rotation=np.array([0.0, 0.2, 0.1]))], points, observations),
        wrt=(0, 1),
    ),
]
