"""One small table of every type, as records and as frames."""

from typing import Any

import pandas as pd
import polars as pl

ROWS = [
    {"age": 31.5, "plan": "a", "zip": "01569", "active": True, "joined": "2024-01-31", "y": 1.0},
    {"age": None, "plan": "b", "zip": "01570", "active": False, "joined": "2024-02-29", "y": 2.5},
    {"age": 52.25, "plan": None, "zip": "01570", "active": True, "joined": "2025-01-01", "y": 0.1},
]


def frame_of_pandas() -> Any:
    frame = pd.DataFrame(ROWS, index=[7, 3, 5])  # as train_test_split leaves it
    return frame.assign(joined=pd.to_datetime(frame["joined"]), plan=frame["plan"].astype("category"))


def frame_of_polars() -> Any:
    return pl.DataFrame(ROWS).with_columns(pl.col("joined").str.to_date(), pl.col("plan").cast(pl.Categorical))
