"""Media types, and guessing one from a body's first bytes for clients that send none, or only curl's default."""

JSON = "application/json"
CSV = "text/csv"
NPZ = "application/x-npz"


def guess_media_type(head: bytes) -> str:
    """Return JSON for an opening bracket, NPZ for the signature of a zip archive, otherwise CSV."""
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return NPZ
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return JSON
    return CSV
