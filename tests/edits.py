"""Edits that students make to the model cell of 04_model, and what the clinic should say to each.

Every edit is a list of (old text, new text). `says` is None where the network should train without
an error or a warning; else (layer, regular expression): what a finding has to name and to say.
`mend` is the finding's fix, applied as text edits to what the student wrote; "undo" where the fix
is to write again what stood there.
"""

# ruff: noqa: E501  (lines as a student writes them)

import linecache
from dataclasses import dataclass
from pathlib import Path

import nbformat

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "04_model.ipynb"


@dataclass(frozen=True)
class Edit:
    name: str
    changes: list[tuple[str, str]]
    says: tuple[str, str] | None = None
    severity: str = "error"
    mend: list[tuple[str, str]] | None = None  # None: undo


def model_cells() -> str:
    """The source of the cells of 04_model that build the networks."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return "\n\n".join(c.source for c in cells if "builds" in c.metadata.get("tags", []))


def apply(source: str, changes: list[tuple[str, str]]) -> str:
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the cell"
        source = source.replace(old, new)
    return source


def define(source: str, file: str) -> dict:
    """What a cell defines; linecache knows its lines, as in a notebook."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope = {"__name__": "__main__"}
    exec(compile(source, file, "exec"), scope)
    return scope


def build(source: str, name: str, width: int = 8):
    """ColourNet as the source defines it."""
    scope = define(source, f"<cell {name}>")
    scope["torch"].manual_seed(0)
    return scope["ColourNet"](width=width)


# Lines of the cell that are edited more than once.
CONV = "nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False)"
NORM = "nn.BatchNorm2d(channels_out),"
RELU = "nn.ReLU(inplace=True),"
DOWN1 = "self.down1 = conv_pool_bn_relu(1, w // 4)"
DOWN2 = "self.down2 = conv_pool_bn_relu(w // 4, w)"
DOWN3 = "self.down3 = conv_bn_relu(w, 2 * w)"
DOWN4 = "self.down4 = conv_bn_relu(2 * w, 3 * w)"
DEEP = """self.deep = nn.Sequential(
            conv_bn_relu(3 * w, 5 * w), conv_bn_relu(5 * w, 5 * w), conv_bn_relu(5 * w, 5 * w)
        )"""
POOL1 = "            nn.AdaptiveAvgPool2d(1),  # (N, 5w, 1, 1), whatever the size of the picture\n"
FLATTEN = "            nn.Flatten(),\n"
LINEARS = """            nn.Linear(5 * w, 5 * w),
            nn.ReLU(),
            nn.Linear(5 * w, 5 * w),
"""
CONTEXT = f"self.context = nn.Sequential(\n{POOL1}{FLATTEN}{LINEARS}        )"
NARROW4 = "self.narrow4 = conv_bn_relu(5 * w, 3 * w)"
UP4 = "self.up4 = conv_bn_relu(3 * w, 3 * w)"
NARROW3 = "self.narrow3 = conv_bn_relu(3 * w, 2 * w)"
UP3 = "self.up3 = conv_bn_relu(2 * w, 2 * w)"
HEAD = "self.head = chroma_head(2 * w)"
QUARTER = "quarter = self.down3(self.down2(self.down1(x)))"
EIGHTH = "eighth = self.down4(pool(quarter))"
GO_DEEP = "deep = self.deep(pool(eighth))"
SPREAD = "whole_picture = self.context(deep)[:, :, None, None]"
FUSE = "deep = self.fuse(deep + whole_picture)"
JOIN4 = "eighth = self.up4(eighth + upsample_to(self.narrow4(deep), eighth))"
JOIN3 = "quarter = self.up3(quarter + upsample_to(self.narrow3(eighth), quarter))"
RETURN = "return upsample_to(self.head(quarter), x)"


def after(line: str, more: str) -> tuple[str, str]:
    """Another line behind this one, indented as a line of a method."""
    return line, f"{line}\n        {more}"


def before(line: str, more: str) -> tuple[str, str]:
    return line, f"{more}\n        {line}"


