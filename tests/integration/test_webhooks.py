"""Webhooks: made and changed by clients, signed as the `standardwebhooks` package verifies, delivered and retried."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.access.pruning import prune
from service.config import Settings
from service.jobs.commands import collect
from service.ops.doctor import late_deliveries
from service.services import Services
from service.store import totals, workers
from service.store.jobs import commands
from service.store.tables import tenants, webhook_deliveries, webhooks
from service.store.webhooks import claims
from service.webhooks.sending import Outcome, send
from service.webhooks.signing import new_secret
from tests.integration.contract import problem
from tests.receiver import LOOPBACK, Receiver, Reply, always, receiver
from tests.waiting import wait_until
from workers.deliveries import FOR_ONE, Deliverer, attempt_of
from workers.run.run import run_next_job

XOR = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
JOB = {"dataset": "xor", "training": {"epochs": 2, "seed": 1, "validation": None}}
ENDED_IN = 20.0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, webhook_allowed_ranges=LOOPBACK, webhook_seconds=2.0, port=1)


@pytest.fixture
def deliverer(service: Services) -> Iterator[Deliverer]:
    made = Deliverer(service)
    yield made
    made.stop()


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def deliver(deliverer: Deliverer) -> None:
    """Send all that is due, a webhook's share of threads at a time, and wait for the outcomes."""
    while deliverer.begin_one():
        while deliverer.begin_one():
            pass
        assert deliverer.settle(ENDED_IN)


