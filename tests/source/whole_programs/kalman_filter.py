"""Log likelihood of a linear state-space model by the Kalman filter, with a missing measurement."""

import numpy as np

from tests.source.programs.registry import Program

MEASUREMENTS = [0.3, 0.9, None, 1.7, 2.4]


def kalman(log_q, log_r, velocity_decay, measurements):
    F = np.array([[1.0, 1.0], [0.0, velocity_decay]])
    H = np.array([[1.0, 0.0]])
    Q = np.exp(log_q) * np.eye(2)
    R = np.exp(log_r)
    x = np.zeros(2)
    P = np.eye(2)
    log_likelihood = 0.0
    for z in measurements:
        x = F @ x
        P = F @ P @ F.T + Q
        if z is None:
            continue
        innovation = z - (H @ x)[0]
        S = (H @ P @ H.T)[0, 0] + R
        K = (P @ H.T)[:, 0] / S
        x = x + K * innovation
        P = P - np.outer(K, H @ P)
        log_likelihood -= 0.5 * (np.log(2 * np.pi * S) + innovation**2 / S)
    return log_likelihood


PROGRAMS = [
    Program("kalman_filter", kalman, (-1.0, -0.5, 0.9, MEASUREMENTS), wrt=(0, 1, 2), tape=False),
]
