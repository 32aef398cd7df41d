"""A job moves an alias to its version in the transaction in which it succeeds, or says why it does not."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.services import Services
from service.store import aliases
from tests.integration.contract import problem
from tests.integration.explained import Train, get, post
from workers.run import promotion
from workers.run.run import run_next_job

ROWS = [{"a": n % 7, "b": (n * 5) % 11, "kind": "uvw"[n % 3]} for n in range(60)]
GATE = {"dataset": "rows", "metric": "accuracy"}


def body(rate: float = 1.0, epochs: int = 100, **more: Any) -> dict[str, Any]:
    optimizer = {"type": "sgd", "learning_rate": rate}
    training = {"seed": 1, "batch_size": "full", "validation": None, "epochs": epochs, "optimizer": optimizer}
    return {"dataset": "rows", "model": "m", "training": training, **more}


@pytest.fixture(autouse=True)
def rows(client: FlaskClient) -> None:
    client.post("/v1/datasets", json={"name": "rows", "rows": ROWS})


def alias(client: FlaskClient) -> int:
    version: int = get(client, "/v1/models/m/aliases/champion")["version"]
    return version


def test_the_alias_goes_to_each_better_version(client: FlaskClient, train: Train) -> None:
    promote = {"alias": "champion", "if_better_on": GATE}
    first = train(body(1e-6, 1, promote=promote))
    assert first["promote"] == {"alias": "champion", "if_better_on": {**GATE, "dataset_version": None}}
    assert first["promoted"] == {
        "alias": "champion",
        "version": 1,
        "moved": True,
        "because": "the alias is new, so there was no version to be better than",
    }
    better = train(body(promote=promote))["promoted"]
    assert better["moved"] and better["version"] == alias(client) == 2 and ", better than the " in better["because"]
    worse = train(body(1e-6, 2, promote=promote))
    assert worse["status"] == "succeeded" and worse["model"]["version"] == 3
    assert not worse["promoted"]["moved"] and alias(client) == 2
    accuracy = post(client, "/v1/models/m/versions/3:evaluate", {"dataset": "rows"})["metrics"]["accuracy"]
    assert worse["promoted"]["because"].startswith(
        f"the alias stays with version 2: its accuracy on `rows@1` is {accuracy:.6g}, not better than the "
    )
    assert train(body(promote={"alias": "newest"}))["promoted"]["because"] == "the alias is new"
    assert train(body(promote={"alias": "newest"}))["promoted"]["because"] == "the job succeeded"
    assert get(client, "/v1/models/m")["aliases"] == {"champion": 2, "newest": 5}
    assert train(body())["promote"] is None


def test_other_columns_are_not_promoted_and_the_job_succeeds(client: FlaskClient, train: Train) -> None:
    train(body(1e-6, 1, promote={"alias": "champion"}))
    other = train(body(drop=["b"], promote={"alias": "champion"}))
    assert not other["promoted"]["moved"] and "it takes no `b`" in other["promoted"]["because"]
    assert alias(client) == 1 and other["model"]["version"] == 2


def test_what_cannot_be_compared_is_not_promoted_and_the_job_succeeds(client: FlaskClient, train: Train) -> None:
    client.post("/v1/datasets", json={"name": "held", "rows": ROWS})
    promote = {"alias": "champion", "if_better_on": {"dataset": "held", "metric": "loss"}}
    train(body(1e-6, 1, promote=promote))
    queued = client.post("/v1/jobs", json=body(promote=promote)).json
    assert client.delete("/v1/datasets/held").status_code == 204
    services = client.application.extensions["services"]
    assert run_next_job(services, "test", lambda: False)
    job = get(client, f"/v1/jobs/{queued['id']}")
    assert job["status"] == "succeeded" and not job["promoted"]["moved"]
    assert "cannot be compared" in job["promoted"]["because"] and "`held`" in job["promoted"]["because"]


def test_a_move_meanwhile_is_respected(
    client: FlaskClient, default: Services, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote = {"alias": "champion", "if_better_on": {"dataset": "rows", "metric": "loss"}}
    train(body(1e-6, 1, promote=promote))
    train(body())  # much better than what comes next
    compare, compared = promotion.compare, []

    def overtaken(*args: Any) -> Any:
        found = compare(*args)
        compared.append(found.current_version)
        if len(compared) == 1:
            with default.database.begin() as connection:
                aliases.move_alias(connection, "m", "champion", 2, aliases.get_alias(connection, "m", "champion"))
        return found

    monkeypatch.setattr(promotion, "compare", overtaken)
    job = train(body(1e-3, 5, promote=promote))
    assert compared == [1, 2]  # it was better than the first
    assert not job["promoted"]["moved"] and "version 2: its loss" in job["promoted"]["because"]
    model = get(client, "/v1/models/m")
    assert model["aliases"] == {"champion": 2} and model["latest"] == 3 and len(model["versions"]) == 3
    assert len(get(client, f"/v1/jobs/{job['id']}/epochs")["data"]) == 6


def test_training_is_the_same_and_a_replay_promotes_nothing(
    client: FlaskClient, service: Services, train: Train
) -> None:
    plain, promoting = train(body()), train(body(promote={"alias": "champion", "if_better_on": GATE}))
    assert plain["chain"] == promoting["chain"]
    put = client.put("/v1/models/m/aliases/champion", json={"version": 1})
    assert put.status_code == 200
    replay = client.post(f"/v1/jobs/{promoting['id']}:replay").json
    assert run_next_job(service, "test", lambda: False)
    job = get(client, f"/v1/jobs/{replay['id']}")
    assert job["replay"]["identical"] and job["promote"] is None and job["promoted"] is None
    assert alias(client) == 1
    fork = {"model": "m", "training": {"epochs": 1}, "promote": {"alias": "champion"}}
    forked = client.post(f"/v1/jobs/{promoting['id']}:fork", json=fork).json
    without = {"model": "m", "training": {"epochs": 1}}
    plain_fork = client.post(f"/v1/jobs/{promoting['id']}:fork", json=without).json
    for _ in range(2):
        assert run_next_job(service, "test", lambda: False)
    assert get(client, f"/v1/jobs/{forked['id']}")["promoted"]["moved"]
    assert get(client, f"/v1/jobs/{plain_fork['id']}")["promote"] is None


def test_a_promotion_that_cannot_be_is_refused_at_once(client: FlaskClient) -> None:
    values = {"rows": [{"a": n, "y": n / 3} for n in range(10)]}
    for more, pointer in (
        ({"promote": {"alias": "latest"}}, "#/promote/alias"),
        ({"promote": {"alias": "champion"}, "model": None}, "#/promote"),
        ({"promote": {"alias": "c", "if_better_on": {**GATE, "dataset": "none"}}}, "#/promote/if_better_on/dataset"),
        ({"promote": {"alias": "c", "if_better_on": {**GATE, "metric": "x"}}}, "#/promote/if_better_on/metric"),
        ({"promote": {"alias": "c", "if_better_on": GATE}, "dataset": values}, "#/promote/if_better_on/metric"),
    ):
        errors = problem(client.post("/v1/jobs", json=body(**more)), 422)["errors"]
        assert errors[0]["pointer"] == pointer, errors
    own = {"alias": "c", "if_better_on": {"dataset": "mine", "metric": "loss"}}
    mine = {"name": "mine", "rows": ROWS[:30]}
    assert client.post("/v1/jobs", json={**body(promote=own), "dataset": mine}).status_code == 202
