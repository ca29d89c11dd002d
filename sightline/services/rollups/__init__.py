"""The figures of each day and window, made from rows and verdicts, and made again where those have changed.

`cells` reads one camera's day and sorts it into strata; `days` keeps its summary; `windows` makes figures of summaries;
`run` says what is due.
"""
