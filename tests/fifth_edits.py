"""Edits by a fifth reader, who had not seen the rules: those that were misjudged at first.

As in `edits`, which says what an Edit is.
"""

# ruff: noqa: E501  (lines as a student writes them)

import edits as e

MIX = "self.mix = nn.Linear(5 * w, 5 * w)"
TOKENS = "n, c, rows, columns = deep.shape\n        places = deep.reshape(n, rows * columns, c)\n        deep = F.gelu(self.mix(places)).transpose(1, 2).reshape(n, c, rows, columns)"
FIT = "def train(self, loader, epochs=10):\n        for x, y in loader:\n            F.mse_loss(self(x), y).backward()\n\n    def forward(self, x):"
ONE_NORM = "self.norm = nn.BatchNorm2d(5 * w)\n        self.a = nn.Conv2d(3 * w, 5 * w, 3, padding=1, bias=False)\n        self.b = nn.Conv2d(5 * w, 5 * w, 3, padding=1, bias=False)"
LIGHT = "nn.Sequential(nn.Conv2d(5 * w, 5 * w, 3, padding=1, groups=5 * w, bias=False), nn.BatchNorm2d(5 * w), nn.ReLU())"
RAMP = "torch.linspace(-1, 1, x.shape[-1]).cuda()"
TWICE = (
    "    def forward(self, x):\n        quarter",
    "    def forward(self, x):\n        return (self.once(x) + self.once(x.flip(3))) / 2\n\n    def once(self, x):\n        quarter",
)
BINS = "self.head = nn.Conv2d(2 * w, 16, 1)\n        self.register_buffer('centres', 0.3 * torch.randn(16, 2))"

