"""More edits, by somebody who had not seen the clinic's rules: mistakes first, then good ideas.

As in `edits`, which says what an Edit is.
"""

# ruff: noqa: E501  (lines as a student writes them)

from __future__ import annotations

from edits import (
    CLASS,
    DOWN1,
    DOWN3,
    EIGHTH,
    FLATTEN,
    FUSE,
    GO_DEEP,
    HEAD,
    JOIN3,
    JOIN4,
    LINEARS,
    NARROW3,
    NORM,
    QUARTER,
    RELU,
    RETURN,
    SPREAD,
    UP3,
    Edit,
    after,
    before,
    last_of_deep,
)

TURNED = f"{GO_DEEP}.transpose(2, 3)"
FOLDED = f"""{GO_DEEP}
        n, c, height, width = deep.shape
        tokens = deep.flatten(2).transpose(1, 2)  # (N, places, C)
        deep = tokens.transpose(1, 2).reshape(n, c, width, height)"""

MISTAKES = [
    Edit("padding 1, whatever the kernel", [("padding=kernel // 2", "padding=1"), (DOWN3, "self.down3 = conv_bn_relu(w, 2 * w, kernel=5)")],
         ("down3.0", r"k=5, p=1: 32 -> 30; same size needs p=2"), "warning", [("padding=1", "padding=kernel // 2")]),
    Edit("a Linear as the head", [(HEAD, "self.head = nn.Linear(2 * w, 2)")],
         ("head", r"expects 16 numbers, receives a map"), mend=[("nn.Linear(2 * w, 2)", "nn.Conv2d(2 * w, 2, 1)")]),
    Edit("BatchNorm1d in the brick", [(NORM, "nn.BatchNorm1d(channels_out),")],
         ("down1.2", r"is a BatchNorm1d, which is for lists"), mend=[("nn.BatchNorm1d(", "nn.BatchNorm2d(")]),
    Edit("Conv1d in a brick", [(DOWN3, "self.down3 = nn.Sequential(nn.Conv1d(w, 2 * w, 3, padding=1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())")],
         ("down3.0", r"is a Conv1d, which is for lists"), mend=[("nn.Conv1d(", "nn.Conv2d(")]),
    Edit("upsample_to the wrong way round", [(JOIN4, "eighth = self.up4(eighth + upsample_to(eighth, self.narrow4(deep)))")],
         ("forward", r"upsample_to enlarges, but x is 16 x 16 and `like` only 8 x 8"), mend=[("upsample_to(eighth, self.narrow4(deep))", "upsample_to(self.narrow4(deep), eighth)")]),
    Edit("the head on the picture", [(RETURN, "return upsample_to(self.head(x), x)")],
         ("head", r"expects 16 channels, receives 1: the picture has one"), mend=[("self.head(x)", "self.head(quarter)")]),
    Edit("the wrong map of two", [(JOIN3, "quarter = self.up3(quarter + upsample_to(self.narrow3(deep), quarter))")],
         ("narrow3.0", r"expects 24 channels, receives 40, which layer fuse makes"), mend=[(NARROW3, "self.narrow3 = conv_bn_relu(5 * w, 2 * w)"), (f"        {JOIN4}\n", ""), ("        self.up4 = conv_bn_relu(3 * w, 3 * w)\n", ""), ("        self.narrow4 = conv_bn_relu(5 * w, 3 * w)\n", "")]),
    Edit("a layer without its map", [(QUARTER, "quarter = self.down3(self.down2(self.down1()))")],
         ("forward", r"layer down1 is called without its map"), mend=[("self.down1()", "self.down1(x)")]),
    Edit("the answer times 110", [(RETURN, "return 110 * upsample_to(self.head(quarter), x)")],
         ("(answer)", r"explodes at the first step"), "warning", [("110 * ", "")]),
    Edit("a head at random, times 0.001", [(HEAD, "self.head = nn.Conv2d(2 * w, 2, 1)"), (RETURN, "return upsample_to(0.001 * self.head(quarter), x)")],
         ("(answer)", r"hardly moves"), "warning", [("0.001 * ", "")]),
    Edit("the deepest map transposed", [(GO_DEEP, TURNED)],
         ("forward", r"exchanges height and width: 7 x 5 -> 5 x 7"), "warning", [(".transpose(2, 3)", "")]),
    Edit("turned in the middle of the network, and not back", [(QUARTER, f"{QUARTER}.permute(0, 1, 3, 2)")],
         ("forward", r"exchanges height and width: 26 x 17 -> 17 x 26"), "warning", [(".permute(0, 1, 3, 2)", "")]),
    Edit("places folded back the wrong way", [(GO_DEEP, FOLDED)],
         ("forward", r"folds the 35 places of a map of 7 x 5 as 5 x 7"), "warning", [("reshape(n, c, width, height)", "reshape(n, c, height, width)")]),
    Edit("stacked along the height", [(JOIN4, "eighth = self.up4(torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)], dim=2))")],
         ("forward", r"torch.cat along dimension 2 puts the maps below one another"), "warning", [("dim=2", "dim=1"), ("self.up4 = conv_bn_relu(3 * w", "self.up4 = conv_bn_relu(6 * w")]),
    Edit("Flatten with the batch", [(FLATTEN, "            nn.Flatten(0),\n")],
         ("context.1", r"puts the numbers of all 20 pictures in one row"), mend=[("nn.Flatten(0)", "nn.Flatten()")]),
    Edit("all weights start at 1", [after(HEAD, "[nn.init.ones_(m.weight) for m in self.modules() if isinstance(m, nn.Conv2d)]")],
         ("down1.0", r"the same weights for all its channels, as have 11 other layers"), "warning", [("nn.init.ones_(", "nn.init.kaiming_normal_(")]),
    Edit("Lab returned, not ab", [(RETURN, "return torch.cat([x, upsample_to(self.head(quarter), x)], dim=1)")],
         ("forward", r"torch.cat stacks 1 and 2 channels"), mend=[("torch.cat([x, upsample_to(self.head(quarter), x)], dim=1)", "upsample_to(self.head(quarter), x)")]),
    Edit("squeeze takes the batch along", [(SPREAD, "whole_picture = self.context(deep).squeeze()[:, :, None, None]")],
         ("forward", r"squeeze\(\) took away .* that of the batch, too: \(1, 40\) -> \(40,\)"), mend=[(".squeeze()", ".flatten(1)")]),
    Edit(".data in the middle", [(GO_DEEP, f"{GO_DEEP}.data")],
         ("forward", r"ends the gradient \(\.data\)"), "warning", [(".data", "")]),
    Edit("torch.tensor of a tensor", [(GO_DEEP, "deep = torch.tensor(self.deep(pool(eighth)))")],
         ("forward", r"ends the gradient \(torch\.tensor\)"), "warning", [("torch.tensor(self.deep(pool(eighth)))", "self.deep(pool(eighth))")]),
    Edit("torch.cat without square brackets", [(JOIN4, "eighth = self.up4(torch.cat(eighth, upsample_to(self.narrow4(deep), eighth), dim=1))")],
         ("forward", r"given maps, but takes a list of maps"), mend=[("torch.cat(eighth, upsample_to(self.narrow4(deep), eighth), dim=1)", "torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)], dim=1)"), ("self.up4 = conv_bn_relu(3 * w", "self.up4 = conv_bn_relu(6 * w")]),
    Edit("upsample_to without its size", [(JOIN4, "eighth = self.up4(eighth + upsample_to(self.narrow4(deep)))")],
         ("forward", r"does not give upsample_to what it takes: missing .* 'like'"), mend=[("upsample_to(self.narrow4(deep))", "upsample_to(self.narrow4(deep), eighth)")]),
    Edit("a map given as a size", [(JOIN4, "eighth = self.up4(eighth + F.interpolate(self.narrow4(deep), eighth))")],
         ("forward", r"given a map \(20, 24, 16, 16\) as the size"), mend=[("F.interpolate(self.narrow4(deep), eighth)", "F.interpolate(self.narrow4(deep), size=eighth.shape[-2:], mode='bilinear')")]),
    Edit("one name for two layers", [(UP3, "self.up4 = conv_bn_relu(3 * w, 3 * w)")],
         ("forward", r"there is no self\.up3"), mend=[(f"{NARROW3}\n        self.up4 = conv_bn_relu(3 * w, 3 * w)", f"{NARROW3}\n        {UP3}")]),
    Edit("one layer made twice", [after(HEAD, "self.fuse = conv_bn_relu(5 * w, 5 * w)")],
         ("fuse", r"is made twice in __init__: that of line \d+ takes the place of that of line \d+"), "warning"),
    Edit("pool made a variable", [(EIGHTH, "pool = pool(quarter)\n        eighth = self.down4(pool)")],
         ("forward", r"pool is a function, but this method also makes a variable"), mend=[("pool = pool(quarter)\n        eighth = self.down4(pool)", "y = pool(quarter)\n        eighth = self.down4(y)")]),
    Edit("a size asserted", [before(QUARTER, "assert x.shape[-2:] == (128, 128)")],
         ("forward", r"stops at an assertion"), "warning", [("assert x.shape[-2:] == (128, 128)\n        ", "")]),
    Edit("one BatchNorm for two widths", [(NARROW3, "self.narrow3 = nn.Sequential(nn.Conv2d(3 * w, 2 * w, 3, padding=1, bias=False), self.narrow4[1], nn.ReLU())")],
         ("narrow4.1", r"narrow4\.1 and narrow3\.1 are one"), mend=[("self.narrow4[1], nn.ReLU()", "nn.BatchNorm2d(2 * w), nn.ReLU()")]),
    Edit("Dropout of nine in ten", [(RELU, f"{RELU}\n        nn.Dropout(0.9),")],
         ("down1.4", r"p=0.9 drops 90% of the numbers, as do 11 other layers"), "warning", [("nn.Dropout(0.9)", "nn.Dropout(0.1)")]),
    Edit("a pooling that moves by 1", [("nn.MaxPool2d(2, ceil_mode=True)", "nn.MaxPool2d(2, stride=1)")],
         ("down1.1", r"a window of 2 that moves by 1: 128 -> 127"), "warning", [("stride=1", "stride=2")]),
    Edit("padding='valid'", [("padding=kernel // 2", "padding='valid'")],
         ("down1.0", r"k=3, p=0: 128 -> 126; same size needs p=1"), mend=[("padding='valid'", "padding=1")]),
    Edit("the mean of the batch", [(SPREAD, "whole_picture = self.context(deep).mean(dim=0)[None, :, None, None]")],
         ("forward", r"depend on the other photos of its batch"), "warning", [(".mean(dim=0)[None, :, None, None]", "[:, :, None, None]")]),
    Edit("argmax in the middle", [(FUSE, "deep = self.fuse((deep + whole_picture).argmax(dim=1, keepdim=True).float().expand_as(deep))")],
         ("forward", r"ends the gradient \(argmax"), "warning", [(".argmax(dim=1, keepdim=True).float().expand_as(deep)", "")]),
    Edit("a rounded answer", [(RETURN, f"{RETURN}.round()")],
         ("forward", r"round makes steps, and a step has no slope"), mend=[(".round()", "")]),
    Edit("whole numbers in the middle", [(EIGHTH, "eighth = self.down4(pool(quarter).int())")],
         ("down4.0", r"weights of torch.float32, but its input is torch.int32"), mend=[(".int()", "")]),
    Edit("the wrong variable returned", [(RETURN, "return upsample_to(quarter, x)")],
         ("head", r"is never called: the answer has 16 channels"), mend=[("upsample_to(quarter, x)", "upsample_to(self.head(quarter), x)")]),
    Edit("softmax in every brick", [(RELU, "nn.Softmax2d(),")],
         ("down1.3", r"share a sum of 1.*The same in 11 other layers"), "warning", [("nn.Softmax2d()", "nn.ReLU()")]),
    Edit("self. forgotten in __init__", [(UP3, "up3 = conv_bn_relu(2 * w, 2 * w)")],
         ("forward", r"there is no self\.up3"), mend=[("        up3 = conv", "        self.up3 = conv")]),
    Edit("space to depth at odd sizes", [(DOWN3, "self.down3 = nn.Sequential(nn.PixelUnshuffle(2), *conv_bn_relu(4 * w, 2 * w))")],
         ("down3.0", r"PixelUnshuffle\(2\) makes one place of 2 x 2: 26 x 17 cannot be divided"), "warning",
         [("nn.PixelUnshuffle(2), *conv", "*conv"), ("self.down3(self.down2(self.down1(x)))", "self.down2(self.down1(x))\n        quarter = F.pad(quarter, (0, -quarter.shape[-1] % 2, 0, -quarter.shape[-2] % 2))\n        quarter = self.down3(F.pixel_unshuffle(quarter, 2))")]),
]  # fmt: skip

