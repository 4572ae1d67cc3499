"""A large table is laid out without rich, and looks the same."""

from __future__ import annotations

import io

import pytest
from rich.box import SIMPLE_HEAD
from rich.table import Table

from dpsrun.report.terminal import console, print_table

HEADER = ("run", "méthod", "x")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [("", "", "")],
        [("rte", "dps-mix[p=0.3]", ":smile:"), ("a longer one", "b", "")],
        [("日本", "wide", "e\u0301"), (" led", "trailed ", "±")],
        [("two\nlines", "a\ttab", "\x1b[1mbold")],
        [("wider than any terminal " * 500, "", "")],
    ],
    ids=["none", "empty", "plain", "wide", "control", "broken"],
)
def test_a_table_is_what_rich_would_print(
    lines: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(*HEADER, box=SIMPLE_HEAD)
    for line in lines:
        table.add_row(*line)
    console().print("title", style="bold", soft_wrap=True)
    console().print(table)
    expected = capsys.readouterr().out
    print_table("title", HEADER, lines)
    assert capsys.readouterr().out == expected


def test_a_terminal_gets_a_bold_head_and_what_it_has_no_room_for_in_several_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    for name, value in {"TERM": "xterm", "COLUMNS": "30", "LINES": "9"}.items():
        monkeypatch.setenv(name, value)
    print_table("title", HEADER, [("rte", "vanilla", "1")])
    print_table("title", HEADER, [("rte", "vanilla " * 8, "1")])
    fits, broken = shown.getvalue().split("title")[1:]
    assert "\x1b[1m  run   méthod    x  \x1b[0m\n" in fits
    assert "\n  rte   vanilla   1  \n" in fits
    assert broken.count("vanilla") == 8
    assert max(len(line) for line in broken.splitlines() if "\x1b" not in line) <= 30