MISTAKES = [
    e.Edit("softmax, called in the line of the answer", [e.after(e.HEAD, "self.softmax = nn.Softmax(dim=1)"), (e.RETURN, "return self.softmax(upsample_to(self.head(quarter), x))")],
         ("softmax", r"is the last step, and softmax lies between 0 and 1"), "warning", [("self.softmax(upsample_to(self.head(quarter), x))", "upsample_to(self.head(quarter), x)"), ("\n        self.softmax = nn.Softmax(dim=1)", "")]),
    e.Edit("reshape for permute", [e.after(e.HEAD, MIX), e.after(e.GO_DEEP, TOKENS)],
         ("forward", r"reshape only counts on, and turns no dimensions round: \(2, 40, 7, 5\) as \(2, 35, 40\)"), "warning", [("deep.reshape(n, rows * columns, c)", "deep.flatten(2).transpose(1, 2)")]),
    e.Edit("a ramp on the graphics card", [e.before(e.QUARTER, f"x = x + {RAMP}")],
         ("forward", r"a tensor is put on a device by name"), mend=[(RAMP, "torch.linspace(-1, 1, x.shape[-1], device=x.device)")]),
    e.Edit("averaged with the mirrored answer", [TWICE],
         ("forward", r"mirrors the picture, and nothing mirrors the answer back"), "warning", [("self.once(x.flip(3)))", "self.once(x.flip(3)).flip(3))")]),
    e.Edit("True is a slope", [(e.RELU, "nn.LeakyReLU(True),")],
         ("down1.3", r"has a slope of 1 below 0, too, and so bends nothing"), "warning", [("nn.LeakyReLU(True)", "nn.LeakyReLU(0.2)")]),
    e.Edit("a gain that no optimiser finds", [e.after(e.HEAD, "self.gain = torch.ones(1, 5 * w, 1, 1, requires_grad=True)"), (e.FUSE, "deep = self.fuse(deep + self.gain * whole_picture)")],
         ("gain", r"asks for a gradient, but is a plain tensor"), "warning", [("torch.ones(1, 5 * w, 1, 1, requires_grad=True)", "nn.Parameter(torch.ones(1, 5 * w, 1, 1))")]),
    e.Edit("the centres of bins by argmax", [(e.HEAD, BINS), (e.RETURN, "scores = self.head(quarter)\n        return upsample_to(self.centres[scores.argmax(dim=1)].permute(0, 3, 1, 2), x)")],
         ("forward", r"ends the gradient \(argmax"), mend=[("self.centres[scores.argmax(dim=1)].permute(0, 3, 1, 2)", "torch.einsum('nkhw,kc->nchw', scores.softmax(1), self.centres)")]),
    e.Edit("each channel alone, twice", [e.last_of_deep(f"{LIGHT}, {LIGHT}")],
         ("deep.3.0", r"follows deep.2.0, and both look at each channel alone"), "note", [(f"{LIGHT}, {LIGHT}", f"{LIGHT}, nn.Conv2d(5 * w, 5 * w, 1), {LIGHT}")]),
    e.Edit("the picture added to the answer", [(e.RETURN, f"{e.RETURN} + 0.5 * x")],
         ("forward", r"adds the picture to the answer"), "warning"),
    e.Edit("a method called train", [("    def forward(self, x):\n        quarter", f"    {FIT}\n        quarter")],
         ("ColourNet.train", r"hides nn.Module's own train\(\)"), mend=[("def train(self", "def fit(self")]),
    e.Edit("one norm for two layers", [(e.DEEP, ONE_NORM), (e.GO_DEEP, "deep = F.relu(self.norm(self.a(pool(eighth))))\n        deep = F.relu(self.norm(self.b(deep)))")],
         ("norm", r"is one BatchNorm2d behind different layers"), "warning", [e.after("self.norm = nn.BatchNorm2d(5 * w)", "self.norm2 = nn.BatchNorm2d(5 * w)"), ("self.norm(self.b(deep))", "self.norm2(self.b(deep))")]),
    # By a sixth reader.
    e.Edit("squeezed before the Linear", [("            nn.AdaptiveAvgPool2d(1),  # (N, 5w, 1, 1), whatever the size of the picture\n            nn.Flatten(),\n", ""), (e.SPREAD, "means = F.adaptive_avg_pool2d(deep, 1).squeeze()\n        whole_picture = self.context(means)[:, :, None, None]")],
         ("forward", r"squeeze\(\) took away every dimension of 1"), mend=[(".squeeze()", ".flatten(1)")]),
    e.Edit("a state kept from batch to batch", [e.after(e.HEAD, "self.cell = nn.GRUCell(5 * w, 5 * w)\n        self.state = None"), (e.SPREAD, "for _ in range(2):\n            self.state = self.cell(self.context(deep), self.state)\n        whole_picture = self.state[:, :, None, None]")],
         ("state", r"is kept from one call to the next, where it meets a batch of another size"), mend=[e.before(e.QUARTER, "self.state = None")]),
    e.Edit("permuted back with the sides exchanged", [(e.FUSE, f"{e.FUSE}.permute(0, 2, 3, 1)\n        deep = deep.permute(0, 3, 2, 1)")],
         ("forward", r"exchanges height and width"), "warning", [("permute(0, 3, 2, 1)", "permute(0, 3, 1, 2)")]),
    e.Edit("each picture over its own spread", [e.before(e.QUARTER, "x = x / x.std((1, 2, 3), keepdim=True)")],
         ("forward", r"makes NaN or infinity of a picture that is flat"), "warning", [("x / x.std((1, 2, 3), keepdim=True)", "x / (x.std((1, 2, 3), keepdim=True) + 1e-5)")]),
    e.Edit("the deep map twice", [(e.UP3, "self.up3 = conv_bn_relu(4 * w, 2 * w)"), (e.JOIN3, "large = upsample_to(self.narrow3(eighth), quarter)\n        quarter = self.up3(torch.cat([large, large], dim=1))")],
         ("forward", r"is given the same map twice"), "warning", [("[large, large]", "[large, quarter]")]),
    e.Edit("pooled behind the last skip", [(e.RETURN, "return upsample_to(self.head(F.avg_pool2d(quarter, 8, ceil_mode=True)), x)")],
         ("forward", r"all that reaches it has passed \d+ places"), "note"),
    e.Edit("every place with every place", [e.after(e.QUARTER, "flat = self.down1(x).flatten(2)\n        share = F.softmax(flat.transpose(1, 2) @ flat, dim=-1)")],
         ("forward", r"makes [\d,]+ numbers for each pixel"), "note"),
    e.Edit("a ramp that stays on the CPU", [e.before(e.QUARTER, "x = x + torch.linspace(-1, 1, x.shape[-1])")],
         ("forward", r"linspace makes its numbers on the CPU"), "note"),
    e.Edit("maps kept in a list", [e.after(e.HEAD, "self.maps = []"), e.after(e.GO_DEEP, "self.maps.append(deep)")],
         ("maps", r"holds a list that grows with every call"), "warning", [e.before(e.QUARTER, "self.maps = []")]),
]  # fmt: skip
