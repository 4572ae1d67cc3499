"""Tasks that a grid file declares, on files of one's own."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dpsrun.errors import UserError
from dpsrun.tasks.declared import declaration, restore
from dpsrun.tasks.source import TaskFiles, locate
from dpsrun.tasks.task import OWN, Task
from tests.tasks.hub_layout import examples, write, write_lines

MOOD = Task(
    name="mood",
    family=OWN,
    config="mood",
    summary="declared in the grid file",
    text=("text",),
    labels=("bad", "good"),
    aliases={"fine": "good"},
)
SCORED = replace(MOOD, labels=(), aliases={}, scale=(1.0, 5.0))
ROWS = [("Oh no.", 0), ('A "great", fine day', 1), ("Café ☀", 1)]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def found(
    path: Path, cache: Path, *, task: Task = MOOD, split: str = "train"
) -> list[tuple[Any, ...]]:
    own = replace(task, files={split: str(path)})
    return examples(own, locate(own, None, cache=cache, splits=(split,)), split)


def refused(path: Path, cache: Path, *, task: Task = MOOD, split: str = "train") -> str:
    with pytest.raises(UserError) as caught:
        found(path, cache, task=task, split=split)
    return str(caught.value)


# formats


CSV = 'id,text,label\n1,Oh no.,bad\n2,"A ""great"", fine day",fine\n\n3,Café ☀,1\n\n'
TSV = 'text\tlabel\nOh no.\tbad\nA "great", fine day\tgood\nCafé ☀\tgood\n'
JSON = "".join(
    json.dumps({"label": label, "text": text}, ensure_ascii=False) + "\n"
    for (text, _), label in zip(ROWS, ["bad", 1, "fine"], strict=True)
)
TEXTS = {
    "a.csv": CSV,
    "with a mark of byte order.csv": "\ufeff" + CSV,
    "of Windows.csv": CSV.replace("\n", "\r\n"),
    "a.tsv": TSV,
    "a.txt": TSV,
    "a.jsonl": JSON,
    "a.ndjson": JSON + "\n",
    "a.json": JSON,
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_suffix_says_how_a_file_is_read(name: str, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TEXTS[name].encode())
    assert found(path, cache) == ROWS


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_text_files_may_be_compressed(name: str, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(TEXTS[name].encode()))
    assert found(path, cache) == ROWS


def test_parquet_may_have_words_or_numbers_for_classes(tmp_path: Path, cache: Path) -> None:
    texts = [text for text, _ in ROWS]
    words = write(tmp_path / "words.parquet", {"text": texts, "label": ["bad", "fine", "good"]})
    numbers = write(tmp_path / "numbers.parquet", {"label": [0, 1, 1], "text": texts})
    assert found(words, cache) == found(numbers, cache) == ROWS


def test_fields_of_tab_separated_files_are_quoted_where_that_is_declared(
    tmp_path: Path, cache: Path
) -> None:
    path = write_lines(tmp_path / "a.tsv", "text\tlabel", '"two\nlines"\tgood')
    assert found(path, cache, task=replace(MOOD, quoted=True)) == [("two\nlines", 1)]


def test_columns_have_the_names_that_are_declared(tmp_path: Path, cache: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "mood,first,second", "good,A,B")
    pair = replace(MOOD, text=("first", "second"), label="mood")
    assert found(path, cache, task=pair) == [("A", "B", 1)]


def test_classes_that_are_called_by_numbers_are_not_taken_for_their_places(
    tmp_path: Path, cache: Path
) -> None:
    stars = replace(MOOD, labels=("1", "2", "3"), aliases={})
    path = write_lines(tmp_path / "a.csv", "text,label", "A,1", "B,3")
    assert found(path, cache, task=stars) == [("A", 0), ("B", 2)]
    path = write_lines(tmp_path / "b.csv", "text,label", "A,0")
    assert "'0' is no class; choose one of: 1, 2, 3" in refused(path, cache, task=stars)


def test_scores_are_read_as_numbers(tmp_path: Path, cache: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label", "A,1", "B, 4.5")
    assert found(path, cache, task=SCORED) == [("A", 1.0), ("B", 4.5)]


@pytest.mark.parametrize("lines", [("text", "A"), ("text,label", "A,"), ("text,label", "A,-1")])
@pytest.mark.parametrize("task", [MOOD, SCORED])
def test_only_a_test_split_may_hide_its_labels(
    lines: tuple[str, ...], task: Task, tmp_path: Path, cache: Path
) -> None:
    path = write_lines(tmp_path / "a.csv", *lines)
    assert found(path, cache, task=task, split="test") == [("A", -1)]
    said = refused(path, cache, task=task, split="validation")
    assert "'label': the label is missing" in said or "'label': no such column" in said


def test_a_json_file_has_labels_on_all_lines_or_on_none(tmp_path: Path, cache: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", '{"text": "A"}', '{"text": "B", "label": "good"}')
    said = refused(path, cache, split="test")
    assert said == f"mood: {path}, line 2: has 'label', which the first line lacks"


# faults


FAULTS: dict[str, tuple[Task, str, str, str]] = {
    "an unknown class": (
        MOOD,
        "a.csv",
        'text,label\n"two\nlines",bad\nA,god\nB,god\n',
        "line 4, column 'label': 'god' is no class; did you mean 'good'? (2 such rows)",
    ),
    "a missing label": (
        MOOD,
        "a.csv",
        "text,label\nA,good\nB,\n",
        "line 3, column 'label': the label is missing",
    ),
    "a column of another name": (
        MOOD,
        "a.tsv",
        "texts\tlabel\nA\tgood\n",
        "column 'text': no such column; did you mean 'texts'?",
    ),
    "an empty text": (
        MOOD,
        "a.csv",
        "text,label\nA,good\n ,bad\n",
        "line 3, column 'text': the text is empty",
    ),
    "two columns of one name": (
        MOOD,
        "a.csv",
        "text,label,text\nA,good,B\n",
        "two columns are called 'text'",
    ),
    "a text that is cut at its comma": (
        MOOD,
        "a.csv",
        "text,label\nA, B,good\n",
        "line 2: 3 fields, where the header has 2; quote a text that holds the delimiter",
    ),
    "a quotation mark that is never closed": (
        MOOD,
        "a.csv",
        'text,label\nA,good\n"B,bad\nC,bad\n',
        "line 3: unexpected end of data",
    ),
    "a line that is no JSON": (
        MOOD,
        "a.jsonl",
        '{"text": "A", "label": 1}\n{"text": "A"\n',
        "line 2: no JSON object: Expecting ',' delimiter",
    ),
    "a JSON list": (
        MOOD,
        "a.json",
        '[{"text": "A", "label": 1}]\n',
        "line 1: expected one JSON object a line, found a list",
    ),
    "a text that is a number": (
        MOOD,
        "a.jsonl",
        '{"text": "A", "label": 1}\n{"text": 7, "label": 1}\n',
        "line 2, column 'text': expected a text, found 7",
    ),
    "a key that is missing once": (
        MOOD,
        "a.jsonl",
        '{"text": "A", "label": 1}\n{"label": 1}\n',
        "line 2, column 'text': the text is empty",
    ),
    "an empty file": (MOOD, "a.csv", "", "column 'text': no such column; the file is empty"),
    "a score beyond the scale": (
        SCORED,
        "a.csv",
        "text,label\nA,1\nB,5.5\nC,nan\n",
        "line 3, column 'label': expected a score from 1 to 5, found '5.5' (2 such rows)",
    ),
    "a score in words": (
        SCORED,
        "a.csv",
        "text,label\nA,high\n",
        "line 2, column 'label': expected a score from 1 to 5, found 'high'",
    ),
    "a file of another kind": (
        MOOD,
        "a.cvs",
        "text,label\nA,good\n",
        "files of this kind are not read; did you mean '.csv'?",
    ),
    "a Parquet file that is none": (
        MOOD,
        "a.parquet",
        "PAR1 or not",
        "no readable Parquet file: ",
    ),
    "a compressed file that is none": (MOOD, "a.csv.gz", "text,label\n", "damaged gzip file: "),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_with_file_line_and_column(case: str, tmp_path: Path, cache: Path) -> None:
    task, name, content, what = FAULTS[case]
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    said = refused(path, cache, task=task)
    assert said.startswith(f"mood: {path}, {what}")
    assert said.endswith(what) or what.endswith(": ")


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path, cache: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label", "A,good", "Café,bad", encoding="latin-1")
    said = f"mood: {path}, line 3: byte 0xe9 is not UTF-8; save the file as UTF-8"
    assert refused(path, cache) == said


def test_a_file_without_examples_is_named(tmp_path: Path, cache: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label")
    assert refused(path, cache) == f"mood: no train examples in {path}"


def test_a_faulty_file_leaves_nothing_behind(tmp_path: Path, cache: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label", "A,god")
    refused(path, cache)
    assert list((cache / "converted").iterdir()) == []


# what identifies it


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Two files of one name, in two folders."""
    contents = {"train": "A,good", "validation": "B,bad"}
    return {
        split: str(write_lines(tmp_path / split / "a.csv", "text,label", line))
        for split, line in contents.items()
    }


