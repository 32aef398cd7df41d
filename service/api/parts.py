"""What views work with, as `create_app` has wired it."""

from typing import cast

from flask import current_app

from service.api.feed import Feed
from service.api.waiting import Waits
from service.models.prediction import Warm
from service.services import Parts


def parts() -> Parts:
    return cast(Parts, current_app.extensions["parts"])


def warm() -> Warm:
    return cast(Warm, current_app.extensions["warm"])


def waits() -> Waits:
    return cast(Waits, current_app.extensions["waits"])


def feed() -> Feed:
    return cast(Feed, current_app.extensions["feed"])
