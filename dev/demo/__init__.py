"""The demonstration: one command takes camera images through real servers and workers to answers."""
