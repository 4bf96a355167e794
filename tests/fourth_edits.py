"""Edits by a fourth reader, who had not seen the rules: those that were misjudged at first.

As in `edits`, which says what an Edit is.
"""

# ruff: noqa: E501  (lines as a student writes them)

import edits as e

NUMPY = "pixels = self.narrow4(deep).detach().cpu().numpy()\n        large = upsample_to(torch.from_numpy(pixels.repeat(2, 2).repeat(2, 3)), eighth)\n        eighth = self.up4(eighth + large)"
TILED = "upsample_to(self.narrow4(deep), eighth)", "self.narrow4(deep).repeat(1, 1, 2, 2)"
MLP = "pixels = self.mlp(quarter.permute(0, 2, 3, 1))\n        quarter = pixels.reshape(quarter.shape)"
LIMIT = "ab = upsample_to(self.head(quarter), x)\n        radius = (ab**2).sum(dim=1, keepdim=True).sqrt()\n        return ab * (1 / radius).clamp(max=1)"
THREE = "self.deep = nn.Sequential(conv_bn_relu(3 * w, 5 * w), *[conv_bn_relu(5 * w, 5 * w)] * 3)"

MISTAKES = [
    e.Edit("places that fit one size, last of three", [e.after(e.HEAD, "self.position = nn.Parameter(0.02 * torch.randn(1, 5 * w, 8, 8))"), (e.FUSE, "deep = self.fuse(deep + whole_picture + self.position)")],
         ("forward", r"self.position is 8 x 8, whatever the picture is"), "warning", [("+ self.position)", "+ F.interpolate(self.position, size=deep.shape[-2:]))")]),
    e.Edit("a skip of one channel", [(e.NARROW3, "self.narrow3 = conv_bn_relu(3 * w, 1)")],
         ("narrow3.0", r"is added to 16 channels, though it makes one"), "note"),
    e.Edit("enlarged by numpy", [(e.JOIN4, NUMPY)],
         ("forward", r"ends the gradient \(.detach\(\)\)"), "warning", [(NUMPY, e.JOIN4)]),
    e.Edit("channels last, folded back", [e.after(e.HEAD, "self.mlp = nn.Linear(2 * w, 2 * w)"), e.before(e.RETURN, MLP)],
         ("forward", r"reshape only counts on"), "warning", [("pixels.reshape(quarter.shape)", "pixels.permute(0, 3, 1, 2)")]),
    e.Edit("InstanceNorm before the mean", [(e.POOL1, f"            nn.InstanceNorm2d(5 * w),\n{e.POOL1}")],
         ("context.0", r"the mean that is taken behind it is always 0"), "warning", [("nn.InstanceNorm2d(5 * w)", "nn.Identity()")]),
    e.Edit("softmax of a single channel", [e.after(e.HEAD, "self.look = nn.Conv2d(2 * w, 1, 1)"), e.before(e.RETURN, "quarter = quarter * torch.softmax(self.look(quarter), dim=1)")],
         ("forward", r"of a single number it makes 1"), "warning", [("torch.softmax(self.look(quarter), dim=1)", "torch.sigmoid(self.look(quarter))")]),
    e.Edit("a tensor that is no buffer", [e.after(e.HEAD, "self.rows = torch.linspace(1, -1, 64).reshape(1, 1, 64, 1)"), e.before(e.QUARTER, "x = x + 0.2 * F.interpolate(self.rows, size=(x.shape[2], 1), mode='bilinear')")],
         ("rows", r"is a plain tensor"), "note", [("self.rows = torch.linspace(1, -1, 64).reshape(1, 1, 64, 1)", "self.register_buffer('rows', torch.linspace(1, -1, 64).reshape(1, 1, 64, 1))")]),
    e.Edit("a palette by argmax", [(e.HEAD, "self.head = nn.Conv2d(2 * w, 16, 1)\n        self.palette = nn.Parameter(0.3 * torch.randn(16, 2))"), (e.RETURN, "scores = self.head(quarter)\n        return upsample_to(self.palette[scores.argmax(dim=1)].permute(0, 3, 1, 2), x)")],
         ("forward", r"ends the gradient \(argmax"), "warning", [("self.palette[scores.argmax(dim=1)].permute(0, 3, 1, 2)", "torch.einsum('nkhw,kc->nchw', scores.softmax(1), self.palette)")]),
    e.Edit("a gain that starts at 0, as the head does", [e.after(e.HEAD, "self.gain = nn.Parameter(torch.zeros(1))"), (e.RETURN, "return self.gain * upsample_to(self.head(quarter), x)")],
         ("forward", r"mul hands on no gradient, because both of what it joins start at 0"), mend=[("torch.zeros(1)", "torch.ones(1)")]),
    e.Edit("tiled instead of enlarged", [TILED],
         ("forward", r"repeat lays copies of the map side by side"), "warning", [TILED[::-1]]),
    e.Edit("a root of 0", [(e.RETURN, LIMIT)],
         ("forward", r"sqrt makes NaN"), mend=[("keepdim=True).sqrt()", "keepdim=True).add(1e-5).sqrt()")]),
    e.Edit("mirrored by chance and never back", [e.before(e.QUARTER, "if self.training and torch.rand(1) < 0.5:\n            x = x.flip(-1)")],
         ("forward", r"mirrors the picture, and nothing mirrors the answer back"), "warning", [("if self.training and torch.rand(1) < 0.5:\n            x = x.flip(-1)\n        ", "")]),
    e.Edit("below 0 of what ReLU made", [(e.UP3, "self.up3 = conv_bn_relu(4 * w, 2 * w)"), (e.JOIN3, "quarter = quarter + upsample_to(self.narrow3(eighth), quarter)\n        quarter = self.up3(torch.cat([F.relu(quarter), F.relu(-quarter)], dim=1))")],
         ("forward", r"relu hands on no gradient, because it makes -?0 to -?0"), "warning", [("F.relu(-quarter)", "F.relu(1 - quarter)")]),
    e.Edit("one layer, three times", [(e.DEEP, THREE)],
         ("deep.1", r"deep.1 and deep.2 and deep.3 are one layer"), "note", [("*[conv_bn_relu(5 * w, 5 * w)] * 3", "*[conv_bn_relu(5 * w, 5 * w) for _ in range(3)]")]),
]  # fmt: skip
