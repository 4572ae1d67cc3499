"""Packed or padded: decided for each encoder by trying it, never by its name alone."""

from __future__ import annotations

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


def choose_layout(
    model: Classifier, batching: Batching, device: torch.device, precision: Precision = "fp32"
) -> Layout:
    """Decide between packed and padded batches, and switch the encoder accordingly.

    A packed encoder must agree with its padded self on two sequences of different lengths, and
    its attention must have been called once a layer: an encoder that ignores the registered
    function gives wrong numbers without any error. On a GPU `auto` packs only where a
    kernel attends to all sequences at once; one after the other would be slower than padding.
    """
    padded = Layout.of(model.encoder, packed=False)
    if batching == "padded" or (batching == "auto" and not pays(model, device, precision)):
        return padded
    if padded.model_type in PACKABLE and _packs(model, padded, precision):
        return Layout.of(model.encoder, packed=True)
    if batching == "packed":
        raise ValueError(f"{padded.model_type} cannot take packed batches; use batching: auto")
    return padded


def pays(model: Classifier, device: torch.device, precision: Precision) -> bool:
    """Say whether packed batches are the faster ones; the kernel has no dropout."""
    if device.type == "cpu":
        return True
    half = DTYPES.get(precision, torch.float32)
    return has_kernel(device, half) and not any(attention_dropout(model.encoder))


def _packs(model: Classifier, padded: Layout, precision: Precision) -> bool:
    """Pack the model and compare it with what it was; undone if it is not the same."""
    used: list[Precision] = ["fp32"] if precision == "fp32" else ["fp32", precision]
    expected = [_probe(model, padded, each)[0] for each in used]
    try:
        unpack = pack(model.encoder)
    except (LookupError, ValueError):
        return False
    if all(_agrees(model, *pair) for pair in zip(expected, used, strict=True)):
        return True
    unpack()
    return False


def _agrees(model: Classifier, expected: Tensor, precision: Precision) -> bool:
    try:
        found, packing = _probe(model, Layout.of(model.encoder, packed=True), precision)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError):
        return False
    layers = int(model.encoder.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
    called = packing is not None and packing.calls == layers
    tolerance = PROBE_TOLERANCE if precision == "fp32" else HALF_TOLERANCE
    return called and torch.allclose(expected, found, atol=tolerance, rtol=tolerance)


def _probe(
    model: Classifier, layout: Layout, precision: Precision
) -> tuple[Tensor, Packing | None]:
    sequences = [torch.arange(5, 16), torch.arange(7, 12)]
    device = next(model.parameters()).device
    segments = [torch.zeros_like(sequence) for sequence in sequences]
    batch: Batch = collate(layout, sequences, segments, torch.zeros(2), device)
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
