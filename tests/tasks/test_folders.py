from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.tasks.folders import build_once


def fill(folder: Path, text: str = "mine") -> None:
    (folder / "inner").mkdir()
    (folder / "inner/file").write_text(text)


def test_a_folder_is_built_and_left_alone_afterwards(tmp_path: Path) -> None:
    target = tmp_path / "a/b"
    assert build_once(target, fill) == target
    assert build_once(target, lambda _: pytest.fail("built twice")) == target
    assert (target / "inner/file").read_text() == "mine"


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def half(folder: Path) -> None:
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_once(tmp_path / "target", half)
    assert list(tmp_path.iterdir()) == []


def test_whoever_is_second_drops_its_own(tmp_path: Path) -> None:
    target = tmp_path / "target"

    def overtaken(folder: Path) -> None:
        build_once(target, lambda first: fill(first, "first"))
        fill(folder, "second")

    assert build_once(target, overtaken) == target
    assert (target / "inner/file").read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_name_that_is_taken_by_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("a file")
    with pytest.raises(OSError, match="target"):
        build_once(tmp_path / "target", fill)
