"""A fluid in two dimensions: advection by interpolation, pressure by Jacobi iteration."""

import numpy as np

from tests.source.programs.registry import Program

N = 4
rng = np.random.default_rng(7)


def project(vx, vy, iterations=3):
    """Take the divergence out of the velocity field."""
    p = np.zeros(vx.shape)
    h = 1.0 / vx.shape[0]
    div = (
        -0.5
        * h
        * (
            np.roll(vx, -1, axis=0)
            - np.roll(vx, 1, axis=0)
            + np.roll(vy, -1, axis=1)
            - np.roll(vy, 1, axis=1)
        )
    )
    for _ in range(iterations):
        around = (
            np.roll(p, 1, axis=0) + np.roll(p, -1, axis=0) + np.roll(p, 1, axis=1) + np.roll(p, -1, axis=1)
        )
        p = (div + around) / 4.0
    vx = vx - 0.5 * (np.roll(p, -1, axis=0) - np.roll(p, 1, axis=0)) / h
    vy = vy - 0.5 * (np.roll(p, -1, axis=1) - np.roll(p, 1, axis=1)) / h
    return vx, vy


def advect(f, vx, vy):
    """Move the field f along the velocities, looking back where each cell's content came from."""
    rows, columns = f.shape
    cell_x, cell_y = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    x = cell_x - vx
    y = cell_y - vy
    left = np.floor(x).astype(int)
    top = np.floor(y).astype(int)
    rw = x - left
    bw = y - top
    left, top = left % rows, top % columns
    right, bottom = (left + 1) % rows, (top + 1) % columns
    upper = (1 - rw) * f[left, top] + rw * f[right, top]
    lower = (1 - rw) * f[left, bottom] + rw * f[right, bottom]
    return (1 - bw) * upper + bw * lower


def simulate(vx, vy, smoke, steps):
    for _ in range(steps):
        updated_vx, updated_vy = advect(vx, vx, vy), advect(vy, vx, vy)
        vx, vy = project(updated_vx, updated_vy)
        smoke = advect(smoke, vx, vy)
    return smoke


def distance_to_target(velocities, smoke, target, steps=2):
    vx, vy = velocities
    return np.mean((simulate(vx, vy, smoke, steps) - target) ** 2)


velocities = rng.uniform(-0.4, 0.4, size=(2, N, N)) + 0.03
smoke = rng.uniform(size=(N, N))
target = np.roll(smoke, 1, axis=1)
PROGRAMS = [Program("fluid", distance_to_target, (velocities, smoke, target), wrt=(0, 1))]
