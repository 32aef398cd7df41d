/** The names among which the fields of a new job choose; a test compares them with what the service knows. */

export const ACTIVATIONS = [
  "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "softmax",
];
export const LOSSES = [
  "quadratic", "mean_squared_error", "mean_absolute_error", "huber", "cross_entropy", "binary_cross_entropy",
  "categorical_cross_entropy", "hinge",
];
export const OPTIMIZERS = ["sgd", "rprop", "adam", "adamw", "nadam", "adamax", "adagrad", "adadelta", "rmsprop"];
export const METRICS = ["accuracy", "top_k_accuracy", "precision", "recall", "f1", "roc_auc", "mae", "rmse", "r2"];
