"""The parser of every format by name. To add a set of a new format: a file here, a line in this table, and an entry
in the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from adamem.benchmarks.public import (
    babi,
    govreport,
    hotpot,
    longbench,
    musique,
    narrativeqa,
    qasper,
    qmsum,
    ruler,
    squad,
)
from adamem.benchmarks.public.record import Record
from adamem.benchmarks.public.rows import Row

Parser = Callable[[Iterable[Row]], Iterator[Record]]

_ABOUT_A_PAGE = "in about one page"
_NEXT_LINE = "Write the next line of this code, and nothing else."
_LONGBENCH = {
    **dict.fromkeys(("narrativeqa", "qasper", "multifieldqa_en", "hotpotqa", "2wikimqa", "musique"), "{input}"),
    **dict.fromkeys(("trec", "triviaqa", "samsum"), "{input}"),  # the context is solved examples, the input another one
    "gov_report": f"Summarise this government report {_ABOUT_A_PAGE}.",
    "qmsum": "{input}",
    "multi_news": f"Summarise these news articles {_ABOUT_A_PAGE}.",
    "passage_count": "How many different paragraphs are there, repeated ones counted once? Give the number only.",
    "passage_retrieval_en": 'Which paragraph is this a summary of? Answer like "Paragraph 1".\n{input}',
    "lcc": _NEXT_LINE,
    "repobench-p": _NEXT_LINE + "\n{input}",
}

PARSERS: dict[str, Parser] = {
    "hotpot": hotpot.parse,
    "musique": musique.parse,
    "squad": squad.parse,
    "narrativeqa": narrativeqa.full,
    "narrativeqa_summaries": narrativeqa.summaries,
    "qasper": qasper.parse,
    "qmsum": qmsum.parse,
    "govreport": govreport.parse,
    "ruler_every": ruler.every,
    "ruler_any": ruler.any_of,
    "babi": babi.parse,
    **{f"longbench_{subset}": longbench.asking(template) for subset, template in _LONGBENCH.items()},
}
