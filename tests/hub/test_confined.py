"""Whatever a hub or a copied cache holds: nothing outside the cache is written or read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun import hub as door
from dpsrun.hub import HubError
from tests.hub.conftest import NEW, OLD
from tests.hub.server import Hub

ENCODER = ("*.safetensors", "config.json", "vocab.txt")


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with the names of an encoder's files; nobody reads what is in them."""
    root = tmp_path_factory.mktemp("files")
    for commit in (OLD, NEW):
        (root / commit).mkdir()
        for name in ("config.json", "model.safetensors", "vocab.txt"):
            (root / commit / name).write_text(f"{name} of {commit}")
    return {commit: root / commit for commit in (OLD, NEW)}


def fetch(revision: str | None = None) -> Path:
    return door.fetch("tiny/bert", kind="model", revision=revision, patterns=ENCODER)


def everything_but(folder: Path) -> set[Path]:
    return {path for path in folder.parent.parent.rglob("*") if folder not in path.parents}


@pytest.mark.parametrize(
    "name", ["../../../../../out.safetensors", "/{tmp}/out.safetensors", "a\\..\\..\\x.safetensors"]
)
def test_a_file_whose_name_leads_out_is_not_written(
    hub: Hub, here: Path, tmp_path: Path, name: str
) -> None:
    hub.smuggled[name.format(tmp=tmp_path)] = b"not wanted"
    with hub.open(), pytest.raises(HubError, match="nvalid"):
        fetch()
    assert everything_but(here) <= {here.parent, here}


@pytest.mark.parametrize("name", ["vocab.txt", "folder", ""])
def test_a_link_that_leads_out_of_the_cache_is_refused(
    hub: Hub, here: Path, encoders: dict[str, Path], name: str
) -> None:
    with hub.open():
        folder = fetch()
    link = folder / name
    if link.exists():
        link.rename(folder.with_name("aside"))
    link.symlink_to(encoders[NEW] / name)
    for online in (True, False):
        with door.using(door.Access(online=online)), pytest.raises(HubError, match="leads out"):
            fetch()


def test_a_cache_that_names_another_folder_as_the_newest_is_not_followed(
    hub: Hub, here: Path
) -> None:
    with hub.open():
        fetch()
    (here / "models--tiny--bert/refs/main").write_text("..")
    with door.using(door.Access(online=False)), pytest.raises(HubError, match="named by a commit"):
        fetch()


def test_only_the_files_that_are_needed_are_fetched(hub: Hub, here: Path) -> None:
    hub.smuggled["pytorch_model.bin"] = b"a pickle"
    with hub.open():
        folder = fetch()
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "model.safetensors",
        "vocab.txt",
    }


def test_a_commit_is_taken_as_it_is(hub: Hub, here: Path) -> None:
    with hub.open():
        assert fetch(OLD).name == OLD
    asked = [path for path in hub.requests if path.startswith("/api")]
    assert asked
    assert all(path.startswith(f"/api/models/tiny/bert/tree/{OLD}?") for path in asked)


def test_what_was_settled_is_what_is_fetched(hub: Hub, here: Path) -> None:
    asked = door.Repository("model", "tiny/bert")
    with hub.open(), door.using(door.Access(commits={asked: OLD})):
        assert fetch().name == OLD
    terms = door.Access(online=False, commits={asked: OLD})
    with door.using(terms):
        assert fetch().name == OLD
        with pytest.raises(HubError, match="run dpsrun prepare where there is a network"):
            fetch(NEW)
    assert terms.folders[asked].name == OLD


@pytest.mark.parametrize(
    ("state", "reason"), [("open", None), ("broken", "status 503"), ("refused", "refused")]
)
def test_whether_the_hub_answers_is_told(
    hub: Hub, here: Path, state: str, reason: str | None
) -> None:
    hub.broken = state == "broken"
    if state == "refused":
        hub.server_close()
        said = door.unreachable()
    else:
        with hub.open():
            said = door.unreachable()
    assert said is None if reason is None else reason in str(said)
