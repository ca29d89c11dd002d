"""The store of jobs on stored videos."""
