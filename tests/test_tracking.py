"""The tracker on a real SQLite store, which two processes create at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adamem import config, tracking
from adamem.tracking import runs
from adamem.tracking.store import EXPERIMENT, Store

# MLflow and SQLAlchemy deprecate parts of each other; that is not ours to mend
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

ROOT = Path(__file__).parents[1]
STAGE = """
import sys
from pathlib import Path
from adamem import config, tracking
assert "mlflow" not in sys.modules, "importing the tracker must cost nothing"
with tracking.run(sys.argv[1], config.load("params.yaml"), [Path("params.yaml"), Path("profiles")]) as run:
    for step in range(1, 4):
        run.log(step, {"loss": 1 / step, "validation": {"em": 0.25 * step} if step == 2 else None})
    run.metrics({"best_step": 2})
    run.write(Path(sys.argv[2]) / f"{sys.argv[1]}.json")
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that two stages found cold, in the same moment."""
    root = tmp_path_factory.mktemp("store")
    environment = {"DVC_ROOT": str(root), "PATH": "/usr/bin:/bin", "HOME": str(root), "PYTHONPATH": str(ROOT)}
    commands = [[sys.executable, "-W", "ignore", "-c", STAGE, name, str(root)] for name in ("phase1", "phase2")]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) for command in commands
    ]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "INFO" not in errors
    return root


@pytest.fixture
def store(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(root))
    for name in ("MLFLOW_TRACKING_URI", "DVC_EXP_NAME", "DVC_STAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runs, "SAMPLING_SECONDS", 0.01)
    return root


@pytest.fixture
def params() -> config.AdaMemConfig:
    return config.load(ROOT / "params.yaml")


def _find(query: str) -> list[Any]:
    client, experiment = Store.here().open()
    return list(client.search_runs([experiment], query))


def test_two_cold_starts_make_one_store(store: Path) -> None:
    client, experiment = Store.here().open()
    assert [found.name for found in client.search_experiments() if found.name == EXPERIMENT] == [EXPERIMENT]
    for stage in ("phase1", "phase2"):
        assert len(_find(f"tags.`dvc.exp` = 'workspace' and tags.`dvc.stage` = '{stage}'")) == 1
    assert client.get_experiment(experiment).artifact_location == (store / "mlartifacts").as_uri()
    assert (store / "mlflow.db").is_file()


def test_a_run_holds_settings_curves_and_data(store: Path, params: config.AdaMemConfig) -> None:
    [run] = _find("tags.`dvc.stage` = 'phase1'")
    client, _ = Store.here().open()
    assert run.info.status == "FINISHED"
    assert {"version.torch", "version.transformers", "python", "cpu"} <= run.data.tags.keys()
    assert run.data.params["resampler.n_latents"] == str(params.resampler.n_latents)
    assert run.data.params.keys() == runs.flatten(params.model_dump(), ".").keys()
    assert [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, "loss")] == [
        (1, 1.0),
        (2, 0.5),
        (3, 1 / 3),
    ]
    assert [point.value for point in client.get_metric_history(run.info.run_id, "validation/em")] == [0.5]
    assert [data.dataset.name for data in run.inputs.dataset_inputs] == ["params.yaml", "profiles"]
    assert run.inputs.dataset_inputs[0].dataset.digest == runs.digest(ROOT / "params.yaml")


def test_the_file_and_the_tracker_say_the_same(store: Path) -> None:
    written = json.loads((store / "phase1.json").read_text(encoding="utf-8"))
    [run] = _find("tags.`dvc.stage` = 'phase1'")
    assert written["seconds"] == run.data.metrics["seconds"] == tracking.last_seconds()["phase1"]
    assert written["best_step"] == run.data.metrics["best_step"] == 2
    assert written["steps"][1] == {"step": 2, "loss": 0.5, "validation": {"em": 0.5}}
    assert written["steps"][2]["validation"] is None


@pytest.mark.parametrize(("error", "status"), [(RuntimeError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_failing_stage_is_marked_and_its_error_goes_on(
    store: Path, params: config.AdaMemConfig, error: type[BaseException], status: str
) -> None:
    with pytest.raises(error, match="step 7"), tracking.run(f"broken {status}", params):
        raise error("loss is NaN at step 7")
    [run] = _find(f"tags.`dvc.stage` = 'broken {status}'")
    assert run.info.status == status
    assert f"broken {status}" not in tracking.last_seconds()


def test_missing_data_is_an_error_that_names_it(store: Path, params: config.AdaMemConfig) -> None:
    nowhere, refused = Path("nowhere.jsonl"), pytest.raises(ValueError, match=r"nowhere.jsonl: no such data set")
    with refused, tracking.run("phase2 without data", params, [nowhere]):
        pass


def test_the_machine_load_is_sampled(store: Path, params: config.AdaMemConfig) -> None:
    with tracking.run("loaded", params) as run:
        for _ in range(200):
            if "system/cpu_utilization_percentage" in run.client.get_run(run.id).data.metrics:
                break
    [found] = _find("tags.`dvc.stage` = 'loaded'")
    assert "system/cpu_utilization_percentage" in found.data.metrics


def test_an_experiment_sees_its_own_times_before_those_of_the_workspace(
    store: Path, params: config.AdaMemConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tracking.last_seconds()
    monkeypatch.setenv("DVC_EXP_NAME", "wide-memory")
    monkeypatch.setenv("DVC_STAGE", "phase2")
    with tracking.run("stage name of the script", params) as run:
        run.metrics({"seconds": 777.0})
    assert tracking.last_seconds() == {**before, "phase2": 777.0}
    monkeypatch.delenv("DVC_EXP_NAME")
    assert tracking.last_seconds() == before


def test_a_pipeline_is_recorded_by_its_key(store: Path, params: config.AdaMemConfig) -> None:
    assert not tracking.recorded("0123")
    with pytest.raises(OSError, match="disk"), tracking.run("record", params) as run:
        run.tags({tracking.KEY: "0123"})
        raise OSError("no disk")
    assert not tracking.recorded("0123")  # a failed attempt does not count
    with tracking.run("record", params, name="pipeline:0123") as run:
        run.tags({tracking.KEY: "0123"})
        run.metrics({"quality": {"adamem": {"A": {"f1": 0.5}}}, "seconds": {"benchmark@adamem": 2.0}})
    assert tracking.recorded("0123")
    [found] = _find(f"tags.`{tracking.KEY}` = '0123' and attributes.status = 'FINISHED'")
    assert found.info.run_name == "pipeline:0123"
    assert found.data.metrics["quality/adamem/A/f1"] == 0.5
    assert found.data.metrics["seconds/benchmark/adamem"] == 2.0  # MLflow takes no @


SERVED = """
from pathlib import Path
from adamem import tracking

