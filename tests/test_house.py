"""The rules of the house that no linter has: sizes, docstrings, nothing that could run code, no path of a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted(path for folder in ("adamem", "stages") for path in (ROOT / folder).rglob("*.py"))
SOURCES = [*LIBRARY, *sorted((ROOT / "tests").rglob("*.py"))]
FILE_LINES, FUNCTION_LINES, STAGE_LINES = 250, 40, 60
RUN_CODE = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name(path))


def lines(node: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = node.body[0]
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if said else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def dangers(module: ast.Module) -> Iterator[str]:
    """What could run code that came with a file."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (f"import {a.name}" for a in names if a.name.split(".")[0] in RUN_CODE)
            case ast.ImportFrom(module=str(origin)) if origin.split(".")[0] in RUN_CODE:
                yield f"from {origin}"
            case ast.Attribute(value=ast.Name(id="torch"), attr="load" | "save" as attribute):
                yield f"torch.{attribute}"
            case ast.keyword(arg="trust_remote_code" | "allow_pickle" as word, value=value):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    yield f"{word}="
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="from_pretrained"), keywords=given):
                if name.startswith("Auto") and "trust_remote_code" not in [keyword.arg for keyword in given]:
                    yield f"{name}.from_pretrained"  # which asks, where a repository brings code
            case ast.Call(func=ast.Name(id="eval" | "exec" as call)):
                yield f"{call}()"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= FILE_LINES, f"{name(path)} has {count} lines"
    long = [
        f"{node.name} ({lines(node)})"
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and lines(node) > FUNCTION_LINES
    ]
    assert not long, f"{name(path)}: over {FUNCTION_LINES} lines: {long}"


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_what_is_public_says_why(path: Path) -> None:
    """Modules, functions and classes; a class of settings is explained by params.yaml instead."""
    module = tree(path)
    if not module.body:
        return
    assert ast.get_docstring(module), f"{name(path)}: the module has no docstring"
    silent = [
        node.name
        for node in module.body
        if isinstance(node, Function | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not (isinstance(node, ast.ClassDef) and name(path).startswith("adamem/config/"))
        and node.name != "main"  # the module's docstring says what the command does
    ]
    assert not silent, f"{name(path)}: no docstring: {silent}"


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_nothing_that_is_loaded_can_run_code(path: Path) -> None:
    assert not list(dangers(tree(path)))


def test_the_search_for_dangers_finds_them() -> None:
    text = (
        "import pickle\nfrom dill import x\ntorch.load(f)\nf(trust_remote_code=True)\nf(allow_pickle=False)\n"
        "eval('1')\nAutoModel.from_pretrained(f)\nAutoConfig.from_pretrained(f, trust_remote_code=False)"
    )
    found = {"import pickle", "from dill", "torch.load", "eval()", "trust_remote_code=", "AutoModel.from_pretrained"}
    assert set(dangers(ast.parse(text))) == found


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*.py")), ids=name)
def test_a_stage_is_a_short_story(path: Path) -> None:
    """Load, call, write: what computes belongs in the library, where it can be tested."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= STAGE_LINES
    sums = [
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Div | ast.BitOr)
    ]
    assert not sums, f"{name(path)}:{sums[0].lineno}: arithmetic"


def test_no_machine_is_written_into_the_repository() -> None:
    """Absolute paths and home folders break every other clone."""
    kept = [*LIBRARY, *ROOT.glob("*.yaml"), *ROOT.glob("profiles/*.yaml")]
    found = []
    for path in [*kept, ROOT / "Makefile", ROOT / ".dvc/config"]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"""(?:^|[\s"'=(\[])(?:/(?:home|root|work|tmp|opt|usr|mnt|data)/|~/|[A-Z]:\\)""", line):
                found.append(f"{name(path)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)
