"""What the cases of `refusals.txt` name: a dataset, a model trained on it and its job, and two networks."""

from flask.testing import FlaskClient

from service.services import Services
from workers.run.run import run_next_job

FLOWERS = "length,width,kind\n" + "".join(f"{n / 10},{n % 3},{'ab'[n % 2]}\n" for n in range(12))
SMALL = {"name": "small", "inputs": 2, "layers": [{"type": "dense", "units": 2}, {"type": "dense", "units": 1}]}
SHORT = {"name": "short", "hidden": [3]}


def store(client: FlaskClient, service: Services) -> str:
    """Store them; return the id of the job."""
    assert client.put("/v1/datasets/flowers", data=FLOWERS, content_type="text/csv").status_code == 201
    for network in (SMALL, SHORT):
        assert client.post("/v1/networks", json=network).status_code == 201
    made = client.post("/v1/jobs", json={"dataset": "flowers", "model": "flowers", "training": {"epochs": 1}})
    assert made.status_code == 202, made.text
    assert run_next_job(service, "test", lambda: False)
    return str(made.headers["Location"].rpartition("/")[2])
