"""Rollups: the figures of each camera, label and window, revision by revision."""
