"""The error function, which NumPy lacks: W. J. Cody's rational Chebyshev approximations (Math. Comp. 23, 1969).

Its error is at most a few units in the last place of a float64.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

SMALL = 0.46875
LARGE = 4.0
LARGEST = 6.0  # beyond it erf rounds to 1

NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242,
        1.87295284992346725,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


def erf(x: Values) -> Values:
    """Return the error function of each entry of `x` in float64, in the shape of `x`."""
    size = np.minimum(np.abs(x), LARGEST)
    near = size <= SMALL
    far = size > LARGE
    middle = ~near & ~far
    result = np.empty_like(size)
    result[near] = size[near] * _ratio(NEAR, size[near] ** 2)
    result[middle] = 1.0 - np.exp(-(size[middle] ** 2)) * _ratio(MIDDLE, size[middle])
    squares = 1.0 / size[far] ** 2
    tail = (1.0 / np.sqrt(np.pi) - squares * _ratio(FAR, squares)) / size[far]
    result[far] = 1.0 - np.exp(-(size[far] ** 2)) * tail
    return np.copysign(result, x)


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Values) -> Values:
    above, below = coefficients
    return np.asarray(np.polyval(above, x) / np.polyval(below, x))
