"""The activations as lines of a Python program with NumPy: each function's text, and what it needs."""

from service.backprop import erf
from service.backprop.activations import SELU_ALPHA, SELU_SCALE, Activation

SIGMOID = '''def sigmoid(Z):
    """1 / (1 + exp(-z)), with z bounded so that exp does not overflow."""
    most = 88.0 if Z.dtype == np.float32 else 709.0
    return 1.0 / (1.0 + np.exp(np.minimum(-Z, most)))
'''
TEXTS = {
    "sigmoid": SIGMOID,
    "softmax": '''def softmax(Z):
    """exp(z_j) / sum_k exp(z_k); the largest z is subtracted first, which changes nothing but avoids overflow."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)
''',
    "elu": '''def elu(Z, alpha):
    """z where z > 0, else alpha (exp(z) - 1)."""
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))
''',
    "softplus": '''def softplus(Z):
    """log(1 + exp(z)), written so that it holds for z of any size."""
    return np.log1p(np.exp(-np.abs(Z))) + np.maximum(Z, 0)
''',
    "gelu": f'''def gelu(Z):
    """z P(z), with the normal distribution P, computed in float64."""
    z = Z.astype(np.float64)
    return (z * (0.5 * (1.0 + erf(z / np.sqrt(2.0))))).astype(Z.dtype)


def erf(x):
    """The error function by W. J. Cody's approximations (Math. Comp. 23, 1969), each where it holds."""
    size = np.minimum(np.abs(x), {erf.LARGEST!r})
    square = size * size
    with np.errstate(all="ignore"):
        near = size * ratio({erf.NEAR!r}, square)
        middle = 1.0 - np.exp(-square) * ratio({erf.MIDDLE!r}, size)
        tail = (1.0 / np.sqrt(np.pi) - ratio({erf.FAR!r}, 1.0 / square) / square) / size
        far = 1.0 - np.exp(-square) * tail
    return np.copysign(np.where(size <= {erf.SMALL!r}, near, np.where(size <= {erf.LARGE!r}, middle, far)), x)


def ratio(polynomials, x):
    above, below = polynomials
    return np.polyval(above, x) / np.polyval(below, x)
''',
}
CALLS = {
    "linear": "{Z}",
    "sigmoid": "sigmoid({Z})",
    "tanh": "np.tanh({Z})",
    "relu": "np.maximum({Z}, 0)",
    "leaky_relu": "np.maximum({Z}, {slope!r} * {Z})",
    "elu": "elu({Z}, {alpha!r})",
    "selu": f"{SELU_SCALE!r} * elu({{Z}}, {SELU_ALPHA!r})",
    "gelu": "gelu({Z})",
    "silu": "{Z} * sigmoid({Z})",
    "softplus": "softplus({Z})",
    "softsign": "{Z} / (1 + np.abs({Z}))",
    "softmax": "softmax({Z})",
}
NEEDS = {"selu": "elu", "silu": "sigmoid"}  # the function that another one is made of


def call_of(activation: Activation, z: str) -> str:
    """Return the expression of an activation of `z`."""
    return CALLS[activation.name].format(Z=z, **vars(activation))


def functions_of(names: set[str]) -> list[str]:
    """Return the texts of the functions that these activations call."""
    needed = {NEEDS.get(name, name) for name in names}
    return [text for name, text in TEXTS.items() if name in needed]
