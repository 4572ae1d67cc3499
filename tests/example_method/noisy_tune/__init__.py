"""NoisyTune: a little noise on the pre-trained weights before fine-tuning."""
