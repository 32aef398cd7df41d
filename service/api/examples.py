"""The resources that the examples of the OpenAPI document are about: a table of flowers, and what is made of it.

A test makes them, and sends every example.
"""

JOB_ID = "job_d1595e226a9f0a0b"
KEY = "bp_0123456789abcdefghijklmnopqrstuv"  # in place of the text of a key
COLUMNS = ["petal_length", "petal_width", "species"]
TABLE: list[list[float | str]] = [
    [1.4, 0.2, "setosa"],
    [4.7, 1.4, "versicolor"],
    [6.0, 2.5, "virginica"],
    [1.3, 0.2, "setosa"],
    [4.5, 1.5, "versicolor"],
    [5.1, 1.9, "virginica"],
    [1.5, 0.2, "setosa"],
    [4.9, 1.5, "versicolor"],
    [5.9, 2.1, "virginica"],
]
IRIS = {"name": "iris", "columns": COLUMNS, "rows": TABLE, "target": "species"}
IRIS_CSV = "\n".join([",".join(COLUMNS), *(",".join(map(str, row)) for row in TABLE), ""])
ROWS = [[1.4, 0.2], [6.0, 2.5]]  # to predict
ROWS_CSV = "petal_length,petal_width\n1.4,0.2\n6.0,2.5\n"
OBJECTS = [{"petal_length": 1.4, "petal_width": 0.2}]
NETWORK = {
    "name": "small",
    "inputs": 2,
    "layers": [
        {"type": "dense", "units": 4, "activation": "tanh"},
        {"type": "dense", "units": 3, "activation": "softmax"},
    ],
}
