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


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def narrow(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal of 30 columns in the place of standard output."""
    shown = Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    for name, value in {"TERM": "xterm", "COLUMNS": "30", "LINES": "9"}.items():
        monkeypatch.setenv(name, value)
    return shown


def rows_of(shown: Terminal) -> list[str]:
    """Give the lines below the head of a table."""
    return [line.rstrip() for line in shown.getvalue().split("─ \n")[-1].splitlines()]


def test_a_terminal_gets_a_bold_head_and_what_it_has_no_room_for_in_several_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = narrow(monkeypatch)
    print_table("title", HEADER, [("rte", "vanilla", "1")])
    print_table("title", HEADER, [("rte", "vanilla " * 8, "1")])
    fits, broken = terminal.getvalue().split("title")[1:]
    assert "\x1b[1m  run   méthod    x  \x1b[0m\n" in fits
    assert "\n  rte   vanilla   1  \n" in fits
    assert broken.count("vanilla") == 8
    assert max(len(line) for line in broken.splitlines() if "\x1b" not in line) <= 30


def test_names_and_marks_stay_whole_as_long_as_numbers_can_give_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = narrow(monkeypatch)
    lines = [
        ("llrd+dps-dense †", "+47.5 [+25.2, +69.8]"),
        ("child-tuning-f", "+1.4 [-3.4, +6.1]"),
        ("child-tuning-d", "+1.8 [-4.4, +8.0]"),
    ]
    print_table("title", ("method", "rte"), lines)
    assert [line.split("   ")[0].strip() for line in rows_of(terminal) if line[2:3].strip()] == [
        "llrd+dps-dense",
        "†",
        "child-tuning-f",
        "child-tuning-d",
    ]
    assert {"[+25.2,", "+69.8]"} <= set(terminal.getvalue().split())


def test_what_no_line_has_room_for_is_broken_and_never_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = narrow(monkeypatch)
    name = "vanilla-no-dropout-and-many-more-words"
    print_table("title", ("method", *"abcd"), [(f"{name} †", *["73.6"] * 4)])
    columns = zip(*(line.ljust(30) for line in rows_of(terminal)), strict=True)
    words = "".join("".join(column) for column in columns).replace(" ", "")
    assert sorted(words) == sorted(f"{name}†{'73.6' * 4}")
    assert "…" not in terminal.getvalue()