CONVNEXT = """class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.wide = nn.Linear(channels, 4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(1e-6 * torch.ones(channels))

    def forward(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)
        y = self.narrow(F.gelu(self.wide(self.norm(y))))
        return x + (self.scale * y).permute(0, 3, 1, 2)


class ColourNet(nn.Module):"""
TRANSFORMER = """class Encoder(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(channels, 2, 2 * channels, batch_first=True)

    def forward(self, x):
        tokens = self.layer(x.flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).reshape(x.shape)


class ColourNet(nn.Module):"""
PYRAMID = """class Pyramid(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(channels, channels // 4, 3, padding=d, dilation=d, bias=False)
            for d in (1, 2, 4, 8)
        )
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(self.norm(torch.cat([branch(x) for branch in self.branches], dim=1)))


class ColourNet(nn.Module):"""
SPATIAL = """class Spatial(nn.Module):
    def __init__(self):
        super().__init__()
        self.look = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        summary = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.look(summary))


class ColourNet(nn.Module):"""
DENSE = """class Dense(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = conv_bn_relu(channels, channels // 2)
        self.second = conv_bn_relu(channels + channels // 2, channels // 2)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x):
        x = torch.cat([x, self.first(x)], dim=1)
        x = torch.cat([x, self.second(x)], dim=1)
        return self.narrow(x)


class ColourNet(nn.Module):"""
FILM = LINEARS.replace(
    "nn.ReLU(),\n            nn.Linear(5 * w, 5 * w)",
    "nn.ReLU(),\n            nn.Linear(5 * w, 10 * w)",
)

