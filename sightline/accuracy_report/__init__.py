"""The figures for people: words and tables, and a report with charts."""
