"""Checkpoints of others: no path leads out of them, and no code of theirs runs unasked."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertForSequenceClassification, dynamic_module_utils

from dpsrun.errors import UserError
from dpsrun.models import source, trust
from dpsrun.models.load import Loaded, load
from dpsrun.tasks.tokens import load_tokenizer
from tests.encoders import FAMILIES, packaged_model, save_tiny

CONFIGURATION = """
from transformers import BertConfig
class TinyConfig(BertConfig):
    model_type = "tiny"
"""
MODEL = """
from transformers import BertForSequenceClassification
from .configuration_tiny import TinyConfig
class TinyForSequenceClassification(BertForSequenceClassification):
    config_class = TinyConfig
"""
OWN_CODE = {
    "AutoConfig": "configuration_tiny.TinyConfig",
    "AutoModelForSequenceClassification": "modeling_tiny.TinyForSequenceClassification",
}


def saved(folder: Path, **config: Any) -> Path:
    """Save a tiny BERT with the least of a tokeniser and other words in its configuration."""
    save_tiny(folder)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n")
    known = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**known, **config}))
    return folder


def with_own_code(folder: Path) -> Path:
    saved(folder, model_type="tiny", auto_map=OWN_CODE)
    (folder / "configuration_tiny.py").write_text(CONFIGURATION)
    (folder / "modeling_tiny.py").write_text(MODEL)
    return folder


def with_tokens(folder: Path, **config: Any) -> Path:
    """Add a real tokeniser with other words in its configuration."""
    (folder / "vocab.txt").unlink()
    shutil.copy(packaged_model() / "tokenizer.json", folder)
    known = json.loads((packaged_model() / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**known, **config}))
    return folder


def located(folder: Path, *, remote_code: bool = False) -> source.ModelFolder:
    cache = folder.parent / "cache"
    return source.locate(str(folder), revision=None, cache=cache, remote_code=remote_code)


def loaded(folder: Path, *, remote_code: bool) -> Loaded:
    return load(
        folder,
        outputs=2,
        dropout=None,
        head_seed=1,
        batching="auto",
        device=torch.device("cpu"),
        remote_code=remote_code,
    )


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies of such code go; what transformers does to the process is undone."""
    monkeypatch.setenv("DPSRUN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path / "cache" / "modules"


@pytest.mark.parametrize("name", ["../../x", "a/b", "a b", "", 7])
def test_a_model_type_that_is_no_word_is_refused(name: object, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"letters, digits, '\.', '_' and"):
        located(saved(tmp_path / "model", model_type=name))


def test_pickled_weights_are_not_read_and_the_way_out_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="not read, for they can run code") as caught:
        located(folder)
    assert f"AutoModel.from_pretrained({str(folder)!r})" in str(caught.value)


@pytest.mark.parametrize("part", ["../model.safetensors", "/etc/passwd", "lost.safetensors", None])
def test_an_index_that_names_what_is_not_in_the_folder_is_refused(
    part: str | None, tmp_path: Path
) -> None:
    folder = saved(tmp_path / "model")
    parts = {"a": "model.safetensors", "b": part}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    with pytest.raises(UserError, match=r"index.json names weights in .*; there are \['model.safe"):
        located(folder)
    index.write_text(json.dumps({"weight_map": {"a": "model.safetensors"}}))
    located(folder)


def test_an_index_without_a_map_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(UserError, match="names weights in None"):
        located(folder)


def test_an_adapter_beside_the_weights_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match=r"adapter_config\.json is of an adapter .*: merge it"):
        located(folder)


def test_code_of_its_own_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    folder = with_own_code(tmp_path / "model")
    with pytest.raises(UserError, match=r"asks for code .*\(configuration_tiny\.TinyConfig, model"):
        located(folder)
    assert located(folder, remote_code=True).model_type == "tiny"


def test_code_of_its_own_does_not_run_where_transformers_has_that_encoder(
    tmp_path: Path, modules: Path
) -> None:
    folder = saved(tmp_path / "model", auto_map=OWN_CODE)
    (folder / "configuration_tiny.py").write_text("raise SystemExit")
    assert located(folder).model_type == "bert"
    assert type(loaded(folder, remote_code=False).model.encoder) is BertForSequenceClassification
    assert not modules.exists()


@pytest.mark.parametrize("model_type", [*FAMILIES, "data2vec-text"])
def test_the_encoders_of_transformers_are_known(model_type: str) -> None:
    assert trust.is_native(model_type)


@pytest.mark.parametrize("model_type", ["tiny", "ber", "auto", "BertConfig", "b.rt"])
def test_what_is_no_encoder_of_transformers_is_not_known(model_type: str) -> None:
    assert not trust.is_native(model_type)


@pytest.mark.parametrize("name", ["BertTokenizerFast", "PreTrainedTokenizerFast", "TinyTokenizer"])
def test_the_tokens_of_a_model_with_code_of_its_own_are_made_without_that_code(
    name: str, tmp_path: Path, modules: Path
) -> None:
    folder = with_tokens(with_own_code(tmp_path / "model"), tokenizer_class=name)
    expected = load_tokenizer(packaged_model(), 16)("one", "two").input_ids
    assert load_tokenizer(folder, 16)("one", "two").input_ids == expected
    assert not modules.exists()


def test_a_tokeniser_that_is_code_itself_is_refused(tmp_path: Path, modules: Path) -> None:
    theirs = {"AutoTokenizer": ["tokens.Tiny", None]}
    folder = with_own_code(tmp_path / "model")
    with_tokens(folder, tokenizer_class="Tiny", auto_map=theirs)
    with pytest.raises(UserError, match=r"no tokenizer can be made from .* custom code"):
        load_tokenizer(folder, 16)
    assert not modules.exists()


def test_code_of_another_repository_is_refused_even_then(tmp_path: Path) -> None:
    theirs = {"AutoModel": "owner/name--modeling.Model", "AutoTokenizer": ["owner/name--t.T", None]}
    folder = saved(tmp_path / "model", auto_map=theirs)
    with pytest.raises(UserError, match=r"another repository \(owner/name--modeling\.Model\)"):
        located(folder, remote_code=True)


def test_code_is_part_of_the_fingerprint_where_it_counts(tmp_path: Path) -> None:
    prints = []
    for folder in (with_own_code(tmp_path / "own"), saved(tmp_path / "plain")):
        for text in (MODEL, MODEL + "# changed\n"):
            (folder / "modeling_tiny.py").write_text(text)
            prints.append(located(folder, remote_code=True).fingerprint)
    assert prints[0] != prints[1]
    assert prints[2] == prints[3]


def test_a_worker_runs_such_code_only_if_told_to(tmp_path: Path, modules: Path) -> None:
    folder = with_own_code(tmp_path / "model")
    with pytest.raises(ValueError, match="contains custom code which must be executed"):
        loaded(folder, remote_code=False)
    assert not modules.exists()
    encoder = loaded(folder, remote_code=True).model.encoder
    assert type(encoder).__name__ == "TinyForSequenceClassification"
    assert list(modules.rglob("modeling_tiny.py"))
