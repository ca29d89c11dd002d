"""In-memory fakes of every store, a clock that moves when told, and `FakeSightline`, which puts them together."""
