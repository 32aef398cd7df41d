"""Media types, and a guess by a body's first bytes for clients that send no Content-Type or curl's form default."""

JSON = "application/json"
CSV = "text/csv"
NPZ = "application/x-npz"


def guess_media_type(head: bytes) -> str:
    """Return JSON for an opening bracket, NPZ for a zip's signature, else CSV."""
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return NPZ
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return JSON
    return CSV
