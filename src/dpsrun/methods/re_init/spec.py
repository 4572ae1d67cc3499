"""What re-initialisation declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params, Setting, check_blocks


class ReInitParams(Params):
    """How much of the encoder begins anew."""

    drawn_blocks: Annotated[int, Field(ge=0)] = Field(
        default=5,
        description="R: the blocks that are drawn anew, from above, with the pooler. Searched: 1 "
        "to 6, chosen by validation; a published script has 5. 0 is vanilla.",
    )

    def check(self, setting: Setting) -> None:
        """Raise ValueError if the encoder has fewer blocks."""
        check_blocks("drawn_blocks", self.drawn_blocks, setting)


SPEC = MethodSpec(
    name="re-init",
    summary="Draws the pooler and the last blocks anew before it trains.",
    sources=(
        "Zhang et al. 2021, arXiv 2006.05987",
        "github.com/asappresearch/revisit-bert-finetuning at 0aa4f4e",
    ),
    params=ReInitParams,
    hooks="dpsrun.methods.re_init.hooks:ReInitHooks",
    acts=frozenset({"start"}),
    notes=(
        (
            "Weights N(0, 0.02^2) (the encoder's own initializer_range), biases 0, norms 1 and 0, "
            "from the init stream of the seed."
        ),
        "What other methods take for the pre-trained weights is what is drawn here.",
    ),
)
