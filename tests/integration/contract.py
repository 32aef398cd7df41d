"""What the tests of the contract share: small datasets, and a check of the form of a problem."""

from typing import Any

XOR = {"name": "xor", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
CSV = "a,b,kind\n" + "".join(f"{n / 10},{(n * 7) % 5},{'even' if n % 2 == 0 else 'odd'}\n" for n in range(30))
SMALL = {"epochs": 3, "seed": 1, "batch_size": "full"}


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Check the form of an error; return its fields, of the Open Inference Protocol's its text as `detail`."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json
    if answer.request.path.startswith("/v2"):
        assert answer.mimetype == "application/json" and list(body) == ["error"]
        return {"detail": body["error"]}
    assert answer.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "request_id"} <= body.keys()
    assert body["status"] == status and body["type"].startswith("/problems/")
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body
