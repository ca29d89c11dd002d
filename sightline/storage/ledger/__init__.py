"""The ledger: each analysis is paid once, and its answer is kept for ever."""
