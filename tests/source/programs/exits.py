"""while, break, continue, else on loops, returns from inside of loops."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])


@program(0.7)
def while_counter(x):
    i = 0
    while i < 4:
        x = x * np.cos(x)
        i += 1
    return x


@program(1.1)
def while_on_data(x):
    while x < 20:
        x = x * x + 0.5
    return x


@program(30.0)
def while_not_entered(x):
    y = x * 2
    while x < 20:
        x = x * x
        y = x
    return x + y


@program(5.0)
def newton_square_root(a):
    x = a
    while abs(x * x - a) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


@program(0.9)
def while_true_with_break(x):
    n = 0
    while True:
        x = x * 0.7
        n += 1
        if x < 0.1:
            break
    return x * n


@program(0.9)
def while_with_two_conditions(x):
    steps = 0
    while x > 0.01 and steps < 5:
        x = np.sin(x) * 0.8
        steps += 1
    return x + steps


@program(0.9)
def while_with_walrus(x):
    total = 0.0
    while (x := x * 0.5) > 0.1:
        total = total + x**2
    return total + x


@program(0.8)
def while_else(x):
    i = 0
    while i < 3:
        x = x**2 + 0.1
        i += 1
    else:
        x = x * 3
    return x


@program(0.8)
def while_else_after_break(x):
    i = 0
    while i < 3:
        x = x + 0.5 * x
        if x > 1:
            break
        i += 1
    else:
        x = x * 100
    return x**2


@program(V)
def break_at_first_negative(x):
    total = 0.0
    for v in x:
        if v < 0:
            break
        total += v**2
    return total + x[2]


@program(V)
def continue_over_negatives(x):
    total = 0.0
    for v in x:
        if v < 0:
            continue
        total += np.sqrt(v)
    return total


@program(np.array([0.5, -0.2, 0.3, 3.0, 0.9]))
def break_and_continue(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            continue
        if x[i] > 2:
            break
        total = total + x[i] ** 2 * (i + 1)
    return total * x[0]


@program(V)
def search_with_else(x):
    for v in x:
        if v < -1:
            found = v * 2
            break
    else:
        found = 0.0
    return found**2 + x[0]


@program(V)
def search_without_success(x):
    for v in x:
        if v < -10:
            found = v * 2
            break
    else:
        found = x[0] ** 2
    return found**2 + x[1]


@program(V)
def return_from_a_loop(x):
    total = 0.0
    for v in x:
        total += v * v
        if total > 1.0:
            return total * v
    return total


@program(V * 0.1, name="return_after_a_loop")
@program(V, name="return_inside_a_loop")
def returning_one_way_or_the_other(x):
    for i, v in enumerate(x):
        if v > 2:
            return v**2 * i
    return np.sum(x) * 2


@program(M)
def return_from_nested_loops(A):
    running = 1.0
    for row in A:
        for value in row:
            running = running * (1 + value)
            if value > 1:
                return running * value
    return running


@program(M)
def break_from_the_inner_loop(A):
    total = 0.0
    for i in range(2):
        for j in range(3):
            if A[i, j] < 0:
                break
            total += A[i, j] ** 2
        total *= 1.5
    return total


@program(M)
def continue_in_the_inner_loop(A):
    total = 0.0
    for row in A:
        s = 0.0
        for v in row:
            if v < 0:
                continue
            s += v
        if s > 1.5:
            continue
        total += s**2
    return total


@program(M)
def break_from_both_by_flag(A):
    done = False
    total = 0.0
    for row in A:
        for v in row:
            total += v**2
            if total > 2.0:
                done = True
                break
        if done:
            break
    return total * A[0, 0]


@program(0.5)
def break_in_else_branch(x):
    for i in range(10):
        if x < 1:
            x = x * 1.5
        else:
            break
    return x * i


@program(2.0)
def fixed_point(a):
    x = 1.0
    for _ in range(100):
        new = np.cos(x) / a + 0.3 * a
        if abs(new - x) < 1e-14:
            break
        x = new
    return x


@program(2.1)
def while_inside_for(x):
    total = 0.0
    for k in range(3):
        y = x + k
        while y > 1:
            y = y / 2
        total += y**2
    return total


@program(0.2)
def for_inside_while(x):
    count = 0
    while x < 1.0:
        for i in range(2):
            x = x + 0.1 * np.exp(x)
            count += 1
    return x * count


@program(0.3)
def bisection_like(x):
    low, high = 0.0, 2.0
    for _ in range(6):
        mid = (low + high) / 2
        if mid**2 < 1.7:
            low = mid
        else:
            high = mid
    return x * low + x**2 * high


@program(7)
def collatz_counts(n):
    k = 6
    steps = 0
    while k != 1:
        k = k // 2 if k % 2 == 0 else 3 * k + 1
        steps += 1
    return n * steps / 3


@program(0.5)
def return_in_while(x):
    while True:
        x = x + 0.3 * x
        if x > 2:
            return x**2


@program(V)
def early_exit_on_empty(x):
    if len(x) == 0:
        return 0.0
    best = x[0]
    for v in x:
        if v == best:
            continue
        best = best + v * best
    return best


@program(V)
def pop_until_empty(x):
    queue = [x[0], x[1], x[2]]
    total = 1.0
    while queue:
        v = queue.pop()
        total = total * v + 1
    return total


@program(V)
def work_list_that_grows(x):
    stack = [(x[0], 0)]
    total = 0.0
    while stack:
        value, depth = stack.pop()
        if depth == 3:
            total += value
            continue
        stack.append((value * x[1], depth + 1))
        stack.append((value + x[2], depth + 1))
    return total


@program(0.6)
def unreachable_code(x):
    return x**2
    x = x * 100
    return x


@program(0.6)
def loop_that_always_returns(x):
    for i in range(5):
        return x * (i + 2) * x
    return x


@program(0.4)
def break_right_away(x):
    y = x
    while True:
        y = y * x
        break
    return y


@program(V)
def continue_as_last_statement(x):
    s = 0.0
    for v in x:
        s += v**2
        if v > 0:
            s *= 1.1
            continue
    return s
