"""The users of the console: who may sign in, and what each of them has done there."""
