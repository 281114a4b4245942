"""The public sets by name: where each comes from, its format, its group by default, and how it is officially scored.

Nothing here reads anything. `metric` names an entry of `adamem.evaluation.official`, `format` one of
`adamem.benchmarks.public.formats`. Data sets that the hub has as a loading script are read from its conversion
to parquet (`refs/convert/parquet`) or from the archive that the script reads: no code of others runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adamem.config import Group

_FILES = ("*{split}*.parquet", "*{split}*.jsonl", "*{split}*.json", "{split}/*.parquet")


@dataclass(frozen=True)
class PublicSet:
    """A data set, or one task of a collection.

    Attributes:
        repo: On the hub; None where no copy there has the set's own format.
        train: Split to train on; None: the set is for testing alone.
        validation: Split to validate on; None: a twentieth of the training split, by document.
        test: Split to be scored on: the official test split where its answers are public, else the validation split.
        files: Patterns of local files below a folder, `{split}` being any usual name of the split.
        archive: A zip file in the repository that has the rows, as SUBSET.jsonl; None where the hub serves them itself.
        new_tokens: Longest answer, in LLM tokens, as the set's own scripts have it or as its answers need.
    """

    name: str
    group: Group
    format: str
    metric: str
    new_tokens: int
    repo: str | None = None
    subset: str | None = None
    revision: str = "main"
    train: str | None = "train"
    validation: str | None = "validation"
    test: str = "test"
    files: tuple[str, ...] = _FILES
    archive: str | None = None


_PARQUET = "refs/convert/parquet"

_QUESTIONS = (
    PublicSet(
        "hotpotqa",
        "A",
        "hotpot",
        "hotpot_f1",
        32,
        "hotpotqa/hotpot_qa",
        "distractor",
        validation=None,
        test="validation",
        files=("distractor/*{split}*.parquet", *_FILES),
    ),
    PublicSet(
        "2wikimultihopqa",
        "A",
        "hotpot",
        "hotpot_f1",
        32,
        "framolfese/2WikiMultihopQA",
        validation=None,
        test="validation",
    ),
    PublicSet("musique", "A", "musique", "squad_f1", 32, "dgslibisey/MuSiQue", validation=None, test="validation"),
    PublicSet("squad", "B", "squad", "squad_f1", 32, "rajpurkar/squad", validation=None, test="validation"),
    PublicSet("qasper", "B", "qasper", "qa_f1", 128, "allenai/qasper", revision=_PARQUET),
    PublicSet("narrativeqa", "D", "narrativeqa", "rouge_l", 64, "deepmind/narrativeqa"),
    PublicSet("narrativeqa_summaries", "B", "narrativeqa_summaries", "rouge_l", 64, "deepmind/narrativeqa"),
    PublicSet("qmsum", "C", "qmsum", "rouge_l", 512),
    PublicSet("govreport", "C", "govreport", "rouge_l", 512, "ccdv/govreport-summarization"),
)

# subset: group, metric and longest answer of LongBench's own evaluation
_LONGBENCH: dict[str, tuple[Group, str, int]] = {
    "narrativeqa": ("D", "qa_f1", 128),
    "qasper": ("B", "qa_f1", 128),
    "multifieldqa_en": ("B", "qa_f1", 64),
    "hotpotqa": ("A", "qa_f1", 32),
    "2wikimqa": ("A", "qa_f1", 32),
    "musique": ("A", "qa_f1", 32),
    "gov_report": ("C", "longbench_rouge", 512),
    "qmsum": ("C", "longbench_rouge", 512),
    "multi_news": ("C", "longbench_rouge", 512),
    "trec": ("B", "classification_line", 64),
    "triviaqa": ("B", "qa_f1_line", 32),
    "samsum": ("C", "longbench_rouge_line", 128),
    "passage_count": ("C", "count", 32),
    "passage_retrieval_en": ("D", "retrieval", 32),
    "lcc": ("B", "code_similarity", 64),
    "repobench-p": ("D", "code_similarity", 64),
}

_RULER: dict[str, tuple[Group, str, int]] = {
    "niah": ("D", "ruler_all", 128),
    "vt": ("A", "ruler_all", 30),
    "cwe": ("C", "ruler_all", 120),
    "fwe": ("C", "ruler_all", 50),
    "qa": ("D", "ruler_part", 32),
}

_TESTED = PublicSet("", "A", "", "", 32, train=None, validation=None)
_SEVERAL_FACTS = {2, 3, 7, 8, 11, 13, 14, 15, 16, 17, 18, 19}  # tasks of bAbI whose answer takes more than one line


def _longbench(subset: str, group: Group, metric: str, tokens: int) -> PublicSet:
    return replace(
        _TESTED,
        name=f"longbench_{subset}",
        group=group,
        format=f"longbench_{subset}",
        metric=metric,
        new_tokens=tokens,
        repo="THUDM/LongBench",
        archive="data.zip",
        subset=subset,
        files=(f"{subset}.jsonl", f"{subset}/*{{split}}*.parquet", f"{subset}.parquet"),
    )


def _ruler(task: str, group: Group, metric: str, tokens: int) -> PublicSet:
    return replace(
        _TESTED,
        name=f"ruler_{task}",
        group=group,
        format="ruler_any" if metric == "ruler_part" else "ruler_every",
        metric=metric,
        new_tokens=tokens,
        test="validation",
        files=(f"{task}*/{{split}}.jsonl", f"*{task}*.jsonl"),
    )


def _babi(number: int) -> PublicSet:
    name = f"babi_qa{number}"
    group: Group = "A" if number in _SEVERAL_FACTS else "B"
    return PublicSet(name, group, "babi", "exact_match", 8, validation=None, files=(f"qa{number}_*_{{split}}.txt",))


SETS: dict[str, PublicSet] = {
    one.name: one
    for one in (
        *_QUESTIONS,
        *(_longbench(subset, *rest) for subset, rest in _LONGBENCH.items()),
        *(_ruler(task, *rest) for task, rest in _RULER.items()),
        *(_babi(number) for number in range(1, 21)),
    )
}


def _named(*subsets: str) -> tuple[str, ...]:
    return tuple(f"longbench_{subset}" for subset in subsets)


FAMILIES: dict[str, tuple[str, ...]] = {
    "longbench_singledoc": _named("narrativeqa", "qasper", "multifieldqa_en"),
    "longbench_multidoc": _named("hotpotqa", "2wikimqa", "musique"),
    "longbench_summary": _named("gov_report", "qmsum", "multi_news"),
    "longbench_fewshot": _named("trec", "triviaqa", "samsum"),
    "longbench_synthetic": _named("passage_count", "passage_retrieval_en"),
    "longbench_code": _named("lcc", "repobench-p"),
    "longbench": _named(*_LONGBENCH),
    "ruler": tuple(f"ruler_{task}" for task in _RULER),
    "babi": tuple(f"babi_qa{number}" for number in range(1, 21)),
}


# what a user may ask for: families, and the sets that are in none
NAMES: tuple[str, ...] = (
    *(name for name in SETS if not any(name in members for members in FAMILIES.values())),
    *FAMILIES,
)


def expand(name: str) -> tuple[PublicSet, ...]:
    """The set of a name, or all sets of a family.

    Raises:
        ValueError: there is none of that name; the message lists what there is.
    """
    if name not in SETS and name not in FAMILIES:
        raise ValueError(f"no public set {name!r}; there are {', '.join(NAMES)}, and the sets of these families")
    return tuple(SETS[one] for one in FAMILIES.get(name, (name,)))