MORE_IDEAS = [
    Edit("a sigmoid moved to both signs", [(RETURN, "return 2 * torch.sigmoid(upsample_to(self.head(quarter), x)) - 1")]),
    Edit("a ConvNeXt block", [(CLASS, CONVNEXT), last_of_deep("Block(5 * w)")]),
    Edit("a transformer in the deepest map", [(CLASS, TRANSFORMER), last_of_deep("Encoder(5 * w)")]),
    Edit("a pyramid of dilations", [(CLASS, PYRAMID), last_of_deep("Pyramid(5 * w)")]),
    Edit("spatial attention", [(CLASS, SPATIAL), last_of_deep("Spatial()")]),
    Edit("dense connections", [(CLASS, DENSE), last_of_deep("Dense(5 * w)")]),
    Edit("the context scales and shifts", [(LINEARS, FILM), (SPREAD, "scale, shift = self.context(deep)[:, :, None, None].chunk(2, dim=1)"), (FUSE, "deep = self.fuse(deep * (1 + scale) + shift)")]),
    Edit("the context as a gate", [(LINEARS, f"{LINEARS}            nn.Sigmoid(),\n"), (FUSE, "deep = self.fuse(deep * whole_picture)")]),
    Edit("grouped convolution", [last_of_deep("nn.Conv2d(5 * w, 5 * w, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(5 * w), nn.ReLU()")]),
    Edit("noise on the picture while training", [before(QUARTER, "if self.training:\n            x = x + 0.05 * torch.randn_like(x)")]),
    Edit("gradient checkpointing", [("from torch import nn", "from torch import nn\nfrom torch.utils.checkpoint import checkpoint"), (GO_DEEP, "deep = checkpoint(self.deep, pool(eighth), use_reentrant=False)")]),
    Edit("a bottleneck of 1x1, 3x3, 1x1", [last_of_deep("conv_bn_relu(5 * w, w, 1), conv_bn_relu(w, w), conv_bn_relu(w, 5 * w, 1)")]),
    Edit("Kaiming's start everywhere", [after(HEAD, "[nn.init.kaiming_normal_(m.weight) for m in self.modules() if isinstance(m, nn.Conv2d)]")]),
    Edit("a tint that is learnt", [after(HEAD, "self.tint = nn.Parameter(torch.zeros(1, 2, 1, 1))"), (RETURN, f"{RETURN} + self.tint")]),
    Edit("the picture shown to the head, too", [(HEAD, "self.head = chroma_head(2 * w + 1)"), (RETURN, "small = F.interpolate(x, size=quarter.shape[-2:], mode='bilinear', antialias=True)\n        return upsample_to(self.head(torch.cat([quarter, small], dim=1)), x)")]),
    Edit("a bicubic end", [(RETURN, "return F.interpolate(self.head(quarter), size=x.shape[-2:], mode='bicubic')")]),
    Edit("pooling without ceil_mode", [("nn.MaxPool2d(2, ceil_mode=True)", "nn.MaxPool2d(2)")]),
    Edit("down1 at full size", [(DOWN1, "self.down1 = conv_bn_relu(1, w // 4)")]),
    Edit("a skip left out", [(JOIN3, "quarter = self.up3(upsample_to(self.narrow3(eighth), quarter))")]),
    Edit("BatchNorm without factors", [(NORM, "nn.BatchNorm2d(channels_out, affine=False),")]),
    Edit("frequencies of the map", [(FUSE, f"{FUSE}\n        deep = deep + torch.fft.irfft2(0.9 * torch.fft.rfft2(deep), s=deep.shape[-2:])")]),
    Edit("a map kept aside to look at", [(RETURN, f"self.aside = quarter.detach()\n        {RETURN}")]),
    Edit("rows and columns by turns", [(FUSE, f"{FUSE}\n        deep = deep + self.deep[1](deep.transpose(2, 3)).transpose(2, 3)")]),
    Edit("a fixed size for the context", [(SPREAD, "whole_picture = self.context(F.interpolate(deep, size=(8, 8), mode='bilinear'))[:, :, None, None]")]),
    Edit("channels shuffled", [after(FUSE, "deep = F.channel_shuffle(deep, 4)")]),
    Edit("halved with antialiasing", [(EIGHTH, "eighth = self.down4(F.interpolate(quarter, scale_factor=0.5, mode='bilinear', antialias=True))")]),
    Edit("the same brick again and again", [after(GO_DEEP, "for _ in range(2):\n            deep = deep + self.deep[1](deep)")]),
    Edit("two halves, put together again", [(EIGHTH, f"{EIGHTH}\n        top, bottom = eighth.chunk(2, dim=2)\n        eighth = torch.cat([1.1 * top, 0.9 * bottom], dim=2)")]),
]  # fmt: skip
