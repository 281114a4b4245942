"""The graph: stages, scripts and settings carry one name, and no stage can be stale without DVC knowing.

DVC does not follow imports, so a stage whose `deps` forget a module would keep old results after that module
changed. These tests walk the imports instead of trusting the list.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import Any

import grimp
import networkx as nx
import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from adamem.config import AdaMemConfig

ROOT = Path(__file__).parents[1]
PARAMS: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
SCRIPTS = sorted(path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__")
DEFAULT_PAGE = "adamem/analysis/page.py"  # other pages take wording from it, and no setting
MODEL = {"chunk_encoder", "resampler", "projection", "interface"}  # what `params.model` reads
# Reached by imports, and yet without influence on what a stage hands to the next one: the door to MLflow, and
# the typed view of settings that DVC watches value by value.
WITHOUT_INFLUENCE = ("adamem/tracking", "adamem/config")


@functools.cache
def stages() -> list[Any]:
    """The stages of all graphs as DVC sees them, templates resolved."""
    return list(Repo(str(ROOT)).index.stages)


def default() -> list[Any]:
    """The stages that a plain `dvc repro` runs; the others, in folders of `stages/`, take hours."""
    return [stage for stage in stages() if stage.path_in_repo == "dvc.yaml"]


@functools.cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("adamem", "stages", exclude_type_checking_imports=True)


def reports_of(stage: Any) -> str:
    """Where the stages of a graph of its own write: `stages/evidence/dvc.yaml` to `reports/evidence`."""
    return f"reports/{Path(stage.path_in_repo).parent.name}"


def script(stage: Any) -> str:
    return stage.cmd.split()[2].removeprefix("stages.")


def files(stage: Any) -> set[str]:
    return {dep.def_path for dep in stage.deps if not getattr(dep, "params", None)}


def settings(stage: Any) -> set[str]:
    return {key for dep in stage.deps for key in getattr(dep, "params", None) or ()}


def source(module: str) -> Path:
    """The file of a module, relative to the repository."""
    path = Path(*module.split("."))
    return path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")


def says_nothing(path: Path) -> bool:
    """Empty, or nothing but a docstring and `from __future__`."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return all(
        (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        for node in body
    )


def reached(name: str) -> set[str]:
    """Files that run when the stage's script is imported: what it imports, and the packages around that."""
    found = imports().find_upstream_modules(f"stages.{name}")
    around = {module.rsplit(".", depth)[0] for module in found for depth in range(1, module.count(".") + 1)}
    paths = {source(module) for module in found | around if module != "stages"}
    return {path.as_posix() for path in paths if not says_nothing(path)}


def covers(dep: str, path: str) -> bool:
    return path == dep or path.startswith(dep.rstrip("/") + "/")


def has(section: dict[str, Any], key: str) -> bool:
    for part in key.split("."):
        if not isinstance(section, dict) or part not in section:
            return False
        section = section[part]
    return True


def sections_read(name: str) -> set[str]:
    """Sections of params.yaml that a script, or a module of the analysis that it runs, takes from `params`, by name."""
    others = {DEFAULT_PAGE} if name != "analyze" else set()
    pages = [path for path in reached(name) - others if path.startswith("adamem/analysis/")]
    texts = [(ROOT / path).read_text(encoding="utf-8") for path in (f"stages/{name}.py", *pages)]
    taken = {
        node.attr
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "params"
    }
    sections = taken & set(AdaMemConfig.model_fields)
    return sections | MODEL if "model" in taken else sections


def test_every_stage_has_its_script_and_every_script_its_stage() -> None:
    assert {stage.addressing.split("@")[0] for stage in default()} == {script(stage) for stage in default()}
    assert {script(stage) for stage in stages()} == set(SCRIPTS)


def test_a_list_of_methods_names_none_whose_model_is_no_input() -> None:
    """The stage would keep answers of weights that are gone."""
    models = {stage.addressing.split("@")[1]: files(stage) for stage in stages() if script(stage) == "benchmark"}
    for stage in (stage for stage in stages() if script(stage) in ("needle", "fanout")):
        for method in PARAMS[script(stage)]["methods"]:
            read = {path for path in models[method] if path.startswith("models/")}
            assert not {path for path in read if not any(covers(dep, path) for dep in files(stage))}, method


@pytest.mark.parametrize("name", ["baseline", "benchmark", "needle", "fanout"])
def test_what_makes_methods_names_what_their_learned_vectors_enter_the_llm_by(name: str) -> None:
    """The catalogue reads it for every trained method."""
    made = [stage for stage in stages() if script(stage) == name]
    assert made and all("interface" in settings(stage) for stage in made)


def test_a_stage_is_started_as_its_script() -> None:
    for stage in stages():
        words, (name, *key) = stage.cmd.split(), stage.addressing.split("@")
        assert words[:2] == ["python", "-m"], stage.cmd
        apart = [] if stage in default() else ["--reports", reports_of(stage)]
        assert words[3:] == [*key, *apart], f"{stage.addressing} is called with other words: {stage.cmd}"
        assert apart or words[2] == f"stages.{name}", f"{stage.addressing}: {stage.cmd}"


