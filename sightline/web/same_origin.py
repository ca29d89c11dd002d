"""Does a request that changes something come from a page of this console? Browsers say so themselves.

`Sec-Fetch-Site` says it where the console is reached over HTTPS or on loopback; elsewhere there is `Origin`. A request
with neither is refused: every browser sends one of them with a form. No token is needed in the forms, as in Go's
`http.CrossOriginProtection`.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_from_here(headers: Mapping[str, str]) -> bool:
    """Return whether a page of this very host sent the request. headers: with names in lower case."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin, host = headers.get("origin"), headers.get("host")
    try:
        return bool(origin and host) and urlsplit(origin or "").netloc == host
    except ValueError:  # an address of IPv6 without its end
        return False
