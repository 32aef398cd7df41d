"""The part of `/readyz` about networks in memory: whether changes of models are seen, or predictions go on without."""

from service.errors import Unavailable
from service.models.cache import ModelCache
from service.models.directory import Directory
from service.ops.probes import Check

GOES_ON = (
    "the database does not answer: networks in memory go on predicting, under the names that they had when it answered "
    "last; others are answered with 503 until it is back"
)
NEVER_SEEN = "nothing is in memory yet, and nothing is loaded without the database"


def check_models(cache: ModelCache, directory: Directory) -> Check:
    """Return how many networks are in memory, and since when what their names mean may have changed unseen."""
    facts = {"networks": len(cache), "bytes": cache.bytes}
    try:
        since = directory.state().since
    except Unavailable:
        return Check(False, NEVER_SEEN, facts=facts)
    if since is None:
        return Check(True, facts=facts)
    if not facts["networks"]:
        return Check(False, NEVER_SEEN, since=since, facts=facts)
    return Check(True, GOES_ON, since=since, facts=facts)
