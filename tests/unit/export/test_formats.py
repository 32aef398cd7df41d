"""Formats of exports, and what the command offers of them."""

from service.export.formats import FORMATS
from service.ops import export_cli


def test_the_command_offers_every_format() -> None:
    assert tuple(FORMATS) == export_cli.FORMATS
