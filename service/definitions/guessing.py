"""Guesses at what was meant by a name that is not known, and how values are shown in messages.

A guess never names another function: `mish` is not `silu`, though it looks alike. Imports the standard library only.
"""

import difflib
from collections.abc import Iterable, Sequence

LONGEST_GUESSED = 100  # characters of a name that is compared with others; none of the service's own is longer
MOST_COMPARED = 1000  # names that one is compared with: columns and categories may be a hundred thousand
MOST_LISTED = 20  # of the names that there are
SHOWN_ITEMS = 6  # of a list or an object
SHOWN_CHARACTERS = 60
SHOWN_NAME = 100  # characters

# other names of what this service has: the first part is what people write, without case and punctuation
ALIASES: dict[str, tuple[str, ...]] = {
    # activations
    "identity": ("linear",),
    "none": ("linear",),
    "logistic": ("sigmoid",),
    "swish": ("silu",),
    "lrelu": ("leaky_relu",),
    # losses
    "mse": ("mean_squared_error",),
    "mseloss": ("mean_squared_error",),
    "squarederror": ("mean_squared_error",),
    "mae": ("mean_absolute_error",),
    "l1loss": ("mean_absolute_error",),
    "absoluteerror": ("mean_absolute_error",),
    "bce": ("binary_cross_entropy",),
    "bceloss": ("binary_cross_entropy",),
    "logloss": ("binary_cross_entropy", "categorical_cross_entropy"),
    "crossentropy": ("categorical_cross_entropy", "binary_cross_entropy", "cross_entropy"),
    "crossentropyloss": ("categorical_cross_entropy",),
    "nll": ("categorical_cross_entropy",),
    "nllloss": ("categorical_cross_entropy",),
    "sparsecategoricalcrossentropy": ("categorical_cross_entropy",),
    "huberloss": ("huber",),
    "smoothl1loss": ("huber",),
    # optimizers
    "gradientdescent": ("sgd",),
    "momentum": ("sgd", "momentum"),
    "nesterov": ("sgd", "nesterov"),
    # initializers
    "xavier": ("glorot_uniform", "glorot_normal"),
    "xavieruniform": ("glorot_uniform",),
    "xaviernormal": ("glorot_normal",),
    "kaiming": ("he_uniform", "he_normal"),
    "kaiminguniform": ("he_uniform",),
    "kaimingnormal": ("he_normal",),
    "gaussian": ("normal",),
    "randomnormal": ("normal",),
    "randomuniform": ("uniform",),
    # layers
    "fc": ("dense",),
    "fullyconnected": ("dense",),
    "batchnorm": ("batch_normalization",),
    "batchnorm1d": ("batch_normalization",),
    "layernorm": ("layer_normalization",),
    **dict.fromkeys(("relu", "sigmoid", "tanh", "softmax", "gelu", "elu", "selu", "leakyrelu"), ("activation",)),
    # metrics
    "acc": ("accuracy",),
    "auc": ("roc_auc",),
    "f1score": ("f1",),
    "r2score": ("r2",),
    "meanabsoluteerror": ("mae",),
    "rootmeansquarederror": ("rmse",),
    # schedules
    "steplr": ("step",),
    "cosineannealing": ("cosine",),
    "cosineannealinglr": ("cosine",),
    "exponentiallr": ("exponential",),
    "onecyclelr": ("one_cycle",),
    "plateau": ("reduce_on_plateau",),
    "reducelronplateau": ("reduce_on_plateau",),
    # fields of training
    "lr": ("learning_rate",),
    "eta": ("learning_rate",),
    "rate": ("learning_rate", "rate"),
    "batch": ("batch_size",),
    "minibatchsize": ("batch_size",),
    "iterations": ("epochs",),
    "maxiter": ("epochs",),
    "nepochs": ("epochs",),
    "numepochs": ("epochs",),
    "criterion": ("loss",),
    "cost": ("loss",),
    "costfunction": ("loss",),
    "lossfunction": ("loss",),
    "objective": ("loss",),
    "solver": ("optimizer",),
    "optim": ("optimizer",),
    "validationsplit": ("validation",),
    "validationfraction": ("validation",),
    "valsplit": ("validation",),
    "randomstate": ("seed",),
    "randomseed": ("seed",),
    "dtype": ("precision",),
    "weightdecay": ("weight_decay", "l2"),
    "lambda": ("l2",),
    "lmbda": ("l2",),
    "betas": ("beta1", "beta2"),
    "clip": ("gradient_clipping",),
    "clipping": ("gradient_clipping",),
    "clipnorm": ("norm",),
    "metric": ("monitor",),
    "split": ("fraction",),
    "share": ("fraction",),
    "stepsize": ("epochs",),
    "maxtime": ("time_limit_seconds",),
    "timeout": ("time_limit_seconds",),
    "timelimit": ("time_limit_seconds",),
    "normalization": ("preprocessing",),
    "normalize": ("preprocessing",),
    "scaler": ("preprocessing",),
    # fields of networks and layers
    "neurons": ("units", "hidden"),
    "nodes": ("units", "hidden"),
    "size": ("units",),
    "outputs": ("units",),
    "outputdim": ("units",),
    "outfeatures": ("units",),
    "activationfunction": ("activation",),
    "nonlinearity": ("activation",),
    "act": ("activation",),
    "init": ("initializer",),
    "weightinitializer": ("initializer",),
    "kernelinitializer": ("initializer",),
    "p": ("rate",),
    "hiddenlayers": ("hidden",),
    "inputs": ("numbers",),
    "hiddenlayersizes": ("hidden",),
    "hiddenunits": ("hidden",),
    "inputdim": ("inputs",),
    "inputshape": ("inputs",),
    "inputsize": ("inputs",),
    "infeatures": ("inputs",),
    # fields of jobs, datasets and predictions
    "name": ("model",),
    "architecture": ("network",),
    "x": ("inputs", "instances"),
    "xtrain": ("inputs",),
    "features": ("inputs", "instances"),
    "y": ("targets",),
    "ytrain": ("targets",),
    "labels": ("targets",),
    "label": ("target", "targets"),
    "data": ("dataset", "rows", "instances"),
    "rows": ("instances",),
    "samples": ("rows", "instances"),
    "header": ("columns",),
}

