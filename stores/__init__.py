"""Where things are kept: for each store a Protocol, the real one and its in-memory twin."""
