"""Reads back what a report writes, each format by its own rules."""

from __future__ import annotations

import csv
import io
import re

COMMANDS = {
    r"\textbf": "*",
    r"\underline": "_",
    r"\scriptsize": "",
    r"\textbackslash": "\\",
    r"\textasciitilde": "~",
    r"\textasciicircum": "^",
    r"\textless": "<",
    r"\textgreater": ">",
    r"\textbar": "|",
}
MATH = {r"\pm": "±", r"\dagger": "†", r"\rightarrow": "→"}


def csv_lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def sections(text: str) -> dict[str, str]:
    """Split a Markdown document at its headings of the second level."""
    return dict(part.split("\n\n", 1) for part in text.split("\n## ")[1:])


def pipe_lines(text: str) -> list[dict[str, str]]:
    """Read the one table of a piece of Markdown: heading -> cell, all headings being different."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    header, rule, *rows = (re.split(r" (?<!\\)\| ", line[2:-2]) for line in lines)
    assert set(rule) == {"---"}
    assert len(set(header)) == len(header) == len(rule)
    cells = ([cell.replace(r"\|", "|") for cell in row] for row in rows)
    return [dict(zip(header, row, strict=True)) for row in cells]


def bullets_of(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("- ")]


def printed_lines(text: str, title: str) -> list[dict[str, str]]:
    """Read a table of a terminal by its title, or its beginning."""
    block = re.split(rf"^{re.escape(title)}.*\n *\n", text, flags=re.MULTILINE)[1]
    header, _, *rows = re.split(r"\n *\n", block, maxsplit=1)[0].splitlines()
    headings = re.split(" {3,}", header.strip())
    return [dict(zip(headings, re.split(" {3,}", row.strip()), strict=True)) for row in rows]


def typeset(text: str) -> str:
    """Give what LaTeX prints of a line, with `*` before bold and `_` before underlined numbers.

    Fails for what LaTeX would not take, or would take for something else than text.
    """
    printed, depth, math = "", 0, False
    for part in re.findall(r"\\[A-Za-z]+ *|\\.|.", text):
        command = part.strip()
        if part in {"{", "}"}:
            depth += {"{": 1, "}": -1}[part]
            assert depth >= 0, text
        elif part == "$":
            math = not math
        elif command in COMMANDS or command in MATH:
            assert math == (command in MATH), text
            printed += (COMMANDS | MATH)[command]
        elif part[0] == "\\":
            assert part[1] in "&%$#_{}", text
            printed += part[1]
        else:
            assert part not in "&%#<>|_" + "^" * (not math), text
            printed += part.replace("~", " ").replace("^", "")
    assert (depth, math) == (0, False), text
    return printed


def latex_lines(text: str) -> list[list[str]]:
    """Read the lines of a LaTeX table as they are printed; all have as many cells as the head."""
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    assert re.findall(r"\\end\{(\w+)\}", text) == begun[::-1] == ["tabular", "table"]
    table = re.search(r"\\begin\{tabular\}\{(lc*)\}\n(.*)\\end\{tabular\}", text, re.DOTALL)
    assert table, text
    columns, inner = table.groups()
    lines = []
    for line in inner.splitlines():
        if line in {r"\toprule", r"\midrule", r"\bottomrule"}:
            continue
        assert line.endswith(r" \\"), line
        assert not line.startswith(("[", "*")), "an option of the command before"
        cells = re.split(r" (?<!\\)& ", line[:-3])
        across = re.fullmatch(r"\\multicolumn\{(\d+)\}\{l\}(\{.*\})", line[:-3])
        assert (int(across[1]) if across else len(cells)) == len(columns), line
        lines.append([typeset(across[2])] if across else [typeset(cell) for cell in cells])
    return lines
