"""The page at `/` as the service answers it: to links with names that it does not know, and to frames."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings

SCHOOL = "https://school.example"


def test_a_link_to_the_page_may_have_names_that_it_does_not_know(anonymous: FlaskClient) -> None:
    for query in ("utm=1", "fbclid=%00", "pretty=x", "job=a&job=b", "view[]=jobs"):
        page = anonymous.get(f"/?{query}", headers={"Accept": "text/html"})
        assert (page.status_code, page.mimetype) == (200, "text/html"), query
    for query in ("utm=1", "utm=1&format=json"):
        refused = anonymous.get(f"/?{query}", headers={"Accept": "text/html"} if "format" in query else {})
        assert refused.status_code == 422 and "`utm` is not known" in refused.json["detail"]


@pytest.mark.parametrize("path", ["/", "/?embed=1&job=job_1", "/docs", "/problems", "/problems/validation"])
def test_no_page_is_shown_in_a_frame_unless_a_site_is_named(tmp_path: Path, path: str) -> None:
    for settings, ancestors, options in (({}, "'none'", "DENY"), ({"frame_ancestors": SCHOOL}, SCHOOL, None)):
        client = create_app(Settings(data_dir=tmp_path, **settings)).test_client()
        headers = {"Accept": "text/html"}
        first = client.get(path, headers=headers)
        again = client.get(path, headers=headers | {"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code) == (200, 304)
        for answer in (first, again):
            assert answer.headers["Content-Security-Policy"].endswith(f"frame-ancestors {ancestors}")
            assert answer.headers.get("X-Frame-Options") == options
