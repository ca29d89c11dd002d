"""The demonstration: camera images through real servers and real workers to answers, by one command."""
