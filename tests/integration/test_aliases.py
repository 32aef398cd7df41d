"""Aliases of versions: made, moved on a condition, gone back, deleted, and used wherever a version is named."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.config import Settings
from service.explain import promotion
from service.services import Services
from service.store import aliases
from tests.integration.contract import problem
from tests.integration.explained import Train, get, post
from tests.integration.keyed import Keyed
from tests.integration.tenants import application, of_tenant, trained

ROWS = [{"a": n % 7, "b": (n * 5) % 11, "kind": "uvw"[n % 3]} for n in range(60)]
SETTINGS = {"seed": 1, "batch_size": "full", "validation": None}
CHAMPION = "/v1/models/m/aliases/champion"


@pytest.fixture
def versions(client: FlaskClient, train: Train) -> None:
    """Three versions of the model `m`: one that was hardly trained, one that was trained well, and another bad one."""
    client.post("/v1/datasets", json={"name": "rows", "rows": ROWS})
    for epochs, rate in ((1, 1e-6), (150, 1.0), (1, 1e-5)):
        training = {**SETTINGS, "epochs": epochs, "optimizer": {"type": "sgd", "learning_rate": rate}}
        train({"dataset": "rows", "training": training, "model": "m"})


def put(client: FlaskClient, version: Any, status: int = 200, path: str = CHAMPION, **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    answer = client.put(path, json={"version": version, **more}, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_an_alias_stands_for_its_version_wherever_one_is_named(client: FlaskClient, versions: None) -> None:
    made = put(client, 2, 201)
    assert made["moved"] and made["because"] == "it was asked for" and made["previous_version"] is None
    assert {key: made[key] for key in ("object", "model", "alias", "version")} == {
        "object": "alias",
        "model": "m",
        "alias": "champion",
        "version": 2,
    }
    row = {"instances": [{"a": 1, "b": 2}]}
    assert post(client, "/v1/models/m/versions/champion:predict", row)["version"] == 2
    assert post(client, "/v1/models/m/versions/champion:evaluate", {"dataset": "rows"})["version"] == 2
    assert post(client, "/v1/models/m/versions/champion:gradient-check", {})["version"] == 2
    traced = post(client, "/v1/models/m/versions/champion:trace?epoch=0", {"row": 1})
    assert (traced["version"], traced["epoch"]) == (2, 0)
    version = get(client, "/v1/models/m/versions/champion")
    assert version == get(client, "/v1/models/m/versions/2") and version["aliases"] == ["champion"]
    put(client, 2, 201, "/v1/models/m/aliases/best")
    model = get(client, "/v1/models/m")
    assert model["aliases"] == {"best": 2, "champion": 2} and model["latest"] == 3
    assert [each["aliases"] for each in model["versions"]] == [[], ["best", "champion"], []]
    assert get(client, "/v1/models")["data"][0]["aliases"] == model["aliases"]
    listed = get(client, "/v1/models/m/aliases")
    assert [each["alias"] for each in listed["data"]] == ["best", "champion"] and not listed["has_more"]
    assert listed["data"][1] == get(client, CHAMPION)
    first = client.get("/v1/models/m/aliases?limit=1")
    assert first.json["data"] == listed["data"][:1] and first.json["has_more"] and 'rel="next"' in first.headers["Link"]
    rest = get(client, f"/v1/models/m/aliases?limit=1&after={first.json['last_id']}")
    assert rest["data"] == listed["data"][1:] and not rest["has_more"]
    problem(client.get("/v1/models/m/aliases?after=%00"), 404)
    for alias in ("none", "latest", "2x", "CHAMPION"):
        problem(client.post(f"/v1/models/m/versions/{alias}:predict", json=row), 404)


def test_default_is_what_the_name_alone_means(client: FlaskClient, versions: None) -> None:
    row = {"instances": [{"a": 1, "b": 2}]}
    default = "/v1/models/m/aliases/default"
    assert post(client, "/v1/models/m:predict", row)["version"] == 3
    put(client, 1, 201, default)
    assert post(client, "/v1/models/m:predict", row)["version"] == 1
    assert post(client, "/v1/models/m:evaluate", {"dataset": "rows"})["version"] == 1
    assert get(client, "/v1/models/m")["latest"] == 3
    put(client, 2, 200, default)
    assert post(client, "/v1/models/m:predict", row)["version"] == 2
    assert client.delete(default).status_code == 204
    assert post(client, "/v1/models/m:predict", row)["version"] == 3


def test_a_version_that_is_not_better_is_refused_with_both_figures(client: FlaskClient, versions: None) -> None:
    gate = {"dataset": "rows", "metric": "accuracy"}
    first = put(client, 1, 201, if_better_on=gate)
    assert first["because"] == "the alias is new, so there was no version to be better than"
    better = put(client, 2, if_better_on=gate)
    assert better["moved"] and better["previous_version"] == 1 and "is better: its accuracy" in better["because"]
    assert better["comparison"]["value"] > better["comparison"]["current_value"]
    accuracy = post(client, "/v1/models/m/versions/2:evaluate", {"dataset": "rows"})["metrics"]["accuracy"]
    assert better["comparison"]["value"] == accuracy
    for metric in ("accuracy", "loss", "f1"):
        refused = client.put(CHAMPION, json={"version": 3, "if_better_on": {**gate, "metric": metric}})
        found = problem(refused, 409)
        figures = found["comparison"]
        assert (figures["version"], figures["current_version"], figures["is_better"]) == (3, 2, False)
        assert figures["larger_is_better"] == (metric != "loss")
        shown = [f"{figures[name]:.6g}" for name in ("value", "current_value")]
        assert all(text in found["detail"] for text in shown), found["detail"]
    assert get(client, CHAMPION)["version"] == 2
    same = put(client, 2, if_better_on=gate)
    assert not same["moved"] and same["because"] == "it named version 2 already" and same["previous_version"] == 1
    assert put(client, 1, force=True)["version"] == 1
    assert put(client, 2, if_better_on={"dataset": "rows", "metric": "loss"})["comparison"]["larger_is_better"] is False


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"version": 9}, "#/version"),
    ({"version": 0}, "#/version"),
    ({"version": "champion"}, "#/version"),
    ({"version": 2, "if_better_on": {"dataset": "none", "metric": "loss"}}, "#/if_better_on/dataset"),
    ({"version": 2, "if_better_on": {"dataset": "other", "metric": "loss"}}, "#/if_better_on/dataset"),
    ({"version": 2, "if_better_on": {"dataset": "rows", "metric": "acc"}}, "#/if_better_on/metric"),
    ({"version": 2, "if_better_on": {"dataset": "rows"}}, "#/if_better_on/metric"),
]


def test_faults_have_a_pointer(client: FlaskClient, versions: None) -> None:
    put(client, 1, 201)
    client.post("/v1/datasets", json={"name": "other", "rows": [{"z": 1, "kind": "u"}]})
    for body, pointer in FAULTS:
        errors = problem(client.put(CHAMPION, json=body), 422)["errors"]
        assert errors[0]["pointer"].startswith(pointer), errors


def test_names_and_models_are_checked_first(client: FlaskClient, versions: None) -> None:
    problem(client.put("/v1/models/none/aliases/a", json={"version": 1}), 404)
    for name in ("latest", "1st", "A", "-", "x" * 65):
        refused = problem(client.put(f"/v1/models/m/aliases/{name}", json={"version": 1}), 422)
        assert f"`{name[:64]}` is not a name for an alias" in refused["detail"]
    for method in ("get", "delete"):
        problem(getattr(client, method)(CHAMPION), 404)
        problem(getattr(client, method)("/v1/models/none/aliases/champion"), 404)
    problem(client.get("/v1/models/none/aliases"), 404)
    assert get(client, "/v1/models/m/aliases")["data"] == []


def test_previous_goes_back_and_forth(client: FlaskClient, versions: None) -> None:
    assert "named no other version before" in problem(client.put(CHAMPION, json={"version": "previous"}), 409)["detail"]
    put(client, 1, 201)
    problem(client.put(CHAMPION, json={"version": "previous"}), 409)
    put(client, 2)
    put(client, 3)
    assert put(client, "previous")["version"] == 2
    assert put(client, "previous")["version"] == 3


def test_etags_guard_a_move(client: FlaskClient, versions: None) -> None:
    no_alias = {"If-Match": "*"}
    problem(client.put(CHAMPION, json={"version": 1}, headers=no_alias), 412)
    made = client.put(CHAMPION, json={"version": 1}, headers={"If-None-Match": "*"})
    assert made.status_code == 201
    problem(client.put(CHAMPION, json={"version": 2}, headers={"If-None-Match": "*"}), 412)
    tag = made.headers["ETag"]
    assert tag == client.get(CHAMPION).headers["ETag"] and not tag.startswith("W/")
    assert client.get(CHAMPION, headers={"If-None-Match": tag}).status_code == 304
    moved = client.put(CHAMPION, json={"version": 2}, headers={"If-Match": tag})
    assert moved.status_code == 200 and moved.headers["ETag"] != tag
    problem(client.put(CHAMPION, json={"version": 1}, headers={"If-Match": tag}), 412)
    problem(client.delete(CHAMPION, headers={"If-Match": tag}), 412)
    assert client.get(CHAMPION).json["version"] == 2
    pretty = client.get(f"{CHAMPION}?pretty").headers["ETag"]
    problem(client.put(CHAMPION, json={"version": 1}, headers={"If-Match": '"", W/""'}), 412)  # legal, and of no alias
    problem(client.delete(CHAMPION, headers={"If-Match": '""'}), 412)
    assert put(client, 2, headers={"If-None-Match": '"", W/""'})["version"] == 2
    assert put(client, 3, headers={"If-Match": f'"other", {pretty}'})["version"] == 3
    assert client.delete(CHAMPION, headers={"If-Match": client.get(CHAMPION).headers["ETag"]}).status_code == 204
    again = client.put(CHAMPION, json={"version": 1})
    assert again.status_code == 201 and again.headers["ETag"] not in (tag, moved.headers["ETag"])


def test_a_move_that_was_overtaken_is_decided_anew(
    client: FlaskClient, default: Services, versions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, 1, 201)
    tag = client.get(CHAMPION).headers["ETag"]
    warm = promotion.load_version

    def overtaken(*args: Any) -> Any:
        with default.database.begin() as connection:
            current = aliases.get_alias(connection, "m", "champion")
            if current.version != 2:
                aliases.move_alias(connection, "m", "champion", 2, current)
        return warm(*args)

    monkeypatch.setattr(promotion, "load_version", overtaken)
    gate = {"version": 3, "if_better_on": {"dataset": "rows", "metric": "loss"}}
    refused = problem(client.put(CHAMPION, json=gate), 409)  # it was better than version 1
    assert refused["comparison"]["current_version"] == 2
    problem(client.put(CHAMPION, json=gate, headers={"If-Match": tag}), 412)
    assert get(client, CHAMPION)["version"] == 2


def test_other_columns_and_classes_need_force(client: FlaskClient, train: Train) -> None:
    training = {**SETTINGS, "epochs": 1}

    def version(rows: list[Any]) -> None:
        columns = {"columns": ["b", "a", "y"]} if isinstance(rows[0], list) else {}
        train({"dataset": {"rows": rows, **columns}, "training": training, "model": "m"})

    version([{"a": n, "b": -n, "y": "uv"[n % 2]} for n in range(8)])
    others: dict[str, list[Any]] = {
        "it takes no `b`": [{"a": n, "y": "uv"[n % 2]} for n in range(8)],
        "it needs `c` too": [{"a": n, "b": -n, "c": n, "y": "uv"[n % 2]} for n in range(8)],
        "another order: `b`, `a`": [[-n, n, "uv"[n % 2]] for n in range(8)],
        "it takes `b` as a category, not as a number": [{"a": n, "b": "xy"[n % 2], "y": "uv"[n % 2]} for n in range(8)],
        "the classes of `y` are `u`, `v`, `w` and not `u`, `v`": [
            {"a": n, "b": -n, "y": "uvw"[n % 3]} for n in range(9)
        ],
        "it predicts `z` and not `y`": [{"a": n, "b": -n, "z": "uv"[n % 2]} for n in range(8)],
        "`y` is a number, not a category": [{"a": n, "b": -n, "y": n / 3} for n in range(8)],
    }
    for rows in others.values():
        version(rows)
    put(client, 1, 201)
    for number, words in enumerate(others, 2):
        detail = problem(client.put(CHAMPION, json={"version": number}), 409)["detail"]
        assert words in detail and "`force`: true" in detail, detail
    assert put(client, 2, force=True)["version"] == 2
    assert "it needs `b` too" in problem(client.put(CHAMPION, json={"version": "previous"}), 409)["detail"]
    assert put(client, "previous", force=True)["version"] == 1


def test_losses_that_say_nothing_of_each_other_are_not_compared(client: FlaskClient, train: Train) -> None:
    values = [{"a": n, "y": 3.0 * n + 0.5} for n in range(40)]
    shifted = [{"a": n, "y": 30.0 * n + 0.5} for n in range(40)]
    client.post("/v1/datasets", json={"name": "d", "rows": values, "scale": 2})
    client.post("/v1/datasets", json={"name": "e", "rows": shifted, "scale": 2})
    for dataset, loss, epochs in (("d", "mean_squared_error", 1), ("d", "huber", 1), ("e", "mean_squared_error", 20)):
        train({"dataset": dataset, "training": {**SETTINGS, "epochs": epochs, "loss": loss}, "model": "m"})
    put(client, 1, 201)
    for version, words in ((2, "was trained with huber"), (3, "were scaled in different ways")):
        refused = problem(
            client.put(CHAMPION, json={"version": version, "if_better_on": {"dataset": "d", "metric": "loss"}}), 422
        )
        assert words in refused["errors"][0]["detail"] and "compare them by a metric" in refused["detail"]
    accuracy = {"version": 2, "if_better_on": {"dataset": "d", "metric": "accuracy"}}
    assert "is for classes" in problem(client.put(CHAMPION, json=accuracy), 422)["detail"]
    mae = client.put(CHAMPION, json={"version": 3, "if_better_on": {"dataset": "e", "metric": "mae"}})
    assert mae.status_code == 200 and mae.json["comparison"]["larger_is_better"] is False
    assert mae.json["comparison"]["value"] < mae.json["comparison"]["current_value"]


def test_a_granted_model_is_addressed_by_alias_and_others_are_not_there(settings: Settings, service: Services) -> None:
    with application(settings) as app:
        owner, other = of_tenant(app, "one"), of_tenant(app, "two")
        assert owner.put("/v1/datasets/m", json=DATASET).status_code == 201
        trained(owner, service, "m")
        assert owner.put(CHAMPION, json={"version": 1}).status_code == 201
        row = {"instances": [[1, 2]]}
        for method, path in (("get", CHAMPION), ("delete", CHAMPION), ("get", "/v1/models/m/aliases")):
            problem(getattr(other, method)(path), 404)
        problem(other.put(CHAMPION, json={"version": 1}), 404)
        problem(other.get(f"{CHAMPION}?owner=one"), 404)
        assert owner.post("/v1/models/m/grants", json={"tenant": "two"}).status_code == 201
        assert other.post("/v1/models/m/versions/champion:predict?owner=one", json=row).json["version"] == 1
        assert other.get(f"{CHAMPION}?owner=one").json["version"] == 1
        assert other.get("/v1/models/m?owner=one").json["aliases"] == {"champion": 1}
        assert other.get("/v1/models/m/aliases?owner=one").json["data"][0]["alias"] == "champion"
        problem(other.delete(CHAMPION), 404)


DATASET = {"inputs": [[n, -n] for n in range(8)], "targets": [n % 2 for n in range(8)]}


def test_scopes_and_the_record_of_changes(settings: Settings, service: Services) -> None:
    keyed = Keyed(settings)
    try:
        keyed.send("PUT", "/v1/datasets/m", keyed.admin, json=DATASET)
        client = keyed.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keyed.admin}"
        trained(client, service, "m")
        for scope, status in (("read", 403), ("predict", 403), ("train", 201)):
            assert keyed.send("PUT", CHAMPION, keyed.key(scope), json={"version": 1}).status_code == status
        problem(keyed.send("PUT", "/v1/models/other/aliases/a", keyed.key("read"), json={"version": 1}), 404)
        limited = keyed.key("predict", "read", models=["m"])
        row = {"instances": [[1, 2]]}
        assert keyed.send("POST", "/v1/models/m/versions/champion:predict", limited, json=row).json["version"] == 1
        assert keyed.send("DELETE", CHAMPION, keyed.key("train")).status_code == 204
        changes = keyed.send("GET", "/v1/audit", keyed.admin).json["data"]
        of_aliases = [(each["action"], each["resource"]) for each in changes if "alias" in each["action"]]
        assert of_aliases == [("delete_alias", CHAMPION), ("put_alias", CHAMPION)]
    finally:
        keyed.close()
