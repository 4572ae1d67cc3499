"""Runs on a cluster that Slurm manages, by Slurm's own commands."""