def test_trainings_and_nothing_else_are_started_by_the_launcher() -> None:
    """One setting decides how many processes train; what does not train would be done by all of them at once."""
    written = (path.read_text(encoding="utf-8") for path in (ROOT / "dvc.yaml", ROOT / "stages/evidence/dvc.yaml"))
    commands = re.findall(r"cmd: (.*) stages\.(\w+)", "\n".join(written))
    trained = {"phase1", "phase2", "phase3", "baseline"}
    assert {name for start, name in commands if start == "${launcher}"} == trained
    assert {name for start, name in commands if start == "python -m"}.isdisjoint(trained)


def test_the_other_graphs_leave_the_reports_of_the_default_graph_alone() -> None:
    """But for the verdicts, which every arm has a say in: they stand above both."""
    for stage in stages():
        reports = {out.def_path for out in stage.outs if out.def_path.startswith("reports/")}
        reports -= {"reports/hypotheses.json"} if stage.addressing.endswith(":weigh") else set()
        ours = {path for path in reports if path.startswith(f"{reports_of(stage)}/")}
        assert ours == (set() if stage in default() else reports), stage.addressing


def test_every_declared_setting_exists_and_every_section_is_declared() -> None:
    declared = {key for stage in stages() for key in settings(stage)}
    assert not [key for key in declared if not has(PARAMS, key)], (
        "dvc.yaml names settings that params.yaml does not have"
    )
    templated = {"launcher"}  # part of the command
    assert {key.split(".")[0] for key in declared} | templated == set(PARAMS), (
        "a section that no stage declares changes nothing"
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_stage_declares_the_sections_it_reads(name: str) -> None:
    wanted = sections_read(name) | ({name} if name in PARAMS else set())
    for stage in (stage for stage in stages() if script(stage) == name and not stage.always_changed):
        declared = {key.split(".")[0] for key in settings(stage)}
        assert wanted <= declared, f"{stage.addressing}: dvc.yaml does not declare {sorted(wanted - declared)}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_stage_depends_on_the_code_it_runs(name: str) -> None:
    ran = reached(name) | {f"stages/{name}.py"}
    needed = {path for path in ran if not any(covers(free, path) for free in WITHOUT_INFLUENCE)}
    for stage in (stage for stage in stages() if script(stage) == name and not stage.always_changed):
        missing = {path for path in needed if not any(covers(dep, path) for dep in files(stage))}
        assert not missing, f"{stage.addressing}: add to deps in dvc.yaml: {sorted(missing)}"


def test_settings_derive_next_to_nothing_since_dvc_does_not_see_how() -> None:
    """`adamem/config` is no dependency of a stage; what it computes would change results behind DVC's back."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "adamem/config").glob("*.py"))
    found = {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(one) == "property" for one in node.decorator_list)
    }
    assert found == {"window", "model"}, (
        "a change of these asks for `dvc repro -f`; others belong to modules that compute"
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_stage_depends_on_no_code_it_does_not_run(name: str) -> None:
    """Needless code deps make needless hours."""
    ran = reached(name) | {f"stages/{name}.py"}
    for stage in (stage for stage in stages() if script(stage) == name):
        code = {dep for dep in files(stage) if dep.split("/")[0] in ("adamem", "stages")}
        idle = {dep for dep in code if not any(covers(dep, path) for path in ran)}
        assert not idle, f"{stage.addressing}: take out of deps in dvc.yaml: {sorted(idle)}"


def test_only_record_always_runs_and_nothing_escapes_the_run_cache() -> None:
    assert {stage.addressing for stage in stages() if stage.always_changed} == {"record"}
    assert not [stage.addressing for stage in stages() if stage.frozen]
    persistent = {stage.addressing for stage in stages() for out in stage.outs if out.persist}
    assert persistent <= {"record"}, "an output that outlives its stage may be resumed under other settings"


def test_reports_are_for_git_and_data_for_the_cache() -> None:
    for stage in stages():
        for out in stage.outs:
            top = out.def_path.split("/")[0]
            assert top in ("data", "models", "reports"), f"{stage.addressing} writes {out.def_path}"
            in_git = top == "reports" or out.def_path.rstrip("/") == "models/phase2"
            assert out.use_cache != in_git, f"{stage.addressing}: {out.def_path} should have cache: {not in_git}"


def test_the_number_of_memory_tokens_reaches_only_what_depends_on_it() -> None:
    """`dvc exp run -S resampler.n_latents=64` must not download, tokenise or teach anew, nor ask the bounds again."""
    graph = Repo(str(ROOT)).index.graph  # edges from a stage to what it reads
    direct = {stage.addressing for stage in graph if settings(stage) & {"resampler", "resampler.n_latents"}}
    after = {stage.addressing for stage in graph if any(x.addressing in direct for x in nx.descendants(graph, stage))}
    changed = direct | after
    shared = {"download", "llm", "tokenize", "features", "teacher", *(f"tasks@{group}" for group in "ABCD")}
    assert not changed & {*shared, "benchmark@full_context", "benchmark@no_context"}
    assert changed >= {"phase1", "phase2", "phase3", "benchmark@adamem", "analyze", "record"}
