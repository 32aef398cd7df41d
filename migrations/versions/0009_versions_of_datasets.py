"""Datasets have versions: what `datasets` held becomes version 1 of its name; jobs and models say which one they use.

`datasets` keeps the names. Down again, a name has its latest version; older ones that jobs use become datasets
named `name@version`, a form that no client can choose, and the jobs point to these. Up once more they are versions of
their name again. `jobs` is never rebuilt: on SQLite that would delete what refers to it (see 0007).
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

Document = sa.JSON(none_as_null=True)
Moment = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

MOST_CHARACTERS = 64  # of a name
CONTENT = ("contents", "sha256", "address")
USES = ("dataset", "validation")  # of jobs: each has a column of names and one of versions

datasets = sa.table(
    "datasets",
    sa.column("number"),
    sa.column("name"),
    sa.column("last_version"),
    sa.column("contents"),
    sa.column("sha256"),
    sa.column("address"),
    sa.column("created_at"),
)
versions = sa.table(
    "dataset_versions",
    sa.column("dataset"),
    sa.column("version"),
    sa.column("contents"),
    sa.column("sha256"),
    sa.column("address"),
    sa.column("created_at"),
)
models = sa.table("model_versions", sa.column("job_id"), sa.column("dataset_name"), sa.column("dataset_version"))
jobs = sa.table(
    "jobs",
    sa.column("id"),
    sa.column("dataset_name"),
    sa.column("dataset_version"),
    sa.column("validation_name"),
    sa.column("validation_version"),
)


def upgrade() -> None:
    connection = op.get_bind()
    op.create_table(
        "dataset_versions",
        sa.Column("dataset", Serial, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contents", Document, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"], ["datasets.number"], name=op.f("fk_dataset_versions_dataset"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset", "version", name=op.f("pk_dataset_versions")),
    )
    op.create_index("ix_dataset_versions_address", "dataset_versions", ["address"])
    op.add_column("datasets", sa.Column("last_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("dataset_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("validation_version", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("validation_sha256", sa.String(64), nullable=True))
    op.create_index("ix_jobs_validation_name", "jobs", ["validation_name"])
    connection.execute(sa.update(jobs).where(jobs.c.validation_name.is_not(None)).values(validation_version=1))
    first = sa.select(datasets.c.number, sa.literal(1), *(datasets.c[name] for name in (*CONTENT, "created_at")))
    connection.execute(sa.insert(versions).from_select(["dataset", "version", *CONTENT, "created_at"], first))
    for name in CONTENT:
        op.drop_column("datasets", name)
    _rejoin(connection)
    op.add_column("model_versions", sa.Column("dataset_name", sa.String(64), nullable=True))
    op.add_column("model_versions", sa.Column("dataset_version", sa.Integer(), nullable=True))
    for name in ("dataset_name", "dataset_version"):
        of_job = sa.select(jobs.c[name]).where(jobs.c.id == models.c.job_id).scalar_subquery()
        connection.execute(sa.update(models).values({name: of_job}))


def _rejoin(connection: sa.Connection) -> None:
    """Make datasets named `name@version`, which a downgrade has left, versions of their name again."""
    rows = connection.execute(sa.select(datasets.c.number, datasets.c.name).order_by(datasets.c.number)).all()
    numbers = {row.name: row.number for row in rows if "@" not in row.name}
    older: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        name, _, version = row.name.partition("@")
        if version:
            older[name].append((int(version), row.number))
    for name, found in older.items():
        latest = max(version for version, _ in found)
        if name in numbers:
            number, latest = numbers[name], latest + 1
            connection.execute(sa.update(versions).where(versions.c.dataset == number).values(version=latest))
            _point(connection, name, name, latest)
        else:  # the name was deleted since
            number = found[0][1]
            connection.execute(sa.update(datasets).where(datasets.c.number == number).values(name=name))
        for version, own in found:
            moved = sa.update(versions).where(versions.c.dataset == own, versions.c.version == 1)
            connection.execute(moved.values(dataset=number, version=version))
            if own != number:
                connection.execute(sa.delete(datasets).where(datasets.c.number == own))
            _point(connection, f"{name}@{version}", name, version)
        connection.execute(sa.update(datasets).where(datasets.c.number == number).values(last_version=latest))


def _point(connection: sa.Connection, before: str, name: str, version: int) -> None:
    """Make the jobs that use the dataset named `before` use this version."""
    for use in USES:
        values = {f"{use}_name": name, f"{use}_version": version}
        connection.execute(sa.update(jobs).where(jobs.c[f"{use}_name"] == before).values(values))


def downgrade() -> None:
    connection = op.get_bind()
    op.drop_index("ix_jobs_validation_name", "jobs")
    for name in ("dataset_name", "dataset_version"):
        op.drop_column("model_versions", name)
    for name in CONTENT:
        kind = Document if name == "contents" else sa.String(64)
        op.add_column("datasets", sa.Column(name, kind, nullable=True))
    latest: dict[int, int] = {}
    query = sa.select(versions.c.dataset, versions.c.version, datasets.c.name)
    query = query.join(datasets, datasets.c.number == versions.c.dataset).order_by(versions.c.version.desc())
    for row in connection.execute(query).all():
        if latest.setdefault(row.dataset, row.version) == row.version:
            _move(connection, row)
        elif _is_used(connection, row):
            _keep(connection, row)
    op.drop_table("dataset_versions")
    with op.batch_alter_table("datasets") as batch:  # nothing refers to it any more
        batch.drop_column("last_version")
        for name in CONTENT:
            kind = Document if name == "contents" else sa.String(64)
            batch.alter_column(name, existing_type=kind, nullable=False)
    for name in ("dataset_version", "validation_version", "validation_sha256"):
        op.drop_column("jobs", name)


def _content(row: sa.Row[*tuple[Any, ...]], *columns: str) -> sa.Select[Any]:
    """Return a query of a version's columns. They are copied within the database: read by Python, JSON may change."""
    mine = (versions.c.dataset == row.dataset, versions.c.version == row.version)
    return sa.select(*(versions.c[name] for name in columns)).where(*mine)


