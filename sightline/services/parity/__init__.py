"""Parity: are rows and graph the same, image for image and relationship for relationship?

Rows say what must be shown, the graph what is. A difference counts only where a second, consistent look at the rows,
before and after one at the graph, finds the image at rest: what is on its way is no difference.
"""
