"""The hub's own client against a server on this machine that answers as the hub does, with a data set like FineWeb."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from huggingface_hub import HfFileSystem, constants

from adamem.data import fineweb, hub
from adamem.data.corpus_files import Source
from adamem.data.hub import Repository
from tests.data import web

REPO, COMMIT = "HuggingFaceFW/fineweb", "9bb295ddab0e05d785b879661af7260fed5140fc"
CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/*/*
- config_name: sample-10BT
  data_files:
  - split: train
    path: sample/10BT/*
---
"""


class Hub(ThreadingHTTPServer):
    """One data set at one commit; `broken` names files of which a download ends early, that many times."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.asked, self.broken = folder, Counter[str](), Counter[str]()

    @property
    def files(self) -> dict[str, bytes]:
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.split("?")[0])
        api, resolve = f"/api/datasets/{REPO}", f"/datasets/{REPO}/resolve/{COMMIT}/"
        if path in (f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            self.json({"id": REPO, "sha": COMMIT})
        elif path.startswith(f"{api}/tree/{COMMIT}"):
            folder = path.removeprefix(f"{api}/tree/{COMMIT}").lstrip("/")
            inside = {name: content for name, content in self.server.files.items() if name.startswith(folder + "/")}
            self.json([{"type": "file", "path": n, "size": len(c), "oid": digest(c)} for n, c in inside.items()])
        elif path.startswith(resolve) and path.removeprefix(resolve) in self.server.files:
            self.file(path.removeprefix(resolve))
        else:
            code = "RevisionNotFound" if "/revision/" in path else "EntryNotFound"
            self.answer(404, b"", {"X-Error-Code": code})

    def file(self, name: str) -> None:
        whole, code = self.server.files[name], 200
        self.server.asked[f"{self.command} {name}"] += 1
        headers = {"ETag": f'"{digest(whole)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        first, last = 0, len(whole) - 1
        if wanted := self.headers.get("Range"):
            start, end = wanted.removeprefix("bytes=").split("-")
            first, last, code = int(start), int(end or last), 206
            headers["Content-Range"] = f"bytes {first}-{last}/{len(whole)}"
        self.answer(code, whole[first : last + 1], headers, name)

    def json(self, value: object) -> None:
        self.answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def answer(self, code: int, body: bytes, headers: dict[str, str], name: str = "") -> None:
        self.send_response(code)
        for key, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET" and self.server.broken[name]:
            self.server.broken[name] -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


def digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@pytest.fixture
def server(tmp_path: Path, fineweb_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    (fineweb_folder / "README.md").write_text(CARD)
    made = Hub(fineweb_folder)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = f"http://127.0.0.1:{made.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    HfFileSystem.clear_instance_cache()
    yield made
    made.shutdown()
    made.server_close()


def texts(source: Source) -> list[str]:
    rows = Counter[str]()
    units = source.units(10**9, Path())
    return [found.text for unit in units for found in fineweb.documents(source, unit, web.SETTINGS, Path(), rows)]


FIRST, SECOND = (f"sample/10BT/{number:03d}_00000.parquet" for number in range(2))


def test_files_are_copied_at_one_commit(server: Hub) -> None:
    """A branch is looked up once; then everything is asked for by the commit, and a second time nothing is fetched."""
    settings = web.settings(path=None, repo=REPO)
    source = fineweb.find(settings, Path())
    assert (source.kind, source.commit, [file.name for file in source.files]) == ("cached", COMMIT, [FIRST, SECOND])
    assert len(texts(source)) == 38
    for name in (FIRST, SECOND):
        assert Repository(REPO, COMMIT).cached(name).read_bytes() == server.files[name]
    copied = server.asked[f"GET {FIRST}"]
    assert Repository(REPO, COMMIT).copy([FIRST, SECOND])
    assert server.asked[f"GET {FIRST}"] == copied


def test_only_files_that_are_needed_are_copied(server: Hub) -> None:
    source = fineweb.find(web.settings(path=None, repo=REPO, revision=COMMIT, max_documents=20), Path())
    assert [file.name for file in source.files] == [FIRST]
    with pytest.raises(ValueError, match=r"001_00000\.parquet is not in the hub's cache .* run stage `download` again"):
        Repository(REPO, COMMIT).cached(SECOND)


def test_streaming_copies_nothing(server: Hub, tmp_path: Path) -> None:
    settings = web.settings(path=None, repo=REPO, streaming=True)
    source = fineweb.find(settings, Path())
    assert (source.kind, source.commit) == ("streamed", COMMIT)
    assert texts(source) == texts(fineweb.find(web.settings(path=str(server.folder)), Path()))
    assert not list(tmp_path.glob("cache/**/*.parquet"))


def test_a_connection_that_breaks_is_taken_up(server: Hub) -> None:
    server.broken[SECOND] = 1
    (path,) = Repository(REPO, COMMIT).copy([SECOND])
    assert path.read_bytes() == server.files[SECOND]
    assert server.asked[f"GET {SECOND}"] == 2


def test_what_was_copied_before_a_failure_stays(server: Hub, fineweb_folder: Path) -> None:
    gone = server.files[SECOND]
    repository = Repository(REPO, COMMIT)
    (fineweb_folder / SECOND).unlink()
    repository.copy([FIRST])
    with pytest.raises(ValueError, match=r"data\.corpus: .* cannot be read from the hub"):
        repository.copy([FIRST, SECOND])
    (fineweb_folder / SECOND).write_bytes(gone)
    repository.copy([FIRST, SECOND])
    assert server.asked[f"GET {FIRST}"] == 1


def test_room_is_looked_for_beforehand(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SPARE", 10**18)
    with pytest.raises(ValueError, match=r"GB are to be written and .* GB are free; .*data\.corpus\.streaming, or HF_"):
        Repository(REPO, COMMIT).copy([FIRST])
    assert not server.asked[f"GET {FIRST}"]


def test_an_unknown_subset_or_revision_is_named(server: Hub) -> None:
    with pytest.raises(ValueError, match=r"data\.corpus\.subset: .* has no 'other'; it has default, sample-10BT"):
        fineweb.find(web.settings(path=None, repo=REPO, subset="other"), Path())
    with pytest.raises(ValueError, match=r"data\.corpus\.subset: .* has no parquet file in default"):
        fineweb.find(web.settings(path=None, repo=REPO, subset="default"), Path())
    with pytest.raises(ValueError, match=r"revision nowhere cannot be read from the hub"):
        fineweb.find(web.settings(path=None, repo=REPO, revision="nowhere"), Path())


def test_no_network(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(ValueError, match=r"cannot be read from the hub .*connect, correct .* set data\.corpus\.path"):
        fineweb.find(web.settings(path=None, repo=REPO), Path())