WRONG_NUMBERS = [
    Edit("down3 takes too many channels", [(DOWN3, "self.down3 = conv_bn_relu(2 * w, 2 * w)")],
         ("down3.0", r"expects 16 channels, receives 8, which layer down2 makes"), mend=[("self.down3 = conv_bn_relu(2 * w, 2 * w)", DOWN3)]),
    Edit("down1 made wider, down2 not", [(DOWN1, "self.down1 = conv_pool_bn_relu(1, w // 2)")],
         ("down2.0", r"expects 2 channels, receives 4, which layer down1 makes"), mend=[(DOWN2, "self.down2 = conv_pool_bn_relu(w // 2, w)")]),
    Edit("wrong number in the middle of deep", [("(3 * w, 5 * w), conv_bn_relu(5 * w, 5 * w),", "(3 * w, 5 * w), conv_bn_relu(4 * w, 5 * w),")],
         ("deep.1.0", r"expects 32 channels, receives 40, which layer deep.0 makes")),
    Edit("deep makes more than fuse takes", [("(5 * w, 5 * w), conv_bn_relu(5 * w, 5 * w)\n", "(5 * w, 5 * w), conv_bn_relu(5 * w, 6 * w)\n")],
         ("context.2", r"expects 40 numbers, receives 48, which layer deep makes")),
    Edit("head takes half of the channels", [(HEAD, "self.head = chroma_head(w)")],
         ("head", r"expects 8 channels, receives 16, which layer up3 makes")),
    Edit("head answers RGB", [(HEAD, "self.head = nn.Conv2d(2 * w, 3, kernel_size=1)")],
         ("head", r"answers 3 channels; chroma has 2"), mend=[("nn.Conv2d(2 * w, 3,", "nn.Conv2d(2 * w, 2,")]),
    Edit("head answers one channel", [(HEAD, "self.head = nn.Conv2d(2 * w, 1, kernel_size=1)")],
         ("head", r"answers 1 channels; chroma has 2"), mend=[("nn.Conv2d(2 * w, 1,", "nn.Conv2d(2 * w, 2,")]),
    Edit("first layer takes RGB", [(DOWN1, "self.down1 = conv_pool_bn_relu(3, w // 4)")],
         ("down1.0", r"expects 3 channels, receives 1: the picture has one")),
    Edit("narrow4 makes fewer channels than the skip", [(NARROW4, "self.narrow4 = conv_bn_relu(5 * w, 2 * w)")],
         ("forward", r"24 channels of layer down4 and 16 of layer narrow4")),
    Edit("Linear of the wrong width", [("nn.Linear(5 * w, 5 * w),\n            nn.ReLU()", "nn.Linear(4 * w, 5 * w),\n            nn.ReLU()")],
         ("context.2", r"expects 32 numbers, receives 40, which layer deep makes")),
    Edit("BatchNorm of the wrong width", [(NORM, "nn.BatchNorm2d(channels_in),")],
         ("down1.2", r"expects 1 channels, receives 2, which layer down1.0 makes")),
    Edit("stacked instead of added, next layer not widened", [(JOIN4, "eighth = self.up4(torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)], dim=1))")],
         ("up4.0", r"expects 24 channels, receives 48, which torch.cat \(24 of layer down4 \+ 24 of"), mend=[(UP4, "self.up4 = conv_bn_relu(6 * w, 3 * w)")]),
    Edit("PixelShuffle of too few channels", [(HEAD, "self.head = nn.Sequential(nn.Conv2d(2 * w, 8, 1), nn.PixelShuffle(4))")],
         ("head.1", r"PixelShuffle\(4\) makes 4 x 4 pixels of 16 channels, but 8 cannot be divided"), mend=[("nn.Conv2d(2 * w, 8, 1)", "nn.Conv2d(2 * w, 32, 1)")]),
]  # fmt: skip

