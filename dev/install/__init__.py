"""Install what a checkout needs: Python packages from the locks, Debian packages, Java servers, the demo's pictures.

Nothing is resolved here: committed lists name every Python package and every jar with its hash. Only the standard
library is imported, because this runs before any package is installed.
"""
