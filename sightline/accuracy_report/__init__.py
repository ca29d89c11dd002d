"""Figures presented to people and scripts: as text, JSON and CSV, and as a page with charts."""
