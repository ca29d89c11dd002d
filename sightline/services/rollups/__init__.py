"""The figures of each day and window, computed from rows and verdicts, and again when those change.

`cells` reads one camera's day and sorts it into strata; `figures` is what a rollup holds; `writing` writes days, and
windows made of their summaries; `run` decides what is due; `report` reads figures back for people.
"""
