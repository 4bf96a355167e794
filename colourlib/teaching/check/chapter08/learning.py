"""Exercises of 08_transfer on learning on: what freezing keeps, and two rates in one optimiser.

A small network stands for the large one: `encoder` and `decoder`, each with a BatchNorm.
"""

import torch
from torch import Tensor, nn

from ..core import Wrong, call, exercise
from ..slips import ELSE, must_be, near, recognise, wrong_if

STEPS = 3
LR, SHARE = 1e-3, 0.1


class Lent(nn.Module):
    """Two convolutions with BatchNorm that were lent, and two that are new."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.decoder = nn.Sequential(
            nn.Conv2d(6, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 2, H, W)."""
        return self.decoder(self.encoder(x))


def _learnt(answer) -> tuple[set[str], dict[str, Tensor], dict[str, Tensor]]:
    """What has moved after three steps, with a validation between; and all of it before, after."""
    torch.manual_seed(0)
    net, x = Lent(), 2 + torch.randn(8, 1, 12, 12)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    for _ in range(STEPS):
        net.eval()  # as after a validation
        net = call(answer, net)
        must_be(isinstance(net, Lent), net, "the network that came in: end with `return net`")
        loss = (net(x) - 1).square().mean()
        net.zero_grad()
        if loss.requires_grad:
            loss.backward()
        with torch.no_grad():
            for p in net.parameters():
                if p.requires_grad and p.grad is not None:
                    p -= 0.1 * p.grad
    after = net.state_dict()
    return {k for k in after if not torch.equal(after[k], before[k])}, before, after


@exercise("08.3", "Frozen is frozen", "a function of the network")
def learning_mode(answer):
    """Three steps after which the encoder has to be what it was, and the decoder another one."""
    moved, before, after = _learnt(answer)
    weights = {k for k in moved if k.startswith("encoder") and k.endswith(("weight", "bias"))}
    averages = any("running" in k for k in moved if k.startswith("encoder"))
    convolution = "encoder.0.weight" in weights
    decoder = {k for k in moved if k.startswith("decoder") and k.endswith("weight")}
    settled = "decoder.1.running_mean" in moved
    name = "encoder.1.running_mean"
    one, other = (side[name][0].item() for side in (before, after))
    found = f"After {STEPS} steps the first of BatchNorm's averages in the encoder is"
    found += f" {other:.3f}, and was {one:.3f}."
    slips = {
        f"nothing is frozen: {found} Its convolutions have moved, too. Hint: two things: no "
        "gradients for its weights, and eval mode for its BatchNorm.": convolution and averages,
        f"the averages move: Its weights have stayed. But {found[0].lower()}{found[1:]} "
        "requires_grad stops weights, and the running averages are none. Hint: "
        "`net.encoder.eval()`, after `net.train()`.": averages and not weights,
        "a part is left free: No convolution has moved, but BatchNorm's scale and shift have. "
        "Hint: all of `net.encoder.parameters()`.": weights and not convolution,
        "the weights move: Its averages have stayed, its convolutions have not. Eval mode is no "
        "brake for gradients. Hint: `p.requires_grad_(False)` for each of its "
        "parameters.": convolution,
        "the decoder is frozen, too: None of its weights has moved: nothing learns. Hint: only the "
        "encoder's parameters.": not decoder,
        "the decoder is in eval mode: Its weights move, its BatchNorm's averages stay those of an "
        "untrained one. A validation before had put the whole network into eval mode. Hint: "
        "`net.train()` first.": not settled,
    }
    recognise(slips)
    return (
        f"After {STEPS} steps, with a validation before each, all the encoder's numbers are what "
        f"they were, the averages as well. {len(decoder)} weights of the decoder have moved, and "
        "its averages follow. Not looked at: whether the encoder should stay frozen."
    )


def _rate_slips(lent: float, new: float, missing: dict[str, int], thawed: bool) -> dict:
    """{what went wrong: whether it did}, by both rates and how many arrays are in no group."""
    return {
        "the decoder is missing: "
        f"{missing['decoder']} of its arrays are in no group. Hint: two dictionaries in the list, "
        "one for each part.": missing["decoder"],
        "made before thawing: The encoder is thawed now, but in no group: while the optimiser was "
        "made, its parameters wanted no gradients and were left out. Hint: thaw first.": missing[
            "encoder"
        ]
        and thawed,
        "the encoder stays frozen: It is in no group and wants no gradients. Hint: "
        "`net.encoder.requires_grad_(True)`, and a group of its own.": missing["encoder"],
        "not thawed: The encoder has a group, but its parameters want no gradients: the optimiser "
        "passes over them and says nothing. Hint: `net.encoder.requires_grad_(True)`.": not thawed,
        "one rate for all: Both take the same steps. What was learnt from a million photos then "
        "goes as fast as what is new. Hint: a dictionary may have an 'lr' of its own.": lent == new,
        "the rates exchanged: The new part crawls, and the lent one runs. Hint: the tenth is the "
        "encoder's.": near(lent, LR) and near(new, SHARE * LR),
        "a tenth of nothing: 0.1 is a rate here, a hundred times the decoder's, and not a share. "
        "Hint: 0.1 * lr.": near(lent, SHARE) and near(new, LR),
        f"other rates: It should be {SHARE * LR:g} and {LR:g}. Hint: 0.1 * lr and lr.": ELSE,
    }


@exercise("08.4", "Two rates in one optimiser", "a function of the network and a rate")
def two_rates(answer):
    """A frozen encoder comes in; it should learn on at a tenth of the decoder's rate."""
    net = Lent()
    net.encoder.requires_grad_(False)
    parts = {
        name: {id(p) for p in getattr(net, name).parameters()} for name in ("encoder", "decoder")
    }
    try:
        optimiser = call(answer, net, LR)
    except Wrong as wrong:
        wrong_if(
            "more than one parameter group" in str(wrong),
            "the encoder in both groups: torch says that some parameters appear in more than one "
            "group. `net.parameters()` holds the encoder's, too. Hint: "
            "`net.decoder.parameters()` for the other group.",
        )
        raise
    must_be(
        isinstance(optimiser, torch.optim.Optimizer), optimiser, "an optimiser, such as Adam([...])"
    )
    rates = {
        name: sorted(
            {g["lr"] for g in optimiser.param_groups for p in g["params"] if id(p) in mine}
        )
        for name, mine in parts.items()
    }
    held = {id(p) for g in optimiser.param_groups for p in g["params"]}
    thawed = all(p.requires_grad for p in net.encoder.parameters())
    missing = {name: len(mine - held) for name, mine in parts.items()}
    lent, new = (rates[name][0] if len(rates[name]) == 1 else 0.0 for name in parts)
    right = near(lent, SHARE * LR) and near(new, LR)
    slips = _rate_slips(lent, new, missing, thawed)
    told = [", ".join(f"{r:g}" for r in rates[name]) or "no group" for name in parts]
    start = f"For lr = {LR:g}: encoder {told[0]}, decoder {told[1]}."
    recognise(slips, right=right and thawed, start=start)
    count = len(optimiser.param_groups)
    return (
        f"{start} Each of the {len(held)} arrays is in one of {count} groups, and wants gradients. "
        "A schedule has to multiply each group's own rate; one that sets them all to the same "
        "number undoes this."
    )
