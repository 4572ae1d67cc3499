"""Load an encoder with a new head, in float32, packed where that is proven right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedConfig

from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import Layout, collate
from dpsrun.models.packing import PACKABLE, Packing, pack

Batching = Literal["auto", "packed", "padded"]

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
    "summary_last_dropout",
)
"""What the configurations of different encoders call their dropout rates."""

PROBE_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Loaded:
    """A classifier on its device, and the layout of the batches it takes."""

    model: Classifier
    layout: Layout
    new_parameters: tuple[str, ...]
    dropout: dict[str, float]


def load(
    folder: Path,
    *,
    outputs: int,
    dropout: float | None,
    head_seed: int,
    batching: Batching,
    device: torch.device,
) -> Loaded:
    """Load the encoder in `folder` with a head of `outputs` numbers drawn from `head_seed`.

    The global generators are left seeded with `head_seed`; the caller seeds them again for
    dropout. Raises ValueError if the checkpoint does not hold the encoder, or if `batching` is
    `packed` and this encoder cannot be.
    """
    config = AutoConfig.from_pretrained(folder, num_labels=outputs, return_dict=True)
    _set_dropout(config, dropout)
    torch.manual_seed(head_seed)
    encoder, info = AutoModelForSequenceClassification.from_pretrained(
        folder,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        trust_remote_code=False,
        local_files_only=True,
    )
    new = frozenset(info["missing_keys"]) | {name for name, *_ in info["mismatched_keys"]}
    _check_complete(encoder, new)
    model = Classifier(encoder, new)
    model.draw_old_head(head_seed)
    _set_dropout_layers(model, dropout)
    model.to(device)
    layout = choose_layout(model, batching, device)
    return Loaded(model, layout, tuple(sorted(new)), dropout_rates(config))


def dropout_rates(config: PreTrainedConfig) -> dict[str, float]:
    """Give the dropout rates of a configuration by its own names."""
    rates = {name: getattr(config, name, None) for name in DROPOUTS}
    return {name: float(rate) for name, rate in rates.items() if rate is not None}


def choose_layout(model: Classifier, batching: Batching, device: torch.device) -> Layout:
    """Decide between packed and padded batches, and switch the encoder accordingly.

    A packed encoder must agree with its padded self on two sequences of different lengths, and
    its attention must have been called once a layer: an encoder that ignores the registered
    function gives wrong numbers without any error.
    """
    padded = Layout.of(model.encoder, packed=False)
    if batching == "padded" or (batching == "auto" and device.type != "cpu"):
        return padded
    if padded.model_type in PACKABLE and _packs(model, padded):
        return Layout.of(model.encoder, packed=True)
    if batching == "packed":
        raise ValueError(f"{padded.model_type} cannot take packed batches; use batching: auto")
    return padded


def _packs(model: Classifier, padded: Layout) -> bool:
    """Pack the model and compare it with what it was; undone if it is not the same."""
    expected, _ = _probe(model, padded)
    try:
        unpack = pack(model.encoder)
    except (LookupError, ValueError):
        return False
    if _agrees(model, expected):
        return True
    unpack()
    return False


def _agrees(model: Classifier, expected: Tensor) -> bool:
    try:
        found, packing = _probe(model, Layout.of(model.encoder, packed=True))
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError):
        return False
    layers = int(model.encoder.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
    called = packing is not None and packing.calls == layers
    return called and torch.allclose(expected, found, atol=PROBE_TOLERANCE, rtol=PROBE_TOLERANCE)


def _probe(model: Classifier, layout: Layout) -> tuple[Tensor, Packing | None]:
    sequences = [torch.arange(5, 16), torch.arange(7, 12)]
    device = next(model.parameters()).device
    segments = [torch.zeros_like(sequence) for sequence in sequences]
    batch: Batch = collate(layout, sequences, segments, torch.zeros(2), device)
    training = model.training
    model.eval()
    with torch.inference_mode():
        logits = model(batch)
    model.train(training)
    return logits, batch.packing


def _set_dropout(config: PreTrainedConfig, rate: float | None) -> None:
    if rate is None:
        return
    for name in DROPOUTS:
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
