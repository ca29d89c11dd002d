"""Videos, and which of their frames are taken."""
