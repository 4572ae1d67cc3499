"""Load an encoder with a new head, in float32, packed where that is proven right."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedConfig

from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import Layout
from dpsrun.models.probe import Batching, choose_layout
from dpsrun.models.remote import code_in_cache
from dpsrun.models.vocabulary import trim
from dpsrun.runs.spec import Precision

DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "dropout",
    "attention_dropout",
    "seq_classif_dropout",
    "activation_dropout",
    "embedding_dropout",
    "mlp_dropout",
    "pooler_dropout",
    "cls_dropout",
    "hidden_dropout",
    "summary_first_dropout",
    "summary_last_dropout",
)
"""What the configurations of different encoders call their dropout rates."""

LAYER_DROPS = ("encoder_layerdrop", "decoder_layerdrop")
"""Rates at which BART leaves out whole blocks: no dropout means that none is left out."""

MEMORIES = ("use_cache", "use_mems_train", "use_mems_eval")
"""What BART and XLNet would keep of a batch for words to come, which nobody asks for."""


@dataclass(frozen=True)
class Loaded:
    """A classifier on its device, and the layout of the batches it takes.

    `left_out`: entries of the word embedding that the run does without.
    """

    model: Classifier
    layout: Layout
    new_parameters: tuple[str, ...]
    dropout: dict[str, float]
    left_out: int


def load(
    folder: Path,
    *,
    outputs: int,
    dropout: float | None,
    head_seed: int,
    batching: Batching,
    device: torch.device,
    precision: Precision = "fp32",
    texts: Iterable[NDArray[np.int32]] | None = None,
    remote_code: bool = False,
) -> Loaded:
    """Load the encoder in `folder` with a head of `outputs` numbers drawn from `head_seed`.

    `texts`: token ids of all that the encoder will be given; rows of the word embedding that none
    of them needs are left out. The global generators are left seeded with `head_seed`; the caller
    seeds them again for dropout. Raises ValueError if the checkpoint does not hold the encoder,
    if `batching` is `packed` and this encoder cannot be, or if it brings code of its own that
    `remote_code` does not allow.
    """
    with code_in_cache() if remote_code else nullcontext():
        config = _configuration(folder, outputs, dropout, remote_code=remote_code)
        encoder, new = _encoder(folder, config, head_seed, remote_code=remote_code)
    model = Classifier(encoder, new)
    model.draw_old_head(head_seed)
    _set_dropout_layers(model, dropout)
    model.to(device)
    layout = choose_layout(model, batching, device, precision)
    entries = model.count_parameters()
    if texts is not None:
        layout = replace(layout, rows=trim(encoder, texts))
    left_out = entries - model.count_parameters()
    return Loaded(model, layout, tuple(sorted(new)), dropout_rates(config), left_out)


def _configuration(
    folder: Path, outputs: int, dropout: float | None, *, remote_code: bool
) -> PreTrainedConfig:
    config: PreTrainedConfig = AutoConfig.from_pretrained(
        folder,
        num_labels=outputs,
        return_dict=True,
        trust_remote_code=remote_code,
        local_files_only=True,
    )
    config._attn_implementation = None  # noqa: SLF001 (a kernel it names would be code of others)
    _set_dropout(config, dropout)
    for name in MEMORIES:
        if hasattr(config, name):
            setattr(config, name, False)
    return config


def _encoder(
    folder: Path, config: PreTrainedConfig, head_seed: int, *, remote_code: bool
) -> tuple[nn.Module, frozenset[str]]:
    """Load the encoder, and name its parameters that the checkpoint does not have."""
    torch.manual_seed(head_seed)
    encoder, info = AutoModelForSequenceClassification.from_pretrained(
        folder,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        trust_remote_code=remote_code,
        local_files_only=True,
    )
    new = frozenset(info["missing_keys"]) | {name for name, *_ in info["mismatched_keys"]}
    _check_complete(encoder, new)
    return encoder, new


def dropout_rates(config: PreTrainedConfig) -> dict[str, float]:
    """Give the dropout rates of a configuration by its own names."""
    rates = {name: getattr(config, name, None) for name in DROPOUTS}
    return {name: float(rate) for name, rate in rates.items() if rate is not None}


def _set_dropout(config: PreTrainedConfig, rate: float | None) -> None:
    if rate is None:
        return
    for name in DROPOUTS if rate else DROPOUTS + LAYER_DROPS:
        if hasattr(config, name):
            setattr(config, name, rate)


def _set_dropout_layers(model: nn.Module, rate: float | None) -> None:
    """Leave no layer out whose configuration calls its dropout by a name of its own."""
    for module in model.modules():
        if isinstance(module, nn.Dropout) and rate is not None:
            module.p = rate


def _check_complete(encoder: Any, new: frozenset[str]) -> None:  # noqa: ANN401 (untyped library)
    """A checkpoint may lack the head and the pooler, never a block of the encoder."""
    prefix = f"{encoder.base_model_prefix}."
    lacking = sorted(
        name for name in new if name.startswith(prefix) and not _is_pooler(name, prefix)
    )
    if lacking:
        raise ValueError(f"the checkpoint lacks {len(lacking)} weights, first {lacking[0]!r}")


def _is_pooler(name: str, prefix: str) -> bool:
    return name.removeprefix(prefix).startswith("pooler")


def dropout_modules(model: nn.Module) -> set[float]:
    """Collect the rates that the dropout layers of a model really have."""
    return {module.p for module in model.modules() if isinstance(module, nn.Dropout)}