def located(cache: Path, files: dict[str, str], **changes: Any) -> TaskFiles:
    return locate(replace(MOOD, files=files, **changes), None, cache=cache)


def test_examples_and_classes_are_counted(files: dict[str, str], cache: Path) -> None:
    own = located(cache, files)
    assert (own.examples, own.classes) == ({"train": 1, "validation": 1}, {1: 1})


def test_other_contents_and_another_declaration_are_other_data(
    files: dict[str, str], cache: Path
) -> None:
    swapped = {"train": files["validation"], "validation": files["train"]}
    each = [
        located(cache, files),
        located(cache, swapped),
        located(cache, files, labels=("good", "bad")),
        located(cache, files, metrics=("accuracy", "f1")),
        located(cache, files, name="humour"),
    ]
    assert len({one.fingerprint for one in each}) == len(each)


def test_the_same_files_elsewhere_are_the_same_data(
    files: dict[str, str], tmp_path: Path, cache: Path
) -> None:
    first = located(cache, files).fingerprint
    moved = {split: tmp_path / "elsewhere" / split / "a.csv" for split in files}
    for split, path in moved.items():
        write_lines(path).write_bytes(Path(files[split]).read_bytes())
    elsewhere = {split: str(path) for split, path in moved.items()}
    assert located(cache, elsewhere).fingerprint == first


