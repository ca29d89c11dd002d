"""Where things are kept: for each store a Protocol and the real one. The in-memory fakes are in `sightline.testing`."""
