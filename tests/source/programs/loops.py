"""for loops over everything that can be gone through."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])


@program(0.7)
def fixed_number_of_steps(x):
    for i in range(5):
        x = x + 0.1 * np.sin(x)
    return x


@program(0.7, 4)
def steps_given(x, n):
    total = 0.0
    for i in range(n):
        total = total + x**i / (i + 1)
    return total


@program(0.7, 0)
def no_steps(x, n):
    total = x
    for i in range(n):
        total = total * x
    return total * 2


@program(V)
def backwards(x):
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        total = total * 0.5 + x[i] ** 2
    return total


@program(np.linspace(0.1, 1.0, 8))
def every_other(x):
    total = 0.0
    for i in range(1, 8, 3):
        total += x[i] * x[i - 1]
    return total


@program(V)
def over_elements(x):
    total = 0.0
    for value in x:
        total += value**2
    return total


@program(M)
def over_rows(A):
    total = 0.0
    for row in A:
        total += np.prod(row) + row[0]
    return total


@program(M)
def over_rows_and_elements(A):
    total = 0
    for row in A:
        for value in row:
            total = total + np.sin(value) * value
    return total


@program(M)
def over_columns(A):
    total = 0.0
    for column in A.T:
        total += np.max(column) ** 2
    return total


@program(0.7)
def over_list_of_numbers(x):
    total = 0
    for c in [1.0, -2.0, 0.5]:
        total = total * x + c
    return total


@program(0.7)
def over_tuple_of_expressions(x):
    product = 1.0
    for v in (x, x * x, np.sin(x), 2.0):
        product = product * (1 + v)
    return product


@program(0.7)
def over_list_of_expressions(x):
    total = 0.0
    for v in [x, x * x]:
        total = total + v * v
    return total


@program([np.array([0.5, 1.0]), np.array([2.0])])
def over_a_list_argument(arrays):
    total = 0.0
    for a in arrays:
        total += np.sum(a**2)
    return total


@program({"w": np.array([0.5, 1.0]), "b": 2.0})
def over_dict_items(params):
    penalty = 0.0
    for name, value in params.items():
        if name != "b":
            penalty += np.sum(value**2)
        else:
            penalty += value
    return penalty


@program({"w": np.array([0.5, 1.0]), "b": np.array([2.0])})
def over_dict_keys_and_values(params):
    total = 0.0
    for name in params:
        total += np.sum(params[name])
    for value in params.values():
        total *= np.sum(value)
    for key in sorted(params.keys()):
        total += params[key][0]
    return total


@program(V, np.array([1.0, 2.0, 3.0]), wrt=(0, 1))
def over_zip(x, y):
    total = 0.0
    for a, b in zip(x, y):
        total += a * b**2
    return total


@program(V)
def over_enumerate(x):
    total = 0.0
    for i, v in enumerate(x):
        total += i * v + v**2
    return total


@program(V)
def over_enumerate_from_one(x):
    total = 0.0
    for k, v in enumerate(x, 1):
        total += v**k / k
    return total


@program(V, V + 1, wrt=(0, 1))
def over_enumerate_of_zip(x, y):
    total = 0.0
    for i, (a, b) in enumerate(zip(x, y)):
        total += (i + 1) * a * b
    return total


@program(V)
def over_reversed(x):
    total = 0.0
    for v in reversed(x):
        total = total * 0.5 + v
    for i in reversed(range(3)):
        total = total * x[i]
    return total


@program(V)
def over_sorted(x):
    total = 0.0
    weight = 1.0
    for v in sorted(x):
        total += weight * v
        weight *= 2
    return total


@program(V)
def over_sorted_descending_by_key(x):
    total = 0.0
    for k, v in enumerate(sorted(x, key=lambda u: u**2, reverse=True)):
        total += (k + 1) * v**2
    return total


@program(V)
def over_map(x):
    total = 0.0
    for s in map(np.sin, x):
        total += s
    for s in map(lambda a, b: a * b, x, x[1:]):
        total += s
    return total


def pieces_of(x):
    return [x, x**2, x**3]


@program(0.7)
def over_result_of_a_call(x):
    total = 0.0
    for piece in pieces_of(x):
        total += piece * 2
    return total


@program(V)
def over_slices(x):
    total = 0.0
    for v in x[1:]:
        total += v**2
    for v in x[::-1]:
        total = total * 0.5 + v
    return total


@program(V)
def over_pairs_of_neighbours(x):
    total = 0.0
    for left, right in zip(x[:-1], x[1:]):
        total += (right - left) ** 2
    return total


@program(V)
def over_a_string(x):
    total = 0.0
    for letter in "abca":
        if letter == "a":
            total += x[0] ** 2
        else:
            total *= x[1]
    return total


@program(M)
def nested_loops(A):
    total = 0.0
    n, m = A.shape
    for i in range(n):
        for j in range(m):
            total += A[i, j] ** 2 * (i + j + 1)
    return total


@program(V)
def triangle_of_pairs(x):
    energy = 0.0
    n = len(x)
    for i in range(n):
        for j in range(i + 1, n):
            energy += 1.0 / (1.0 + (x[i] - x[j]) ** 2)
    return energy


@program(0.7)
def two_carried_values(x):
    a, b = x, 1.0
    for _ in range(4):
        a, b = b * x, a + b
    return a + b


@program(0.7)
def fibonacci_style_carry(x):
    previous, current = 0.0, x
    for k in range(5):
        previous, current = current, previous + current * x
    return current


@program(V)
def running_maximum(x):
    best = x[0]
    for v in x[1:]:
        if v > best:
            best = v
    return best**2


@program(V)
def branch_in_a_loop(x):
    total = 0.0
    for v in x:
        if v > 0:
            total += v**2
        else:
            total -= np.exp(v)
    return total


@program(V)
def conditional_count_in_a_loop(x):
    total, count = 0.0, 0
    for v in x:
        if v > 0:
            total += v * v
            count += 1
    return total / count


@program(V)
def variable_after_the_loop(x):
    for v in x:
        y = v * 2
    return y * v


@program(0.7)
def counter_after_the_loop(x):
    for i in range(4):
        x = x * 1.1
    return x * i


@program(0.7)
def name_set_in_a_loop_used_next_time(x):
    for i in range(3):
        if i > 0:
            x = x * last
        last = np.cos(x)
    return x


@program(0.7, 3)
def loop_in_a_branch(x, n):
    if n > 2:
        for i in range(n):
            x = x * np.cos(x)
    else:
        for i in range(n):
            x = x + 1
    return x


@program(V)
def accumulate_a_vector(x):
    state = np.zeros(3)
    for i in range(4):
        state = np.tanh(state + x * i)
    return np.sum(state)


@program(V)
def two_loops_in_a_row(x):
    total = 0.0
    for v in x:
        total += v**2
    scale = np.sqrt(total)
    out = 0.0
    for v in x:
        out += v / scale
    return out * total


@program(0.7)
def loop_variable_changed_inside(x):
    total = 0.0
    for i in range(4):
        i = i * 2
        total += x**i
    return total + i


@program(V)
def loop_over_indices_of_a_condition(x):
    total = 0.0
    for i in np.where(x > 0)[0]:
        total += x[i] ** 2
    for i in np.argsort(x)[:2]:
        total *= x[i]
    return total


@program(V)
def loop_over_integer_array(x):
    total = 0.0
    for i in np.array([2, 0, 2]):
        total += x[i] ** 3
    return total


@program(V)
def loop_over_tuples(x):
    total = 0.0
    for i, j, w in [(0, 1, 0.5), (1, 2, 2.0), (2, 0, -1.0)]:
        total += w * x[i] * x[j]
    return total


@program(np.linspace(0.1, 0.6, 6))
def loop_in_batches(x):
    loss = 0.0
    for start in range(0, len(x), 4):
        batch = x[start : start + 4]
        loss += np.mean(batch**2)
    return loss


@program(M)
def loop_over_ndindex(A):
    total = 0.0
    for index in np.ndindex(2, 3):
        total += A[index] * (index[0] + 2 * index[1]) ** 2 * A[0, 0]
    return total


@program(0.3)
def underscore_and_reuse(x):
    for _ in range(2):
        for _ in range(3):
            x = x + x**2 * 0.1
    return x


@program(V)
def inactive_loop(x):
    n = 0
    for i in range(10):
        if i % 3 == 0:
            n += i
    return np.sum(x) * n


@program(0.2)
def three_deep(x):
    total = 0.0
    for i in range(2):
        y = x
        for j in range(2):
            for k in range(2):
                y = y + np.sin(y * (i + j + k))
            y = y * 0.9
        total += y
    return total


@program(0.4)
def loop_over_mixed_literal(x):
    total = 0.0
    for f, c in ((np.sin, 1.0), (np.cos, x), (np.exp, 2)):
        total += c * f(x)
    return total


@program(np.array([0.5, 0.25, 1.5, -0.5]))
def loop_over_reshaped(x):
    total = 1.0
    for a, b in x.reshape(2, 2):
        total *= a + b**2
    return total


@program(V)
def for_else(x):
    for v in x:
        if v > 100:
            break
    else:
        x = x * 2
    return np.sum(x**2)


@program(M)
def means_over_the_axis_that_is_counted(A):
    """The counter is not what it is in the first round."""
    total = 0.0
    for axis in range(2):
        total += np.sum(np.exp(A - A.mean(axis=axis, keepdims=True)) * A)
    for k in range(34):
        total += np.sum((A - A.max(axis=k % 2, keepdims=True)) * A) / (k + 1)
    return total
