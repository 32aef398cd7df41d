"""Every view, at both widths, light and dark: nothing in the console or from outside, accessible, in the window."""

from typing import Any, Literal

import pytest

from tests.dashboard.conftest import Open

HEIGHT = 900
LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")]
# an address, in which {xor} and {digits} are trained jobs, and a text that is there once everything is shown
VIEWS = [
    ("", "Jobs"),
    ("?at_epoch=10", "At epoch 10"),
    ("?search=nothing-has-this-name", "No job has"),
    ("?new=job", "Hold at epoch 0"),
    ("?new=job.digits", "Hold at epoch 0"),
    ("?compare={xor}", "Settings"),
    ("?job={xor}", "Loss"),
    ("?job={xor}&epoch=10", "Loss"),
    ("?job={xor}&tab=network&epoch=10&row=1", "How to read it"),
    ("?job={xor}&tab=network&epoch=10&row=1&step=delta.0&edge=0.1.2", "BP2"),
    ("?job={xor}&tab=network&epoch=10&row=1&step=update&notation=nielsen", "predicted change"),
    ("?job={xor}&scale=log&range=10,500&series=training_loss,learning_rate", "Learning rate"),
    ("?job={xor}&tab=layers&epoch=100", "Updates"),
    ("?job={xor}&tab=parameters&epoch=100", "Over the training"),
    ("?job={xor}&tab=settings", "Data"),
    ("?job={xor}&tab=history", "Succeeded"),
    ("?embed=1&job={xor}", "Loss"),
    ("?job={xor}&tab=weight&epoch=30&edge=0.0.1&row=2", "The path in numbers"),
    ("?job={xor}&tab=weight&epoch=30&edge=1.bias.0&notation=nielsen", "The path in numbers"),
    ("?job={xor}&tab=shots&row=1&epoch=30", "The shots as a table"),
    ("?job={xor}&tab=pictures&epoch=30", "of the map"),
    ("?job={digits}&tab=pictures&row=7", "It reads"),
    ("?view=datasets", "Format"),
    ("?dataset=xor", "How it was read"),
    ("?view=datasets&new=dataset", "Nothing is sent"),
    ("?view=operations", "Networks in memory"),
    ("?view=models", "Trained on"),
    ("?model=xor", "How well it does"),
    ("?job={xor}&tab=homework&epoch=30&row=2&blank=delta,gradients", "On paper"),
    ("?view=tour", "Eight short steps"),
    ("?job=job_0000000000000000", "there is no job"),
]


@pytest.mark.parametrize(("address", "text"), VIEWS, ids=[address or "/" for address, _ in VIEWS])
def test_a_view(open_page: Open, xor: dict[str, Any], digits: dict[str, Any], address: str, text: str) -> None:
    with open_page() as view:
        page = view.go(address.format(xor=xor["id"], digits=digits["id"]))
        page.get_by_text(text).first.wait_for()
        page.wait_for_load_state("load")
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=scheme)
            page.get_by_text(text).first.wait_for()
            assert view.accessibility_faults() == [], (width, scheme)
            assert view.overflow() <= 0, width
        refused = [each for each in view.console if "404" in each and "job_0000000000000000" in each]
        view.console[:] = [each for each in view.console if each not in refused]  # what the test itself asked for


@pytest.mark.parametrize(("path", "text"), [("", "Jobs"), ("?job={xor}", "Loss"), ("docs", "Operations")])
def test_a_second_visit_shows_the_page_again(open_page: Open, xor: dict[str, Any], path: str, text: str) -> None:
    with open_page() as view:
        for _ in range(2):
            page = view.go(path.format(xor=xor["id"]))
            page.get_by_text(text).first.wait_for()
            page.wait_for_function("getComputedStyle(document.querySelector('.head')).display === 'flex'")
