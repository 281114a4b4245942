"""Formulas that are printed as they are computed: what a reader sees is what was evaluated."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

Letters = Mapping[str, int]

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}


def evaluate(formula: str, letters: Letters) -> int:
    """The value of a formula of letters, whole numbers, `+ - * **` and brackets."""
    return int(_value(ast.parse(formula, mode="eval").body, letters))


def _value(node: ast.expr, letters: Letters) -> float:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=letter):
            return letters[letter]
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, letters), _value(right, letters))
    raise AssertionError(f"{ast.unparse(node)} is no part of a formula")


def pretty(formula: str) -> str:
    """The formula as it is printed."""
    return formula.replace("**2", "²").replace(" * ", "*").replace("*", "·")


def used(formula: str) -> set[str]:
    """The letters of a formula."""
    return {node.id for node in ast.walk(ast.parse(formula, mode="eval")) if isinstance(node, ast.Name)}
