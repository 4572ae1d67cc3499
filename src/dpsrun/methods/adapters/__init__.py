"""Bottleneck adapters: small layers between frozen ones."""
