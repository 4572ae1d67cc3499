"""What cannot be compared, for one side has no score, is named with the reason in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.report.findings import Findings, Wishes, find
from dpsrun.report.formats.comparisons_page import comparisons
from dpsrun.report.formats.record import record
from dpsrun.report.produce import print_comparisons
from tests.report.builder import Key, Wanted, make_results, report_of
from tests.report.readers import bullets_of, pipe_lines, sections


def findings(root: Path, ends: dict[tuple[str, str], list[Wanted]]) -> Findings:
    scores: dict[Key, Wanted] = {
        (*cell, seed): wanted for cell, own in ends.items() for seed, wanted in enumerate(own)
    }
    store = make_results(root, scores)
    return find(store, report_of(store), Wishes(bootstrap=False))


def reasons(found: Findings) -> list[str]:
    """Give the notes on what has no difference, which are those of `report.json` too."""
    notes = [note for note in record(found)["notes"] if note.startswith("no difference")]
    assert [n for n in bullets_of(comparisons(found)) if n.startswith("no difference")] == notes
    return notes


def test_a_row_without_a_score_is_named_with_what_became_of_its_runs(tmp_path: Path) -> None:
    ends: dict[tuple[str, str], list[Wanted]] = {
        ("rte", "vanilla"): [0.6, 0.7, 0.8],
        ("rte", "dps-mix"): ["diverged", "diverged", "diverged"],
        ("rte", "mixout"): [None, None, None],
        ("rte", "bitfit"): ["oom", "timeout", None],
        ("rte", "llrd"): ["oom", "error", None],
        ("rte", "r3f"): [0.6, 0.8, 0.7],
    }
    found = findings(tmp_path, ends)
    assert reasons(found) == [
        "no difference, for the method has no score (3 diverged): tiny, dps-mix (rte).",
        "no difference, for the method has no score (3 missing): tiny, mixout (rte).",
        (
            "no difference, for the method has no score (2 errors, 1 missing): "
            "tiny, bitfit (rte); tiny, llrd (rte)."
        ),
    ]
    lines = {line["method"]: line for line in pipe_lines(sections(comparisons(found))["Stability"])}
    assert lines.keys() == {"dps-mix", "r3f"}, "that all diverged says something of the method"
    assert (lines["dps-mix"]["sd"], lines["dps-mix"]["lost"]) == ("—", "3 of 3")


def test_only_the_tasks_without_a_score_are_named(tmp_path: Path) -> None:
    ends: dict[tuple[str, str], list[Wanted]] = {
        ("rte", "vanilla"): [0.6],
        ("mrpc", "vanilla"): [0.6],
        ("rte", "dps-mix"): [0.7],
        ("mrpc", "dps-mix"): ["error"],
        ("rte", "mixout"): [0.7],
    }
    assert reasons(findings(tmp_path, ends)) == [
        "no difference, for the method has no score (1 error): tiny, dps-mix (mrpc)."
    ], "mixout has no runs of mrpc in the grid"


def test_a_reference_without_a_score_is_what_is_lacking(tmp_path: Path) -> None:
    ends: dict[tuple[str, str], list[Wanted]] = {
        ("rte", "vanilla"): ["error", "oom", "error"],
        ("rte", "dps-mix"): [0.7, 0.8, 0.9],
        ("rte", "mixout"): ["diverged"] * 3,
        ("mrpc", "mixout"): [0.7],
    }
    found = findings(tmp_path, ends)
    text = comparisons(found)
    assert "No row can be compared with its reference" in text
    assert "No row has another" not in text
    assert reasons(found) == [
        "no difference, for the reference vanilla has no score (3 errors): tiny, dps-mix (rte).",
        (
            "no difference, for the method has no score (3 diverged) and the reference vanilla "
            "has no score (3 errors): tiny, mixout (rte)."
        ),
        "no difference, for the reference vanilla has no such task: tiny, mixout (mrpc).",
    ]


def test_a_row_alone_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    found = findings(tmp_path, {("rte", "vanilla"): [0.6, 0.7]})
    assert "No row has another to be compared with." in comparisons(found)
    assert reasons(found) == []


def test_where_no_comparison_has_a_difference_there_is_no_empty_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = findings(tmp_path, {("rte", "vanilla"): [0.6], ("rte", "dps-mix"): ["diverged"]})
    differences = sections(comparisons(found))["Differences"]
    assert "|" not in differences
    assert "No row can be compared with its reference" in differences
    assert pipe_lines(sections(comparisons(found))["Stability"])
    print_comparisons(found)
    printed = capsys.readouterr().out
    assert "difference of means" not in printed
    assert "no difference, for the method has no score (1 diverged)" in printed
