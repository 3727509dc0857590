"""Small numerical programs, in which several constructs meet."""

import math

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])
DATA = np.array([[0.2, 1.0], [1.5, -0.3], [-0.7, 0.4], [0.9, 0.8]])
LABELS = np.array([1, 0, 1, 0])


@program(V)
def rosenbrock(x):
    return sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@program(V)
def horner(coefficients):
    result = 0.0
    for c in coefficients:
        result = result * 1.7 + c
    return result**2


@program(0.3, 1.9, wrt=(0, 1))
def simpson(a, b):
    n = 6
    h = (b - a) / n
    s = np.sin(a) + np.sin(b)
    for k in range(1, n):
        s += (4 if k % 2 else 2) * np.sin(a + k * h)
    return s * h / 3


@program(0.8)
def taylor_exponential(x):
    term, total, n = 1.0, 1.0, 0
    while abs(term) > 1e-15:
        n += 1
        term = term * x / n
        total += term
    return total


@program(2.0)
def babylonian(a):
    x = a / 2
    for _ in range(6):
        x = (x + a / x) / 2
    return x


@program(S)
def power_iteration(A):
    v = np.ones(3)
    for _ in range(15):
        v = A @ v
        v = v / np.linalg.norm(v)
    return v @ A @ v


@program(S, V, wrt=(0, 1))
def conjugate_gradient(A, b):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r
    for _ in range(2):
        Ap = A @ p
        alpha = (r @ r) / (p @ Ap)
        x = x + alpha * p
        new = r - alpha * Ap
        beta = (new @ new) / (r @ r)
        p = new + beta * p
        r = new
    return x @ x


@program(S, tape=False)
def gram_schmidt(A):
    Q = np.zeros_like(A)
    for j in range(A.shape[1]):
        v = A[:, j].copy()
        for i in range(j):
            v -= (Q[:, i] @ A[:, j]) * Q[:, i]
        Q[:, j] = v / np.sqrt(v @ v)
    return np.sum(Q * np.arange(9).reshape(3, 3))


@program(0.4, 0.1, wrt=(0, 1))
def pendulum(theta, omega):
    dt = 0.05
    for _ in range(6):
        omega = omega - dt * 9.81 * np.sin(theta)
        theta = theta + dt * omega
    return 0.5 * omega**2 - 9.81 * np.cos(theta)


@program(np.array([1.0, 0.5]), tape=False)
def lotka_volterra(state):
    def f(s):
        prey, predator = s
        return np.array([prey * (1.1 - 0.4 * predator), predator * (0.1 * prey - 0.4)])

    for _ in range(4):
        state = state + 0.1 * f(state)
    return state[0] * state[1]


@program(3.7, tape=False)
def logistic_map(r):
    x = 0.4
    orbit = []
    for n in range(5):
        x = r * x * (1 - x)
        orbit.append(x)
    return np.mean(np.array(orbit)) + orbit[-1]


@program(np.array([0.1, 0.2, -0.1]))
def logistic_regression(w):
    z = DATA @ w[:2] + w[2]
    p = 1.0 / (1.0 + np.exp(-z))
    return -np.mean(LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p)) + 0.01 * np.sum(w**2)


@program(np.array([0.1, 0.2, -0.1]))
def hinge_loss(w):
    loss = 0.0
    for features, label in zip(DATA, LABELS):
        margin = (2 * label - 1) * (features @ w[:2] + w[2])
        loss += max(0.0, 1.0 - margin)
    return loss / len(DATA) + 0.5 * w @ w


@program(np.array([0.3, -0.5]), np.array([0.1, 0.4, 0.9]))
def huber_loss(params, t):
    slope, intercept = params
    loss = 0
    for x, y in zip(t, [0.0, 2.0, 0.3]):
        r = y - (slope * x + intercept)
        if abs(r) <= 1:
            loss += r**2 / 2
        else:
            loss += abs(r) - 0.5
    return loss


@program({"w1": M.T * 0.5, "b1": np.array([0.1, 0.2]), "w2": np.array([0.5, -0.4]), "b2": 0.05})
def perceptron(params):
    X = np.array([[0.1, 0.5, -0.3], [0.8, -0.2, 0.4]])
    h = np.tanh(X @ params["w1"] + params["b1"])
    y = h @ params["w2"] + params["b2"]
    return np.mean((y - np.array([1.0, -1.0])) ** 2)


