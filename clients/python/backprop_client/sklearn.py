"""Estimators for scikit-learn that are trained by the service: `BackpropClassifier` and `BackpropRegressor`.

Their parameters have the names and defaults of scikit-learn's `MLPClassifier` and `MLPRegressor` where they mean the
same. What `fit` uploads and queues is deleted at its end unless `keep=True`; see `backprop_client.lifetimes` for how
long the trained model stays.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from backprop_client.client import Client
from backprop_client.errors import Invalid
from backprop_client.fitting import Fitted, Table, fit_on_service
from backprop_client.lifetimes import ModelLifetime, delete_abandoned
from backprop_client.parameters import network_of, note_parameters, training_of

NUMBERS = [np.float64, np.float32]
ROWS_OF_A_REQUEST_BYTES = 16 * 1024 * 1024


class _Backprop(BaseEstimator):  # type: ignore[misc]
    """What both estimators have in common."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100,),
        activation: str | Mapping[str, Any] = "relu",
        *,
        solver: str | Mapping[str, Any] = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        precision: str = "float64",
        network: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        model: str | None = None,
        keep: bool = False,
        client: Client | None = None,
        progress: Callable[[Any], object] | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.precision = precision
        self.network = network
        self.training = training
        self.model = model
        self.keep = keep
        self.client = client
        self.progress = progress

    def _train(self, table: Table) -> Self:
        """Train on the service, and take over what came out."""
        network, training = network_of(self), training_of(self, len(table.inputs))
        client = self._client()
        delete_abandoned()
        try:
            fitted = fit_on_service(
                client,
                table,
                network=network,
                training=training,
                model=self.model,
                keep=self.keep,
                progress=self.progress,
            )
        except Invalid as refused:
            note_parameters(refused)
            raise
        self._take(fitted)
        # the model of an earlier fit is given up here, as nothing refers to its lifetime any more
        self._lifetime = None if self.model is not None or self.keep else ModelLifetime(client, self.model_)
        return self

    def _take(self, fitted: Fitted) -> None:
        records = fitted.epochs
        self.model_ = fitted.model
        self.version_ = fitted.version
        self.job_ = fitted.job
        self.n_iter_ = fitted.last_epoch
        self.best_epoch_ = fitted.best_epoch
        self.loss_curve_ = [record["training_loss"] for record in records]
        self.validation_loss_curve_ = [record["validation_loss"] for record in records] if self.early_stopping else None
        self.loss_ = self.loss_curve_[-1]
        if fitted.stopped is None and fitted.last_epoch == fitted.epochs_asked and self.tol > 0:
            warnings.warn(
                f"the loss still improved when max_iter={fitted.epochs_asked} epochs were done", ConvergenceWarning, 4
            )

    def _client(self) -> Client:
        return Client() if self.client is None else self.client

    def _outputs(self, X: Any) -> Any:
        """Return the network's outputs for rows, (rows, outputs)."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, dtype=NUMBERS)
        client = self._client()
        blocks = [client.models.predict(self.model_, block, version=self.version_) for block in _blocks(X)]
        return np.concatenate([np.asarray(block.predictions) for block in blocks])

    def _table(self, X: Any, y: Any, sample_weight: Any, target_type: str) -> Table:
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        names = getattr(self, "feature_names_in_", None)
        return Table(X, y, weights, None if names is None else [str(name) for name in names], target_type)


def _blocks(X: Any) -> Iterator[Any]:
    """Yield the rows in blocks that fit into a request."""
    rows = max(1, ROWS_OF_A_REQUEST_BYTES // max(1, X.itemsize * X.shape[1]))
    for start in range(0, len(X), rows):
        yield X[start : start + rows]


PARAMETERS = """
    Parameters
    ----------
    hidden_layer_sizes
        Units of each hidden layer.
    activation
        Of the hidden layers: `relu`, `tanh`, `logistic` or `sigmoid`, `identity` or `linear`, or any other of the
        service, also as a mapping with settings.
    solver
        `adam`, `sgd` or another optimizer of the service, or a mapping with its settings, which then has the learning
        rate too.
    alpha
        Strength of the L2 penalty, divided by the rows of a batch as in scikit-learn.
    batch_size
        Rows of a batch; `auto` is 200, or all rows if there are fewer; `full` is all rows.
    learning_rate_init
        The learning rate.
    max_iter
        Epochs, at most.
    shuffle
        Whether rows are shuffled in each epoch.
    random_state
        A whole number for the same result in every fit; None for another one each time.
    tol, n_iter_no_change
        Training stops when the loss has not improved by `tol` for so many epochs; with `tol=0` it never does.
    momentum, nesterovs_momentum
        Of `sgd`.
    early_stopping, validation_fraction
        Whether that share of the rows is held out, their loss decides when to stop, and the best epoch is taken.
    precision
        `float64`, as scikit-learn computes, or `float32`, which is faster.
    network
        A definition of the service with `layers`, in place of `hidden_layer_sizes` and `activation`: for dropout,
        normalization and initializers.
    training
        Further fields of a job's `training`, which replace what the parameters mean: `schedule`, `gradient_clipping`,
        `time_limit_seconds` and so on.
    model
        A name: `fit` makes the next version of this model, which stays on the service for others. Without a name the
        model is deleted with the estimator.
    keep
        Whether the dataset, the job and the model stay on the service.
    client
        The service; by default that of `BACKPROP_URL` and `BACKPROP_KEY`.
    progress
        Called with the job about once a second while it trains.

    Attributes
    ----------
    n_iter_
        Epochs that were trained.
    loss_curve_, validation_loss_curve_
        The losses after each epoch; the second is None without `early_stopping`.
    loss_
        The training loss after the last epoch.
    best_epoch_
        The epoch with the smallest loss, of the validation rows if there are any.
    model_, version_
        The model on the service and its version.
    job_
        The job's id; the job is deleted unless `keep` is set.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn."""


class BackpropClassifier(ClassifierMixin, _Backprop):  # type: ignore[misc]
    __doc__ = f"""A neural network that classifies rows, trained by backpropagation on the service.
{PARAMETERS}
    classes_
        The labels, in the order of the columns of `predict_proba`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows `X` (rows, inputs) and labels `y` (rows,), perhaps weighted by `sample_weight` (rows,).

        Raises
        ------
        Invalid
            A `ValueError` with what the service refuses.
        JobFailed
            If training fails, for example because the loss is not finite any more.
        """
        X, y = validate_data(self, X, y, dtype=NUMBERS)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"at least two classes are needed, got one class: {self.classes_[0]!r}")
        return self._train(self._table(X, codes, sample_weight, "class"))

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, (rows, classes)."""
        return self._outputs(X)

    def predict(self, X: Any) -> Any:
        """Return the label of each row."""
        best = np.argmax(self._outputs(X), axis=1)
        return self.classes_[best]


class BackpropRegressor(RegressorMixin, _Backprop):  # type: ignore[misc]
    __doc__ = f"""A neural network that predicts values, trained by backpropagation on the service.
{PARAMETERS}
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows `X` (rows, inputs) and values `y`, (rows,) or (rows, outputs), perhaps weighted.

        Raises
        ------
        Invalid
            A `ValueError` with what the service refuses.
        JobFailed
            If training fails, for example because the loss is not finite any more.
        """
        X, y = validate_data(self, X, y, dtype=NUMBERS, multi_output=True, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._is_flat = y.ndim == 1
        return self._train(self._table(X, y.astype(np.float64), sample_weight, "value"))

    def predict(self, X: Any) -> Any:
        """Return the values of each row, in the form of the `y` of `fit`."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._is_flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
