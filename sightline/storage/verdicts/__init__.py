"""Verdicts: what persons said about images, and what they were asked."""
