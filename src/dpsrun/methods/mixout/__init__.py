"""Mixout: each step trains and computes with a random part of the weights."""
