"""Which hosts are this machine itself, for whom plain HTTP is not a risk (B-54)."""

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Return whether a host name is `localhost`, or an address in 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
