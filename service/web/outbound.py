"""What settings say of requests that this service sends: ranges of addresses they may go to, and when to try again."""

import ipaddress

from service.errors import Misconfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
RANGES_VARIABLE, RETRY_VARIABLE = "BACKPROP_WEBHOOK_ALLOWED_RANGES", "BACKPROP_WEBHOOK_RETRY_SECONDS"
MOST_RETRIES = 50
LONGEST_DELAY = 604_800.0


def address_ranges(text: str) -> tuple[Network, ...]:
    """Read ranges of addresses in CIDR notation, separated by commas; raise `Misconfigured`."""
    return tuple(_network(part.strip()) for part in text.split(",") if part.strip())


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise Misconfigured(
            f"{RANGES_VARIABLE} must list ranges of addresses such as 10.0.0.0/8, fd00::/8, got {text[:60]!r}: {error}"
        ) from None


def retry_delays(text: str) -> tuple[float, ...]:
    """Read the seconds between the attempts at a delivery, separated by commas; raise `Misconfigured`."""
    try:
        delays = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        delays = (-1.0,)
    if len(delays) > MOST_RETRIES or not all(0 < delay <= LONGEST_DELAY for delay in delays):
        raise Misconfigured(
            f"{RETRY_VARIABLE} must list at most {MOST_RETRIES} numbers of seconds above 0 and at most "
            f"{LONGEST_DELAY:,.0f}, as in 5,300,1800, got {text[:60]!r}"
        )
    return delays
