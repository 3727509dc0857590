"""Users' functions are read wherever they stand, or refused with the place, the reason and a remedy."""

from __future__ import annotations

import functools
import math
import pickle
import traceback

import gast
import numpy as np
import pytest

from tapeless.errors import Location, TapelessError, TransformError, transform_error
from tapeless.source.parse import Comment, parse
from tapeless.source.wrappers import unwrapped
from tests.ir.test_trees import module_of

# The places of this file that tests name: `line_of("name")` is the line that ends with `# name`.


def line_of(mark: str) -> int:
    with open(__file__, encoding="utf-8") as file:
        (line,) = [n for n, text in enumerate(file, 1) if text.rstrip().endswith(f"# {mark}")]
    return line


def refusal(function) -> TransformError:
    with pytest.raises(TransformError) as caught:
        parse(function)
    return caught.value


def scaled(x, by=2.0):  # scaled
    """Docstring."""
    # by how much
    y = x * by  # no more than that

    text = "# no comment"
    return y, text


class Model:
    def loss(self, x):
        return x  # loss

    @staticmethod
    def free(x):
        return x

    @classmethod
    def of_class(cls, x):
        return x


def test_lines_and_columns_are_those_of_the_file():
    source = parse(scaled)
    assert isinstance(source.tree, gast.FunctionDef)
    assign = source.tree.body[1]

    assert source.function is scaled
    assert source.filename == __file__
    assert source.first_line == source.tree.lineno == line_of("scaled")
    assert source.location(assign.value) == Location(
        __file__, source.first_line + 3, 9, 15, "    y = x * by  # no more than that", "scaled"
    )
    assert str(source.location(assign.value)) == f"{__file__}:{source.first_line + 3}:9"


def test_a_node_without_a_place_stands_where_its_first_part_does():
    source = parse(scaled)
    new = gast.Expr(gast.Name("y", gast.Load(), None, None))

    assert source.location(source.tree.args).column == 12
    assert source.location(new).line == source.first_line


def test_columns_count_characters(tmp_path):
    module = module_of(tmp_path, "def f(x):\n\treturn 'größe', x + 1\n")
    source = parse(module.f)
    where = source.location(source.tree.body[0].value.elts[1])

    assert (where.column, where.end_column) == (18, 23)
    assert where.text[where.column - 1 : where.end_column - 1] == "x + 1"
    assert str(transform_error(where, "what", "why", "rewrite")).splitlines()[1:3] == [
        "    return 'größe', x + 1",
        "                    ^^^^^",
    ]


def test_a_node_of_several_lines_is_shown_on_its_first():
    source = parse(scaled)
    where = source.location(source.tree)

    assert (where.line, where.column, where.text) == (
        source.first_line,
        1,
        "def scaled(x, by=2.0):  # scaled",
    )
    assert where.end_column == len(where.text) + 1


def test_lines_are_given_without_their_ends():
    source = parse(scaled)

    assert source.line(source.first_line) == "def scaled(x, by=2.0):  # scaled"
    assert (source.line(0), source.line(10**6)) == ("", "")


def test_every_parse_gives_a_tree_of_its_own():
    first, second = parse(scaled), parse(scaled)
    first.tree.body.clear()

    assert len(second.tree.body) == len(parse(scaled).tree.body) == 4


def test_lambdas_and_methods_are_read():
    source = parse(lambda x, y: x - y)

    assert isinstance(source.tree, gast.Lambda)
    assert [arg.id for arg in source.tree.args.args] == ["x", "y"]
    assert parse(Model.loss).location(parse(Model.loss).tree.body[0]).function == "Model.loss"


def test_comments_are_carried_with_their_lines():
    source = parse(scaled)
    line = source.first_line

    assert source.comments == {
        line: Comment("# scaled", own_line=False),
        line + 2: Comment("# by how much", own_line=True),
        line + 3: Comment("# no more than that", own_line=False),
    }


