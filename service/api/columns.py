"""`/v1/datasets/{name}/columns`: what each column of a dataset holds, with a histogram for pictures."""

import hashlib

from flask import Response, request

from service.api.answers import limit, listing, whole
from service.api.column_fields import column_fields
from service.api.conditional import unless_held
from service.api.context import services
from service.api.job_queries import LONGEST_SEARCH, wanted_search
from service.api.routes import PAGE, TEXT, Query, Routes
from service.api.schemas import ColumnHistogramAnswer, ColumnPictureAnswer, ListAnswer
from service.definitions.columns import Column
from service.definitions.dataset_names import DatasetReference, parse_reference
from service.definitions.guessing import absent
from service.errors import Invalid
from service.preprocessing.batches import open_rows
from service.preprocessing.column_histograms import Histogram, column_histograms
from service.store import datasets
from service.store.jobs.searching import A_TO_Z
from service.store.records import DatasetRecord

routes = Routes("columns", "What the columns of a dataset hold: statistics and histograms.")
BINS, CATEGORIES = 20, 50
MOST_COUNTED = 1000
MOST_COUNTS = 100_000  # in one answer: with many bins, a page has fewer columns


@routes.route(
    "GET",
    "/v1/datasets/{name}/columns",
    query=(
        PAGE[0],
        Query("after", {"type": "integer", "minimum": 0}, "a column's index: those behind it are listed"),
        Query("column", {"type": "array", "items": TEXT}, "repeatable: a column's name; all columns if left out"),
        Query(
            "search",
            {**TEXT, "maxLength": LONGEST_SEARCH},
            "columns whose names hold this text, with A to Z equal to a to z",
        ),
        Query(
            "bins",
            {"type": "integer", "minimum": 1, "default": BINS},
            "at most so many in a histogram of numbers; more than 1000 is taken as 1000",
        ),
        Query(
            "categories",
            {"type": "integer", "minimum": 1, "default": CATEGORIES},
            "at most so many are listed of a column; more than 1000 is taken as 1000",
        ),
    ),
    answers={200: ListAnswer[ColumnPictureAnswer]},
    problems=(404,),
)
def list_columns(name: str) -> Response:
    """List a dataset's columns, of its latest version or that of `name@version`: statistics and a histogram of each."""
    with services().database.read() as connection:
        record = datasets.get_dataset(connection, parse_reference(name) or DatasetReference(name))
    bins = whole("bins", BINS, 1, MOST_COUNTED)
    categories = whole("categories", CATEGORIES, 1, MOST_COUNTED)
    left = _chosen(record)
    indices = left[: min(limit(), max(1, MOST_COUNTS // max(bins, categories)))]

    def count() -> Response:
        array = open_rows(services().blobs.path(record.address))
        found = column_histograms(array, record.table.columns, indices, bins, categories)
        data = [_describe(index, record.table.columns[index], each) for index, each in zip(indices, found, strict=True)]
        return listing(data, len(left) > len(indices), lambda item: item["index"])

    return unless_held(_tag(record), count)


def _chosen(record: DatasetRecord) -> list[int]:
    """Return the indices of the columns that are asked for, behind `after`."""
    text = (wanted_search() or "").translate(A_TO_Z)
    columns, names = record.table.columns, request.args.getlist("column")
    known = {column.name for column in columns} if names else set()
    for name in names:
        if name not in known:
            raise Invalid.at("?column", absent("column", name, [column.name for column in columns]))
    after, wanted = whole("after", -1, minimum=0, maximum=2**53), set(names)
    return [
        index
        for index in range(after + 1, len(columns))
        if (not names or columns[index].name in wanted) and text in columns[index].name.translate(A_TO_Z)
    ]


def _tag(record: DatasetRecord) -> str:
    """Return a tag of this answer: what a version holds never changes, and neither do its histograms."""
    query = hashlib.sha256(request.query_string).hexdigest()[:16]
    return f"{record.version}-{record.table.sha256}-{record.created_at.timestamp():.6f}-{query}"


def _describe(index: int, column: Column, histogram: Histogram) -> ColumnPictureAnswer:
    return {
        "index": index,
        **column_fields(column),
        "distinct": None if column.categories is None else len(column.categories),
        "histogram": _describe_histogram(histogram),
    }


def _describe_histogram(histogram: Histogram) -> ColumnHistogramAnswer:
    return {
        "edges": None if histogram.edges is None else histogram.edges.tolist(),
        "categories": None if histogram.categories is None else list(histogram.categories),
        "counts": histogram.counts.tolist(),
        "other": histogram.other,
        "missing": histogram.missing,
        "rows": histogram.rows,
    }
