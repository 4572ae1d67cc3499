"""What layer-wise learning-rate decay declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params


class LlrdParams(Params):
    """How much slower each block learns than the one above it."""

    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.95,
        description="Factor d from each block to the one below; head and pooler learn at the full "
        "rate, the embeddings slowest. Searched: 0.9, 0.95 (Zhang et al. 2021). 1 is vanilla.",
    )
    head_decays: bool = Field(
        default=True,
        description="Whether weight decay applies to head and pooler; in the released code it does "
        "not: false. Of no effect with layer_decay 1.",
    )


SPEC = MethodSpec(
    name="llrd",
    summary="Lets lower blocks learn more slowly, by the same factor from block to block.",
    sources=(
        "Zhang et al. 2021, arXiv 2006.05987",
        "github.com/asappresearch/revisit-bert-finetuning at 0aa4f4e",
    ),
    params=LlrdParams,
    hooks="dpsrun.methods.llrd.hooks:LlrdHooks",
    acts=frozenset({"rates"}),
    notes=("The learning rate of the training settings is that of the head.",),
)
