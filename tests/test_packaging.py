"""What a visitor installs and types: the lock holds what pyproject asks for, and the README names what is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = [
    line
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def pins(python: str) -> dict[str, str]:
    """Package to version, as the lock has it on Linux."""
    where = {**default_environment(), "python_version": python, "python_full_version": f"{python}.5"}
    found = (Requirement(line) for line in LOCK)
    return {
        canonicalize_name(one.name): next(iter(one.specifier)).version
        for one in found
        if one.marker is None or one.marker.evaluate({key: str(value) for key, value in where.items()})
    }


def wanted(*extras: str) -> list[Requirement]:
    optional = PROJECT["optional-dependencies"]
    return [Requirement(text) for text in [*PROJECT["dependencies"], *(t for extra in extras for t in optional[extra])]]


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_holds_what_the_project_asks_for(python: str) -> None:
    locked = pins(python)
    for one in wanted("eval", "dev"):
        if one.marker and not one.marker.evaluate({"python_version": python}):
            continue
        version = locked.get(canonicalize_name(one.name))
        assert version, f"requirements.lock lacks {one.name}"
        assert one.specifier.contains(version, prereleases=True), (
            f"requirements.lock has {one.name} {version}, not {one}"
        )


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_holds_the_peers_that_the_evidence_asks(python: str) -> None:
    """Where they can run: `make evidence` installs nothing else."""
    asked = [one for one in wanted("peers") if one.name in ("kvpress", "llmlingua")]
    assert len(asked) == 2
    for one in asked:
        if one.marker is None or one.marker.evaluate({"python_version": python}):
            assert one.specifier.contains(pins(python)[one.name])


def test_the_lock_pins_packages_and_nothing_else() -> None:
    """No index, no folder, no CUDA: those belong to the machine."""
    assert all(len(Requirement(line).specifier) == 1 and "==" in line.split(";")[0] for line in LOCK)
    assert not [line for line in LOCK if line.startswith(("nvidia-", "cuda-", "triton"))]


@pytest.mark.parametrize("extra", ["eval", "dev", "gpu", "peers"])
def test_every_promised_extra_is_there(extra: str) -> None:
    assert wanted(extra)


def test_the_readme_names_every_file_of_the_top() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    made = {"data", "models", "mlruns", "mlartifacts", "build", "dist"}
    here = [
        path.name for path in ROOT.iterdir() if not path.name.startswith((".", "mlflow.db")) and path.name not in made
    ]
    missing = [entry for entry in here if entry not in readme and not entry.endswith(".egg-info")]
    missing += [
        path.name
        for path in (ROOT / "adamem").iterdir()
        if path.is_dir() and f"{path.name}/" not in readme and path.name != "__pycache__"
    ]
    assert not missing, f"README.md has no line for {missing}"


def _called() -> dict[str, set[str]]:
    """Modules of ours that the Makefile starts, and the options it gives them."""
    found: dict[str, set[str]] = {}
    for module, rest in re.findall(r"-m (adamem\.\w+)(.*)", (ROOT / "Makefile").read_text(encoding="utf-8")):
        found.setdefault(module, set()).update(re.findall(r"--[a-z-]+", rest.split("#")[0]))
    return found


@pytest.mark.parametrize("module", sorted(_called()))
def test_what_make_starts_is_there_and_takes_what_it_is_given(module: str) -> None:
    command = [sys.executable, "-W", "ignore", "-m", module, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stderr
    assert {option for option in _called()[module] if option not in said.stdout} == set()
