"""What waits in the queues of the broker: read only, by whoever must not send too much."""