# the way out for what is no field, and for what is no layer, here at all
NO_FIELDS = {
    "dropout": 'it is a layer of the network, such as {"type": "dropout", "rate": 0.5}',
    "usebias": "every dense layer has biases here; leave it out",
}
NO_LAYERS = {
    "flatten": "rows are flat here; leave it out",
    "input": "the dataset gives the number of inputs, or `inputs` of the network does; leave it out",
    "inputlayer": "the dataset gives the number of inputs, or `inputs` of the network does; leave it out",
}

# functions, layers and types of this field that this service does not have: nothing that looks alike is guessed
_WORDS = """
    mish hardsigmoid relu6 celu glu hardshrink hardsilu hardswish hardtanh logsigmoid logsoftmax softshrink softmin
    sparseplus sparsesigmoid sparsemax squareplus tanhshrink threshold exponential exp sin sine cos step heaviside
    binary maxout prelu rrelu crelu swiglu geglu
    poisson kldivergence kld kldivloss cosinesimilarity logcosh dice tversky circle ctc ctcloss focal focalloss
    binaryfocalcrossentropy categoricalfocalcrossentropy categoricalgeneralizedcrossentropy squaredhinge
    categoricalhinge mape msle meanabsolutepercentageerror meansquaredlogarithmicerror quantile pinball rmse
    bcewithlogits bcewithlogitsloss softmarginloss multimarginloss tripletmarginloss gaussiannllloss poissonnllloss
    adafactor ftrl lamb lion muon adabound radam asgd lbfgs sparseadam lookahead lars schedulefreeadamw
    conv1d conv2d conv3d convolution1d convolution2d convolution3d lstm gru rnn simplernn embedding attention
    maxpooling1d maxpooling2d averagepooling1d averagepooling2d groupnormalization rmsnormalization unitnormalization
    spectralnormalization alphadropout gaussiandropout gaussiannoise spatialdropout1d spatialdropout2d masking
    activityregularization lambda reshape permute repeatvector rescaling discretization
    normalization
    mse meansquarederror logcosherror binaryiou truepositives truenegatives falsepositives falsenegatives
    float16 bfloat16 half mixedfloat16 mixedbfloat16 float8 int8
"""
WITHOUT_COUNTERPART = frozenset(_WORDS.split())


