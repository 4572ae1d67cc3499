"""Packed or padded, and on which side: decided for each encoder by trying it, never by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor, nn

from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier
from dpsrun.models.layout import Layout, collate
from dpsrun.models.packing import PACKABLE, Packing, has_kernel, pack
from dpsrun.models.precision import DTYPES, autocast
from dpsrun.runs.spec import Precision

Batching = Literal["auto", "packed", "padded"]

ATTENTION_DROPOUTS = ("attention_probs_dropout_prob", "attention_dropout")

PROBE_TOLERANCE = 1e-5
HALF_TOLERANCE = 0.05
"""Two kernels round differently in half precision; that sequences stay apart is seen in float32."""
PADDING_TOLERANCE = 1e-3
"""Of the largest logit; an encoder that reads its answer off a padded place is further off."""


def choose_layout(
    model: Classifier, batching: Batching, device: torch.device, precision: Precision = "fp32"
) -> Layout:
    """Decide between packed and padded batches, and switch the encoder accordingly.

    A packed encoder must agree with its padded self on two sequences of different lengths, and
    its attention must have been called once a layer: an encoder that ignores the registered
    function gives wrong numbers without any error. On a GPU `auto` packs only where a
    kernel attends to all sequences at once; one after the other would be slower than padding.
    Raises ValueError if `packed` is asked for and wrong, or if padding changes the numbers.
    """
    right = Layout.of(model.encoder, packed=False)
    tried = batching == "packed" or (batching == "auto" and pays(model, device, precision))
    if tried and right.model_type in PACKABLE and _packs(model, right, precision):
        return Layout.of(model.encoder, packed=True)
    if batching == "packed":
        raise ValueError(f"{right.model_type} cannot take packed batches; use batching: auto")
    return _padded(model, right)


def pays(model: Classifier, device: torch.device, precision: Precision) -> bool:
    """Say whether packed batches are the faster ones; the kernel has no dropout."""
    if device.type == "cpu":
        return True
    half = DTYPES.get(precision, torch.float32)
    return has_kernel(device, half) and not any(attention_dropout(model.encoder))


def _padded(model: Classifier, right: Layout) -> Layout:
    """Find the side on which padding changes nothing (XLNet reads its answer off the last place).

    Logits that are no numbers do not decide: such a run goes on and is found to have diverged.
    """
    sequences = _sequences(model.encoder)
    for layout in (right, replace(right, side="left")):
        beside, alone = (_probe(model, layout, each)[0][-1] for each in (sequences, sequences[1:]))
        if not (beside - alone).abs().max() > PADDING_TOLERANCE * alone.abs().max():
            return layout
    raise ValueError(f"{right.model_type} gives a text other logits where the batch is padded")


def _packs(model: Classifier, padded: Layout, precision: Precision) -> bool:
    """Pack the model and compare it with what it was; undone if it is not the same."""
    used: list[Precision] = ["fp32"] if precision == "fp32" else ["fp32", precision]
    sequences = _sequences(model.encoder)
    expected = [_probe(model, padded, sequences, each)[0] for each in used]
    try:
        unpack = pack(model.encoder)
    except (LookupError, ValueError):
        return False
    if all(_agrees(model, *pair) for pair in zip(expected, used, strict=True)):
        return True
    unpack()
    return False


def _agrees(model: Classifier, expected: Tensor, precision: Precision) -> bool:
    packed, sequences = Layout.of(model.encoder, packed=True), _sequences(model.encoder)
    try:
        found, packing = _probe(model, packed, sequences, precision)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError):
        return False
    layers = int(model.encoder.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
    called = packing is not None and packing.calls == layers
    tolerance = PROBE_TOLERANCE if precision == "fp32" else HALF_TOLERANCE
    return called and torch.allclose(expected, found, atol=tolerance, rtol=tolerance)


def _sequences(encoder: nn.Module) -> list[Tensor]:
    """Make a long and a short sequence, the long one longer than any window of the attention."""
    config = encoder.config
    window = int(getattr(config, "sliding_window", None) or 0)
    sequences = [5 + torch.arange(window + 11) % 11, torch.arange(7, 12)]
    if not config.is_encoder_decoder:  # type: ignore[union-attr]
        return sequences
    end = torch.tensor([config.eos_token_id])  # type: ignore[union-attr]
    return [torch.cat([each, end]) for each in sequences]  # BART reads its answer off the end


def _probe(
    model: Classifier, layout: Layout, sequences: Sequence[Tensor], precision: Precision = "fp32"
) -> tuple[Tensor, Packing | None]:
    device = next(model.parameters()).device
    segments = [torch.zeros_like(sequence) for sequence in sequences]
    labels = torch.zeros(len(sequences))
    batch: Batch = collate(layout, sequences, segments, labels, device)
    training = model.training
    model.eval()
    with torch.inference_mode(), autocast(precision, device):
        logits = model(batch)
    model.train(training)
    return logits, batch.packing


def attention_dropout(encoder: nn.Module) -> list[float]:
    """List the rates at which an encoder drops attention weights."""
    rates = [getattr(encoder.config, name, None) for name in ATTENTION_DROPOUTS]
    return [float(rate) for rate in rates if rate is not None]
