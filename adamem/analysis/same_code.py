"""Code that was changed and gives what it gave before: `stages/ablations/same_code.yaml`.

An entry is written by `python -m tests.same COMMIT --take-over`, which runs the graphs at toy size with the code before
and after, and compares what comes out of them to the byte. What was measured with the code before speaks of the code
after, too. Branches that only an experiment's settings take are not run there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LISTED = Path("stages/ablations/same_code.yaml")


class Change(BaseModel):
    """A change of code by its hashes (`staleness.code_hash`), the commit before it, and how many files of how many
    outputs were compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: str
    before: str
    after: str
    outputs: int
    files: int


def read(root: Path) -> list[Change]:
    """All changes that are known, oldest first; none where there is no file.

    Raises:
        ValueError: the file is no YAML, or an entry is malformed.
    """
    path = root / LISTED
    try:
        entries = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) if path.is_file() else []
        return TypeAdapter(list[Change]).validate_python(entries or [])
    except (YAMLError, ValidationError) as error:
        raise ValueError(f"{path}: {error}; bring it back with git") from error


def add(root: Path, change: Change) -> None:
    """Write one more entry behind the others."""
    entry = ", ".join(f"{key}: {value!r}" for key, value in change.model_dump().items())
    with (root / LISTED).open("a", encoding="utf-8") as file:
        file.write(f"- {{{entry}}}\n")


def equal(code: str, changes: Sequence[Change]) -> set[str]:
    """The hashes of the code that `code` came out of by these changes, its own among them."""
    found = {code}
    for change in reversed(changes):
        if change.after in found:
            found.add(change.before)
    return found
