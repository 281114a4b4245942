"""What the training of AdaMem will cost: `python -m adamem.plan`, or with another card, `… --gpu a100`.

Prints weights, tokens, floating-point operations, memory and hours for the settings at hand, each beside its formula.
Nothing is loaded or computed but the LLM's configuration, so it answers at once and needs no GPU.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from adamem import config
from adamem.planning import page, shape
from adamem.planning.gpus import GPUS, UTILISATION
from adamem.planning.work import QUESTION


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    try:
        if not 0 < asked.utilisation <= 1:
            raise ValueError(f"--utilisation {asked.utilisation}: a share of the peak, above 0 and at most 1")
        if asked.question_tokens < 1:
            raise ValueError(f"--question-tokens {asked.question_tokens}: a question has at least one token")
        params = config.load(asked.config)
        llm = shape.find(params.llm, asked.llm_config)
        device = page.Device(GPUS[asked.gpu], asked.utilisation)
        print(page.write(params, llm, device, asked.question_tokens))
    except ValueError as error:
        raise SystemExit(f"adamem.plan: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m adamem.plan", description="What the training of AdaMem will cost.")
    parser.add_argument("--config", default="params.yaml", help="settings file (default: %(default)s)")
    parser.add_argument("--gpu", choices=sorted(GPUS), default="h100", help="default: %(default)s")
    parser.add_argument(
        "--utilisation", type=float, default=UTILISATION, help="share of the GPU's peak (default: %(default)s)"
    )
    parser.add_argument(
        "--llm-config", type=Path, help="config.json of the LLM, or its folder (default: where llm.source points)"
    )
    parser.add_argument("--question-tokens", type=int, default=QUESTION, help="default: %(default)s")
    return parser


if __name__ == "__main__":
    main()
