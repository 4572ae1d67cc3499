from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dpsrun.errors import UserError
from dpsrun.tasks.registry import find
from dpsrun.tasks.source import TaskFiles, locate
from tests.places import SHARED
from tests.tasks.hub_layout import RTE, STSB, examples, write, write_task

GLUE = SHARED / "glue"
TRAIN = "rte/train-00000-of-00001.parquet"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_task(tmp_path / "data", "rte", RTE)
    return write_task(tmp_path / "data", "stsb", STSB)


def refused(name: str, place: Path | str | None, cache: Path) -> str:
    with pytest.raises(UserError) as caught:
        locate(find(name), None if place is None else str(place), cache=cache)
    return str(caught.value)


def rte(place: Path, cache: Path) -> TaskFiles:
    return locate(find("rte"), str(place), cache=cache)


# what is found


def test_a_local_folder_in_the_hubs_layout_is_found_and_counted(data: Path, cache: Path) -> None:
    found = rte(data, cache)
    assert found.splits["train"] == (data / TRAIN,)
    assert found.examples == {"train": 4, "validation": 4}
    assert found.train_examples == 4


def test_test_splits_are_found_if_they_are_there_and_may_hide_their_labels(
    data: Path, cache: Path
) -> None:
    assert "test" not in rte(data, cache).splits
    hidden = write(data / "rte/test.parquet", RTE | {"label": [-1] * 4})
    assert rte(data, cache).splits["test"] == (hidden,)


def test_plain_names_do_as_well_as_numbered_ones(tmp_path: Path, cache: Path) -> None:
    for split in ("train", "validation"):
        write(tmp_path / f"rte/{split}.parquet", RTE)
    assert rte(tmp_path, cache).train_examples == 4


def test_shards_are_put_in_order_and_counted_together(data: Path, cache: Path) -> None:
    (data / TRAIN).unlink()
    shards = [data / f"rte/train-0000{i}-of-00003.parquet" for i in (2, 0, 1)]
    for shard in shards:
        write(shard, RTE)
    found = rte(data, cache)
    assert found.splits["train"] == tuple(sorted(shards))
    assert found.train_examples == 12


def test_mnli_needs_both_of_its_validation_splits(tmp_path: Path, cache: Path) -> None:
    rows = {"premise": ["A."], "hypothesis": ["B."], "label": [2]}
    for split in ("train", "validation_matched", "validation_mismatched"):
        write(tmp_path / f"mnli/{split}.parquet", rows)
    found = locate(find("mnli"), str(tmp_path), cache=cache)
    assert found.examples == {
        "train": 1,
        "validation_matched": 1,
        "validation_mismatched": 1,
    }
    (tmp_path / "mnli/validation_mismatched.parquet").unlink()
    assert "no validation_mismatched-*.parquet" in refused("mnli", tmp_path, cache)


@pytest.mark.skipif(not GLUE.is_dir(), reason="needs the GLUE copy beside the checkout")
@pytest.mark.parametrize(
    ("name", "train", "validation"),
    [
        ("cola", 8551, 1043),
        ("mrpc", 3668, 408),
        ("rte", 2490, 277),
        ("stsb", 5749, 1500),
        ("sst2", 67349, 872),
        ("wnli", 635, 71),
    ],
)
def test_real_glue_has_its_known_sizes(name: str, train: int, validation: int, cache: Path) -> None:
    found = locate(find(name), str(GLUE), cache=cache)
    assert found.examples == {"train": train, "validation": validation}


def test_the_training_examples_of_each_class_are_counted(data: Path, cache: Path) -> None:
    write(data / TRAIN, RTE | {"label": [1, 1, 1, 0]})
    assert rte(data, cache).classes == {0: 1, 1: 3}
    assert locate(find("stsb"), str(data), cache=cache).classes == {}


def test_classes_may_be_named_in_words(data: Path, cache: Path) -> None:
    words = ["entailment", "not_entailment", "0", "1"]
    write(data / TRAIN, RTE | {"label": words})
    found = rte(data, cache)
    assert [row[-1] for row in examples(find("rte"), found, "train")] == [0, 1, 0, 1]
    assert found.classes == {0: 2, 1: 2}


