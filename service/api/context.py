"""What views work with, as `create_app` has wired it."""

from typing import cast

from flask import current_app

from service.api.feed import Feed
from service.api.waiting import Waits
from service.models.cache import ModelCache
from service.services import Services


def services() -> Services:
    return cast(Services, current_app.extensions["services"])


def model_cache() -> ModelCache:
    return cast(ModelCache, current_app.extensions["model_cache"])


def waits() -> Waits:
    return cast(Waits, current_app.extensions["waits"])


def feed() -> Feed:
    return cast(Feed, current_app.extensions["feed"])
