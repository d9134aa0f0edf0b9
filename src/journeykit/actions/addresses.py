"""Connecting to a name of the internet, and to nothing behind the own walls."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from journeykit.actions.deadline import Deadline
from journeykit.errors import DefinitionError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL = IPv6Network("2000::/3")  #: the part of IPv6 from which public addresses are given out
_TRANSLATED = IPv6Network("64:ff9b::/96")  #: the IPv4 internet as networks that have IPv6 alone see it


EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


class PrivateAddressError(Exception):
    """A name leads to private addresses only."""


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """
    Read *texts* such as ``10.1.0.0/16`` or ``127.0.0.1``.

    Raises:
        DefinitionError: one of them is no network.
    """
    if isinstance(texts, str):
        raise DefinitionError(f'allow: "{texts:.60}" is a text; give a list, for example ["{texts:.60}"]')
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            raise DefinitionError(f'allow: "{text}" is no network ({error}); write for example "10.1.0.0/16"') from None
    return tuple(found)


def may_be_reached(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether *address* is a public one, or lies in one of the networks *allowed*; what wraps another address is judged by that."""
    if any(address in network for network in allowed):
        return True
    inner = _wrapped(address)
    if inner is not None:
        return may_be_reached(inner, allowed)
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _wrapped(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return None
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def is_within(sock: socket.socket, allowed: Sequence[Network]) -> bool:
    """Whether the other end of *sock* lies in one of the networks *allowed*."""
    address = _address(sock.getpeername())
    return any(address in network for network in allowed)


def connect(host: str, port: int, allowed: Sequence[Network], deadline: Deadline) -> socket.socket:
    """
    Open a connection to *host*.

    The name is resolved once, and each address is looked at just before it is connected to, so that a name which resolves to
    something else a moment later gains nothing.

    Raises:
        PrivateAddressError: all addresses of *host* are private, and none lies in a network *allowed*.
        OSError: the name is not known, nobody answers, or the deadline has passed.
    """
    problem: OSError | None = None
    refused = []
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not may_be_reached(_address(place), allowed):
            refused.append(str(place[0]))
            continue
        try:
            return _open(family, kind, protocol, place, deadline)
        except OSError as error:
            problem = error
    if problem is None:
        raise PrivateAddressError(
            f'"{host}" leads to {", ".join(refused)}, which is no public address; allow its network where it is yours'
        )
    raise problem


def _open(family: int, kind: int, protocol: int, place: Any, deadline: Deadline) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(deadline.left())
        sock.connect(place)
    except TimeoutError:
        sock.close()
        raise deadline.passed() from None
    except BaseException:
        sock.close()
        raise
    return sock


def _address(place: Any) -> Address:
    return ip_address(place[0])