@program(np.linspace(-0.5, 0.5, 12).reshape(3, 4))
def attention(x):
    q, k, v = x[:, :2], x[:, 1:3], x[:, 2:]
    scores = q @ k.T / np.sqrt(q.shape[-1])
    scores = scores - scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.sum((weights @ v) ** 2)


@program(np.linspace(-1.0, 1.1, 6).reshape(2, 3), np.ones(3), np.zeros(3), wrt=(0, 1, 2))
def layer_norm(x, gamma, beta):
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    y = gamma * (x - mu) / np.sqrt(var + 1e-5) + beta
    return np.sum(y**3)


@program(V, tape=False)
def exponential_moving_average(x):
    average = x[0]
    out = [average]
    for v in x[1:]:
        average = 0.8 * average + 0.2 * v
        out.append(average)
    return np.sum(np.array(out) ** 2)


@program(np.array([0.5, 1.0, -2.0, 3.0, -0.3]))
def maximum_subarray(x):
    best = current = x[0]
    for v in x[1:]:
        current = max(v, current + v)
        best = max(best, current)
    return best**2


@program(np.array([0.5, 1.0, 2.0]), np.array([1, 2, 2]))
def knapsack(values, weights):
    best = [0.0] * 4
    for v, w in zip(values, weights):
        for c in range(3, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[3] ** 2


@program(np.array([[0.1, 0.4, 0.9], [0.7, 0.2, 0.5], [0.3, 0.8, 0.6]]))
def cheapest_path(cost):
    n = len(cost)
    best = {(0, 0): cost[0, 0]}
    for i in range(n):
        for j in range(n):
            if i == j == 0:
                continue
            options = []
            if i > 0:
                options.append(best[i - 1, j])
            if j > 0:
                options.append(best[i, j - 1])
            best[i, j] = min(options) + cost[i, j] ** 2
    return best[n - 1, n - 1]


@program(np.array([0.3, 0.9, 0.5, 0.2]))
def quicksort(x):
    def sort(values):
        if len(values) <= 1:
            return values
        pivot = values[0]
        left = [v for v in values[1:] if v < pivot]
        right = [v for v in values[1:] if v >= pivot]
        return sort(left) + [pivot] + sort(right)

    ordered = sort(list(x))
    return sum([(i + 1) * v**2 for i, v in enumerate(ordered)])


@program(np.array([0.3, 0.9, 0.5, 0.2]))
def merge_two_lists(x):
    left, right = [x[0], x[1]], [x[3], x[2]]
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    merged += left[i:] + right[j:]
    return sum([m * k for k, m in enumerate(merged)]) * merged[0]


@program(np.array([[0.0, 0.0], [1.2, 0.1], [0.9, 1.1], [-0.2, 0.8]]))
def polygon_area(points):
    area = 0.0
    n = len(points)
    for i in range(n):
        x0, y0 = points[i]
        x1, y1 = points[(i + 1) % n]
        area += x0 * y1 - x1 * y0
    return abs(area) / 2


@program(np.array([[0.0, 0.1], [1.2, 0.1], [0.9, 1.1]]))
def perimeter_by_roll(points):
    edges = np.roll(points, -1, axis=0) - points
    return np.sum(np.hypot(edges[:, 0], edges[:, 1]))


@program(np.array([[0.0, 0.1], [1.2, 0.1], [0.9, 1.1]]))
def lennard_jones(r):
    energy = 0.0
    for i in range(len(r)):
        for j in range(i):
            d2 = np.sum((r[i] - r[j]) ** 2)
            s6 = 1.0 / d2**3
            energy += 4 * (s6**2 - s6)
    return energy


@program(np.array([0.3, 0.8, 0.1]), tape=False)
def black_scholes(p):
    s, k, v = p[0] + 1, p[1] + 0.5, p[2] + 0.2
    d1 = (math.log(s / k) + v**2 / 2) / v
    d2 = d1 - v
    cdf = lambda u: 0.5 * (1 + math.erf(u / math.sqrt(2)))
    return s * cdf(d1) - k * cdf(d2)


@program(100.0, 0.05, wrt=(0, 1))
def compound_interest(balance, rate):
    years = 0
    while years < 4:
        interest = balance * rate
        balance += interest
        if balance > 110:
            balance -= 2.0
        years += 1
    return balance


@program(np.array([1.0, -3.1, 2.0]))
def quadratic_roots(c):
    a, b, k = c
    disc = b**2 - 4 * a * k
    if disc < 0:
        raise ValueError("no real roots")
    root = np.sqrt(disc)
    return (-b + root) / (2 * a), (-b - root) / (2 * a)


@program(np.array([0.2, 0.5, 0.3]))
def markov_chain(p):
    p = p / np.sum(p)
    P = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]])
    for _ in range(5):
        p = p @ P
    return -np.sum(p * np.log(p))


