"""The values that sightline speaks of: images, answers, verdicts."""
