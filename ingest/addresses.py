"""Which addresses may be asked: http and https on the open internet, never a machine of one's own network.

A feed's redirect may name any address; without this check a stranger could have the nightly job ask the router.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from kb.errors import BadInput, SourceDown


def check_address(url: str, *, private: bool = False) -> str:
    """The host of an address that may be asked.

    Raises BadInput for another scheme or an address that names a machine inside a private network (allowed with
    `private`), SourceDown when the name cannot be resolved.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"Address {url}", "not http or https", "Mend the source's declaration.")
    if not private:
        for address in _resolve(parts.hostname, parts.port or 443):
            check_machine(parts.hostname, address)
    return parts.hostname


def check_machine(host: str, address: str) -> None:
    """Raise BadInput unless the numeric address lies on the open internet."""
    if not ipaddress.ip_address(address.split("%", maxsplit=1)[0]).is_global:
        remedy = "Set WHYFELL_PRIVATE_ADDRESSES=1 if that is meant."
        raise BadInput(f"Address {host}", f"{address} is not on the open internet", remedy)


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SourceDown(f"Host {host}", f"no address: {error.strerror or error}", "Is this machine online?") from error
    return [str(entry[4][0]) for entry in found]