SIZES = [
    Edit("padding forgotten in the brick", [(CONV, "nn.Conv2d(channels_in, channels_out, kernel, bias=False)")],
         ("down1.0", r"k=3, p=0: 128 -> 126; same size needs p=1"), mend=[("channels_out, kernel, bias", "channels_out, kernel, padding=1, bias")]),
    Edit("padding=kernel", [("padding=kernel // 2", "padding=kernel")],
         ("down1.0", r"k=3, p=3: 128 -> 132; same size needs p=1"), "warning"),
    Edit("kernel 5 with the padding of 3", [(DOWN1, "self.down1 = nn.Sequential(nn.Conv2d(1, w // 4, 5, padding=1), nn.MaxPool2d(2, ceil_mode=True), nn.ReLU())")],
         ("down1.0", r"k=5, p=1: 128 -> 126; same size needs p=2"), "warning", mend=[("5, padding=1), nn.MaxPool2d(2, ceil_mode=True)", "5, padding=2, bias=False), nn.MaxPool2d(2, ceil_mode=True), nn.BatchNorm2d(w // 4)")]),
    Edit("an even kernel", [(DOWN3, "self.down3 = conv_bn_relu(w, 2 * w, kernel=4)")],
         ("down3.0", r"k=4, p=2: 32 -> 33; no p keeps the size"), "warning"),
    Edit("a dilation without its padding", [(DOWN3, "self.down3 = nn.Sequential(nn.Conv2d(w, 2 * w, 3, padding=1, dilation=2, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())")],
         ("down3.0", r"k=3, p=1, dilation 2: 32 -> 30; same size needs p=2"), "warning", mend=[("padding=1, dilation=2", "padding=2, dilation=2")]),
    Edit("padded before the pooling, not before the convolution", [(UP3, "self.up3 = nn.Sequential(nn.ReflectionPad2d(1), nn.MaxPool2d(2, stride=1), nn.Conv2d(2 * w, 2 * w, 3, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())")],
         ("up3.2", r"k=3, p=0: 33 -> 31; same size needs p=1; the padding stands before max_pool2d"), "warning", mend=[("nn.ReflectionPad2d(1), nn.MaxPool2d(2, stride=1)", "nn.ReflectionPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, stride=1), nn.ReflectionPad2d(1)")]),
    Edit("last enlargement forgotten", [(RETURN, "return self.head(quarter)")],
         ("forward", r"the answer is 32 x 32, not 128 x 128: .*down1.1 128 -> 64"), mend=[("return self.head(quarter)", RETURN)]),
    Edit("last enlargement stops half-way", [(QUARTER, "half = self.down1(x)\n        quarter = self.down3(self.down2(half))"), (RETURN, "return upsample_to(self.head(quarter), half)")],
         ("forward", r"the answer is 64 x 64, not 128 x 128")),
    Edit("x overwritten, so the answer has the size of the pooled map", [(QUARTER, "x = self.down1(x)\n        quarter = self.down3(self.down2(x))")],
         ("forward", r"the answer is 64 x 64, not 128 x 128"), mend=[(RETURN, "return F.interpolate(upsample_to(self.head(quarter), x), size=size, mode='bilinear')"), before("x = self.down1(x)", "size = x.shape[-2:]")]),
    Edit("skip without enlarging", [(JOIN4, "eighth = self.up4(eighth + self.narrow4(deep))")],
         ("forward", r"sizes stop matching at the skip: 16 x 16 of layer down4 meets 8 x 8 of layer narrow4"), mend=[("self.narrow4(deep))", "upsample_to(self.narrow4(deep), eighth))")]),
    Edit("enlarged by a factor: odd sizes do not meet", [(JOIN4, "eighth = self.up4(eighth + F.interpolate(self.narrow4(deep), scale_factor=2.0))")],
         ("forward", r"sizes stop matching at the skip.*101 -> 5[01] \(max_pool2d\).*101 x 67"), "warning", mend=[("F.interpolate(self.narrow4(deep), scale_factor=2.0)", "upsample_to(self.narrow4(deep), eighth)")]),
    Edit("last enlargement by a factor", [(RETURN, "return F.interpolate(self.head(quarter), scale_factor=4.0, mode='bilinear')")],
         ("forward", r"the answer is 10\d x 6\d, not 101 x 67"), "warning", mend=[("F.interpolate(self.head(quarter), scale_factor=4.0, mode='bilinear')", "upsample_to(self.head(quarter), x)")]),
    Edit("a stride, not undone", [(DOWN3, "self.down3 = nn.Sequential(nn.Conv2d(w, 2 * w, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())"), (RETURN, "return F.interpolate(self.head(quarter), scale_factor=4.0)")],
         ("forward", r"the answer is 64 x 64, not 128 x 128: .*down3.0 32 -> 16"), mend=[("return F.interpolate(self.head(quarter), scale_factor=4.0)", RETURN)]),
    Edit("transposed convolution that misses by one", [after(HEAD, "self.grow = nn.ConvTranspose2d(3 * w, 3 * w, 3, stride=2, padding=1)"), (JOIN4, "eighth = self.up4(eighth + self.grow(self.narrow4(deep)))")],
         ("grow", r"misses by 1: \(8 - 1\) x 2 - 2 x 1 \+ 3 = 15, but 2 x 8 = 16"), mend=[("stride=2, padding=1)", "stride=2, padding=1, output_padding=1)"), ("self.grow(self.narrow4(deep))", "upsample_to(self.grow(self.narrow4(deep)), eighth)")]),
    Edit("pooled by 4 at once", [(GO_DEEP, "deep = self.deep(F.max_pool2d(eighth, 4))")],
         ("forward", r"max_pool2d cannot make a map of 2 x 2 smaller"), "warning", mend=[("F.max_pool2d(eighth, 4)", "pool(pool(eighth))")]),
    Edit("global pooling as the last step", [(RETURN, "return F.adaptive_avg_pool2d(self.head(quarter), 1)")],
         ("forward", r"the answer is 1 x 1, not 128 x 128: global pooling is not spread"), mend=[("F.adaptive_avg_pool2d(self.head(quarter), 1)", "upsample_to(self.head(quarter), x)")]),
]  # fmt: skip

CONTEXT_EDITS = [
    Edit("context without its two dimensions", [(SPREAD, "whole_picture = self.context(deep)")],
         ("forward", r"layer context makes \(20, 40\), one list of numbers a picture"), mend=[("self.context(deep)", "self.context(deep)[:, :, None, None]")]),
    Edit("Flatten forgotten", [(FLATTEN, "")],
         ("context.1", r"expects 40 numbers, receives a map \(20, 40, 1, 1\)"), mend=[(POOL1, POOL1 + FLATTEN)]),
    Edit("pooling forgotten before Flatten", [(POOL1, "")],
         ("context.1", r"expects 40 numbers, receives 40 x 8 x 8 = 2560: the map was flattened without"), mend=[(FLATTEN, POOL1 + FLATTEN)]),
    Edit("Linear on the whole map: fits one size only", [(POOL1, ""), (LINEARS, LINEARS.replace("nn.Linear(5 * w, 5 * w)", "nn.Linear(5 * w * 64, 5 * w)", 1))],
         ("context.1", r"expects 2560 numbers, receives 40 x \d x \d = \d+"), "warning", mend=[(FLATTEN, POOL1 + FLATTEN), ("5 * w * 64", "5 * w")]),
    Edit("BatchNorm on the 1 x 1 map", [(CONTEXT, f"self.context = nn.Sequential(\n{POOL1}conv_bn_relu(5 * w, 5 * w, 1))"), (SPREAD, "whole_picture = self.context(deep)")],
         ("context.1.1", r"one number a channel here \(\(1, 40, 1, 1\)\).*batch of one"), "warning", mend=[("conv_bn_relu(5 * w, 5 * w, 1))", "nn.Conv2d(5 * w, 5 * w, 1), nn.ReLU())")]),
    Edit("the batch written down as a number", [(SPREAD, "whole_picture = self.context(deep).view(20, -1, 1, 1)")],
         ("forward", r"batches of 1 and 20.*batch of one"), mend=[(".view(20, -1, 1, 1)", ".view(deep.shape[0], -1, 1, 1)")]),
    Edit("context stacked without spreading it", [(FUSE, "deep = self.fuse(torch.cat([deep, whole_picture], dim=1))")],
         ("forward", r"torch.cat stacks a map of 1 x 1 with one of 8 x 8: global pooling has to be spread"), mend=[("[deep, whole_picture]", "[deep, whole_picture.expand(-1, -1, *deep.shape[-2:])]"), ("self.fuse = conv_bn_relu(5 * w, 5 * w)", "self.fuse = conv_bn_relu(10 * w, 5 * w)")]),
]  # fmt: skip

