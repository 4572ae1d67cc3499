"""What DPS Dense and DPS Mix share: the two-stage cycle, the statistics, the selection.

Zhang et al. 2022, "Fine-Tuning Pre-Trained Language Models Effectively by Optimizing Subnetworks
Adaptively", arXiv 2211.01642.
"""
