"""Whether a host may be reached over the public internet, where a password must not travel unencrypted."""

import socket
from ipaddress import IPv6Address, ip_address

_PRIVATE_SUFFIXES = (".internal", ".local", ".localhost", ".lan", ".home.arpa", ".svc", ".test")
"""Suffixes that the public DNS does not serve; `.internal` and `.svc` are those of clouds and Kubernetes."""


_DOTS = dict.fromkeys(map(ord, "\u3002\uff0e\uff61"), ".")
"""What separates the labels of a name as a dot does: the resolver reads all of them (RFC 3490, 3.1)."""


def is_public(host: str) -> bool:
    """Return whether a host may be public. No name is looked up: an answer may change after it was checked.

    A name of one word, such as Compose's `redis`, is private; any other name is public unless its suffix is private.
    """
    name = host.translate(_DOTS).rstrip(".").lower()
    try:
        address = ip_address(_dotted(name))
    except ValueError:
        return "." in name and not name.endswith(_PRIVATE_SUFFIXES)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_global


def _dotted(name: str) -> str:
    """Return an IPv4 address in its usual spelling: the resolver also reads `134744072` and `0x8.8.8.8`."""
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return name