OUTPUT = [
    Edit("ReLU on the answer", [(RETURN, "return F.relu(upsample_to(self.head(quarter), x))")],
         ("forward", r"ReLU cuts off all below 0; chroma has a sign.*nothing ever learns"), mend=[("F.relu(upsample_to(self.head(quarter), x))", "upsample_to(self.head(quarter), x)")]),
    Edit("sigmoid on the answer", [(RETURN, "return torch.sigmoid(upsample_to(self.head(quarter), x))")],
         ("forward", r"sigmoid lies between 0 and 1; chroma has a sign"), "warning", mend=[("torch.sigmoid(", "torch.tanh(")]),
    Edit("clamp to 0..1", [(RETURN, "return upsample_to(self.head(quarter), x).clamp(0, 1)")],
         ("forward", r"clamp is the last step, and no answer is below 0"), "warning", mend=[(".clamp(0, 1)", "")]),
    Edit("a brick as the head", [(HEAD, "self.head = conv_bn_relu(2 * w, 2, 1)")],
         ("head.2", r"ReLU cuts off all below 0"), "warning", mend=[("conv_bn_relu(2 * w, 2, 1)", "chroma_head(2 * w)")]),
    Edit("Sigmoid layer in the head", [(HEAD, "self.head = nn.Sequential(nn.Conv2d(2 * w, 2, 1), nn.Sigmoid())")],
         ("head.1", r"sigmoid lies between 0 and 1"), "warning", mend=[("nn.Sigmoid()", "nn.Identity()")]),
    Edit("BatchNorm behind the head", [(HEAD, "self.head = nn.Sequential(nn.Conv2d(2 * w, 2, 1, bias=False), nn.BatchNorm2d(2))")],
         ("head.1", r"sets the spread of all answers to 1"), "warning", mend=[("bias=False), nn.BatchNorm2d(2))", "bias=True), nn.Identity())")]),
    Edit("Dropout on the answer", [(RETURN, "return F.dropout(upsample_to(self.head(quarter), x), 0.5, self.training)")],
         ("forward", r"sets a share of 0.5 of the answers to 0"), "warning", mend=[("F.dropout(upsample_to(self.head(quarter), x), 0.5, self.training)", "upsample_to(self.head(F.dropout(quarter, 0.1, self.training)), x)")]),
    Edit("the answer times 300", [(HEAD, "self.head = nn.Conv2d(2 * w, 2, 1)"), (RETURN, "return 300 * upsample_to(self.head(quarter), x)")],
         ("(answer)", r"explodes at the start: its spread is"), "warning", mend=[("300 * ", "")]),
    Edit("the answer times 0", [(RETURN, "return 0 * upsample_to(self.head(quarter), x)")],
         ("forward", r"mul hands on no gradient"), mend=[("0 * upsample", "1 * upsample")]),
    Edit("return forgotten", [(RETURN, "upsample_to(self.head(quarter), x)")],
         ("forward", r"returns nothing \(None\)"), mend=[("        upsample_to(self.head(quarter), x)", f"        {RETURN}")]),
    Edit("two things returned", [(RETURN, "return upsample_to(self.head(quarter), x), deep")],
         ("forward", r"returns 2 things \(\(20, 2, 128, 128\), \(20, 40, 8, 8\)\)"), mend=[(", x), deep", ", x)")]),
    Edit("a head for a and a head for b, returned apart", [(HEAD, "self.head, self.head_b = nn.Conv2d(2 * w, 1, 1), nn.Conv2d(2 * w, 1, 1)"), (RETURN, "return upsample_to(self.head(quarter), x), upsample_to(self.head_b(quarter), x)")],
         ("forward", r"returns 2 things"), mend=[("return upsample_to(self.head(quarter), x), upsample_to(self.head_b(quarter), x)", "return torch.cat([upsample_to(self.head(quarter), x), upsample_to(self.head_b(quarter), x)], dim=1)")]),
]  # fmt: skip

