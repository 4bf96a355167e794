"""More edits, by somebody who had not seen the clinic's rules: mistakes first, then good ideas.

As in `edits`, which says what an Edit is.
"""

# ruff: noqa: E501  (lines as a student writes them)

import edits as e

TURNED = f"{e.GO_DEEP}.transpose(2, 3)"
FOLDED = f"""{e.GO_DEEP}
        n, c, height, width = deep.shape
        tokens = deep.flatten(2).transpose(1, 2)  # (N, places, C)
        deep = tokens.transpose(1, 2).reshape(n, c, width, height)"""

MISTAKES = [
    e.Edit("padding 1, whatever the kernel", [("padding=kernel // 2", "padding=1"), (e.DOWN3, "self.down3 = conv_bn_relu(w, 2 * w, kernel=5)")],
         ("down3.0", r"k=5, p=1: 32 -> 30; same size needs p=2"), "warning", [("padding=1", "padding=kernel // 2")]),
    e.Edit("a Linear as the head", [(e.HEAD, "self.head = nn.Linear(2 * w, 2)")],
         ("head", r"expects 16 numbers, receives a map"), mend=[("nn.Linear(2 * w, 2)", "nn.Conv2d(2 * w, 2, 1)")]),
    e.Edit("BatchNorm1d in the brick", [(e.NORM, "nn.BatchNorm1d(channels_out),")],
         ("down1.2", r"is a BatchNorm1d, which is for lists"), mend=[("nn.BatchNorm1d(", "nn.BatchNorm2d(")]),
    e.Edit("Conv1d in a brick", [(e.DOWN3, "self.down3 = nn.Sequential(nn.Conv1d(w, 2 * w, 3, padding=1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU())")],
         ("down3.0", r"is a Conv1d, which is for lists"), mend=[("nn.Conv1d(", "nn.Conv2d(")]),
    e.Edit("upsample_to the wrong way round", [(e.JOIN4, "eighth = self.up4(eighth + upsample_to(eighth, self.narrow4(deep)))")],
         ("forward", r"upsample_to enlarges, but x is 16 x 16 and `like` only 8 x 8"), mend=[("upsample_to(eighth, self.narrow4(deep))", "upsample_to(self.narrow4(deep), eighth)")]),
    e.Edit("the head on the picture", [(e.RETURN, "return upsample_to(self.head(x), x)")],
         ("head", r"expects 16 channels, receives 1: the picture has one"), mend=[("self.head(x)", "self.head(quarter)")]),
    e.Edit("the wrong map of two", [(e.JOIN3, "quarter = self.up3(quarter + upsample_to(self.narrow3(deep), quarter))")],
         ("narrow3.0", r"expects 24 channels, receives 40, which layer fuse makes"), mend=[(e.NARROW3, "self.narrow3 = conv_bn_relu(5 * w, 2 * w)"), (f"        {e.JOIN4}\n", ""), ("        self.up4 = conv_bn_relu(3 * w, 3 * w)\n", ""), ("        self.narrow4 = conv_bn_relu(5 * w, 3 * w)\n", "")]),
    e.Edit("a layer without its map", [(e.QUARTER, "quarter = self.down3(self.down2(self.down1()))")],
         ("forward", r"layer down1 is called without its map"), mend=[("self.down1()", "self.down1(x)")]),
    e.Edit("the answer times 110", [(e.RETURN, "return 110 * upsample_to(self.head(quarter), x)")],
         ("(answer)", r"explodes at the first step"), "warning", [("110 * ", "")]),
    e.Edit("a head at random, times 0.001", [(e.HEAD, "self.head = nn.Conv2d(2 * w, 2, 1)"), (e.RETURN, "return upsample_to(0.001 * self.head(quarter), x)")],
         ("(answer)", r"hardly moves"), "warning", [("0.001 * ", "")]),
    e.Edit("the deepest map transposed", [(e.GO_DEEP, TURNED)],
         ("forward", r"exchanges height and width: 7 x 5 -> 5 x 7"), "warning", [(".transpose(2, 3)", "")]),
    e.Edit("turned in the middle of the network, and not back", [(e.QUARTER, f"{e.QUARTER}.permute(0, 1, 3, 2)")],
         ("forward", r"exchanges height and width: 26 x 17 -> 17 x 26"), "warning", [(".permute(0, 1, 3, 2)", "")]),
    e.Edit("places folded back the wrong way", [(e.GO_DEEP, FOLDED)],
         ("forward", r"folds the 35 places of a map of 7 x 5 as 5 x 7"), "warning", [("reshape(n, c, width, height)", "reshape(n, c, height, width)")]),
    e.Edit("stacked along the height", [(e.JOIN4, "eighth = self.up4(torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)], dim=2))")],
         ("forward", r"torch.cat along dimension 2 puts the maps below one another"), "warning", [("dim=2", "dim=1"), ("self.up4 = conv_bn_relu(3 * w", "self.up4 = conv_bn_relu(6 * w")]),
    e.Edit("Flatten with the batch", [(e.FLATTEN, "            nn.Flatten(0),\n")],
         ("context.1", r"puts the numbers of all 20 pictures in one row"), mend=[("nn.Flatten(0)", "nn.Flatten()")]),
    e.Edit("all weights start at 1", [e.after(e.HEAD, "[nn.init.ones_(m.weight) for m in self.modules() if isinstance(m, nn.Conv2d)]")],
         ("down1.0", r"the same weights for all its channels, as have 11 other layers"), "warning", [("nn.init.ones_(", "nn.init.kaiming_normal_(")]),
    e.Edit("Lab returned, not ab", [(e.RETURN, "return torch.cat([x, upsample_to(self.head(quarter), x)], dim=1)")],
         ("forward", r"torch.cat stacks 1 and 2 channels"), mend=[("torch.cat([x, upsample_to(self.head(quarter), x)], dim=1)", "upsample_to(self.head(quarter), x)")]),
    e.Edit("squeeze takes the batch along", [(e.SPREAD, "whole_picture = self.context(deep).squeeze()[:, :, None, None]")],
         ("forward", r"squeeze\(\) took away .* that of the batch, too: \(1, 40\) -> \(40,\)"), mend=[(".squeeze()", ".flatten(1)")]),
    e.Edit(".data in the middle", [(e.GO_DEEP, f"{e.GO_DEEP}.data")],
         ("forward", r"ends the gradient \(\.data\)"), "warning", [(".data", "")]),
    e.Edit("torch.tensor of a tensor", [(e.GO_DEEP, "deep = torch.tensor(self.deep(pool(eighth)))")],
         ("forward", r"ends the gradient \(torch\.tensor\)"), "warning", [("torch.tensor(self.deep(pool(eighth)))", "self.deep(pool(eighth))")]),
    e.Edit("torch.cat without square brackets", [(e.JOIN4, "eighth = self.up4(torch.cat(eighth, upsample_to(self.narrow4(deep), eighth), dim=1))")],
         ("forward", r"given maps, but takes a list of maps"), mend=[("torch.cat(eighth, upsample_to(self.narrow4(deep), eighth), dim=1)", "torch.cat([eighth, upsample_to(self.narrow4(deep), eighth)], dim=1)"), ("self.up4 = conv_bn_relu(3 * w", "self.up4 = conv_bn_relu(6 * w")]),
    e.Edit("upsample_to without its size", [(e.JOIN4, "eighth = self.up4(eighth + upsample_to(self.narrow4(deep)))")],
         ("forward", r"does not give upsample_to what it takes: missing .* 'like'"), mend=[("upsample_to(self.narrow4(deep))", "upsample_to(self.narrow4(deep), eighth)")]),
    e.Edit("a map given as a size", [(e.JOIN4, "eighth = self.up4(eighth + F.interpolate(self.narrow4(deep), eighth))")],
         ("forward", r"given a map \(20, 24, 16, 16\) as the size"), mend=[("F.interpolate(self.narrow4(deep), eighth)", "F.interpolate(self.narrow4(deep), size=eighth.shape[-2:], mode='bilinear')")]),
    e.Edit("one name for two layers", [(e.UP3, "self.up4 = conv_bn_relu(3 * w, 3 * w)")],
         ("forward", r"there is no self\.up3"), mend=[(f"{e.NARROW3}\n        self.up4 = conv_bn_relu(3 * w, 3 * w)", f"{e.NARROW3}\n        {e.UP3}")]),
    e.Edit("one layer made twice", [e.after(e.HEAD, "self.fuse = conv_bn_relu(5 * w, 5 * w)")],
         ("fuse", r"is made twice in __init__: that of line \d+ takes the place of that of line \d+"), "warning"),
    e.Edit("pool made a variable", [(e.EIGHTH, "pool = pool(quarter)\n        eighth = self.down4(pool)")],
         ("forward", r"pool is a function, but this method also makes a variable"), mend=[("pool = pool(quarter)\n        eighth = self.down4(pool)", "y = pool(quarter)\n        eighth = self.down4(y)")]),
    e.Edit("a size asserted", [e.before(e.QUARTER, "assert x.shape[-2:] == (128, 128)")],
         ("forward", r"stops at an assertion"), "warning", [("assert x.shape[-2:] == (128, 128)\n        ", "")]),
    e.Edit("one BatchNorm for two widths", [(e.NARROW3, "self.narrow3 = nn.Sequential(nn.Conv2d(3 * w, 2 * w, 3, padding=1, bias=False), self.narrow4[1], nn.ReLU())")],
         ("narrow4.1", r"narrow4\.1 and narrow3\.1 are one"), mend=[("self.narrow4[1], nn.ReLU()", "nn.BatchNorm2d(2 * w), nn.ReLU()")]),
    e.Edit("Dropout of nine in ten", [(e.RELU, f"{e.RELU}\n        nn.Dropout(0.9),")],
         ("down1.4", r"p=0.9 drops 90% of the numbers, as do 11 other layers"), "warning", [("nn.Dropout(0.9)", "nn.Dropout(0.1)")]),
    e.Edit("a pooling that moves by 1", [("nn.MaxPool2d(2, ceil_mode=True)", "nn.MaxPool2d(2, stride=1)")],
         ("down1.1", r"a window of 2 that moves by 1: 128 -> 127"), "warning", [("stride=1", "stride=2")]),
    e.Edit("padding='valid'", [("padding=kernel // 2", "padding='valid'")],
         ("down1.0", r"k=3, p=0: 128 -> 126; same size needs p=1"), mend=[("padding='valid'", "padding=1")]),
    e.Edit("the mean of the batch", [(e.SPREAD, "whole_picture = self.context(deep).mean(dim=0)[None, :, None, None]")],
         ("forward", r"depend on the other photos of its batch"), "warning", [(".mean(dim=0)[None, :, None, None]", "[:, :, None, None]")]),
    e.Edit("argmax in the middle", [(e.FUSE, "deep = self.fuse((deep + whole_picture).argmax(dim=1, keepdim=True).float().expand_as(deep))")],
         ("forward", r"ends the gradient \(argmax"), "warning", [(".argmax(dim=1, keepdim=True).float().expand_as(deep)", "")]),
    e.Edit("a rounded answer", [(e.RETURN, f"{e.RETURN}.round()")],
         ("forward", r"round makes steps, and a step has no slope"), mend=[(".round()", "")]),
    e.Edit("whole numbers in the middle", [(e.EIGHTH, "eighth = self.down4(pool(quarter).int())")],
         ("down4.0", r"weights of torch.float32, but its input is torch.int32"), mend=[(".int()", "")]),
    e.Edit("the wrong variable returned", [(e.RETURN, "return upsample_to(quarter, x)")],
         ("head", r"is never called: the answer has 16 channels"), mend=[("upsample_to(quarter, x)", "upsample_to(self.head(quarter), x)")]),
    e.Edit("softmax in every brick", [(e.RELU, "nn.Softmax2d(),")],
         ("down1.3", r"share a sum of 1.*The same in 11 other layers"), "warning", [("nn.Softmax2d()", "nn.ReLU()")]),
    e.Edit("self. forgotten in __init__", [(e.UP3, "up3 = conv_bn_relu(2 * w, 2 * w)")],
         ("forward", r"there is no self\.up3"), mend=[("        up3 = conv", "        self.up3 = conv")]),
    e.Edit("space to depth at odd sizes", [(e.DOWN3, "self.down3 = nn.Sequential(nn.PixelUnshuffle(2), *conv_bn_relu(4 * w, 2 * w))")],
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
FILM = e.LINEARS.replace(
    "nn.ReLU(),\n            nn.Linear(5 * w, 5 * w)",
    "nn.ReLU(),\n            nn.Linear(5 * w, 10 * w)",
)

MORE_IDEAS = [
    e.Edit("corrected in rounds", [(e.RETURN, "ab = torch.zeros_like(quarter[:, :2])\n        for _ in range(3):\n            ab = ab + self.head(quarter)\n        return upsample_to(ab, x)")]),
    e.Edit("shares of learnt colours", [(e.HEAD, "self.head = nn.Conv2d(2 * w, 12, 1)\n        self.colours = nn.Parameter(torch.randn(12, 2) / 5)"), (e.RETURN, "ab = torch.tensordot(self.head(quarter).softmax(dim=1), self.colours, ([1], [0]))\n        return upsample_to(ab.permute(0, 3, 1, 2), x)")]),
    e.Edit("contrast, padded by hand", [e.before(e.QUARTER, "around = F.pad(x, (1, 1, 1, 1), mode='replicate')\n        x = x + F.avg_pool2d(around**2, 3, stride=1)")]),
    e.Edit("a sigmoid moved to both signs", [(e.RETURN, "return 2 * torch.sigmoid(upsample_to(self.head(quarter), x)) - 1")]),
    e.Edit("a ConvNeXt block", [(e.CLASS, CONVNEXT), e.last_of_deep("Block(5 * w)")]),
    e.Edit("a transformer in the deepest map", [(e.CLASS, TRANSFORMER), e.last_of_deep("Encoder(5 * w)")]),
    e.Edit("a pyramid of dilations", [(e.CLASS, PYRAMID), e.last_of_deep("Pyramid(5 * w)")]),
    e.Edit("spatial attention", [(e.CLASS, SPATIAL), e.last_of_deep("Spatial()")]),
    e.Edit("dense connections", [(e.CLASS, DENSE), e.last_of_deep("Dense(5 * w)")]),
    e.Edit("the context scales and shifts", [(e.LINEARS, FILM), (e.SPREAD, "scale, shift = self.context(deep)[:, :, None, None].chunk(2, dim=1)"), (e.FUSE, "deep = self.fuse(deep * (1 + scale) + shift)")]),
    e.Edit("the context as a gate", [(e.LINEARS, f"{e.LINEARS}            nn.Sigmoid(),\n"), (e.FUSE, "deep = self.fuse(deep * whole_picture)")]),
    e.Edit("grouped convolution", [e.last_of_deep("nn.Conv2d(5 * w, 5 * w, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(5 * w), nn.ReLU()")]),
    e.Edit("noise on the picture while training", [e.before(e.QUARTER, "if self.training:\n            x = x + 0.05 * torch.randn_like(x)")]),
    e.Edit("gradient checkpointing", [("from torch import nn", "from torch import nn\nfrom torch.utils.checkpoint import checkpoint"), (e.GO_DEEP, "deep = checkpoint(self.deep, pool(eighth), use_reentrant=False)")]),
    e.Edit("a bottleneck of 1x1, 3x3, 1x1", [e.last_of_deep("conv_bn_relu(5 * w, w, 1), conv_bn_relu(w, w), conv_bn_relu(w, 5 * w, 1)")]),
    e.Edit("Kaiming's start everywhere", [e.after(e.HEAD, "[nn.init.kaiming_normal_(m.weight) for m in self.modules() if isinstance(m, nn.Conv2d)]")]),
    e.Edit("a tint that is learnt", [e.after(e.HEAD, "self.tint = nn.Parameter(torch.zeros(1, 2, 1, 1))"), (e.RETURN, f"{e.RETURN} + self.tint")]),
    e.Edit("the picture shown to the head, too", [(e.HEAD, "self.head = chroma_head(2 * w + 1)"), (e.RETURN, "small = F.interpolate(x, size=quarter.shape[-2:], mode='bilinear', antialias=True)\n        return upsample_to(self.head(torch.cat([quarter, small], dim=1)), x)")]),
    e.Edit("a bicubic end", [(e.RETURN, "return F.interpolate(self.head(quarter), size=x.shape[-2:], mode='bicubic')")]),
    e.Edit("pooling without ceil_mode", [("nn.MaxPool2d(2, ceil_mode=True)", "nn.MaxPool2d(2)")]),
    e.Edit("down1 at full size", [(e.DOWN1, "self.down1 = conv_bn_relu(1, w // 4)")]),
    e.Edit("a skip left out", [(e.JOIN3, "quarter = self.up3(upsample_to(self.narrow3(eighth), quarter))")]),
    e.Edit("BatchNorm without factors", [(e.NORM, "nn.BatchNorm2d(channels_out, affine=False),")]),
    e.Edit("frequencies of the map", [(e.FUSE, f"{e.FUSE}\n        deep = deep + torch.fft.irfft2(0.9 * torch.fft.rfft2(deep), s=deep.shape[-2:])")]),
    e.Edit("a map kept aside to look at", [(e.RETURN, f"self.aside = quarter.detach()\n        {e.RETURN}")]),
    e.Edit("rows and columns by turns", [(e.FUSE, f"{e.FUSE}\n        deep = deep + self.deep[1](deep.transpose(2, 3)).transpose(2, 3)")]),
    e.Edit("a fixed size for the context", [(e.SPREAD, "whole_picture = self.context(F.interpolate(deep, size=(8, 8), mode='bilinear'))[:, :, None, None]")]),
    e.Edit("channels shuffled", [e.after(e.FUSE, "deep = F.channel_shuffle(deep, 4)")]),
    e.Edit("halved with antialiasing", [(e.EIGHTH, "eighth = self.down4(F.interpolate(quarter, scale_factor=0.5, mode='bilinear', antialias=True))")]),
    e.Edit("the same brick again and again", [e.after(e.GO_DEEP, "for _ in range(2):\n            deep = deep + self.deep[1](deep)")]),
    e.Edit("two halves, put together again", [(e.EIGHTH, f"{e.EIGHTH}\n        top, bottom = eighth.chunk(2, dim=2)\n        eighth = torch.cat([1.1 * top, 0.9 * bottom], dim=2)")]),
]  # fmt: skip