def test_a_word_that_is_no_class_is_answered_with_the_nearest(data: Path, cache: Path) -> None:
    write(data / TRAIN, RTE | {"label": ["entailment", "no_entailment", "no_entailment", "1"]})
    assert refused("rte", data, cache) == (
        f"rte: {data / TRAIN}, row 1, column 'label': 'no_entailment' is no class; "
        "did you mean 'not_entailment'? (2 such rows)"
    )


# the splits that are asked for


def test_only_the_splits_that_are_asked_for_must_be_there(data: Path, cache: Path) -> None:
    for split in ("train", "validation"):
        (data / f"rte/{split}-00000-of-00001.parquet").unlink()
    write(data / "rte/test.parquet", RTE)
    found = locate(find("rte"), str(data), cache=cache, splits=("test",))
    assert found.examples == {"test": 4}


def test_an_unknown_split_is_answered_with_the_nearest(data: Path, cache: Path) -> None:
    with pytest.raises(UserError, match=r"rte has no split 'tets'; did you mean 'test'\?"):
        locate(find("rte"), str(data), cache=cache, splits=("tets",))


def test_every_choice_of_splits_has_a_fingerprint_of_its_own(data: Path, cache: Path) -> None:
    write(data / "rte/test.parquet", RTE)
    choices: list[tuple[str, ...] | None] = [None, ("train",), ("validation",), ("test",)]
    found = [locate(find("rte"), str(data), cache=cache, splits=splits) for splits in choices]
    assert len({files.fingerprint for files in found}) == len(choices)
    named = locate(find("rte"), str(data), cache=cache, splits=("train", "validation"))
    assert named.fingerprint == found[0].fingerprint


@pytest.mark.parametrize("hidden", [{"label": [-1] * 4}, {}], ids=["all -1", "no column"])
def test_a_test_split_may_hide_its_labels(hidden: dict[str, Any], data: Path, cache: Path) -> None:
    texts = {name: RTE[name] for name in ("sentence1", "sentence2")}
    write(data / "rte/test.parquet", texts | hidden)
    found = locate(find("rte"), str(data), cache=cache, splits=("test",))
    assert found.examples == {"test": 4}


def test_a_test_split_hides_all_of_its_labels_or_none(data: Path, cache: Path) -> None:
    write(data / "rte/test.parquet", RTE | {"label": [0, -1, 1, -1]})
    with pytest.raises(UserError, match=r"found -1 in row 1 \(2 such rows\)"):
        locate(find("rte"), str(data), cache=cache, splits=("test",))


def test_a_task_without_training_is_known_by_its_test_split(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "ax/test.parquet", {"premise": ["A."], "hypothesis": ["B."], "label": [-1]})
    assert locate(find("ax"), str(tmp_path), cache=cache).examples == {"test": 1}


def test_unlabelled_examples_are_not_counted_where_the_task_leaves_them_out(
    tmp_path: Path, cache: Path
) -> None:
    rows = {"premise": ["A."] * 3, "hypothesis": ["B."] * 3, "label": [2, -1, 0]}
    write_task(tmp_path, "plain_text", rows)
    found = locate(find("snli"), str(tmp_path), cache=cache)
    assert found.examples == {"train": 2, "validation": 2}
    assert found.classes == {0: 1, 2: 1}


# what identifies it


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(
    data: Path, tmp_path: Path, cache: Path
) -> None:
    elsewhere = write_task(tmp_path / "elsewhere", "rte", RTE)
    assert rte(data, cache).fingerprint == rte(elsewhere, cache).fingerprint


@pytest.mark.parametrize("split", ["train", "validation"])
def test_another_example_in_a_used_split_is_another_fingerprint(
    split: str, data: Path, cache: Path
) -> None:
    before = rte(data, cache).fingerprint
    write(data / f"rte/{split}-00000-of-00001.parquet", RTE | {"label": [0, 0, 0, 1]})
    assert rte(data, cache).fingerprint != before


def test_the_test_split_is_no_part_of_the_fingerprint(data: Path, cache: Path) -> None:
    before = rte(data, cache).fingerprint
    write(data / "rte/test.parquet", RTE)
    assert rte(data, cache).fingerprint == before