FORGOTTEN = [
    Edit("a layer made and not used", [after(HEAD, "self.extra = conv_bn_relu(5 * w, 5 * w)")],
         ("extra", r"made in __init__ and never called.*1,\d+|14,480 parameters"), "warning", mend=[after(FUSE, "deep = self.extra(deep)")]),
    Edit("fuse left out of forward", [(FUSE, "deep = deep + whole_picture")],
         ("fuse", r"never called in forward"), "warning", mend=[("deep = deep + whole_picture", FUSE)]),
    Edit("narrow3 deleted from __init__", [(f"        {NARROW3}\n", "")],
         ("forward", r"there is no self.narrow3"), mend=[after(UP4, NARROW3)]),
    Edit("a name misspelt", [(EIGHTH, "eighth = self.dwon4(pool(quarter))")],
         ("forward", r"there is no self.dwon4")),
    Edit("self. forgotten", [(EIGHTH, "eighth = down4(pool(quarter))")],
         ("forward", r"down4 is a part of the network, not a variable")),
    Edit("a variable misspelt", [(EIGHTH, "eighth = self.down4(pool(quater))")],
         ("forward", r"quater is used before it has a value")),
    Edit("layers in a plain list", [(DEEP, DEEP.replace("nn.Sequential(", "[").replace("5 * w)\n        )", "5 * w)\n        ]")), (GO_DEEP, "deep = pool(eighth)\n        for layer in self.deep:\n            deep = layer(deep)")],
         ("deep", r"plain list of layers: torch does not find their parameters"), mend=[("self.deep = [", "self.deep = nn.ModuleList(["), ("5 * w)\n        ]", "5 * w)\n        ])")]),
    Edit("a ModuleList called", [(DEEP, DEEP.replace("nn.Sequential(", "nn.ModuleList([").replace("5 * w)\n        )", "5 * w)\n        ])"))],
         ("forward", r"is a list of layers, which cannot be called"), mend=[(GO_DEEP, "deep = pool(eighth)\n        for layer in self.deep:\n            deep = layer(deep)")]),
    Edit("a layer made anew in forward", [after(FUSE, "deep = nn.Conv2d(40, 40, 1)(deep)")],
         ("forward", r"makes a new Conv2d at every call"), mend=[("deep = nn.Conv2d(40, 40, 1)(deep)", "deep = self.more(deep)"), after(HEAD, "self.more = nn.Conv2d(5 * w, 5 * w, 1)")]),
    Edit("nn.ReLU(x) instead of nn.ReLU()(x)", [(EIGHTH, "eighth = nn.ReLU(self.down4(pool(quarter)))")],
         ("forward", r"was given a layer \(ReLU\) where a tensor is due"), mend=[("nn.ReLU(self", "nn.ReLU()(self")]),
    Edit("a layer that is not called", [(EIGHTH, "eighth = self.down4")],
         ("forward", r"was given a layer \(Sequential\)")),
    Edit("forward without x", [("    def forward(self, x):\n        quarter", "    def forward(self):\n        quarter")],
         ("forward", r"forward does not take what it is called with")),
    Edit("forward misspelt", [("    def forward(self, x):\n        quarter", "    def foward(self, x):\n        quarter")],
         ("forward", r"has no forward \(foward is misspelt\)")),
    Edit("the network calls itself", [(GO_DEEP, "deep = self(pool(eighth))")],
         ("forward", r"calls itself without end")),
]  # fmt: skip

INSIDE = [
    Edit("no activation in the brick", [(RELU, "")],
         ("deep.1.0", r"follows deep.0.0 with no activation between them \(only deep.0.1\)"), "warning"),
    Edit("no BatchNorm in one brick", [(DOWN3, "self.down3 = nn.Sequential(nn.Conv2d(w, 2 * w, 3, padding=1), nn.ReLU())")],
         ("down3.0", r"has no BatchNorm behind it, as \d+ other convolutions have"), "warning", mend=[("3, padding=1), nn.ReLU()", "3, padding=1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU()")]),
    Edit("no BatchNorm at all", [(NORM, ""), ("bias=False", "bias=True")],
         ("down1.0", r"none of the \d+ convolutions is followed by a norm"), "warning"),
    Edit("a bias before BatchNorm", [(", bias=False", "")],
         ("down1.0", r"a bias that the BatchNorm behind it subtracts again"), "note"),
    Edit("BatchNorm behind ReLU", [(f"{NORM}\n        {RELU}", f"{RELU}\n        {NORM}")],
         ("down1.3", r"stands behind the activation"), "note"),
    Edit("softmax in the middle", [(FUSE, "deep = F.softmax(self.fuse(deep + whole_picture), dim=1)")],
         ("forward", r"softmax in the middle makes 40 channels share a sum of 1"), "warning", mend=[("F.softmax(self.fuse(deep + whole_picture), dim=1)", "F.relu(self.fuse(deep + whole_picture))")]),
    Edit("a kernel of 31", [(DOWN3, "self.down3 = conv_bn_relu(w, 2 * w, kernel=31)")],
         ("down3.0", r"a kernel of 31 x 31 takes 961 / 9 = 107 times"), "warning"),
    Edit("detach in the middle", [(GO_DEEP, "deep = self.deep(pool(eighth)).detach()")],
         ("forward", r"ends the gradient \(\.detach\(\)\)"), "warning", mend=[(".detach()", "")]),
    Edit("no_grad around forward", [("    def forward(self, x):\n        quarter", "    @torch.no_grad()\n    def forward(self, x):\n        quarter")],
         ("down1.0", r"ends the gradient \(torch.no_grad")),
    Edit("all weights frozen", [after(HEAD, "self.requires_grad_(False)")],
         ("model", r"all parameters are frozen"), mend=[("self.requires_grad_(False)", "self.requires_grad_(True)")]),
    Edit("a skip added in place", [(JOIN4, "eighth += upsample_to(self.narrow4(deep), eighth)\n        eighth = self.up4(eighth)")],
         ("forward", r"changes in place what the gradient still needs"), mend=[("eighth += upsample_to(self.narrow4(deep), eighth)", "eighth = eighth + upsample_to(self.narrow4(deep), eighth)")]),
    Edit("half of the channels changed in place", [after(EIGHTH, "a, b = eighth.chunk(2, dim=1)\n        a += b")],
         ("forward", r"changes a view in place"), mend=[("a += b", "a = a + b")]),
    Edit("a logarithm of ReLU's zeros", [after(EIGHTH, "eighth = eighth.log()")],
         ("forward", r"log makes NaN or infinity of finite numbers"), mend=[("eighth.log()", "(eighth + 1e-1).log()")]),
    Edit("cat without dim", [(JOIN4, "eighth = self.up4(torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)]))")],
         ("forward", r"puts the pictures of both one behind the other"), mend=[("eighth)]))", "eighth)], dim=1))"), (UP4, "self.up4 = conv_bn_relu(6 * w, 3 * w)")]),
    Edit("weights of double precision", [after(HEAD, "self.double()")],
         ("down1.0", r"has weights of torch.float64, but its input is torch.float32"), mend=[("self.double()", "self.float()")]),
    Edit("the picture is not used", [before(QUARTER, "x = torch.zeros_like(x)")],
         ("forward", r"the answer is the same whatever the picture is"), mend=[("x = torch.zeros_like(x)\n        ", "")]),
]  # fmt: skip


