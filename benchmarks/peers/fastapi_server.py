"""A service of predictions as anybody would write it with FastAPI, pydantic and NumPy; uvicorn runs `app`."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from benchmarks.peers.forward import read_networks

networks = read_networks(Path(os.environ["NETWORKS"]))
app = FastAPI()


class Rows(BaseModel):
    instances: list[list[float]]


class Predictions(BaseModel):
    predictions: list[list[float]]


@app.post("/raw/{name}")
async def predict_raw(name: str, request: Request) -> Response:
    outputs = networks[name](np.frombuffer(await request.body(), np.float32).reshape(networks[name].shape))
    return Response(outputs.tobytes(), media_type="application/octet-stream")


@app.post("/{name}")
def predict(name: str, rows: Rows) -> Predictions:
    outputs: Any = networks[name](np.array(rows.instances, np.float32))
    return Predictions(predictions=outputs.tolist())
