"""Training sets: which pictures of a folder do not belong to it, by what they show."""