SECOND = [  # what a second reader of the course did
    Edit("the batch written down in expand", [(SPREAD, f"{SPREAD}.expand(20, -1, -1, -1)")],
         ("forward", r"expand\(20.*|answers 20 pictures for 1 for a batch of one"), mend=[(".expand(20, -1, -1, -1)", ".expand(deep.shape[0], -1, -1, -1)")]),
    Edit("all convolutions start at zero", [after(HEAD, "[nn.init.zeros_(m.weight) for m in self.modules() if isinstance(m, nn.Conv2d)]")],
         ("down1.0", r"weights that are all 0, as have \d+ other layers")),
    Edit("one brick starts at zero", [after(HEAD, "nn.init.zeros_(self.up3[0].weight)")],
         ("up3.0", r"weights that are all 0, so that it makes 0, where ReLU has no slope")),
    Edit("an answer that saturates", [(RETURN, "return torch.tanh(1000 * upsample_to(self.head(quarter), x))")],
         ("(answer)", r"explodes at the first step"), "warning"),
    Edit("an answer that is stuck", [(RETURN, "return 0.001 * upsample_to(self.head(quarter), x)")],
         ("(answer)", r"hardly moves: one step of Adam"), "warning"),
    Edit("a function given, not called", [(EIGHTH, "eighth = self.down4(pool)")],
         ("down4.0", r"pool is a function")),
    Edit("pool given to pool", [(EIGHTH, "eighth = self.down4(pool(pool))")],
         ("forward", r"pool is a function")),
    Edit("numpy in forward", [(EIGHTH, "import numpy\n        eighth = self.down4(numpy.tanh(pool(quarter).detach().numpy()))")],
         ("down4.0", r"has a numpy array where a tensor is due"), mend=[("numpy.tanh(pool(quarter).detach().numpy())", "torch.tanh(pool(quarter))")]),
    Edit("None given to a convolution", [(EIGHTH, "eighth = self.down4(None)")],
         ("down4.0", r"has None where a tensor is due")),
    Edit("a comma behind a layer", [(DEEP, f"{DEEP},")],
         ("deep", r"is a tuple of one layer, because there is a comma behind it"), mend=[(f"{DEEP},", DEEP)]),
    Edit("channels last in the answer", [(RETURN, f"{RETURN}.permute(0, 2, 3, 1)")],
         ("forward", r"\.permute\(\.\.\.\) makes \(20, 128, 128, 2\) of \(20, 2, 128, 128\), which was right"), mend=[(".permute(0, 2, 3, 1)", "")]),
    Edit("one channel cut out of the answer", [(RETURN, f"{RETURN}[:, :1]")],
         ("forward", r"the index \[\.\.\.\] makes \(20, 1, 128, 128\)"), mend=[("x)[:, :1]", "x)")]),
    Edit("height and width of the answer swapped", [(RETURN, f"{RETURN}.transpose(2, 3)")],
         ("forward", r"\.transpose\(\.\.\.\) makes \(2, 2, 67, 101\) of \(2, 2, 101, 67\)"), mend=[(".transpose(2, 3)", "")]),
    Edit("height and width of the picture swapped", [before(QUARTER, "x = x.transpose(2, 3)")],
         ("forward", r"\.transpose\(\.\.\.\) makes \(2, 1, 67, 101\) of \(2, 1, 101, 67\)")),
    Edit("pooled by 8, which is global at one size only", [("nn.AdaptiveAvgPool2d(1)", "nn.AvgPool2d(8)")],
         ("context.0", r"a window of 8 x 8 fits maps of one size only"), "warning", mend=[("nn.AvgPool2d(8)", "nn.AdaptiveAvgPool2d(1)")]),
    Edit("Dropout of everything", [after(HEAD, "self.drop = nn.Dropout2d(1.0)"), (RETURN, "return upsample_to(self.head(self.drop(quarter)), x)")],
         ("drop", r"p=1.0 drops everything"), mend=[("Dropout2d(1.0)", "Dropout2d(0.1)")]),
    Edit("Dropout that does not know of eval mode", [(RETURN, "return upsample_to(self.head(F.dropout(quarter, 0.1)), x)")],
         ("forward", r"eval mode still drops"), "warning", mend=[("(quarter, 0.1)", "(quarter, 0.1, self.training)")]),
    Edit("a 1x1 window that jumps, on few channels", [after(HEAD, "self.cut = nn.Conv2d(w, w, 1, stride=2)"), (QUARTER, "half = self.down2(self.down1(x))\n        quarter = self.down3(upsample_to(self.cut(half), half))")],
         ("cut", r"1x1 window with stride 2 looks at every fourth pixel only.*\(8 -> 8\)"), mend=[("nn.Conv2d(w, w, 1, stride=2)", "nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(w, w, 1))")]),
]  # fmt: skip


