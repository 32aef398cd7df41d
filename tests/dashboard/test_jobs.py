"""The list of jobs, the form that starts one, and jobs that are compared."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import service.dashboard
from service.backprop.activations import ACTIVATIONS
from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.optimizers import OPTIMIZERS
from tests.dashboard.conftest import XOR, Open, trained
from tests.dashboard.test_computing import NODE
from tests.integration.service import Service

FOLDER = Path(service.dashboard.__file__).parent


@pytest.fixture(scope="session")
def slow(service: Service, xor: dict[str, Any]) -> dict[str, Any]:
    """A job like `xor` with half its learning rate, and a name of its own."""
    training = {**XOR["training"], "epochs": 300, "optimizer": {"type": "sgd", "learning_rate": 0.25, "momentum": 0.9}}
    return trained(service, {**XOR, "dataset": "xor", "model": "xor-slow", "training": training})


def row_of(page: Page, job: dict[str, Any]) -> Any:
    return page.locator("table.jobs tbody tr", has=page.locator(f'a[href*="{job["id"]}"]'))


def test_numbers_of_the_table_are_those_of_the_api(open_page: Open, service: Service, slow: dict[str, Any]) -> None:
    (job,) = service.get(f"/v1/jobs?search={slow['id']}&best=true&at_epoch=10")["data"]
    with open_page() as view:
        page = view.go(f"?search={slow['id']}&at_epoch=10")
        row = row_of(page, slow)
        expect(row).to_contain_text("epoch 300 of 300")
        titles = row.locator("td.number span[title]").evaluate_all("cells => cells.map(cell => cell.title)")
        shown = [json.loads(re.findall(r"loss (\S+) at", title)[0]) for title in titles]
        assert shown == [job[each]["training_loss"] for each in ("latest", "best", "at_epoch")]
        assert row.locator("svg.sparkline").count() == 1
        asked = [each.url for each in view.requests if "/v1/jobs?" in each.url]
        assert len(asked) == 1 and "fields=" in asked[0]
        assert view.paths().count("/v1/session") == 1  # the page uses the answer that its HTML has asked for


def test_the_service_searches_and_the_address_keeps_it(
    open_page: Open, xor: dict[str, Any], slow: dict[str, Any]
) -> None:
    with open_page() as view:
        page = view.go()
        row_of(page, xor).wait_for()
        page.get_by_label("Search").fill("xor-slow")
        row_of(page, xor).wait_for(state="detached")
        row_of(page, slow).wait_for()
        assert "search=xor-slow" in page.url
        page.reload()
        row_of(page, slow).wait_for()
        assert page.get_by_label("Search").input_value() == "xor-slow"
        page.get_by_label("Status").select_option("failed")
        page.get_by_text("No job is failed and has “xor-slow” in it").wait_for()
        page.get_by_role("link", name="Show all jobs").click()
        row_of(page, xor).wait_for()


def test_a_first_visit_offers_xor_and_opens_its_page(open_page: Open, service: Service) -> None:
    nothing = {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}
    with open_page() as view:
        view.page.route(re.compile(r"/v1/jobs\?"), lambda route: route.fulfill(json=nothing))  # as of a new service
        page = view.go()
        page.get_by_role("heading", name="Train a first network").wait_for()
        assert view.accessibility_faults() == []
        page.get_by_role("button", name="Train XOR", exact=True).click()
        page.wait_for_url(re.compile(r"\?job=job_"))
        job = service.get(f"/v1/jobs/{page.url.partition('job=')[2]}")
        assert (job["model"]["name"], job["dataset"], job["training"]["epochs"]) == ("xor", "example-xor", 2000)


def test_jobs_move_on_as_they_train_and_end(open_page: Open, service: Service, xor: dict[str, Any]) -> None:
    training = {**XOR["training"], "epochs": 10_000_000, "store_parameters": {"every": 100_000}}
    with open_page() as view:
        page = view.go()
        row_of(page, xor).wait_for()
        page.locator(".live.open").wait_for()
        job = service.post("/v1/jobs", {**XOR, "dataset": "xor", "model": "xor-long", "training": training})
        try:
            row = row_of(page, job)
            expect(row).to_contain_text("running")
            first = row.locator(".job-progress").inner_text()
            expect(row.locator(".job-progress")).not_to_have_text(first)
            read = len([path for path in view.paths() if path == "/v1/jobs"])
            second = row.locator(".job-progress").inner_text()
            expect(row.locator(".job-progress")).not_to_have_text(second)
            assert len([path for path in view.paths() if path == "/v1/jobs"]) <= read + 1
        finally:
            service.post(f"/v1/jobs/{job['id']}:cancel", {})
        expect(row).to_contain_text("cancelled")
        assert "/v1/jobs/" + job["id"] not in view.paths()


def test_a_job_is_started_by_fields_or_json_and_faults_stand_at_their_fields(open_page: Open, service: Service) -> None:
    with open_page() as view:
        page = view.go("?new=job.xor")
        page.get_by_label("Epochs", exact=True).fill("0")
        page.get_by_label("Learning rate").fill("quick")
        page.get_by_role("button", name="Start", exact=True).click()
        epochs = page.get_by_label("Epochs", exact=True)
        expect(epochs).to_have_attribute("aria-invalid", "true")
        expect(page.locator(".job-field", has=epochs)).to_contain_text("must be at least 1, got 0")
        expect(page.get_by_label("Learning rate")).to_have_attribute("aria-invalid", "true")
        view.console[:] = [each for each in view.console if "422" not in each]  # what the test itself asked for
        epochs.fill("7")
        page.get_by_label("Learning rate").fill("0.25")
        written = page.get_by_label("The same as JSON")
        body = json.loads(written.input_value())
        assert (body["training"]["epochs"], body["training"]["optimizer"]["learning_rate"]) == (7, 0.25)
        body["training"]["seed"] = 5
        written.fill(json.dumps(body))
        expect(page.get_by_label("Seed")).to_have_value("5")
        page.get_by_role("button", name="Estimate", exact=True).click()
        page.get_by_text("The network has 13 parameters").wait_for()
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_url(re.compile(r"\?job=job_"))
        job = service.get(f"/v1/jobs/{page.url.partition('job=')[2]}")
        training = job["training"]
        assert (training["epochs"], training["seed"], training["optimizer"]["learning_rate"]) == (7, 5, 0.25)


def test_fields_offer_what_the_service_knows() -> None:
    text = (FOLDER / "new_job/choices.js").read_text("utf-8")
    registries = {"ACTIVATIONS": ACTIVATIONS, "LOSSES": LOSSES, "OPTIMIZERS": OPTIMIZERS, "METRICS": METRICS}
    for name, registry in registries.items():
        listed = re.search(rf"export const {name} = \[(.*?)\];", text, re.DOTALL)
        assert listed is not None
        assert set(re.findall(r'"(\w+)"', listed[1])) == set(registry.names())


def test_presets_are_jobs_that_the_service_takes(service: Service) -> None:
    script = f"const {{ PRESETS }} = await import({json.dumps(str(FOLDER / 'new_job/presets.js'))});"
    script += "console.log(JSON.stringify(PRESETS.map(preset => preset.body())));"
    done = subprocess.run([NODE, "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    for body in json.loads(done.stdout):
        status, answer = service.send("POST", "/v1/jobs?dry_run=true", body)
        assert status == 200, answer


def test_compared_jobs_show_what_differs(open_page: Open, xor: dict[str, Any], slow: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go()
        for job in (xor, slow):
            row_of(page, job).get_by_role("checkbox").check()
        page.get_by_role("link", name="Compare them").click()
        page.get_by_role("heading", name="Settings that differ").wait_for()
        heads = page.locator("table.compared thead th").all_inner_texts()
        assert "optimizer learning_rate" in heads and "epochs" in heads and "loss" not in heads
        rates = page.locator("table.compared tbody tr").evaluate_all(
            f"rows => rows.map(row => row.cells[{heads.index('optimizer learning_rate')}].innerText)"
        )
        assert rates == ["0.5", "0.25"]
        page.get_by_role("button", name="seconds").click()
        page.get_by_role("button", name="logarithmic").click()
        assert "by=seconds" in page.url and "scale=log" in page.url
        page.get_by_label(f"Leave {slow['id']} out").click()
        page.locator("table.compared tbody tr").nth(1).wait_for(state="detached")


def test_compared_jobs_that_are_gone_are_named(open_page: Open, xor: dict[str, Any]) -> None:
    with open_page() as view:
        page = view.go(f"?compare={xor['id']},job_0000000000000000")
        page.get_by_text("One job is not there").wait_for()
        page.get_by_role("link", name="Leave it out").click()
        page.get_by_text("One job is not there").wait_for(state="detached")
        view.console[:] = [each for each in view.console if "404" not in each]  # what the test itself asked for
