"""The files of a checkpoint folder that matter: weights, configuration, tokeniser."""

from __future__ import annotations

from pathlib import Path

CONFIG = "config.json"
WEIGHTS = "*.safetensors"
INDEX = "*.safetensors.index.json"
TOKENISER_CONFIG = "tokenizer_config.json"
CODE = "*.py"

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
)
"""No tokeniser can be made without one of these."""

TOKENISER = (
    *VOCABULARIES,
    TOKENISER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
)
"""All that the tokens of a text depend on, but for the class that the configuration may name."""

ENCODER = (WEIGHTS, INDEX, CONFIG, *TOKENISER)
"""All that the number of a run depends on."""


def weight_bytes(folder: Path) -> int:
    """Give the size of the weights in a folder."""
    return sum(file.stat().st_size for file in folder.glob(WEIGHTS))