def test_two_tasks_with_the_same_files_differ(data: Path, cache: Path) -> None:
    other = replace(find("rte"), name="other")
    assert locate(other, str(data), cache=cache).fingerprint != rte(data, cache).fingerprint


# what is wrong


def test_a_folder_that_is_not_there_is_answered_with_the_option_to_give(cache: Path) -> None:
    said = refused("rte", "/no/such/folder", cache)
    assert "rte: there is no folder /no/such/folder" in said
    assert "--data glue=PATH (a folder with rte/train-*.parquet" in said


def test_a_missing_task_folder_is_answered_with_those_there(data: Path, cache: Path) -> None:
    said = refused("cola", data, cache)
    assert f"cola: no folder 'cola' in {data}; there are: rte, stsb" in said


def test_a_missing_split_is_answered_with_the_nearest_file(data: Path, cache: Path) -> None:
    (data / "rte/validation-00000-of-00001.parquet").rename(data / "rte/valid.parquet")
    said = refused("rte", data, cache)
    assert "no validation-*.parquet" in said
    assert "did you mean 'valid.parquet'?" in said


def test_a_missing_shard_is_noticed(data: Path, cache: Path) -> None:
    (data / TRAIN).rename(data / "rte/train-00001-of-00002.parquet")
    assert "is one of 2" in refused("rte", data, cache)


def test_two_kinds_of_names_for_a_split_are_ambiguous(data: Path, cache: Path) -> None:
    write(data / "rte/train.parquet", RTE)
    assert "both train.parquet and train-00000-of-00001.parquet" in refused("rte", data, cache)


def test_an_empty_split_is_refused(data: Path, cache: Path) -> None:
    write(data / TRAIN, {name: pa.array(column[:0]) for name, column in _typed(RTE).items()})
    assert refused("rte", data, cache) == f"rte: no examples in {data / TRAIN}"


def test_a_file_that_is_no_parquet_is_named(data: Path, cache: Path) -> None:
    (data / TRAIN).write_bytes(b"PAR1 or not")
    assert f"rte: {data / TRAIN} is no readable Parquet file" in refused("rte", data, cache)


WRONG: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a missing text column": (
        "rte",
        {"premise": RTE["sentence1"], "sentence2": RTE["sentence2"], "label": RTE["label"]},
        "sentence1",
        "no such column; there are: premise, sentence2, label",
    ),
    "a missing label column": (
        "rte",
        {"sentence1": ["A."], "sentence2": ["B."]},
        "label",
        "no such column; there are: sentence1, sentence2",
    ),
    "texts that are numbers": (
        "rte",
        RTE | {"sentence2": [1, 2, 3, 4]},
        "sentence2",
        "expected text, found int64",
    ),
    "labels that are dates": (
        "rte",
        RTE | {"label": [date(2026, 1, 1)] * 4},
        "label",
        "expected whole numbers, found date32[day]",
    ),
    "labels that are fractions": (
        "rte",
        RTE | {"label": [0.0, 1.0, 0.5, 1.0]},
        "label",
        "expected whole numbers, found double",
    ),
    "a class too many": (
        "rte",
        RTE | {"label": [0, 2, 1, 2]},
        "label",
        "expected 0 (entailment), 1 (not_entailment), found 2 in row 1 (2 such rows)",
    ),
    "hidden labels": (
        "rte",
        RTE | {"label": [-1] * 4},
        "label",
        "expected 0 (entailment), 1 (not_entailment), found -1 in row 0 (4 such rows)",
    ),
    "a missing label": ("rte", RTE | {"label": [0, None, 1, 1]}, "label", "1 labels are missing"),
    "a score that is no number": (
        "stsb",
        STSB | {"label": [1.0, 2.0, float("nan"), 3.0]},
        "label",
        "expected a score from 0 to 5, found nan in row 2 (1 such rows)",
    ),
    "a score beyond the scale": (
        "stsb",
        STSB | {"label": [1.0, 2.0, 3.0, 5.5]},
        "label",
        "expected a score from 0 to 5, found 5.5 in row 3 (1 such rows)",
    ),
}


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize("case", WRONG)
def test_wrong_columns_and_labels_name_task_file_and_column(
    case: str, split: str, data: Path, cache: Path
) -> None:
    name, columns, column, what = WRONG[case]
    path = write(data / name / f"{split}-00000-of-00001.parquet", columns)
    assert refused(name, data, cache) == f"{name}: {path}, column {column!r}: {what}"


