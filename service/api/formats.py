"""Selection of the format in which the client wants an answer."""

from flask import request

from service.errors import Invalid, NotAcceptable


def wanted_format(known: dict[str, str], default: str = "json") -> str:
    """Choose the format by `?format=`, else by `Accept`, else the default."""
    name = request.args.get("format")
    if name is not None:
        if name not in known:
            raise Invalid.at("?format", f"must be one of {', '.join(known)}, got {name[:40]!r}")
        return name
    types = {media: name for name, media in known.items()}
    best = request.accept_mimetypes.best_match(list(types))
    if best is None and request.accept_mimetypes:
        accepted = request.headers.get("Accept", "")[:80]
        raise NotAcceptable(f"none of {accepted!r} is written here; known are {', '.join(types)}")
    return types[best] if best else default
