"""LoRA: low-rank updates beside frozen matrices, by the peft library."""
