"""A custom runtime of MLServer for the networks of a folder."""

import os
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.peers.forward import read_networks


class Runtime(MLModel):
    async def load(self) -> bool:
        self._network = read_networks(Path(os.environ["NETWORKS"]))[self.name]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = self._network(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("predictions", outputs)])
