"""What no source confirms in a method is said under every table that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.methods import registry
from dpsrun.report.formats.markdown import cost, stability
from dpsrun.report.notes import notes, unverified
from dpsrun.report.read import Report, choose, read
from tests.report.builder import make_grid, make_run


def report_of(folder: Path, *methods: str) -> Report:
    """A grid of one finished run of each method."""
    runs = (make_run(("rte", method, 0), method=method) for method in methods)
    store = make_grid(folder, ((run, 0.6, {}) for run in runs))
    (manifest,), _ = choose(store, [])
    return read(store, manifest)


def test_it_is_said_once_whether_a_method_comes_alone_or_combined(tmp_path: Path) -> None:
    report = report_of(tmp_path, "vanilla", "l2-sp", "llrd+l2-sp", "re-init+top-k-layers")
    l2_sp, top_k = unverified(report)
    assert l2_sp == f"unverified: {registry.find('l2-sp').unverified}"
    assert top_k == f"unverified: {registry.find('top-k-layers').unverified}"
    for document in (stability(report), cost(report)):
        assert document.count(f"- {l2_sp}") == document.count(f"- {top_k}") == 1


def test_methods_that_sources_confirm_need_no_note(tmp_path: Path) -> None:
    report = report_of(tmp_path, "vanilla", "dps-mix", "llrd+dps-dense")
    assert not any("unverified" in note for note in notes(report))


def test_a_method_that_is_not_installed_any_more_is_no_error(tmp_path: Path) -> None:
    assert list(unverified(report_of(tmp_path, "gone", "gone+llrd"))) == []


def test_a_broken_package_of_another_keeps_no_scores_from_their_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise UserError("entry point 'mine' cannot be loaded")

    monkeypatch.setattr(registry, "specs", broken)
    (note,) = unverified(report_of(tmp_path, "l2-sp"))
    assert note.endswith("not listed: entry point 'mine' cannot be loaded")
