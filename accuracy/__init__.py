"""Sampling, estimators and rollup arithmetic: pure functions over counts and verdicts."""
