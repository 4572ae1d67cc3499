"""Data sets in the files that their authors publish, with the quirks of the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dpsrun.errors import UserError
from dpsrun.tasks.registry import find
from dpsrun.tasks.rows import read
from dpsrun.tasks.source import locate
from tests.places import SHARED
from tests.tasks.hub_layout import examples, write, write_lines

MRPC = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "glue_data"


def rows(name: str, place: Path, cache: Path, split: str = "train") -> list[tuple[Any, ...]]:
    files = locate(find(name), str(place), cache=cache, splits=(split,))
    return examples(find(name), files, split)


# GLUE


def test_colas_training_file_has_no_header_and_its_test_file_has_one(
    data: Path, cache: Path
) -> None:
    write_lines(data / "CoLA/train.tsv", "gj04\t1\t\tWe won.", 'gj04\t0\t*\t"One more')
    write_lines(data / "CoLA/test.tsv", "index\tsentence", "0\tBill whistled.")
    assert rows("cola", data, cache) == [("We won.", 1), ('"One more', 0)]
    assert rows("cola", data, cache, "test") == [("Bill whistled.", -1)]


def test_mrpc_has_a_mark_of_byte_order_and_unbalanced_quotation_marks(
    data: Path, cache: Path
) -> None:
    lines = (MRPC, '1\t10\t11\tHe said "no.\tHe refused.', "0\t12\t13\tA \u2028 B.\tC.", "")
    write_lines(data / "MRPC/train.tsv", *lines, end="\r\n", encoding="utf-8-sig")
    write_lines(data / "MRPC/test.tsv", MRPC.replace("Quality", "index"), "0\t1\t2\tD.\tE.")
    first, second = rows("mrpc", data, cache)
    assert first == ('He said "no.', "He refused.", 1)
    assert second == ("A \u2028 B.", "C.", 0)
    assert rows("mrpc", data, cache, "test") == [("D.", "E.", -1)]


def test_mrpcs_raw_file_is_divided_by_the_list_of_validation_pairs(data: Path, cache: Path) -> None:
    for part, labels in (("train", "10"), ("test", "11")):
        lines = [f"{label}\t{row}\t9\tA{row}\tB{row}" for row, label in enumerate(labels)]
        write_lines(data / f"MRPC/msr_paraphrase_{part}.txt", MRPC, *lines, encoding="utf-8-sig")
    with pytest.raises(UserError, match=r"goes with dev_ids.tsv, which is not beside it"):
        rows("mrpc", data, cache)
    write_lines(data / "MRPC/dev_ids.tsv", "1\t9")
    assert rows("mrpc", data, cache, "train") == [("A0", "B0", 1)]
    assert rows("mrpc", data, cache, "validation") == [("A1", "B1", 0)]
    assert rows("mrpc", data, cache, "test") == [("A0", "B0", 1), ("A1", "B1", 1)]


def test_rows_of_qqp_that_lack_something_are_left_out(data: Path, cache: Path) -> None:
    header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
    whole, empty = "1\t2\t3\tWhy?\tHow?\t0", "4\t5\t6\tWhat?\t\t1"
    write_lines(data / "QQP/train.tsv", header, whole, "7\t8\t9\tbroken", "1\t2\t3\tA\tB\t", empty)
    assert rows("qqp", data, cache) == [("Why?", "How?", 0), ("What?", "", 1)]


def test_the_test_scores_of_stsb_are_hidden(data: Path, cache: Path) -> None:
    write_lines(data / "STS-B/train.tsv", "index\tsentence1\tsentence2\tscore", "0\tA.\tB.\t3.800")
    write_lines(data / "STS-B/test.tsv", "index\tsentence1\tsentence2", "0\tC.\tD.")
    assert rows("stsb", data, cache) == [("A.", "B.", pytest.approx(3.8))]
    assert rows("stsb", data, cache, "test") == [("C.", "D.", -1.0)]


def test_mnli_has_five_files(data: Path, cache: Path) -> None:
    names = ("dev_matched", "dev_mismatched", "train")
    for name in names:
        lines = (
            "index\tsentence1\tsentence2\tlabel1\tgold_label",
            f"0\tA.\t{name}\tneutral\tneutral",
        )
        write_lines(data / f"MNLI/{name}.tsv", *lines)
    for name in ("test_matched", "test_mismatched"):
        write_lines(data / f"MNLI/{name}.tsv", "index\tsentence1\tsentence2", f"0\tA.\t{name}")
    files = locate(find("mnli"), str(data), cache=cache)
    assert files.examples == dict.fromkeys(find("mnli").splits, 1)
    assert rows("mnli", data, cache, "validation_matched") == [("A.", "dev_matched", 1)]
    assert rows("mnli", data, cache, "test_mismatched") == [("A.", "test_mismatched", -1)]


@pytest.mark.parametrize("name", ["diagnostic/diagnostic.tsv", "AX/AX.tsv", "MNLI/diagnostic.tsv"])
def test_the_diagnostic_set_has_only_hidden_labels(name: str, data: Path, cache: Path) -> None:
    write_lines(data / name, "index\tsentence1\tsentence2", "0\tA cat sat.\tA cat did not sit.")
    assert rows("ax", data, cache, "test") == [("A cat sat.", "A cat did not sit.", -1)]


def test_a_missing_file_is_answered_with_its_names(data: Path, cache: Path) -> None:
    write_lines(data / "RTE/train.tsv", "index\tsentence1\tsentence2\tlabel", "0\tA\tB\tentailment")
    with pytest.raises(UserError, match=r"rte: no validation-\*.parquet or dev.tsv in .*RTE; "):
        locate(find("rte"), str(data), cache=cache)


def test_another_label_is_named_with_its_line(data: Path, cache: Path) -> None:
    header = "index\tquestion\tsentence\tlabel"
    write_lines(data / "QNLI/train.tsv", header, "", "0\tWho?\tHe.\tentailed")
    with pytest.raises(UserError, match=r"QNLI/train.tsv, line 3, column 'label': 'entailed' is"):
        rows("qnli", data, cache)


HEADERS = {
    "cola": "",
    "mrpc": MRPC,
    "rte": "index\tsentence1\tsentence2\tlabel",
    "sst2": "sentence\tlabel",
    "stsb": "index\tsentence1\tsentence2\tscore",
    "wnli": "index\tsentence1\tsentence2\tlabel",
}
FOLDERS = {"cola": "CoLA", "mrpc": "MRPC", "sst2": "SST-2", "stsb": "STS-B"}


def published(name: str, row: tuple[Any, ...]) -> str:
    """Write an example as the authors of the task do."""
    *texts, label = row
    match name:
        case "cola":
            fields = ["gj04", label, "", *texts]
        case "mrpc":
            fields = [label, 1, 2, *texts]
        case "sst2":
            fields = [*texts, label]
        case "rte":
            fields = [0, *texts, find("rte").labels[label]]
        case _:
            fields = [0, *texts, label]
    return "\t".join(map(str, fields))


@pytest.mark.skipif(not (SHARED / "glue").is_dir(), reason="needs the GLUE copy")
@pytest.mark.parametrize("name", HEADERS)
def test_real_glue_is_the_same_in_the_authors_files_and_in_the_hubs(
    name: str, data: Path, cache: Path
) -> None:
    task = find(name)
    hub = locate(task, str(SHARED / "glue"), cache=cache)
    for split, file in (("train", "train"), ("validation", "dev")):
        lines = [published(name, row) for row in examples(task, hub, split)]
        header = [HEADERS[name]] if HEADERS[name] else []
        write_lines(data / FOLDERS.get(name, name.upper()) / f"{file}.tsv", *header, *lines)
    own = locate(task, str(data), cache=cache)
    assert (own.examples, own.classes) == (hub.examples, hub.classes)
    for split in task.splits:
        assert examples(task, own, split) == examples(task, hub, split)


# inference sets


def jsonl(path: Path, *objects: dict[str, Any]) -> Path:
    return write_lines(path, *map(json.dumps, objects))


def test_pairs_of_snli_without_an_agreed_label_are_left_out_and_the_rest_keep_their_rows(
    tmp_path: Path, cache: Path
) -> None:
    pairs = [
        {"gold_label": label, "sentence1": f"A{row}", "sentence2": "B"}
        for row, label in enumerate(["-", "neutral", "contradiction"])
    ]
    jsonl(tmp_path / "snli_1.0/snli_1.0_train.jsonl", *pairs)
    files = locate(find("snli"), str(tmp_path), cache=cache, splits=("train",))
    assert files.examples == {"train": 2}
    found = read(find("snli"), files.splits["train"])
    assert (found.texts[0], found.index.tolist()) == (["A1", "A2"], [1, 2])
    assert found.labels.tolist() == [1, 2]


def test_snli_may_be_tab_separated(tmp_path: Path, cache: Path) -> None:
    lines = ("gold_label\tsentence1\tsentence2\tlabel1", 'entailment\tA "man\tB\tentailment')
    write_lines(tmp_path / "snli_1.0_dev.txt", *lines)
    assert rows("snli", tmp_path, cache, "validation") == [('A "man', "B", 0)]


@pytest.mark.parametrize("inside", ["", "SICK", "sick"])
def test_sick_in_one_file_names_the_split_of_each_pair(
    inside: str, tmp_path: Path, cache: Path
) -> None:
    lines = [
        "pair_ID\tsentence_A\tsentence_B\tentailment_label\trelatedness_score\tSemEval_set",
        "1\tA\tB\tNEUTRAL\t4.5\tTRAIN",
        "2\tC\tD\tENTAILMENT\t4.7\tTRIAL",
        "3\tE\tF\tCONTRADICTION\t3.6\tTEST",
    ]
    write_lines(tmp_path / inside / "SICK.txt", *lines, end="\r\n")
    assert rows("sick", tmp_path, cache, "train") == [("A", "B", 1)]
    assert rows("sick", tmp_path, cache, "validation") == [("C", "D", 0)]
    assert rows("sick", tmp_path, cache, "test") == [("E", "F", 2)]


def test_sick_in_the_files_of_semeval(tmp_path: Path, cache: Path) -> None:
    header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment"
    write_lines(tmp_path / "SICK_test_annotated.txt", header, "1\tA\tB\t3.3\tNEUTRAL")
    assert rows("sick", tmp_path, cache, "test") == [("A", "B", 1)]


@pytest.mark.skipif(not (SHARED / "ood/sick").is_dir(), reason="needs the SICK copy")
@pytest.mark.parametrize("place", [SHARED / "ood", SHARED / "ood/sick"])
def test_real_sick_has_its_known_sizes_and_labels(place: Path, cache: Path) -> None:
    wanted = ("train", "validation", "test")
    files = locate(find("sick"), str(place), cache=cache, splits=wanted)
    assert files.examples == {"train": 4500, "validation": 500, "test": 4927}
    assert {row[-1] for row in examples(find("sick"), files, "test")} == {0, 1, 2}


def test_scitail_is_read_as_json_lines_or_as_tab_separated(tmp_path: Path, cache: Path) -> None:
    pairs = [
        {"sentence1": "A", "sentence2": "B", "gold_label": label}
        for label in ("entailment", "neutral")
    ]
    jsonl(tmp_path / "one/SciTailV1.1/snli_format/scitail_1.0_train.txt", *pairs)
    tsv = tmp_path / "other/SciTailV1.1/tsv_format/scitail_1.0_train.tsv"
    write_lines(tsv, '"A\tB\tentails', "A\tB\tneutral")
    assert rows("scitail", tmp_path / "one", cache) == [("A", "B", 0), ("A", "B", 1)]
    assert rows("scitail", tmp_path / "other", cache) == [('"A', "B", 0), ("A", "B", 1)]


def test_scitail_of_the_hub_has_a_label_column_of_its_own_name(tmp_path: Path, cache: Path) -> None:
    columns = {"sentence1": ["A"], "sentence2": ["B"], "gold_label": ["neutral"]}
    write(tmp_path / "snli_format/train-00000-of-00001.parquet", columns)
    assert rows("scitail", tmp_path, cache) == [("A", "B", 1)]


@pytest.mark.parametrize("kind", [".txt", ".jsonl"])
def test_hans_is_read_in_both_of_its_forms(kind: str, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / f"heuristics_evaluation_set{kind}"
    if kind == ".jsonl":
        jsonl(path, {"gold_label": "non-entailment", "sentence1": "A", "sentence2": "B"})
    else:
        write_lines(path, "gold_label\tsentence1\tsentence2", "non-entailment\tA\tB")
    assert rows("hans", tmp_path, cache, "validation") == [("A", "B", 1)]
