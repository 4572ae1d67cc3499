"""fp32, bf16 and fp16: the forward pass; weights, losses and optimiser stay float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from dpsrun.runs.spec import Precision

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Run the forward pass in half precision, where the run asks for it."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision])