def _move(connection: sa.Connection, row: sa.Row[*tuple[Any, ...]]) -> None:
    """Give the name its latest version."""
    content = {name: _content(row, name).scalar_subquery() for name in (*CONTENT, "created_at")}
    connection.execute(sa.update(datasets).where(datasets.c.number == row.dataset).values(content))


def _keep(connection: sa.Connection, row: sa.Row[*tuple[Any, ...]]) -> None:
    """Make an older version a dataset of its own, and let the jobs that use it point there."""
    name = f"{row.name}@{row.version}"
    if len(name) > MOST_CHARACTERS:
        raise RuntimeError(
            f"version {row.version} of dataset `{row.name}` cannot become a dataset of its own, as `{name}` is too"
            " long a name there, and jobs use it; delete these jobs first"
        )
    columns = (*CONTENT, "created_at")
    content = _content(row, *columns).add_columns(sa.literal(name), sa.literal(1))
    connection.execute(sa.insert(datasets).from_select([*columns, "name", "last_version"], content))
    for use in USES:
        mine = (jobs.c[f"{use}_name"] == row.name, jobs.c[f"{use}_version"] == row.version)
        connection.execute(sa.update(jobs).where(*mine).values({f"{use}_name": name}))


def _is_used(connection: sa.Connection, row: sa.Row[*tuple[Any, ...]]) -> bool:
    uses = (sa.and_(jobs.c[f"{use}_name"] == row.name, jobs.c[f"{use}_version"] == row.version) for use in USES)
    return connection.execute(sa.select(sa.literal(1)).select_from(jobs).where(sa.or_(*uses)).limit(1)).scalar() == 1
