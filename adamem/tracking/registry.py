"""The final model in MLflow's registry, as a script that MLflow copies and runs (models from code).

Nothing is pickled: MLflow stores the script, the package, the checkpoint and the frozen LLM, and runs the script
when the model is loaded. So it answers wherever its requirements are installed, without this checkout.
"""

import importlib.metadata
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adamem.tracking.runs import Run

NAME = "adamem"
PACKAGE = Path(__file__).parents[1]
REQUIREMENTS = (
    "mlflow",
    "torch",
    "transformers",
    "safetensors",
    "pydantic",
    "ruamel.yaml",
    "jaxtyping",
    "filelock",
    "psutil",
    "tqdm",
)

Answer = Callable[[str, str], str]
Opener = Callable[[Mapping[str, str], Mapping[str, Any]], Answer]


def register(run: Run, script: Path, artifacts: Mapping[str, Path], settings: Mapping[str, Any]) -> str:
    """Log the model to a run and add it to the registry; returns its version there.

    Raises:
        ValueError: an artifact is missing.
    """
    missing = [str(path) for path in artifacts.values() if not path.exists()]
    if missing:
        raise ValueError(f"cannot register the model: {', '.join(missing)} missing; run `dvc repro` or `dvc checkout`")
    import mlflow

    with warnings.catch_warnings(), _default_store(run.client.tracking_uri), mlflow.start_run(run_id=run.id):
        warnings.simplefilter("ignore", UserWarning)  # MLflow's, on type hints of its own
        logged = mlflow.pyfunc.log_model(
            name=NAME,
            python_model=str(script),
            artifacts={name: str(path) for name, path in artifacts.items()},
            model_config=dict(settings),
            code_paths=[str(PACKAGE)],
            signature=_signature(),
            pip_requirements=[_pinned(package) for package in REQUIREMENTS],
            registered_model_name=NAME,
        )
    return str(logged.registered_model_version)


def serve(opener: Opener) -> None:
    """Called by the script while MLflow loads it: from now on `predict` answers a table of context and query.

    `opener` gets the paths of the artifacts and the settings, and returns what answers one question. MLflow evaluates
    the hints of `predict`, which is why this module does not postpone its annotations.
    """
    import pandas
    from mlflow.models import set_model
    from mlflow.pyfunc.model import PythonModel

    class Served(PythonModel):
        def load_context(self, context: Any) -> None:
            self.answer = opener(context.artifacts, context.model_config)

        def predict(self, context: Any, model_input: pandas.DataFrame, params: Any = None) -> list[str]:
            return [self.answer(*pair) for pair in zip(model_input["context"], model_input["query"], strict=True)]

    set_model(Served())


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    return ModelSignature(
        inputs=Schema([ColSpec("string", "context"), ColSpec("string", "query")]),
        outputs=Schema([ColSpec("string")]),
    )


def _pinned(package: str) -> str:
    """The installed version without a build tag such as +cpu, which the package index does not carry."""
    return f"{package}=={importlib.metadata.version(package).split('+')[0]}"


@contextmanager
def _default_store(uri: str) -> Iterator[None]:
    """Models can only be logged to MLflow's global store: set it for that moment, then put it back."""
    import mlflow

    given = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(given)  # pyright: ignore[reportArgumentType]
