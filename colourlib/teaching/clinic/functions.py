"""Families of torch's functions, by the names that a trace gives them, and one helper."""

CONVS = ("conv2d", "conv_transpose2d")
LAYERS = (*CONVS, "linear")
POOLS = ("max_pool2d", "avg_pool2d")
NORMS = ("batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm")
DROPOUTS = ("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout")
SUMS = {"add", "sub", "mul", "div", "true_divide", "rsub", "maximum", "minimum", "lerp", "where"}
# Activations that let through a little of what is below 0.
PARTLY = {"leaky_relu": "LeakyReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU", "mish": "Mish"}

_POINTWISE = """
    add sub subtract rsub mul multiply div divide true_divide truediv rtruediv rdiv reciprocal pow
    rpow neg negative abs absolute relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish
    hardtanh hardswish hardsigmoid softplus softsign tanhshrink hardshrink softshrink logsigmoid
    threshold tanh sigmoid expit exp expm1 log log1p sqrt rsqrt square sin cos sign clamp clip
    clamp_min clamp_max maximum minimum where lerp addcmul addcdiv nan_to_num erf round floor ceil
    dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout batch_norm
    contiguous clone detach data to type type_as float double half bfloat16 cpu cuda requires_grad
    gt ge lt le eq ne logical_not positive identity
"""
POINTWISE = frozenset(_POINTWISE.split())  # they look at one place at a time

TURNS = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "mT", "T", "rot90"}
FOLDS = {"view", "reshape", "flatten", "unflatten", "ravel", "view_as", "reshape_as"}
_MOVES = """
    getitem squeeze unsqueeze chunk split tensor_split unbind expand expand_as broadcast_to repeat
    tile flip roll narrow select stack cat pixel_shuffle pixel_unshuffle channel_shuffle
"""
MOVES = TURNS | FOLDS | set(_MOVES.split())  # numbers change their place, but not their value

# Along some of their dimensions, or everywhere, they look at many places together.
OVER = {"mean", "sum", "amax", "amin", "max", "min", "std", "var", "logsumexp", "softmax"}
OVER |= {"log_softmax", "softmin", "linear", "layer_norm", "rms_norm"}
LOOKS_AT_ALL = {"matmul", "bmm", "einsum", "baddbmm", "group_norm", "instance_norm"}
LOOKS_AT_ALL |= {"scaled_dot_product_attention", "multi_head_attention_forward"}

# What is looked through for the layer that made a map's numbers, or its channels.
SHAPERS = {"interpolate", "upsample", "contiguous", "clone", "view", "reshape", "pixel_shuffle"}
SHAPERS |= {"getitem", "permute", "transpose", "float", "to", "pad", "squeeze", "unsqueeze"}
KEEPS_CHANNELS = POINTWISE | {*POOLS, "adaptive_avg_pool2d", "adaptive_max_pool2d", "interpolate"}
KEEPS_CHANNELS |= {"upsample", "pad", "group_norm", "instance_norm", "layer_norm", "softmax"}
KEEPS_CHANNELS |= {"expand", "getitem"}


def pair(value) -> tuple[int, int]:
    """(a, b) of a or (a, b) or (a,)."""
    if isinstance(value, (tuple, list)):
        return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])
    return value, value


SAME = {"concat": "cat", "concatenate": "cat"}  # torch's other names for one function


def tidy(func) -> tuple[str, bool]:
    """(name without underscores, one for each function; does it change its tensor in place?)."""
    name = getattr(func, "__name__", str(func))
    if name == "__get__":  # of a property: T, mT, data
        return getattr(getattr(func, "__self__", None), "__name__", "get"), False
    in_place = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
    return SAME.get(name.strip("_"), name.strip("_")), in_place
