"""Write a profile into `params.yaml`: `python -m adamem.profile gpu`, and back with `… embedded`.

`params.yaml` stays the only file that the pipeline reads; a profile is an overlay that names just the keys it
changes. The overlay is written *into* the settings, not composed at run time, so that plain `dvc repro`, `dvc
params diff` and the reader all see the same values. Comments and layout stay, because the file is edited and not
rewritten. Every profile is laid on the embedded one, so that `gpu` after `smoke` is `gpu` and not a mixture; keys
that no profile changes keep what the user gave them.
"""

from __future__ import annotations

import argparse
import copy
import difflib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from adamem.config import AdaMemConfig

PARAMS = Path("params.yaml")
PROFILES = Path("profiles")
BASE = "embedded"
SAVED = """\
# Written by `python -m adamem.profile {name} --save`: what params.yaml held, for every key that some profile changes.
# `python -m adamem.profile {name}` puts it back.
"""
Key = tuple[str, ...]


def apply(name: str, params: Path = PARAMS, folder: Path = PROFILES) -> list[str]:
    """Overlay `folder/name.yaml` on `params` and say what changed; on any error `params` keeps every byte.

    Raises:
        ValueError: no such profile, a key that the settings do not have, or a result that is not valid;
            the message names file and path.
    """
    tree = _read(params)
    before = dict(_leaves(tree))
    for layer in dict.fromkeys((BASE, name)):
        source = _find(layer, folder)
        _overlay(tree, _read(source), str(source))
    text = _text(tree)
    AdaMemConfig.checked(YAML(typ="safe", pure=True).load(text), f"{params} with {folder / name}.yaml")
    _write(params, text)
    after = dict(_leaves(tree))
    both = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [f"{'.'.join(key)}: {before.get(key, '-')} -> {after.get(key, '-')}" for key in both]


def save(name: str, params: Path = PARAMS, folder: Path = PROFILES) -> None:
    """Make `folder/name.yaml` of the values in `params`, for the keys that any other profile changes.

    So that the profile undoes all the others, whatever they change, and never has to be kept in step by hand.
    """
    tree = _read(params)
    others = (path for path in sorted(folder.glob("*.yaml")) if path.stem != name)
    wanted = {key for path in others for key in changed_keys(tree, _read(path))}
    _write(folder / f"{name}.yaml", SAVED.format(name=name) + _text(_only(tree, wanted)))


def changed_keys(tree: Mapping, changes: Mapping, at: Key = ()) -> Iterator[Key]:
    """The paths an overlay sets; where it changes a `kind`, the path of the whole section."""
    for key, new in changes.items():
        old = tree.get(key)
        if isinstance(new, Mapping) and isinstance(old, Mapping) and not _other_kind(old, new):
            yield from changed_keys(old, new, (*at, key))
        else:
            yield (*at, key)


def _overlay(tree: CommentedMap, changes: Mapping, origin: str, at: Key = ()) -> None:
    for key, new in changes.items():
        path = ".".join((*at, str(key)))
        if key not in tree:
            near = difflib.get_close_matches(str(key), [str(known) for known in tree], 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(map(str, tree))}"
            raise ValueError(f"{origin}: {path}: params.yaml has no such key{hint}")
        old = tree[key]
        if isinstance(old, Mapping) != isinstance(new, Mapping):
            raise ValueError(f"{origin}: {path}: a section cannot stand for a value, nor a value for a section")
        if isinstance(old, CommentedMap) and not _other_kind(old, new):
            _overlay(old, new, origin, (*at, str(key)))
        else:
            tree[key] = copy.deepcopy(new)


def _leaves(tree: Mapping, at: Key = ()) -> Iterator[tuple[Key, object]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*at, str(key)))
        else:
            yield (*at, str(key)), value


def _other_kind(old: Mapping, new: Mapping) -> bool:
    """Another `kind` has other keys, so it replaces the section instead of being merged into it."""
    return "kind" in new and new["kind"] != old.get("kind")


def _only(tree: CommentedMap, wanted: set[Key], at: Key = ()) -> CommentedMap:
    kept = CommentedMap()
    for key, value in tree.items():
        here = (*at, key)
        if here in wanted:
            kept[key] = copy.deepcopy(value)
        elif any(path[: len(here)] == here for path in wanted):
            kept[key] = _only(value, wanted, here)
    return kept


def _find(name: str, folder: Path) -> Path:
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none; run from the repository root"
        raise ValueError(f"{path}: no such profile; there are: {known}")
    return path


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # never fold a line that the author left long
    return yaml


def _read(path: Path) -> CommentedMap:
    try:
        tree = _yaml().load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); run from the repository root") from error
    except YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(tree, CommentedMap):
        raise ValueError(f"{path}: holds no settings")
    return tree


def _text(tree: CommentedMap) -> str:
    stream = io.StringIO()
    _yaml().dump(tree, stream)
    return stream.getvalue()


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m adamem.profile", description="Write a profile into params.yaml.")
    parser.add_argument("name", help="a file of profiles/, without its ending: embedded, smoke, gpu")
    parser.add_argument(
        "--save",
        action="store_true",
        help="the other way round: make the profile of what params.yaml holds, for every key that another changes",
    )
    arguments = parser.parse_args()
    try:
        if arguments.save:
            save(arguments.name)
        else:
            print("\n".join(apply(arguments.name)) or "nothing to change")
    except ValueError as error:
        raise SystemExit(f"adamem.profile: {error}") from error


if __name__ == "__main__":
    main()
