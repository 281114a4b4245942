"""The door to DVC's experiments, on a real repository of one stage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adamem.tracking import experiments

GRAPH = """\
stages:
  score:
    cmd: python -c "[open(p, 'w').write(open('params.yaml').read()) for p in ('score.txt', 'kept/data.txt')]"
    params: [k]
    outs: [{score.txt: {cache: false}}, kept/data.txt]
  broken:
    cmd: python -c "raise SystemExit(3)"
    params: [k]
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("DVC_", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(GRAPH, encoding="utf-8")
    (tmp_path / "params.yaml").write_text("k: 1\nold: x\n", encoding="utf-8")
    for command in ("git init -q", "dvc init -q", "dvc config core.analytics false", "git add -A", "git commit -qm x"):
        subprocess.run(command.split(), check=True)
    return tmp_path


@pytest.mark.slow
def test_what_is_queued_is_run_apart_and_can_be_read(repository: Path) -> None:
    baseline = experiments.head()
    experiments.queue("two", {"k": 2, "+film": False, "+length": [4, 4], "old": None}, ["score"])
    experiments.queue("three", {"k": 3}, ["broken"])
    assert experiments.waiting() == {"two": baseline, "three": baseline}
    experiments.run_queue(jobs=2)
    assert experiments.waiting() == {}
    found = experiments.revision("two", baseline)
    assert found is not None
    assert experiments.content(found, "score.txt") == "k: 2\nfilm: false\nlength:\n- 4\n- 4\n"
    experiments.data(found, "kept", repository / "copy")
    assert (repository / "copy/data.txt").read_text(encoding="utf-8") == "k: 2\nfilm: false\nlength:\n- 4\n- 4\n"
    with pytest.raises(ValueError, match="dvc get"):
        experiments.data(found, "none", repository / "other")
    assert experiments.revision("three", baseline) is None
    assert (repository / "params.yaml").read_text(encoding="utf-8") == "k: 1\nold: x\n"
    assert not (repository / "score.txt").exists()
    with pytest.raises(ValueError, match=r"none\.txt"):
        experiments.content(found, "none.txt")


def test_what_dvc_refuses_is_an_error(repository: Path) -> None:
    with pytest.raises(ValueError, match="dvc exp run --queue"):
        experiments.queue("one", {"unknown.key": 2}, ["score"])


def test_a_shallow_clone_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shallow = repository / "shallow"
    subprocess.run(["git", "commit", "-qm", "y", "--allow-empty"], check=True)
    subprocess.run(["git", "clone", "-q", "--depth", "1", repository.as_uri(), str(shallow)], check=True)
    monkeypatch.chdir(shallow)
    with pytest.raises(ValueError, match="unshallow"):
        experiments.head()
    assert experiments.last_commit(["params.yaml"]) == "", "git would name the commit at which the clone was cut"


def test_what_is_not_as_committed_is_named(repository: Path) -> None:
    commit = experiments.head()
    assert (experiments.uncommitted(["."]), experiments.last_commit(["params.yaml"])) == ([], commit)
    (repository / "params.yaml").write_text("k: 2\n", encoding="utf-8")
    (repository / "new").mkdir()
    (repository / "new/file.txt").write_text("x", encoding="utf-8")
    assert experiments.uncommitted(["."]) == ["params.yaml", "new/file.txt"]
    assert experiments.uncommitted([".", ":(exclude)new"]) == ["params.yaml"]
    assert experiments.last_commit(["params.yaml"]) == f"{commit}-dirty"
