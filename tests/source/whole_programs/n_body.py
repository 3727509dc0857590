"""Bodies under gravity: forces by loops over objects and by broadcasting, leapfrog steps, energies."""

from dataclasses import dataclass

import numpy as np

from tests.source.programs.registry import Program

SOFTENING = 0.1


@dataclass
class Body:
    mass: float
    position: np.ndarray
    velocity: np.ndarray

    def kinetic(self):
        return 0.5 * self.mass * np.dot(self.velocity, self.velocity)


def advance(bodies, dt):
    for i, a in enumerate(bodies):
        for b in bodies[i + 1 :]:
            d = a.position - b.position
            strength = dt / (np.sum(d * d) + SOFTENING**2) ** 1.5
            a.velocity = a.velocity - d * b.mass * strength
            b.velocity = b.velocity + d * a.mass * strength
    for body in bodies:
        body.position = body.position + dt * body.velocity


def energy(bodies):
    total = 0.0
    for i, body in enumerate(bodies):
        total += body.kinetic()
        for other in bodies[:i]:
            d = body.position - other.position
            total -= body.mass * other.mass / np.sqrt(np.sum(d**2) + SOFTENING**2)
    return total


def energy_drift(positions, masses, steps=3):
    bodies = [Body(m, p, np.zeros(2)) for m, p in zip(masses, positions)]
    before = energy(bodies)
    for _ in range(steps):
        advance(bodies, 0.05)
    return (energy(bodies) - before) ** 2 * 1e4 + bodies[0].position[0]


def accelerations(x, masses):
    d = x[None, :, :] - x[:, None, :]
    r2 = np.sum(d**2, axis=-1) + SOFTENING**2
    return np.sum(masses[None, :, None] * d / r2[:, :, None] ** 1.5, axis=1)


def final_distance(x, v, masses, dt=0.05, steps=4):
    x, v = x.copy(), v.copy()
    a = accelerations(x, masses)
    for _ in range(steps):
        v += 0.5 * dt * a
        x += dt * v
        a = accelerations(x, masses)
        v += 0.5 * dt * a
    return np.linalg.norm(x[0] - x[1]) + np.sum(v**2)


positions = np.array([[0.0, 0.1], [1.0, -0.2], [-0.3, 0.9]])
velocities = np.array([[0.1, 0.0], [0.0, 0.3], [-0.2, 0.1]])
masses = np.array([1.0, 0.5, 0.3])
PROGRAMS = [
    Program("n_body_objects", energy_drift, (positions, masses), wrt=(0, 1)),
    Program("n_body_leapfrog", final_distance, (positions, velocities, masses), wrt=(0, 1, 2)),
]
