"""The views of the Open Inference Protocol v2 under `/v2`, with Triton's extensions."""