def test_what_is_converted_is_not_converted_again(files: dict[str, str], cache: Path) -> None:
    first = located(cache, files)
    stamps = {path: path.stat().st_mtime_ns for paths in first.splits.values() for path in paths}
    again = located(cache, files)
    assert again == first
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


# safety, and the way to the workers


def test_names_in_the_data_lead_nowhere_outside_the_cache(tmp_path: Path, cache: Path) -> None:
    place = tmp_path / "data"
    evil = "../../evil"
    path = write_lines(place / "..evil..csv", f"{evil},label", f"{evil},{evil}")
    before = sorted(tmp_path.rglob("*"))
    task = replace(MOOD, name=evil, config=evil, text=(evil,), labels=(evil, "good"), aliases={})
    assert found(path, cache, task=task) == [(evil, 0)]
    after = [each for each in tmp_path.rglob("*") if not each.is_relative_to(cache)]
    assert sorted(after) == before
    assert {each.name for each in cache.rglob("*.parquet")} == {"train.parquet"}


def test_a_declaration_is_json_says_no_path_and_makes_the_same_task_again(
    files: dict[str, str],
) -> None:
    task = replace(MOOD, files=files, scale=(1.0, 7.0), quoted=True)
    declared = json.loads(json.dumps(declaration(task)))
    assert "files" not in declared
    assert restore(declared) == replace(task, files={})
