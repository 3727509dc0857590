"""The forward algorithm of a hidden Markov model, scaled, in logarithms, and the best path's score."""

import numpy as np

from tests.source.programs.registry import Program

OBSERVATIONS = [0, 2, 1, 1, 2, 0]


def normalise(scores):
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward_scaled(start, transition, emission, observations):
    pi, A, B = normalise(start), normalise(transition), normalise(emission)
    alpha = pi * B[:, observations[0]]
    log_likelihood = 0.0
    for t in range(1, len(observations)):
        scale = alpha.sum()
        log_likelihood += np.log(scale)
        alpha = (alpha / scale) @ A * B[:, observations[t]]
    return log_likelihood + np.log(alpha.sum())


def forward_in_logs(start, transition, emission, observations):
    log_pi, log_A, log_B = [np.log(normalise(one)) for one in (start, transition, emission)]
    n = len(log_pi)
    alpha = [log_pi[i] + log_B[i, observations[0]] for i in range(n)]
    for o in observations[1:]:
        new = []
        for j in range(n):
            terms = [alpha[i] + log_A[i, j] for i in range(n)]
            top = max(terms)
            new.append(top + np.log(sum([np.exp(term - top) for term in terms])) + log_B[j, o])
        alpha = new
    return np.logaddexp(alpha[0], alpha[1])


def viterbi(start, transition, emission, observations):
    log_pi, log_A, log_B = map(np.log, (normalise(start), normalise(transition), normalise(emission)))
    score = log_pi + log_B[:, observations[0]]
    back = []
    for o in observations[1:]:
        candidates = score[:, None] + log_A
        back.append(np.argmax(candidates, axis=0))
        score = np.max(candidates, axis=0) + log_B[:, o]
    path = [int(np.argmax(score))]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    print("path:", path[::-1])
    return score[path[0]]


scores = (
    np.array([0.3, -0.1]),
    np.array([[1.0, -0.5], [0.2, 0.7]]),
    np.array([[0.5, -0.2, 0.1], [-0.4, 0.6, 0.3]]),
    OBSERVATIONS,
)
PROGRAMS = [
    Program("hidden_markov_scaled", forward_scaled, scores, wrt=(0, 1, 2)),
    Program("hidden_markov_in_logs", forward_in_logs, scores, wrt=(0, 1, 2)),
    Program("hidden_markov_best_path", viterbi, scores, wrt=(0, 1, 2)),
]
