"""The pages, one file each; each has its template."""