def test_comments_of_methods_and_lambdas_are_read(tmp_path):
    module = module_of(
        tmp_path,
        """
        class A:
            # not of f
            def f(self):
                return (  # one
                    # two
                    self
                )
        g = lambda x: x  # three
        h = [1, (lambda x:  # four
                 x), 2]  # five
        """,
    )

    assert parse(module.A.f).comments == {5: Comment("# one", False), 6: Comment("# two", True)}
    assert parse(module.g).comments == {9: Comment("# three", False)}
    assert (
        Comment("# four", False) in parse(module.h[1]).comments.values() or parse(module.h[1]).comments == {}
    )


def test_comments_that_cannot_be_read_are_none(tmp_path):
    module = module_of(tmp_path, "f = [\n    0,\n    lambda x: (  # a\n    x)]\n")

    assert parse(module.f[1]).comments in ({}, {3: Comment("# a", False)})


def test_decorators_known_to_keep_the_result_are_seen_through():
    errstate = np.errstate(all="ignore")(scaled)

    for decorated in (functools.cache(scaled), functools.lru_cache(2)(errstate), staticmethod(errstate)):
        assert unwrapped(decorated) == (scaled, None)
        assert parse(decorated).function is scaled
    assert parse(vars(Model)["free"]).tree.name == "free"
    assert parse(vars(Model)["of_class"]).tree.name == "of_class"


def test_a_wrapper_is_read_itself_whatever_it_says_it_wraps():
    @functools.wraps(scaled)
    def wrapper(x):
        return 10 * scaled(x)[0]

    assert wrapper.__wrapped__ is scaled
    assert unwrapped(wrapper) == (wrapper, None)
    assert parse(wrapper).tree.name == "wrapper"


@pytest.mark.parametrize("thing", [3.0, np.sin, np.sum, Model, Model().loss, functools.partial(scaled)])
def test_what_is_no_function_is_a_type_error(thing):
    _, why_not = unwrapped(thing)

    assert why_not is not None
    with pytest.raises(TypeError, match=type(thing).__name__):
        parse(thing)


def generator(x):
    y = (lambda: (yield))() or x  # generator
    yield y
    yield x


def test_a_generator_is_refused_at_its_first_yield():
    error = refusal(generator)

    assert str(error).splitlines() == [
        f"{__file__}:{line_of('generator') + 1}:5: generator is a generator: `yield` is not supported",
        "    yield y",
        "    ^^^^^^^",
        "its values are computed when somebody asks for them, so a call has no result to differentiate; "
        "collect the values in a list and return it",
    ]


def test_a_lambda_that_yields_is_refused():
    error = refusal(lambda x: (yield x))

    assert error.where is not None
    assert error.where.text[error.where.column - 1 : error.where.end_column - 1] == "yield x"


def test_a_function_that_holds_a_generator_is_read():
    def holds(x):
        def inner():
            yield x

        return sum(v for v in inner())

    assert parse(holds).tree.name == "holds"


async def coroutine(x):
    return x


async def async_generator(x):
    yield x


@pytest.mark.parametrize("function", [coroutine, async_generator])
def test_a_coroutine_is_refused_at_its_first_line(function):
    error = refusal(function)

    assert (error.lineno, error.offset) == (function.__code__.co_firstlineno, 1)
    assert error.text == f"async def {function.__name__}(x):"
    assert error.what == f"{function.__name__} is a coroutine: `async def` is not supported"


counter = 0


def counts(x):
    global counter
    counter += 1  # counts
    return x * counter


def counts_within(x):
    def count():
        global counter
        for counter, y in [(1, x)]:  # counts_within
            print(counter, y)

    count()
    return x


def imports(x):
    global counter
    import math as counter  # imports

    return counter.sin(x)


def deletes(x):
    global counter
    if x:
        del counter  # deletes


@pytest.mark.parametrize(
    ("function", "column"), [(counts, 5), (counts_within, 13), (imports, 5), (deletes, 13)]
)
def test_an_assignment_to_a_global_variable_is_refused_where_it_stands(function, column):
    error = refusal(function)

    assert (error.lineno, error.offset) == (line_of(function.__name__), column)
    assert error.what == f"{function.__name__} assigns to the global variable counter"
    assert error.why == "values are followed from the arguments to the result, not through global variables"
    assert error.rewrite == "return counter with the result, and let the caller assign it"


def test_reading_globals_and_nonlocals_is_fine():
    total = 0.0

    def reads(x):
        global counter
        nonlocal total
        total += x * counter
        return total

    assert parse(reads).tree.name == "reads"


