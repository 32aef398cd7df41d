"""What views work with, as `create_app` has wired it."""

from typing import cast

from flask import current_app

from service.models import Warm
from service.parts import Parts


def parts() -> Parts:
    return cast(Parts, current_app.extensions["parts"])


def warm() -> Warm:
    return cast(Warm, current_app.extensions["warm"])
