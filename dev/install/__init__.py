"""Install what a checkout needs: Python packages from the locks, Debian packages, Java servers, the demo's pictures.

Nothing here is resolved: every Python package and every jar is named in a committed list with its hash. Only the
standard library is imported, because this runs before any package is there.
"""
