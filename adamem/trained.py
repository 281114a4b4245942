"""The one door to a trained compressor that is to answer, for the demo, the console scripts, the harness and the
registered model."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError

from adamem import config
from adamem.models import checkpoint, host
from adamem.models.adamem import AdaMem


def load(folder: str | Path, llm_folder: str | Path, settings: config.Llm) -> AdaMem:
    """A compressor as it was saved, on the LLM it was trained for, with the layers that phase 3 has changed in their
    places, and in evaluation mode.

    Raises:
        ValueError: nothing is there, a file is damaged, or compressor and LLM do not belong together.
    """
    folder = Path(folder)
    try:
        llm = frozen_llm(Path(llm_folder), settings)
        model = checkpoint.load(folder, llm)
        if (folder / checkpoint.LLM_TOP).exists():
            checkpoint.load_llm_top(llm, folder)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{folder} on {llm_folder}: cannot be read ({error}); make them again") from error
    return model.eval()


def frozen_llm(folder: Path, settings: config.Llm) -> host.HostLLM:
    """The LLM of a folder that holds weights and settings alone. Raises ValueError as `host.load` does, and where it
    names code of its own, also beside an architecture that transformers knows without it."""
    for path in (folder / "config.json", folder / "tokenizer_config.json"):
        if path.is_file() and "auto_map" in path.read_text(encoding="utf-8", errors="replace"):
            raise ValueError(f"{path}: names code of its own (auto_map), which is never run; choose another LLM")
    return host.load(folder, settings)
