"""A client of the backprop service, which trains neural networks by backpropagation over HTTP.

`Client` has the resources of the service; `backprop_client.sklearn` has estimators for scikit-learn. Nothing of the
service is imported. NumPy is imported where arrays are sent or received.
"""

from backprop_client.client import Client
from backprop_client.errors import (
    BackpropError,
    Conflict,
    Forbidden,
    Invalid,
    JobFailed,
    NotFound,
    Problem,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unexpected,
    Unreachable,
    WaitTimeout,
)
from backprop_client.predicting import Prediction
from backprop_client.version import __version__

__all__ = [
    "BackpropError",
    "Client",
    "Conflict",
    "Forbidden",
    "Invalid",
    "JobFailed",
    "NotFound",
    "Prediction",
    "Problem",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "Unexpected",
    "Unreachable",
    "WaitTimeout",
    "__version__",
]
