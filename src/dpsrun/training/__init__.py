"""One fine-tune, from a spec to scores: seeds, batches, the loop, evaluation, guards."""
