"""Functions that have no file: typed at the prompt, in a notebook, or built by `exec`."""

import linecache

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


def typed(text, cell, name):
    """The function as it exists after its text was entered in cell number `cell`."""
    filename = f"<corpus-cell-{cell}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {"np": np, "__name__": __name__}
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


def without_a_module(text, cell, name):
    filename = f"<corpus-cell-{cell}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {"np": np}
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


CELL_1 = """
scale = 2.0

def entered(x):
    y = np.sin(x) * scale
    return np.sum(y ** 2)
"""

CELL_2 = """
def helper(x):
    return x * x

def uses_helper(x):
    total = 0.0
    for v in x:
        total += helper(v)
    return total
"""

CELL_3 = "f, h = lambda x: x ** 2 + 1, lambda x: np.cos(x) * x\n"

CELL_4 = """
def outer(k):
	def inner(x):
		if x > 0:
			return k * x ** 2
		return x
	return inner
made = outer(3.0)
"""

CELL_5 = """
class Model:
    def __init__(self, w):
        self.w = w
    def loss(self, x): return np.sum(self.w * x ** 2)
bound = Model(np.array([1.0, 2.0, 3.0])).loss
"""

program(V, name="entered_at_the_prompt")(typed(CELL_1, 1, "entered"))
program(V, name="entered_in_no_module")(without_a_module(CELL_1, 11, "entered"))
program(V, name="entered_with_its_helper_in_no_module")(without_a_module(CELL_2, 12, "uses_helper"))
program(V, name="entered_with_its_helper")(typed(CELL_2, 2, "uses_helper"))
program(0.7, name="first_lambda_entered")(typed(CELL_3, 3, "f"))
program(0.7, name="second_lambda_entered")(typed(CELL_3, 3, "h"))
program(0.7, name="closure_entered_with_tabs")(typed(CELL_4, 4, "made"))
program(V, name="method_entered")(typed(CELL_5, 5, "bound"))


program(0.7, name="lambda_as_keyword")(dict(loss=lambda x: x * np.exp(-x), other=lambda x: x)["loss"])
program(0.7, 0.2, name="lambda_with_default", wrt=0)(lambda x, k=0.5: x**2 * k)
program(0.7, name="lambda_of_a_conditional")(lambda x: x**2 if x > 0 else -x)
program(V, name="lambda_of_a_comprehension")(lambda x: sum([v * v for v in x]))
program(V, name="lambda_returning_lambda")((lambda w: lambda x: np.sum(w * x**2))(np.array([1.0, 2.0, 3.0])))
program(V, name="lambda_in_a_call_among_others")(
    max([(2, lambda x: np.sum(x**2)), (1, lambda x: np.sum(x))], key=lambda pair: pair[0])[1]
)


def families():
    found = []
    for k in (1, 2):
        found.append(lambda x: x**3 * k)
    return found


program(0.7, name="lambda_from_a_loop")(families()[0])