def make(client: FlaskClient, there: Receiver, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": there.url, **more})
    assert answer.status_code == 201, answer.text
    there.secrets.append(answer.json["secret"])
    return dict(answer.json)


def run_job(client: FlaskClient, service: Services, **more: Any) -> dict[str, Any]:
    assert client.post("/v1/datasets", json={"name": "xor", **XOR}).status_code in (200, 201)
    answer = client.post("/v1/jobs", json={**JOB, **more})
    assert answer.status_code == 202, answer.text
    assert run_next_job(service, "test", lambda: False)
    return dict(answer.json)


def deliveries(client: FlaskClient, webhook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{webhook['links']['deliveries']}{query}").json["data"]
    return found


def now_due(service: Services) -> None:
    """Let what waits for another attempt be due."""
    with service.database.begin() as connection:
        long_ago = datetime.now(UTC) - timedelta(seconds=1)
        pending = webhook_deliveries.c.status == "pending"
        connection.execute(update(webhook_deliveries).where(pending).values(due_at=long_ago))


def test_the_end_of_a_job_is_sent_signed_with_its_summary(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    job = run_job(client, service, metadata={"team": "a"})
    deliver(deliverer)
    (received,) = there.received
    assert received.verified_by == (webhook["secret"],)
    assert received.event["type"] == "job.succeeded"
    data = received.event["data"]
    assert (data["id"], data["status"], data["metadata"]) == (job["id"], "succeeded", {"team": "a"})
    assert data["model"] == {"name": job["model"]["name"], "version": 1}
    assert data["progress"] == {"epoch": 2, "epochs": 2}
    assert received.event["timestamp"].endswith("Z")
    (delivery,) = deliveries(client, webhook)
    assert (delivery["id"], delivery["status"], delivery["due_at"]) == (received.id, "succeeded", None)
    assert [each["status"] for each in delivery["attempts"]] == [204]
    assert client.get(f"{webhook['links']['deliveries']}/{received.id}").json["body"] == received.event


def test_a_webhook_gets_the_events_it_names_and_no_others(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    every = ["job.queued", "job.running", "job.succeeded", "model.version_created", "alias.moved"]
    make(client, there, events=every)
    run_job(client, service, model="xor")
    assert client.put("/v1/models/xor/aliases/champion", json={"version": 1}).status_code in (200, 201)
    deliver(deliverer)
    assert sorted(there.types) == sorted(every)


def test_what_is_rolled_back_is_not_sent(client: FlaskClient, default: Services, there: Receiver) -> None:
    webhook = make(client, there, events=["job.queued", "job.cancelled"])
    client.post("/v1/datasets", json={"name": "xor", **XOR})
    job = client.post("/v1/jobs", json=JOB).json["id"]
    with pytest.raises(RuntimeError), default.database.begin() as connection:
        commands.cancel(connection, job)
        raise RuntimeError
    assert [each["type"] for each in deliveries(client, webhook)] == ["job.queued"]


def test_a_failed_attempt_is_made_again_under_the_same_id_until_it_succeeds(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    there.respond = always(500, b"out of order")
    run_job(client, service)
    deliver(deliverer)
    (delivery,) = deliveries(client, webhook, "?status=pending")
    first = delivery["attempts"][0]
    assert (first["status"], first["excerpt"], first["error"]) == (500, "out of order", None)
    assert 3.9 < _seconds(delivery["due_at"]) - _seconds(first["at"]) < 12
    there.respond = always(200)
    now_due(service)
    deliver(deliverer)
    assert len({each.id for each in there.received}) == 1 and len(there.received) == 2
    (delivery,) = deliveries(client, webhook, "?status=succeeded")
    assert [each["status"] for each in delivery["attempts"]] == [500, 200]
    assert client.get(webhook["links"]["self"]).json["failures"] == 0


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def test_a_delivery_fails_after_the_last_attempt_of_the_schedule_and_is_sent_again_by_hand(
    client: FlaskClient, service: Services, there: Receiver
) -> None:
    webhook = make(client, there)
    there.respond = always(404)
    short = Deliverer(replace(service, settings=replace(service.settings, webhook_retry_seconds="1,1")))
    run_job(client, service)
    for _ in range(4):
        now_due(service)
        deliver(short)
    (delivery,) = deliveries(client, webhook, "?status=failed")
    assert len(delivery["attempts"]) == len(there.received) == 3
    there.respond = always(200)
    path = f"{webhook['links']['deliveries']}/{delivery['id']}:resend"
    assert client.post(path).json["status"] == "pending"
    deliver(short)
    assert {each.id for each in there.received} == {delivery["id"]} and len(there.received) == 4
    assert deliveries(client, webhook)[0]["status"] == "succeeded"
    assert client.post(f"{webhook['links']['deliveries']}/msg_none:resend").status_code == 404


def test_a_receiver_that_asks_to_wait_is_left_alone_for_as_long(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    there.respond = always(429, Retry_After="120")
    run_job(client, service)
    deliver(deliverer)
    run_job(client, service)
    deliver(deliverer)
    assert len(there.received) == 1
    found = client.get(webhook["links"]["self"]).json
    assert 100 < _seconds(found["held_until"]) - datetime.now(UTC).timestamp() < 121
    there.respond = always(200)
    second = deliveries(client, webhook)[0]
    assert client.post(f"{webhook['links']['deliveries']}/{second['id']}:resend").status_code == 202
    deliver(deliverer)
    assert deliveries(client, webhook)[0]["status"] == "succeeded"


def test_410_disables_a_webhook_until_it_is_enabled_again(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    there.respond = always(410)
    run_job(client, service)
    deliver(deliverer)
    found = client.get(webhook["links"]["self"]).json
    assert (found["enabled"], found["disabled_because"]) == (False, "the receiver has answered 410 Gone")
    run_job(client, service)
    (only,) = deliveries(client, webhook)
    assert only["status"] == "failed"
    refused = client.post(f"{webhook['links']['deliveries']}/{only['id']}:resend")
    assert problem(refused, 409)["detail"].endswith("enable it first")
    there.respond = always(200)
    found = client.patch(webhook["links"]["self"], json={"enabled": True}).json
    assert (found["enabled"], found["disabled_because"], found["failures"]) == (True, None, 0)
    run_job(client, service)
    deliver(deliverer)
    assert deliveries(client, webhook)[0]["status"] == "succeeded"


def test_a_webhook_that_fails_for_days_is_disabled_with_a_reason_and_sends_what_waited_once_enabled(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    there.respond = always(500)
    run_job(client, service)
    for _ in range(4):
        now_due(service)
        deliver(deliverer)
    with service.database.begin() as connection:
        connection.execute(update(webhooks).values(failing_since=datetime.now(UTC) - timedelta(days=4)))
    now_due(service)
    deliver(deliverer)
    found = client.get(webhook["links"]["self"]).json
    assert not found["enabled"] and found["failures"] == 5
    assert found["disabled_because"].startswith("no attempt has succeeded since ")
    now_due(service)
    deliver(deliverer)
    assert len(there.received) == 5
    there.respond = always(200)
    client.patch(webhook["links"]["self"], json={"enabled": True})
    deliver(deliverer)
    assert deliveries(client, webhook)[0]["status"] == "succeeded"


def test_a_rotated_secret_signs_beside_the_old_one_until_the_overlap_is_over(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    given = new_secret()
    rotated = client.post(f"{webhook['links']['self']}:rotate", json={"secret": given, "overlap": "1h"}).json
    assert rotated["secret"] == given and rotated["old_secret_until"] is not None
    there.secrets.append(given)
    run_job(client, service)
    deliver(deliverer)
    assert there.received[-1].verified_by == (webhook["secret"], given)
    assert there.received[-1].headers["webhook-signature"].count("v1,") == 2
    with service.database.begin() as connection:
        connection.execute(update(webhooks).values(old_secret_until=datetime.now(UTC) - timedelta(seconds=1)))
    run_job(client, service)
    deliver(deliverer)
    assert there.received[-1].verified_by == (given,)


def test_a_secret_is_shown_when_it_is_made_and_never_again(client: FlaskClient, there: Receiver) -> None:
    given = new_secret()
    made = client.post("/v1/webhooks", json={"url": there.url, "secret": given})
    assert made.json["secret"] == given and made.headers["Cache-Control"] == "no-store"
    path = made.headers["Location"]
    for answer in (client.get(path), client.get("/v1/webhooks"), client.patch(path, json={"events": ["job.failed"]})):
        assert answer.status_code == 200 and "whsec_" not in answer.text
    audit = client.get("/v1/audit").text
    assert "whsec_" not in audit and path in audit


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("whsec_c2hvcnQ=", "got 5 bytes"),
        ("topsecret", "must be `whsec_`"),
        ("whsec_!!!", "is not base64"),
    ],
)
def test_a_weak_secret_is_refused(client: FlaskClient, there: Receiver, secret: str, words: str) -> None:
    found = problem(client.post("/v1/webhooks", json={"url": there.url, "secret": secret}), 422)
    assert found["errors"][0]["pointer"] == "#/secret" and words in found["errors"][0]["detail"]
    assert secret not in json.dumps(found)


def test_a_job_sends_its_own_events_to_the_address_it_was_submitted_with(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    notify = {"url": there.url, "events": ["job.queued", "job.succeeded"]}
    job = run_job(client, service, notify=notify)
    other = run_job(client, service)
    there.secrets.append(job["notify"]["secret"])
    deliver(deliverer)
    assert sorted(there.types) == ["job.queued", "job.succeeded"]
    assert {each.event["data"]["id"] for each in there.received} == {job["id"]} != {other["id"]}
    assert all(each.verified_by for each in there.received)
    found = client.get(f"/v1/jobs/{job['id']}").json["notify"]
    assert found == {"webhook": job["notify"]["webhook"], "events": notify["events"]}
    webhook = client.get(f"/v1/webhooks/{found['webhook']}").json
    assert (webhook["job"], webhook["url"]) == (job["id"], there.url)
    assert client.get("/v1/webhooks").json["data"] == []
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.get(f"/v1/webhooks/{found['webhook']}").status_code == 404


def test_a_prediction_of_a_dataset_does_so_too(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    run_job(client, service, model="xor")
    secret = new_secret()
    body = {"model": "xor", "dataset": "xor", "notify": {"url": there.url, "secret": secret}}
    submitted = client.post("/v1/predictions", json=body)
    assert submitted.status_code == 202 and submitted.json["notify"]["secret"] == secret
    there.secrets.append(secret)
    assert run_next_job(service, "test", lambda: False)
    deliver(deliverer)
    (received,) = there.received
    assert received.event["type"] == "prediction.succeeded" and received.verified_by == (secret,)
    assert received.event["data"]["id"] == submitted.json["id"]
    assert received.event["data"]["progress"] == {"rows": 4, "rows_total": 4}


def test_notify_takes_events_of_its_own_kind_alone(client: FlaskClient, there: Receiver) -> None:
    client.post("/v1/datasets", json={"name": "xor", **XOR})
    body = {**JOB, "notify": {"url": there.url, "events": ["job.failed", "alias.moved"]}}
    found = problem(client.post("/v1/jobs", json=body), 422)
    assert found["errors"][0]["pointer"] == "#/notify/events/1"
    assert client.get("/v1/jobs").json["data"] == []


def test_a_test_is_sent_once_and_answered_with_its_outcome(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there, enabled=False)
    there.respond = always(503, b"closed")
    with service.database.begin() as connection:
        workers.report_alive(connection, "host:ns:1:2")
    thread = threading.Thread(target=deliverer.run)
    thread.start()
    try:
        answer = client.post(f"{webhook['links']['test']}")
    finally:
        deliverer.stopping.set()
        thread.join()
    assert (answer.status_code, answer.json["type"], answer.json["status"]) == (200, "webhook.test", "failed")
    assert [(each["status"], each["excerpt"]) for each in answer.json["attempts"]] == [(503, "closed")]
    assert there.received[0].verified_by == (webhook["secret"],)
    found = client.get(webhook["links"]["self"]).json
    assert (found["failures"], found["held_until"]) == (0, None)


def test_without_a_worker_a_test_is_answered_202(client: FlaskClient, there: Receiver) -> None:
    answer = client.post(make(client, there)["links"]["test"])
    assert (answer.status_code, answer.json["status"]) == (202, "pending")


def test_a_slow_webhook_delays_no_other(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    released = threading.Event()

    def wait(_: Any) -> Reply:
        released.wait(ENDED_IN)
        return Reply(200)

    with receiver(wait) as slow:
        make(client, slow, events=["job.queued", "job.running", "job.succeeded"])
        make(client, there)
        for _ in range(FOR_ONE):
            run_job(client, service)
        while deliverer.begin_one():
            pass
        wait_until(lambda: len(there.received) == FOR_ONE, what="the deliveries of the other webhook")
        assert len(slow.received) <= FOR_ONE
        released.set()
        assert deliverer.settle(ENDED_IN)


def test_slow_webhooks_of_a_tenant_delay_no_other_tenant(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.deliveries.THREADS", 4)
    released = threading.Event()

    def wait(_: Any) -> Reply:
        released.wait(ENDED_IN)
        return Reply(200)

    with receiver(wait) as slow:
        for _ in range(5):
            make(client, slow)
        other = make(client, there)
        assert client.post("/v1/tenants", json={"name": "other"}).status_code == 201
        run_job(client, service)
        with service.database.begin() as connection:
            others = select(tenants.c.number).where(tenants.c.name == "other").scalar_subquery()
            connection.execute(update(webhooks).where(webhooks.c.id == other["id"]).values(tenant=others))
        while deliverer.begin_one():
            pass
        wait_until(lambda: there.received, what="the delivery of the other tenant")
        assert len(slow.received) <= 2
        released.set()
        wait_until(lambda: not deliverer.begin_one() and len(slow.received) == 5, what="the slow ones, two at a time")
        assert deliverer.settle(ENDED_IN)


def test_an_attempt_that_the_service_fails_at_counts_as_one(
    client: FlaskClient,
    service: Services,
    deliverer: Deliverer,
    there: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any) -> Outcome:
        raise RuntimeError

    webhook = make(client, there)
    run_job(client, service)
    with monkeypatch.context() as patched:
        patched.setattr("workers.deliveries.send", fail)
        deliver(deliverer)
    (delivery,) = deliveries(client, webhook)
    assert (delivery["status"], delivery["failures"]) == ("pending", 1)
    assert delivery["attempts"][0]["error"] == "not sent: the service has failed, and its log says how"
    assert "an event cannot be sent" in caplog.text


def test_an_attempt_has_a_time_limit_and_no_redirect_is_followed(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    released = threading.Event()

    def wait(_: Any) -> Reply:
        released.wait(ENDED_IN)
        return Reply(200)

    with receiver(wait) as slow, receiver(always(302, Location=there.url)) as moved:
        late, elsewhere = make(client, slow), make(client, moved)
        run_job(client, service)
        deliver(deliverer)
        released.set()
    assert deliveries(client, late)[0]["attempts"][0]["error"] == "no answer within 2 s"
    assert deliveries(client, elsewhere)[0]["attempts"][0]["status"] == 302
    assert there.received == []


def test_what_a_lost_process_had_claimed_is_sent_by_another(
    client: FlaskClient, service: Services, there: Receiver
) -> None:
    webhook = make(client, there)
    run_job(client, service)
    with service.database.begin() as connection:
        lost = claims.claim(connection, claims.Wanted(), 0.05)
    assert lost is not None
    other = Deliverer(service)
    wait_until(other.begin_one, what="the end of the lease")
    assert other.settle(ENDED_IN)
    (delivery,) = deliveries(client, webhook)
    assert delivery["status"] == "succeeded" and len(delivery["attempts"]) == 1
    late = attempt_of(lost, datetime.now(UTC), Outcome(1, error="late"), (1.0,))
    with pytest.raises(claims.Overtaken), service.database.begin() as connection:
        claims.record(connection, lost, late)
    assert deliveries(client, webhook) == [delivery]


class Killed(BaseException):
    """A process ends here: nothing after it is run."""


@pytest.mark.parametrize("point", ["claimed", "signed", "sent", "record begins", "record written", "recorded"])
def test_a_process_that_ends_anywhere_loses_no_event(
    client: FlaskClient, service: Services, there: Receiver, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Receivers get it at least once under one id, and one attempt is recorded: that of the process that goes on."""

    def before(*_: Any) -> Any:
        raise Killed

    def after(call: Callable[..., Any]) -> Callable[..., Any]:
        def killed(*arguments: Any) -> Any:
            call(*arguments)
            raise Killed

        return killed

    webhook = make(client, there)
    run_job(client, service)
    monkeypatch.setattr("workers.deliveries.LEASE_EXTRA_SECONDS", 0.1 - service.settings.webhook_seconds)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    lost = Deliverer(service)
    with monkeypatch.context() as patched:
        if point == "claimed":
            patched.setattr(lost, "_deliver", before)
        elif point in ("signed", "sent"):
            patched.setattr("workers.deliveries.send", before if point == "signed" else after(send))
        elif point == "recorded":
            patched.setattr("service.services.Services.ending", after(Services.ending))
        else:
            patched.setattr(claims, "record", before if point == "record begins" else after(claims.record))
        assert lost.begin_one()
        lost._pool.shutdown(wait=True)
    other = Deliverer(service)
    is_over = point == "recorded"
    if not is_over:
        wait_until(other.begin_one, what="the end of the lease")
    assert other.settle(ENDED_IN) and not other.begin_one()
    assert len(there.received) == (1 if point in ("claimed", "signed", "recorded") else 2)
    assert len({received.id for received in there.received}) == 1
    (delivery,) = deliveries(client, webhook)
    assert (delivery["status"], len(delivery["attempts"])) == ("succeeded", 1)


def test_attempts_are_counted_and_old_deliveries_removed(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    run_job(client, service)
    deliver(deliverer)
    with service.database.read() as connection:
        assert totals.read(connection)[("deliveries", "succeeded")] == 1
    scraped = client.get("/metrics").text
    assert 'backprop_webhook_attempts_total{outcome="succeeded"} 1.0' in scraped
    assert 'backprop_webhook_deliveries{status="succeeded"} 1.0' in scraped
    assert "backprop_webhook_deliveries_due 0.0" in scraped
    prune(service)
    assert len(deliveries(client, webhook)) == 1
    prune(replace(service, settings=replace(service.settings, keep_deliveries_seconds=0.0)))
    assert deliveries(client, webhook) == []
    collect(service)


def test_the_doctor_says_when_what_is_due_is_not_sent(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    make(client, there)
    run_job(client, service)
    assert late_deliveries(service) is None
    with service.database.begin() as connection:
        connection.execute(update(webhook_deliveries).values(due_at=datetime.now(UTC) - timedelta(hours=1)))
    late = late_deliveries(service)
    assert late is not None and late.startswith("1 deliveries are due, the oldest for 3,6")
    deliver(deliverer)
    assert late_deliveries(service) is None


def test_lists_are_read_page_by_page(client: FlaskClient, service: Services, there: Receiver) -> None:
    made = [make(client, there)["id"] for _ in range(3)]
    first = client.get("/v1/webhooks?limit=2")
    assert [each["id"] for each in first.json["data"]] == made[:0:-1] and first.json["has_more"]
    rest = client.get(f"/v1/webhooks?limit=2&after={first.json['last_id']}").json
    assert [each["id"] for each in rest["data"]] == made[:1]
    webhook = client.get(f"/v1/webhooks/{made[0]}").json
    for _ in range(3):
        run_job(client, service)
    page = client.get(f"{webhook['links']['deliveries']}?limit=2")
    more = client.get(f"{webhook['links']['deliveries']}?limit=2&after={page.json['last_id']}").json
    assert len(page.json["data"]) == 2 and len(more["data"]) == 1 and not more["has_more"]
    assert client.get(page.headers["Link"].partition("<")[2].partition(">")[0]).json["data"] == more["data"]


def test_a_tenant_has_as_many_webhooks_as_its_limit_says(client: FlaskClient, there: Receiver) -> None:
    assert client.patch("/v1/tenants/default", json={"webhooks": 1}).status_code == 200
    make(client, there)
    refused = problem(client.post("/v1/webhooks", json={"url": there.url}), 409)
    assert refused["detail"].startswith("this tenant has 1 webhooks, which is its limit")


def test_a_repeated_request_makes_one_webhook_and_has_the_same_answer(client: FlaskClient, there: Receiver) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = (client.post("/v1/webhooks", json={"url": there.url}, headers=headers) for _ in range(2))
    assert first.json == again.json and again.headers["Idempotent-Replayed"] == "true"
    assert len(client.get("/v1/webhooks").json["data"]) == 1


def test_a_deleted_webhook_gets_nothing_more(
    client: FlaskClient, service: Services, deliverer: Deliverer, there: Receiver
) -> None:
    webhook = make(client, there)
    run_job(client, service)
    assert client.delete(webhook["links"]["self"]).status_code == 204
    deliver(deliverer)
    assert there.received == []
    assert client.get(webhook["links"]["self"]).status_code == 404
