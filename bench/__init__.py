"""Benchmarks: each compares variants in one run and prints their ratios."""
