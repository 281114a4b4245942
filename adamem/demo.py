"""Ask the trained compressor about a text: `python -m adamem.demo --text notes.txt --question "Who ...?"`.

Prints the answer, what the memory cost, and the stretches of the text that the memory was made from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from adamem import config, trained
from adamem.commands import plain_errors
from adamem.evaluation import answering
from adamem.models.frame import encode

SHOWN = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="a text file, UTF-8")
    parser.add_argument("--question", required=True)
    parser.add_argument("--checkpoint", type=Path, default=Path("models/phase2"))
    parser.add_argument("--llm", type=Path, default=Path("models/llm"))
    arguments = parser.parse_args()
    with plain_errors():
        print(tell(arguments.text, arguments.question, arguments.checkpoint, arguments.llm))


def tell(path: Path, question: str, folder: Path, llm_folder: Path) -> str:
    """The answer and where it comes from, as text.

    Raises:
        ValueError: the text cannot be read or is empty, the question is empty, or no model is there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    params = config.load()
    model = trained.load(folder, llm_folder, params.llm)
    answer = answering.ask(model, text, question, params.evaluation)
    tokenizer = model.host.tokenizer
    ids = encode(tokenizer, text)
    spans = sorted(answer.sources or [], key=lambda span: -span.share)[:SHOWN]
    size = model.settings.chunk_encoder.chunk_size
    lines = [f"  chunk {span.first // size}: {tokenizer.decode(ids[span.first : span.last])!r}" for span in spans]
    head = (
        f"answer: {answer.text}\n\n{len(ids)} tokens of text, {answer.memory_tokens} memory tokens, made mostly from:"
    )
    return "\n".join([head, *lines])


if __name__ == "__main__":
    main()
