"""Image rows: the truth about each image, and the fan-in of its analyses."""
