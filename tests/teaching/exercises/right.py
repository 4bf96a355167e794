"""Right answers of other kinds than the solutions: arrays, keepdim, sets, capitals. Each is a cell.

They run with the names of names.py. A check that refuses one teaches nonsense.
"""

RIGHT_TOO = [
    """\
check.shapes({
    "p[0]": torch.Size([300, 400]), "p[:, 100:200, ::2]": [3, 100, 200],
    "p[None]": (1, 3, 300, 400), "p.mean(dim=(1, 2))": [3], "p.flip(0) * 0.5": (3, 300, 400),
})""",
    """\
def train(net, batches, optimiser):
    net.train()
    losses = []
    for x, y in batches:
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.detach())
    return losses

check.your_loop(train)""",
    """\
class Photos:
    def __init__(self, photos):
        self.pairs = [colour.rgb_to_lab(colour.to_tensor(photo)) for photo in photos]

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        L, ab = self.pairs[index]
        return [L[0] / 50 - 1, ab[0] / 110]

check.your_dataset(Photos)""",
    "check.lamp_pixels(np.int64(101))",
    "check.lamp_pixels(torch.tensor(101))",
    """\
def deal(groups):
    rng = np.random.default_rng(0)
    names = rng.permutation(np.unique(groups))
    chosen = set(names[: round(0.15 * len(names))])
    return ["validation" if group in chosen else "train" for group in groups]

check.deal(deal)""",
    """\
def deal(groups):
    rng = np.random.default_rng(0)
    side = {g: "validation" if rng.random() < 0.15 else "train"
            for g in rng.permutation(sorted(set(groups)))}
    return np.array([side[group] for group in groups])

check.deal(deal)""",
    "check.chroma(np.hypot(36, 48))",
    "check.chroma(torch.tensor([-36.0, 48.0]).norm())",
    "check.mean_tint(lambda ab: ab.mean((0, 2, 3)).tolist())",
    "check.way_back(lambda x, y: [50 * x.numpy() + 50, 110 * y.numpy()])",
    "check.way_back(lambda x, y: (50 * (x.double() + 1), 110 * y.double()))",
    "check.same_padding(np.float64(3.0))",
    "check.brick_parameters(torch.tensor(16 * 32 * 25 + 2 * 32))",
    *(
        f"""\
class Patient(nn.Module):
    def __init__(self, w=16):
        super().__init__()
        self.down = conv_bn_relu(1, w)
        self.deep = nn.Sequential(conv_bn_relu(w, 2 * w), conv_bn_relu(2 * w, 2 * w))
        self.up, self.head = conv_bn_relu(3 * w, w), chroma_head(w)

    def forward(self, x):
        full = self.down(x)
        return self.head(self.up(torch.{joined}))

check.mended(Patient())"""
        for joined in (
            "concat([upsample_to(self.deep(pool(full)), full), full], dim=1)",
            "hstack([upsample_to(self.deep(pool(full)), full), full])",
        )
    ),
    """\
def masked_mse(guess, truth, mask):
    return ((guess - truth) ** 2)[mask.expand_as(guess) == 1].mean()

check.masked_mse(masked_mse)""",
    "check.pooled_share(np.float32(0.55))",
    "check.pooled_psnr(lambda g, t: -10 * np.log10(((g - t).numpy() ** 2).mean()))",
    """\
def best_factors(guess, truth):
    axes = (0, 2, 3)
    return (guess * truth).sum(axes, keepdim=True) / (guess**2).sum(axes, keepdim=True)

check.best_factors(best_factors)""",
    """\
check.fair_comparison({
 "what differs": {"Width"}, "pairs of runs": np.int64(3), "each trained for": "The same steps",
 "judged on": "validation photos ", "mode": "Eval mode", "score": "explained chroma, pooled",
 "beside it": ("grey copy", "Mean tint"),
 "wider wins if": "the interval of the differences leaves out 0",
})""",
    "check.which_bin(np.int64(10), torch.tensor(-40.0))",
    "check.soft_shares(lambda d: np.exp(-d**2 / 50) / np.exp(-d**2 / 50).sum(1, keepdims=True))",
    "check.pixel_loss(torch.nn.CrossEntropyLoss())",
    """\
def tempered(logits, bins, T):
    p = logits.softmax(1) ** (1 / T)
    return ((p / p.sum(1, keepdim=True)).movedim(1, -1) @ bins).movedim(-1, 1)

check.tempered(tempered)""",
    "check.rare_weights(lambda p, e: [w / 4.0 for w in (4 / ((1 - e) * p + e / 5)"
    " / (p / ((1 - e) * p + e / 5)).sum()).tolist()])",
    "check.read_calibration(np.float64(20), ' Too sure', 3.4)",
    "check.encoder_input(lambda grey: grey.float().repeat(1, 3, 1, 1) / 127.5 - 1)",
    "check.take_maps(lambda encoder, x: tuple(encoder(x)))",
    """\
def learning_mode(net):
    net.decoder.train()
    for p in net.encoder.parameters():
        p.requires_grad = False
    return net

check.learning_mode(learning_mode)""",
    """\
def two_rates(net, lr):
    groups = []
    for name, p in net.named_parameters():
        p.requires_grad_(True)
        groups.append({"params": [p], "lr": lr * (0.1 if name.startswith("encoder") else 1)})
    return torch.optim.SGD(groups)

check.two_rates(two_rates)""",
]
