"""What another system found: one row for each label of an image, read once to be imported."""
