"""Buckets: the images, and our own published checkpoints and large answers."""