def opener(artifacts, settings):
    text = Path(artifacts["compressor"], "weights.txt").read_text()
    return lambda context, query: f"{query} {context} {text} {settings['llm']['dtype']}"

tracking.serve(opener)
"""


def test_the_registered_model_answers_a_table(
    store: Path, params: config.AdaMemConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    pandas = pytest.importorskip("pandas")
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "weights.txt").write_text("w", encoding="utf-8")
    (tmp_path / "served.py").write_text(textwrap.dedent(SERVED), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    given = mlflow.get_tracking_uri()

    with tracking.run("record", params) as run:
        version = tracking.register(
            run, tmp_path / "served.py", {"compressor": tmp_path / "checkpoint"}, {"llm": {"dtype": "auto"}}
        )
    assert mlflow.get_tracking_uri() == given
    assert run.client.get_run(run.id).info.status == "FINISHED"
    assert run.client.get_model_version("adamem", version).run_id == run.id

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store / 'mlflow.db'}")
    model = mlflow.pyfunc.load_model(f"models:/adamem/{version}")
    table = pandas.DataFrame({"context": ["Lima", "Quito"], "query": ["where?", "who?"]})
    assert list(model.predict(table)) == ["where? Lima w auto", "who? Quito w auto"]


def test_nothing_is_registered_without_its_files(store: Path, params: config.AdaMemConfig, tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match="gone missing; run `dvc repro`")
    with refused, tracking.run("record without files", params) as run:
        tracking.register(run, tmp_path / "served.py", {"compressor": tmp_path / "gone"}, {})


def test_the_environment_may_name_another_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert Store.here() == Store("http://127.0.0.1:5000", None, tmp_path / "mlflow.db.lock")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert Store.here().uri == f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:////nowhere/at/all.db"])
def test_a_store_that_is_not_there_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uri: str) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ValueError, match=re.escape(f"MLFLOW_TRACKING_URI {uri}: ")):
        Store.here().open()


def test_without_dvc_the_store_lies_at_the_root_of_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert Store.here().uri == f"sqlite:///{tmp_path}/mlflow.db"


def test_the_digest_of_a_folder_sees_names_and_bytes(tmp_path: Path) -> None:
    write: Callable[[str, str], object] = lambda name, text: (tmp_path / name).write_text(text, encoding="utf-8")  # noqa: E731
    write("a", "1")
    before = runs.digest(tmp_path)
    write("b", "")
    assert runs.digest(tmp_path) != before
    (tmp_path / "b").unlink()
    assert runs.digest(tmp_path) == before
    write("a", "2")
    assert runs.digest(tmp_path) != before