def brick(old: str, new: str, name: str) -> Edit:
    return Edit(name, [(old, new)])


ATTENTION = """class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.look = nn.MultiheadAttention(channels, 2, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        seen, _ = self.look(tokens, tokens, tokens, need_weights=False)
        return x + seen.transpose(1, 2).view(x.shape)


class ColourNet(nn.Module):"""
BY_HAND = """class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.q, self.k, self.v = (nn.Conv2d(channels, channels, 1) for _ in range(3))

    def forward(self, x):
        q, k, v = (f(x).flatten(2) for f in (self.q, self.k, self.v))
        weights = torch.softmax(q.transpose(1, 2) @ k / q.shape[1] ** 0.5, dim=-1)
        return x + (v @ weights.transpose(1, 2)).view(x.shape)


class ColourNet(nn.Module):"""
RESIDUAL = """class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            conv_bn_relu(channels, channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x):
        return F.relu(x + self.body(x))


class ColourNet(nn.Module):"""
SQUEEZE = """class Squeeze(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, 4, 1), nn.ReLU(),
            nn.Conv2d(4, channels, 1), nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.gate(x)


class ColourNet(nn.Module):"""
LAYER_NORM = """class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def conv_bn_relu("""
CLASS = "class ColourNet(nn.Module):"
LAST5 = "conv_bn_relu(5 * w, 5 * w)\n        )"


def last_of_deep(code: str) -> tuple[str, str]:
    return f", {LAST5}", f", {code}\n        )"