@program(np.array([0.2, 0.5, 0.3]), np.array([0.1, 0.6, 0.3]), wrt=(0, 1))
def kl_divergence(p, q):
    total = 0.0
    for a, b in zip(p, q):
        if a > 0 and b > 0:
            total += a * np.log(a / b)
    return total


@program(V, np.array([1.0, 0.5, 0.1]), wrt=(0, 1))
def cosine_similarity(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@program(np.array([0.4, 0.7]))
def adam_by_hand(w):
    m = np.zeros_like(w)
    v = np.zeros_like(w)
    for t in range(1, 4):
        g = 4 * w**3 - 2 * w
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat = m / (1 - 0.9**t)
        v_hat = v / (1 - 0.999**t)
        w = w - 0.01 * m_hat / (np.sqrt(v_hat) + 1e-8)
    return np.sum(w**2)


@program(np.array([0.6, 1.2]))
def line_search(x):
    def f(p):
        return np.sum((p - 1) ** 2) + p[0] * p[1]

    step = 1.0
    g = 2 * (x - 1) + x[::-1]
    while f(x - step * g) > f(x) - 0.1 * step * np.sum(g**2):
        step *= 0.5
    return f(x - step * g)


@program(np.array([0.1, 0.4, 0.3, 0.9]))
def median_filter(x):
    out = []
    for i in range(1, len(x) - 1):
        out.append(np.median(x[i - 1 : i + 2]))
    return sum([v**2 for v in out])


@program(0.37)
def linear_interpolation(x):
    xs = [0.0, 0.25, 0.5, 1.0]
    ys = [1.0, 0.3, 0.8, -0.5]
    for i in range(len(xs) - 1):
        if xs[i] <= x <= xs[i + 1]:
            w = (x - xs[i]) / (xs[i + 1] - xs[i])
            return (1 - w) * ys[i] + w * ys[i + 1]
    return ys[-1]


@program(2.0, 5, tape=False)
def matrix_power_by_squaring(x, n):
    base = np.array([[1.0, x], [0.5, 0.3]])
    result = np.eye(2)
    while n > 0:
        if n & 1:
            result = result @ base
        base = base @ base
        n >>= 1
    return result[0, 1]


@program(np.array([0.5, -0.4, 0.3, 0.1, -0.2, 0.6, 0.9, -0.8, 0.2]).reshape(3, 3))
def max_pooling(image):
    out = np.zeros_like(image, shape=(2, 2))
    for i in range(2):
        for j in range(2):
            out[i, j] = image[i : i + 2, j : j + 2].max()
    return np.sum(out**2)


@program(np.array([0.5, -0.4, 0.3, 0.1, -0.2, 0.6, 0.9, -0.8, 0.2]).reshape(3, 3))
def total_variation(u):
    dx = u[1:, :] - u[:-1, :]
    dy = u[:, 1:] - u[:, :-1]
    return np.sum(np.sqrt(dx[:, :-1] ** 2 + dy[:-1, :] ** 2 + 1e-3))


@program(np.array([0.2, -0.1, 0.4]), tape=False)
def rotations(angles):
    R = np.eye(3)
    for axis, a in enumerate(angles):
        c, s = math.cos(a), math.sin(a)
        i, j = [k for k in range(3) if k != axis]
        G = np.eye(3)
        G[i, i] = G[j, j] = c
        G[i, j], G[j, i] = -s, s
        R = R @ G
    return np.sum(R * np.arange(9).reshape(3, 3))


@program(np.array([0.8, 0.2, 0.1, 0.4]), tape=False)
def quaternion_product(q):
    w, x, y, z = q / np.sqrt(np.sum(q**2))
    a, b, c, d = 0.5, 0.5, -0.5, 0.5
    return np.array([
        w * a - x * b - y * c - z * d,
        w * b + x * a + y * d - z * c,
        w * c - x * d + y * a + z * b,
        w * d + x * c - y * b + z * a,
    ])  # fmt: skip


@program(np.array([1.0, 2.0, 3.0]))
def weighted_votes(x):
    votes = {"a": [], "b": []}
    for i, v in enumerate(x):
        votes["a" if i % 2 else "b"].append(v**2)
    scores = {k: sum(v) / max(len(v), 1) for k, v in votes.items()}
    winner = max(scores, key=scores.get)
    return scores[winner] * 2 + scores["a"]


@program(np.array([0.3, 0.6, 0.1]))
def beam_of_hypotheses(p):
    beams = [(0.0, [])]
    for _ in range(2):
        extended = []
        for score, path in beams:
            for k in range(3):
                extended.append((score + np.log(p[k]) * (k + 1), path + [k]))
        extended.sort(key=lambda item: -item[0])
        beams = extended[:2]
    return beams[0][0] + beams[1][0] * len(beams[0][1])


@program(V, tape=False)
def finite_differences_by_hand(x):
    def f(v):
        return np.sum(np.sin(v) * v)

    h = 0.1
    slopes = []
    for i in range(len(x)):
        e = np.zeros(3)
        e[i] = h
        slopes.append((f(x + e) - f(x - e)) / (2 * h))
    return np.linalg.norm(np.array(slopes))


@program(1.5, 0.7, wrt=(0, 1))
def gamma_series(a, x):
    total = term = 1.0 / a
    n = 1
    while n < 60 and term > 1e-17:
        term = term * x / (a + n)
        total += term
        n += 1
    return total * np.exp(-x + a * np.log(x))


@program(0.6)
def agm(x):
    a, b = 1.0, np.sqrt(1 - x**2)
    while abs(a - b) > 1e-14:
        a, b = (a + b) / 2, np.sqrt(a * b)
    return np.pi / (2 * a)


@program(np.array([0.3, -0.2, 0.1, 0.5]))
def recursive_fft(x):
    def fft(v):
        n = len(v)
        if n == 1:
            return v
        even, odd = fft(v[::2]), fft(v[1::2])
        twiddle = np.exp(-2j * np.pi * np.arange(n // 2) / n)
        return np.concatenate([even + twiddle * odd, even - twiddle * odd])

    return np.sum(np.abs(fft(x + 0j)) ** 2 * np.arange(4))


@program(np.array([[0.1, 0.2], [0.9, 1.1], [1.0, 0.8], [0.0, 0.3]]), tape=False)
def kmeans_step(points):
    centres = points[:2] * 1.0
    for _ in range(2):
        groups = [[], []]
        for p in points:
            d = [np.sum((p - c) ** 2) for c in centres]
            groups[int(np.argmin(d))].append(p)
        centres = [sum(g) / len(g) for g in groups]
    return sum([np.min([np.sum((p - c) ** 2) for c in centres]) for p in points]) + centres[0][0]


@program(0.5, [3, 1, 2])
def order_of_operations_by_list(x, program_text):
    machine = [x]
    for code in program_text:
        top = machine.pop()
        if code == 1:
            machine.extend([top, top])
        elif code == 2:
            machine.append(top * machine.pop())
        else:
            machine.append(np.sin(top) + 1)
    return machine[-1]


@program(np.array([3.0, 1.0, 2.0]))
def ranks_as_weights(x):
    order = sorted(range(len(x)), key=lambda i: x[i])
    ranks = [0] * len(x)
    for r, i in enumerate(order):
        ranks[i] = r
    return sum([r * v**2 for r, v in zip(ranks, x)])


@program(np.array([0.7, 1.1, 1.6, 0.4]))
def quicksort_that_changes_what_it_sorts(x):
    def sort(values):
        if len(values) <= 1:
            return values
        pivot = values[0]
        left = [v for v in values[1:] if v < pivot]
        right = [v * 1.5 for v in values[1:] if v >= pivot]
        return sort(left) + [pivot**2] + sort(right)

    ordered = sort(list(x))
    return ordered[0] * ordered[1] + ordered[2] ** 3 * ordered[3]
