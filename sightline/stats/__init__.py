"""Sampling, estimators and rollup arithmetic: pure functions over counts and verdicts.

From images to figures: `strata` sorts a day's images, `sampling` orders each stratum and reads its reviewed prefix,
`counts` adds up cells, `windows` joins cells into the evidence of a stratum, `posterior` draws from it, `figures`
gives precision, recall, F1 and missed images with their intervals. `advice` says what to review next.
"""
