"""What bottleneck adapters declare of themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class AdapterParams(Params):
    """Where adapters stand, and how narrow they are."""

    reduction: Annotated[int, Field(ge=1)] | None = Field(
        default=16,
        description="An adapter's bottleneck is the encoder's width divided by this. Unset (null): "
        "no adapters, and nothing is frozen: vanilla.",
    )
    placement: Literal["houlsby", "pfeiffer"] = Field(
        default="houlsby",
        description="Two a block, after attention and after the feed-forward layers, with swish; "
        "or one, after the feed-forward layers, with ReLU.",
    )
    train_norms: bool = Field(
        default=False, description="Train the norms of the blocks too, not only adapters and head."
    )


SPEC = MethodSpec(
    name="adapters",
    summary="Trains small bottleneck layers inside frozen blocks, and the head.",
    sources=(
        "Houlsby et al. 2019, arXiv 1902.00751",
        "Pfeiffer et al. 2021, arXiv 2005.00247",
        "the configurations of the adapters library, 1.3.0",
    ),
    params=AdapterParams,
    hooks="dpsrun.methods.adapters.hooks:AdapterHooks",
    acts=frozenset({"freezing", "frozen-blocks"}),
    notes=(
        "h + U f(D h), with U = 0 at first: training begins at the pre-trained encoder.",
        "For encoders whose blocks are made like those of BERT, DistilBERT or ALBERT.",
        "The pooler is frozen.",
    ),
    unverified="adapters are our own, after the configurations of the adapters library; whether "
    "the first paper's norms train is open (train_norms).",
)