GOOD_IDEAS = [
    Edit("nothing changed", []),
    Edit("dilation in deep", [last_of_deep("nn.Conv2d(5 * w, 5 * w, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(5 * w), nn.ReLU()")]),
    Edit("depthwise and pointwise", [(DOWN3, "self.down3 = nn.Sequential(nn.Conv2d(w, w, 3, padding=1, groups=w, bias=False), nn.Conv2d(w, 2 * w, 1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())")]),
    Edit("residual blocks in deep", [(CLASS, RESIDUAL), last_of_deep("Residual(5 * w)")]),
    brick(NORM, "nn.GroupNorm(1, channels_out),", "GroupNorm"),
    brick(NORM, "nn.InstanceNorm2d(channels_out, affine=True),", "InstanceNorm"),
    Edit("LayerNorm over the channels", [("def conv_bn_relu(", LAYER_NORM), (NORM, "LayerNorm2d(channels_out),")]),
    brick(RELU, "nn.LeakyReLU(0.1),", "LeakyReLU"),
    brick(RELU, "nn.GELU(),", "GELU"),
    brick(RELU, "nn.SiLU(),", "SiLU"),
    brick(RELU, "nn.PReLU(channels_out),", "PReLU"),
    Edit("stride instead of pooling", [(DOWN2, "self.down2 = nn.Sequential(nn.Conv2d(w // 4, w, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(w), nn.ReLU())")]),
    Edit("average pooling", [(EIGHTH, "eighth = self.down4(F.avg_pool2d(quarter, 2))")]),
    Edit("attention in the deepest map", [(CLASS, ATTENTION), last_of_deep("Attention(5 * w)")]),
    Edit("attention by hand", [(CLASS, BY_HAND), last_of_deep("Attention(5 * w)")]),
    Edit("squeeze and excitation", [(CLASS, SQUEEZE), last_of_deep("Squeeze(5 * w)")]),
    Edit("one level less", [(GO_DEEP, "deep = self.deep(eighth)")]),
    Edit("one level more", [(GO_DEEP, "deep = self.deep(pool(pool(eighth)))")]),
    Edit("a brick more in deep", [last_of_deep("conv_bn_relu(5 * w, 5 * w), conv_bn_relu(5 * w, 5 * w)")]),
    Edit("PixelShuffle, fitted to the picture", [(HEAD, "self.head = nn.Sequential(nn.Conv2d(2 * w, 32, 3, padding=1), nn.PixelShuffle(4))")]),
    Edit("ConvTranspose2d, fitted to the skip", [after(HEAD, "self.grow = nn.ConvTranspose2d(3 * w, 3 * w, 4, stride=2, padding=1)"), (JOIN4, "eighth = self.up4(eighth + upsample_to(self.grow(self.narrow4(deep)), eighth))")]),
    Edit("tanh on the answer", [(RETURN, "return torch.tanh(upsample_to(self.head(quarter), x))")]),
    Edit("without the context", [(CONTEXT, ""), (f"        {SPREAD}", "        whole_picture = 0"), ]),
    Edit("a wider brick", [(DOWN1, "self.down1 = conv_pool_bn_relu(1, w)"), (DOWN2, "self.down2 = conv_pool_bn_relu(w, w)")]),
    Edit("kernel 5 in the first layer", [(DOWN1, "self.down1 = nn.Sequential(*conv_bn_relu(1, w // 4, kernel=5), nn.MaxPool2d(2, ceil_mode=True))")]),
    Edit("reflection padding", [("kernel // 2, bias", "kernel // 2, padding_mode='reflect', bias"), (GO_DEEP, "deep = self.deep(eighth)")]),
    Edit("padding='same'", [("padding=kernel // 2", "padding='same'")]),
    Edit("Dropout before the head", [(RETURN, "return upsample_to(self.head(F.dropout(quarter, 0.1, self.training)), x)")]),
    Edit("weights shared: deep runs twice", [after(FUSE, "deep = self.deep[1](self.deep[1](deep))")]),
    Edit("skips stacked", [(JOIN4, "eighth = self.up4(torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)], dim=1))"), (UP4, "self.up4 = conv_bn_relu(6 * w, 3 * w)")]),
    Edit("a head with random weights", [(HEAD, "self.head = nn.Conv2d(2 * w, 2, 1)")]),
    Edit("two heads, stacked", [(HEAD, "self.head, self.head_b = nn.Conv2d(2 * w, 1, 1), nn.Conv2d(2 * w, 1, 1)"), (RETURN, "return upsample_to(torch.cat([self.head(quarter), self.head_b(quarter)], dim=1), x)")]),
    Edit("chroma at half the resolution", [(DOWN2, "self.down2 = conv_bn_relu(w // 4, w)"), (QUARTER, "half = self.down2(self.down1(x))\n        quarter = self.down3(pool(half))"), (HEAD, "self.head = chroma_head(w)\n        self.narrow2, self.up2 = conv_bn_relu(2 * w, w), conv_bn_relu(w, w)"), (RETURN, "half = self.up2(half + upsample_to(self.narrow2(quarter), half))\n        return upsample_to(self.head(half), x)")]),
    Edit("a learnt factor", [after(HEAD, "self.much = nn.Parameter(torch.ones(1))"), (FUSE, "deep = self.fuse(deep + self.much * whole_picture)")]),
    Edit("nearest enlargement", [(JOIN4, "eighth = self.up4(eighth + F.interpolate(self.narrow4(deep), size=eighth.shape[-2:]))")]),
    Edit("max pooling for the context", [("nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(1)")]),
    Edit("pictures turned and averaged", [(RETURN, "y = upsample_to(self.head(quarter), x)\n        return (y + y.mean(dim=(2, 3), keepdim=True)) / 2")]),
    Edit("weight norm", [last_of_deep("nn.utils.parametrizations.weight_norm(nn.Conv2d(5 * w, 5 * w, 3, padding=1)), nn.ReLU()")]),
    Edit("a larger kernel, one row and one column", [(DOWN3, "self.down3 = nn.Sequential(nn.Conv2d(w, w, (1, 7), padding=(0, 3), bias=False), nn.Conv2d(w, 2 * w, (7, 1), padding=(3, 0), bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())")]),
    Edit("weight norm instead of BatchNorm", [(CONV, "nn.utils.parametrizations.weight_norm(nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2))"), (f"{NORM}\n        ", "")]),
    Edit("a brick that begins with its norm", [(UP3, "self.up3 = nn.Sequential(nn.BatchNorm2d(2 * w), nn.ReLU(), nn.Conv2d(2 * w, 2 * w, 3, padding=1))")]),
    Edit("stochastic depth", [(FUSE, f"if not self.training or torch.rand(()).item() > 0.6:\n            {FUSE}")]),
    Edit("a residual branch that starts at zero", [(CLASS, RESIDUAL), last_of_deep("Residual(5 * w)"), after(HEAD, "nn.init.zeros_(self.deep[2].body[1].weight)")]),
    Edit("a factor that starts at zero", [after(HEAD, "self.much = nn.Parameter(torch.zeros(1))"), (FUSE, "deep = self.fuse(deep + self.much * whole_picture)")]),
    Edit("a 1x1 window that jumps, on many channels", [after(HEAD, "self.cut = nn.Conv2d(2 * w, 2 * w, 1, stride=2, bias=False)"), (EIGHTH, f"{EIGHTH}\n        quarter = quarter + upsample_to(self.cut(quarter), quarter)")]),
    Edit("position as a second input channel", [(DOWN1, "self.down1 = conv_pool_bn_relu(2, w // 4)"), (QUARTER, "rows = torch.linspace(-1, 1, x.shape[2], device=x.device)[None, None, :, None].expand_as(x)\n        quarter = self.down3(self.down2(self.down1(torch.cat([x, rows], dim=1))))")]),
]  # fmt: skip

KINDS = {
    "wrong numbers of channels": WRONG_NUMBERS,
    "sizes: padding, pooling, enlarging": SIZES,
    "the global context": CONTEXT_EDITS,
    "what is returned": OUTPUT,
    "forgotten and misspelt": FORGOTTEN,
    "misplaced layers, broken gradients": INSIDE,
    "a second reader": SECOND,
    "good ideas": GOOD_IDEAS,
}


def table(rows: list[tuple]) -> str:
    """The rows of `test_edits.examine` as a Markdown table."""
    lines = ["| edit | layer or line | finding | mended, it trains |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def summary(kinds: dict[str, list[Edit]], rows: dict[str, tuple]) -> str:
    """The same as a row a kind of edit, for the README; `rows`: of those that passed, by name."""
    lines = ["| kind of edit | edits | explained, right layer | the mend trains | left alone |"]
    lines.append("|---|--:|--:|--:|--:|")
    totals = [0] * 4
    for kind, edits in kinds.items():
        passed = [e for e in edits if e.name in rows]
        good = sum(e.says is None for e in passed)
        row = [len(edits), len(passed) - good, len(passed) - good, good]
        totals = [a + b for a, b in zip(totals, row, strict=True)]
        lines.append(f"| {kind} | {' | '.join(str(n) if n else '' for n in row)} |")
    lines.append(f"| all | {' | '.join(map(str, totals))} |")
    return "\n".join(lines)
