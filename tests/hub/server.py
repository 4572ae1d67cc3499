"""Plays the hub on this machine: as much of its interface as fetching a snapshot needs."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

API = re.compile(r"/api/(models|datasets)/([\w.-]+/[\w.-]+)(?:/(revision|tree)/(\w+))?")
RESOLVE = re.compile(r"/(datasets/)?([\w.-]+/[\w.-]+)/resolve/(\w+)/(.+)")

Repositories = Mapping[tuple[str, str], Mapping[str, Path]]
"""Kind and id -> commit -> folder; the last commit is the newest."""


class Hub(ThreadingHTTPServer):
    """A hub with some repositories on a free port of 127.0.0.1.

    `requests` are the paths that it was asked for; `smuggled` files, by their names, are in every
    repository.
    """

    daemon_threads = True

    def __init__(self, repositories: Repositories, *, broken: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories, self.broken = dict(repositories), broken
        self.smuggled: dict[str, bytes] = {}
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def open(self) -> Iterator[str]:
        """Answer until the block ends; connections are refused from then on."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self.url
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Hub

    def do_GET(self) -> None:
        """Give information about a repository, the list of its files, or a file."""
        self.server.requests.append(self.path)
        if self.server.broken:
            self._answer(503, b"")
        elif match := API.match(self.path):
            self._tell(*match.groups())
        elif match := RESOLVE.fullmatch(self.path):
            self._give(*match.groups())
        else:
            self._answer(404, b"")

    do_HEAD = do_GET  # noqa: N815 (the name that the base class looks for)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def _tell(self, kind: str, name: str, what: str | None, revision: str | None) -> None:
        commit, folder = self._find(kind, name, revision or "main")
        if folder is None:
            self._refuse("RepoNotFound" if commit is None else "RevisionNotFound")
            return
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        listing = [
            {"type": "file", "path": path, "size": file.stat().st_size, "oid": _hash(file)}
            for path, file in sorted(files.items())
        ] + [
            {"type": "file", "path": path, "size": len(content), "oid": _sha(content)}
            for path, content in self.server.smuggled.items()
        ]
        about = {"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]}
        self._answer(200, json.dumps(listing if what == "tree" else about).encode())

    def _give(self, dataset: str | None, name: str, revision: str, path: str) -> None:
        commit, folder = self._find("datasets" if dataset else "models", name, revision)
        content = self.server.smuggled.get(unquote(path))
        if content is None and folder is not None and (folder / path).is_file():
            content = (folder / path).read_bytes()
        if content is None:
            self._refuse("EntryNotFound")
            return
        headers = {"ETag": f'"{_sha(content)}"', "X-Repo-Commit": str(commit)}
        self._answer(200, content, headers)

    def _find(self, kind: str, name: str, revision: str) -> tuple[str | None, Path | None]:
        commits = self.server.repositories.get((kind, name))
        if commits is None:
            return None, None
        commit = list(commits)[-1] if revision == "main" else revision
        return commit, commits.get(commit)

    def _refuse(self, code: str) -> None:
        self._answer(404, b"", {"X-Error-Code": code})

    def _answer(
        self, status: int, content: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def _hash(path: Path) -> str:
    return _sha(path.read_bytes())


def _sha(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()  # noqa: S324 (git's own, no secret)
