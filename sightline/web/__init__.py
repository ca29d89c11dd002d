"""The console: pages for people, and the same as a JSON API for programs."""
