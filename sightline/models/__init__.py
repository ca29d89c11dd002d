"""The values that every layer shares: images, answers, verdicts."""
