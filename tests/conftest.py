"""Shapes are checked: every call into the model code goes through jaxtyping and beartype, wherever a test makes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers.models.auto.modeling_auto  # noqa: F401  (what is first imported under the hook is compiled anew)
from hypothesis import HealthCheck
from hypothesis import settings as budget
from jaxtyping import install_import_hook

from tests import shapes

torch.set_num_threads(1)  # sums this small are slower on two, and in another order

# The same examples on every machine, and however busy it is.
budget.register_profile("house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
budget.load_profile("house")

CHECKED = ("adamem.models", "adamem.training", "adamem.baselines")
hook = install_import_hook(CHECKED, f"{shapes.__name__}.{shapes.check.__name__}")

from adamem.models.host import HostLLM  # noqa: E402  (after the hook)
from tests import tiny  # noqa: E402


@pytest.fixture(scope="session")
def llm() -> HostLLM:
    """A frozen LLM that all tests share; what changes it must make its own."""
    return tiny.make_host()


@pytest.fixture(scope="session")
def llm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same LLM on disk, as stage `llm` would leave it."""
    folder = tmp_path_factory.mktemp("models") / "llm"
    tiny.make_llm().save_pretrained(folder)
    tiny.make_tokenizer().save_pretrained(folder)
    return folder
