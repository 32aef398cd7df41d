"""The headers that say what has predicted, of answers that are no JSON and cannot say it themselves."""

from service.models.cache import TrainedNetwork

MODEL, VERSION, EPOCH = "X-Model", "X-Version", "X-Epoch"


def source_headers(trained: TrainedNetwork) -> list[tuple[str, str]]:
    """Return the model, its version and the epoch, as JSON has them; what is null there is left out."""
    found = ((MODEL, trained.name), (VERSION, trained.version), (EPOCH, trained.epoch))
    return [(name, str(value)) for name, value in found if value is not None]
