"""Steps and their queues: names, publishing, and how many messages wait."""