def test_whole_scores_are_scores(data: Path, cache: Path) -> None:
    write_task(data, "stsb", STSB | {"label": [0, 1, 2, 5]})
    assert locate(find("stsb"), str(data), cache=cache).train_examples == 4


def test_class_names_in_the_file_must_be_in_the_tasks_order(data: Path, cache: Path) -> None:
    write_with_names(data / TRAIN, ["entailment", "not_entailment"])
    assert rte(data, cache).train_examples == 4
    write_with_names(data / TRAIN, ["not_entailment", "entailment"])
    said = refused("rte", data, cache)
    assert "expected entailment, not_entailment, found not_entailment, entailment" in said


def write_with_names(path: Path, names: list[str]) -> None:
    """Write RTE rows with the note on class names that the `datasets` library leaves."""
    note = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    table = pa.table(RTE).replace_schema_metadata({"huggingface": json.dumps(note)})
    pq.write_table(table, path)


# the hub


@pytest.mark.parametrize("name", ["sick", "hans"])
def test_a_set_without_a_known_place_asks_for_one(name: str, cache: Path) -> None:
    said = refused(name, None, cache)
    assert f"{name}: no hub data set of it is known; give --data {name}=PATH" in said


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the hub's client be offline with an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("place", [None, "nyu-mll/glue", "nyu-mll/glue@main"])
def test_without_a_network_the_option_to_give_is_named(place: str | None, cache: Path) -> None:
    said = refused("rte", place, cache)
    assert f"the hub did not give the data set {place or 'nyu-mll/glue'}" in said
    assert "give --data glue=PATH (a folder with rte/train-*.parquet" in said


@pytest.mark.usefixtures("no_hub")
def test_without_a_network_a_cached_snapshot_serves(tmp_path: Path, cache: Path) -> None:
    repository = tmp_path / "hub/datasets--nyu-mll--glue"
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = write_task(repository / "snapshots" / commit, "rte", RTE)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(commit)
    found = locate(find("rte"), None, cache=cache)
    assert found.splits["train"] == (snapshot / TRAIN,)
    assert "no folder 'cola'" in refused("cola", None, cache)


# generated tasks


def test_a_mini_task_is_written_to_the_cache_once(cache: Path) -> None:
    first = locate(find("mini-rte"), None, cache=cache)
    stamps = [path.stat().st_mtime_ns for paths in first.splits.values() for path in paths]
    again = locate(find("mini-rte"), None, cache=cache)
    assert again == first
    assert stamps == [p.stat().st_mtime_ns for paths in again.splits.values() for p in paths]
    assert first.examples == {"train": 320, "validation": 160}
    assert set(first.splits) == {"train", "validation", "test"}


def test_a_mini_task_passes_the_checks_of_real_data(cache: Path) -> None:
    for name in ("mini-cola", "mini-mrpc", "mini-rte", "mini-stsb"):
        generated = locate(find(name), None, cache=cache)
        folder = generated.splits["train"][0].parent
        as_local = replace(find(name), family="glue", config=folder.name)
        found = locate(as_local, str(cache / "mini"), cache=cache)
        assert found.examples == generated.examples


def test_other_options_make_other_data(cache: Path) -> None:
    task = find("mini-cola")
    harder = replace(task, options={**task.options, "difficulty": 0.9})
    found = [locate(each, None, cache=cache).fingerprint for each in (task, harder)]
    assert found[0] != found[1]


def test_a_mini_task_takes_no_place(cache: Path) -> None:
    said = refused("mini-rte", "/data", cache)
    assert said == "mini-rte is generated; it takes no --data mini=..."


def _typed(columns: dict[str, Any]) -> dict[str, pa.Array]:
    return {name: pa.array(values) for name, values in columns.items()}