@pytest.mark.parametrize("function", [math.sin, len, list.append, [].append, object.__eq__])
def test_functions_written_in_c_are_refused(function):
    error = refusal(function)

    assert str(error) == (
        f"{function.__qualname__}: its source cannot be read\n"
        "it is written in C; call a NumPy function that does the same, or write a derivative rule for it"
    )
    assert (error.filename, error.lineno) == (None, None)


@pytest.mark.parametrize(
    ("filename", "why", "rewrite"),
    [
        ("<stdin>", "typed at a prompt that does not keep its lines", "put it in a file, or use IPython"),
        ("<string>", "made from text that only its maker knows", "linecache.cache"),
        ("/nowhere/model.py", "there is no file /nowhere/model.py", "with its .py files"),
    ],
)
def test_functions_without_source_are_refused_with_the_reason(filename, why, rewrite):
    scope = {}
    exec(compile("\n\ndef f(x): return x", filename, "exec"), scope)
    error = refusal(scope["f"])

    assert str(error).startswith(f"{filename}:3: the source of f cannot be read\n")
    assert why in error.why
    assert rewrite in error.rewrite
    assert (error.filename, error.lineno, error.text) == (filename, 3, None)


def test_a_wrapper_without_source_names_what_it_wraps():
    scope = {}
    exec("def wrapper(x): return x", scope)
    scope["wrapper"].__wrapped__ = scaled

    assert "or pass scaled, which it wraps" in str(refusal(scope["wrapper"]))


def test_a_function_of_an_edited_file_is_refused(tmp_path):
    module = module_of(tmp_path, "def f(x):\n    return 2.0 * x\n")
    with open(module.__file__, "w") as file:
        file.write("def f(x):\n    return 3.0 * x\n")
    error = refusal(module.f)

    assert error.what == "the source of f cannot be read"
    assert error.why.startswith("its file has changed since it was imported")
    assert error.lineno == 1


def test_five_thousand_statements_are_read(tmp_path):
    module = module_of(tmp_path, "def f(x):\n" + "    x = x + 1  # again\n" * 5000 + "    return x\n")
    source = parse(module.f)

    assert len(source.tree.body) == 5001
    assert len(source.comments) == 5000


def test_expressions_nested_too_deeply_are_refused_at_their_statement(tmp_path):
    module = module_of(tmp_path, f"def f(x):\n    y = 1\n    y = {' + '.join(['x'] * 900)}\n    return y\n")
    error = refusal(module.f)

    assert (error.lineno, error.offset) == (3, 5)
    assert "nested" in str(error)
    assert error.rewrite == "assign parts of it to names of their own"


def test_expressions_too_deep_for_the_parser_are_refused(tmp_path):
    text = f"def f(x):\n    return {' + '.join(['x'] * 2200)}\n"
    error = refusal(module_of(tmp_path, text).f)

    assert "nested" in str(error)
    assert error.lineno in (1, 2)
    assert error.rewrite == "assign parts of it to names of their own"


def test_of_long_lines_the_part_around_the_place_is_shown(tmp_path):
    text = "def f(x):\n    return " + "x + " * 50 + "(yield x) + " + "x + " * 50 + "x\n"
    _, shown, carets, _ = str(refusal(module_of(tmp_path, text).f)).splitlines()

    assert "(yield x)" in shown
    assert len(shown) == 4 + 120
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "yield x"


def test_transform_errors_are_syntax_errors_that_python_shows_with_a_caret():
    error = refusal(generator)
    shown = "".join(traceback.format_exception_only(error))

    assert isinstance(error, SyntaxError)
    assert isinstance(error, TapelessError)
    assert f'File "{__file__}", line {line_of("generator") + 1}' in shown
    assert "    yield y\n    ^^^^^^^\n" in shown
    assert f"TransformError: {error.what}: {error.why}; {error.rewrite}" in shown


def test_transform_errors_can_be_sent_to_other_processes():
    error = refusal(generator)
    copy = pickle.loads(pickle.dumps(error))

    assert str(copy) == str(error)
    assert (copy.lineno, copy.where) == (error.lineno, error.where)
