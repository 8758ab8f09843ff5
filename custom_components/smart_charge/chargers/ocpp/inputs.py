"""How much of anything a peer may send: frames, messages, connections, guesses. Pure; told the time."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

MAX_FRAME_BYTES = 1 << 20
MESSAGES_PER_S = 100.0
MAX_ADDRESSES = 1024
"""Addresses that are remembered; the one unheard of longest is forgotten first."""


class Bucket:
    """Lets ``rate`` things a second through, and ``burst`` at once."""

    __slots__ = ("_burst", "_filled_at", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._filled_at = now

    def take(self, now: float) -> float:
        """Take one, on credit if need be; returns the seconds until it was earned."""
        self._level = min(self._burst, self._level + (now - self._filled_at) * self._rate) - 1
        self._filled_at = now
        return max(0.0, -self._level / self._rate)

    def try_take(self, now: float) -> float:
        """Take one if it is there; else take none and return the seconds until it will be."""
        wait = self.take(now)
        if wait > 0:
            self._level += 1
        return wait


@dataclass(slots=True)
class _Failures:
    count: int = 0
    banned_until: float = 0.0


class Doorkeeper:
    """Who may knock, and how often.

    Wrong passwords ban the pair of address and charge point id, not the address: behind a proxy or a
    container's bridge all charge points share one, and a stranger must not lock them out. An invitation
    that any id may answer is guarded under the id ``ANYBODY``, more patiently.
    """

    ANYBODY = ""

    CONNECTIONS_PER_ADDRESS = 50
    CONNECTIONS = 200
    HANDSHAKES_PER_S = 5.0
    HANDSHAKE_BURST = 60
    FAILURES_BEFORE_BAN = 5
    GUESSES_BEFORE_BAN = 30
    FIRST_BAN_S = 60.0
    LONGEST_BAN_S = 900.0

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._knocks: OrderedDict[str, Bucket] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def enter(self, address: str) -> bool:
        """Count one more connection; false when there are too many already."""
        key = network(address)
        if self._open.get(key, 0) >= self.CONNECTIONS_PER_ADDRESS or sum(self._open.values()) >= self.CONNECTIONS:
            return False
        self._open[key] = self._open.get(key, 0) + 1
        return True

    def leave(self, address: str) -> None:
        """Count one connection less."""
        key = network(address)
        left = self._open.get(key, 0) - 1
        if left > 0:
            self._open[key] = left
        else:
            self._open.pop(key, None)

    def knock(self, address: str, now: float) -> float:
        """One handshake from ``address``; returns for how many seconds it is refused, 0 if it is not."""
        key = network(address)
        bucket = self._knocks.pop(key, None) or Bucket(self.HANDSHAKES_PER_S, self.HANDSHAKE_BURST, now)
        self._knocks[key] = bucket
        _forget_oldest(self._knocks)
        return bucket.try_take(now)

    def banned_for(self, address: str, charge_point_id: str, now: float) -> float:
        """For how many seconds ``address`` may not try a password for this charge point; 0 if it may."""
        failures = self._failures.get((network(address), charge_point_id))
        return max(0.0, failures.banned_until - now) if failures else 0.0

    def failed(self, address: str, charge_point_id: str, now: float) -> bool:
        """Hear of a wrong password; true when that begins a ban."""
        key = (network(address), charge_point_id)
        failures = self._failures.pop(key, None) or _Failures()
        self._failures[key] = failures
        _forget_oldest(self._failures)
        failures.count += 1
        patience = self.FAILURES_BEFORE_BAN if charge_point_id else self.GUESSES_BEFORE_BAN
        excess = failures.count - patience
        if excess < 0:
            return False
        failures.banned_until = now + min(self.LONGEST_BAN_S, self.FIRST_BAN_S * 2 ** min(excess, 10))
        return True

    def succeeded(self, address: str, charge_point_id: str) -> None:
        """Hear of the right password: earlier mistakes are forgotten."""
        self._failures.pop((network(address), charge_point_id), None)


def network(address: str) -> str:
    """Say what counts as one peer: an IPv4 address, or the /64 that one IPv6 host may use all of."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


def _forget_oldest[K, V](table: OrderedDict[K, V]) -> None:
    while len(table) > MAX_ADDRESSES:
        table.popitem(last=False)
