"""Videos as files: what is one, when its frames were shown, and which of them are taken. Nothing here stores."""
