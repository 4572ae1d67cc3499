"""Names that users bring from elsewhere, and what this tool calls the same thing."""

from __future__ import annotations

from collections.abc import Collection

from dpsrun.errors import nearest
from dpsrun.runs.spec import Training

RENAMED = {
    "warmup_ratio": "training.warmup_fraction",
    "warmup_proportion": "training.warmup_fraction",
    "warmup": "training.warmup_fraction",
    "num_train_epochs": "training.epochs",
    "num_epochs": "training.epochs",
    "max_train_steps": "training.max_steps",
    "per_device_train_batch_size": "training.batch_size",
    "per_gpu_train_batch_size": "training.batch_size",
    "train_batch_size": "training.batch_size",
    "lr": "training.learning_rate",
    "lr_scheduler": "training.schedule",
    "lr_scheduler_type": "training.schedule",
    "max_seq_length": "training.max_length",
    "max_seq_len": "training.max_length",
    "wd": "training.weight_decay",
    "adam_eps": "training.adam_epsilon",
    "eps": "training.adam_epsilon",
    "beta1": "training.adam_beta1",
    "beta2": "training.adam_beta2",
    "clip_grad_norm": "training.max_grad_norm",
    "gradient_clipping": "training.max_grad_norm",
    "dtype": "training.precision",
    "model_name_or_path": "models",
    "model_name": "models",
    "task_name": "tasks",
    "data_dir": "data",
    "dataset": "data",
    "hidden_dropout_prob": "params.dropout",
    "dropout_rate": "params.dropout",
}
"""Foreign name -> our key path, where the meaning is the same."""

EXPLAINED = {
    "warmup_steps": "give the share of the steps as training.warmup_fraction",
    "per_device_eval_batch_size": "evaluation chooses its own batches",
    "gradient_accumulation_steps": "give training.micro_batch_size: the examples of one forward "
    "(batch_size stays that of the whole step)",
    "fp16": "write training.precision: fp16",
    "bf16": "write training.precision: bf16",
    "evaluation_strategy": "every run is evaluated after each epoch",
    "eval_strategy": "every run is evaluated after each epoch",
    "eval_steps": "every run is evaluated after each epoch",
    "load_best_model_at_end": "the report gives both the last and the best epoch",
    "metric_for_best_model": "each task has its own primary score",
    "save_strategy": "no weights are kept",
    "save_steps": "no weights are kept",
    "output_dir": "give --results on the command line",
    "optim": "the optimiser is AdamW",
    "seed": "give the list 'seeds' at the top level",
    "data_seed": "give seeds: [{order: 0}] at the top level",
    "attention_probs_dropout_prob": "write dropout: it sets all dropout of the encoder",
}
"""Foreign name -> what to do instead, where there is no key of the same meaning."""


PARAMETERS = {
    "reserve_p": {
        "drop_fraction": ": the published flag drops this share, it does not keep it",
        "keep_fraction": ": the published flag keeps this share",
        "keep_probability": ": the published flag keeps this share",
    },
    "subnetwork_size_prob": {"drop_fraction": ""},
    "eps": {"noise_scale": ""},
    "r3f_lambda": {"noise_weight": ""},
    "wd": {"decay_strength": ""},
    "weight_decay": {"decay_strength": ": weight decay itself is off"},
    "alpha": {"kl_weight": "", "start_weight": "", "lora_alpha": ""},
    "beta": {"head_weight": ""},
    "p": {"mix_probability": "", "drop_fraction": "", "keep_fraction": "", "keep_probability": ""},
    "r": {"rank": ""},
    "gamma": {"recall_weight": ""},
    "pretrain_cof": {"recall_weight": ""},
    "anneal_k": {"anneal_rate": ""},
    "anneal_t0": {"anneal_step": ""},
    "reinit_layers": {"drawn_blocks": ""},
}
"""Foreign name -> parameters of methods that it can mean, each with what to know of it."""


def is_foreign(name: str) -> bool:
    """Say whether a name is one that users bring from elsewhere."""
    return any(name in known for known in (RENAMED, EXPLAINED, PARAMETERS))


def unknown(name: str, valid: Collection[str]) -> str:
    """Say what to write instead of the unknown key `name`, where only `valid` may stand."""
    if hint := _parameter(name, valid):
        return hint
    if name in EXPLAINED:
        return EXPLAINED[name]
    target = RENAMED.get(name)
    if target:
        home, _, leaf = target.rpartition(".")
        place = "" if home or leaf in valid else " at the top level"
        return f"write {(leaf if leaf in valid else target)!r}{place}"
    if name in Training.model_fields:
        return f"{name!r} belongs under 'training'"
    return nearest(name, valid)


def _parameter(name: str, valid: Collection[str]) -> str | None:
    """Name the parameter that is meant, if it is among the valid keys or their last parts."""
    known = {key.rpartition(".")[2]: key for key in valid}
    for ours, about in PARAMETERS.get(name, {}).items():
        if ours in known:
            return f"write {known[ours]!r}{about}"
    return None