def plain(name: str) -> str:
    """Return a name without case and punctuation: `GlorotUniform` and `glorot_uniform` are the same."""
    return "".join(character for character in name.lower() if character.isalnum())


def guess(word: object, known: Sequence[str]) -> str:
    """Return a suggestion (`; did you mean`) when a known name is meant, otherwise the list of known names."""
    found = meant(word, known)
    if found:
        return f"; did you mean {either(found)}?"
    return f"; known are {', '.join(f'`{name}`' for name in known)}" if known else ""


def either(names: Sequence[str], word: str = "or") -> str:
    """Return names as a choice in words, or with `and` as a list."""
    quoted = [f"`{name}`" for name in names]
    return f" {word} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def meant(word: object, known: Sequence[str], cutoff: float = 0.6) -> list[str]:
    """Return the known names that a word probably stands for: the same without case, an alias, or a similar one."""
    text = str(word)
    if len(text) > LONGEST_GUESSED:
        return []
    return called(text, known) or similar(text, known, cutoff)


def called(word: str, known: Iterable[str]) -> list[str]:
    """Return the known names that mean the same as `word`: equal but for case and punctuation, or an alias."""
    by_plain = {plain(name): name for name in known}
    short = plain(word)
    aliases = [by_plain[plain(alias)] for alias in ALIASES.get(short, ()) if plain(alias) in by_plain]
    if short in by_plain and len(aliases) < 2:
        return [by_plain[short]]
    return aliases


def absent(noun: str, name: str, there: Iterable[str]) -> str:
    """Return the sentence for a name of the client's own that nothing has: with a guess, or the names there are."""
    names, shown = list(there), name[:SHOWN_NAME]
    if close := closest(name[:LONGEST_GUESSED], names):
        return f"there is no {noun} `{shown}`; did you mean `{close[0]}`?"
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return f"there is no {noun} `{shown}`; there are {', '.join(f'`{other}`' for other in names[:MOST_LISTED])}{more}"


def similar(word: str, known: Sequence[str], cutoff: float = 0.6) -> list[str]:
    """Return the known name that is spelt most like `word`, unless that is the name of something else."""
    return [] if plain(word) in WITHOUT_COUNTERPART else closest(word, known, cutoff)


def closest(word: str, known: Sequence[str], cutoff: float = 0.6) -> list[str]:
    """Return the name that is spelt most like `word`, whatever it means, as names that clients choose.

    One that is equal but for case is found among all names, a similar one among the first `MOST_COMPARED`.
    """
    if len(word) > LONGEST_GUESSED:
        return []
    folded = word.casefold()
    if same := next((name for name in known if name.casefold() == folded), None):
        return [same]
    by_lower = {name.lower(): name for name in known[:MOST_COMPARED] if len(name) <= LONGEST_GUESSED}
    close = difflib.get_close_matches(word.lower(), list(by_lower), 1, cutoff=cutoff)
    return [by_lower[name] for name in close]


def likeness(word: str, other: str) -> float:
    """Return how much two names are spelt alike, from 0 to 1."""
    return difflib.SequenceMatcher(None, word.lower(), other.lower()).ratio()


def show(value: object) -> str:
    """Return a value as JSON, truncated to a readable length; a large one is not written out for that."""
    text = _brief(value, 0)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def _brief(value: object, depth: int) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{value[:SHOWN_CHARACTERS]}"'
    if isinstance(value, list | tuple):
        items = [_brief(item, depth + 1) for item in value[:SHOWN_ITEMS]] if depth < 2 else []
        return f"[{', '.join(items)}{', ...' if len(value) > len(items) else ''}]".replace("[, ...", "[...")
    if isinstance(value, dict):
        keys = list(value)[:SHOWN_ITEMS] if depth < 2 else []
        items = [f'"{str(key)[:SHOWN_CHARACTERS]}": {_brief(value[key], depth + 1)}' for key in keys]
        return f"{{{', '.join(items)}{', ...' if len(value) > len(items) else ''}}}".replace("{, ...", "{...")
    return str(value)
