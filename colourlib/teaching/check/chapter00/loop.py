"""Exercise of 00_first_colours: the training loop, judged by what it does to four weights.

Each known mistake is a loop of its own here. It trains the same small network, and where the
student's weights agree with its, that mistake was made.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core import CRASHED, Wrong, call, exercise
from ..slips import ELSE, recognise, same, wrong_if

LR, BATCHES = 0.1, 4
MORE = (
    "`for x, y in batches:` and inside it, in this order: `guess = net(x)`; `loss = "
    "F.mse_loss(guess, y)`; `optimiser.zero_grad()`; `loss.backward()`; `optimiser.step()`; "
    "`losses.append(loss.item())`. The `return losses` stands outside the loop."
)
Loss = Callable[[Tensor, Tensor], Tensor]


def _batches() -> list[tuple[Tensor, Tensor]]:
    """Four batches: x (5, 1, 3, 3) and y (5, 2, 3, 3), no two alike."""
    dice = torch.Generator().manual_seed(0)
    xs = torch.randn(BATCHES, 5, 1, 3, 3, generator=dice)
    noise = torch.randn(BATCHES, 5, 2, 3, 3, generator=dice)
    return [(x, torch.cat([2 * x, 1 - x], dim=1) + 0.3 * n) for x, n in zip(xs, noise, strict=True)]


def _network() -> nn.Conv2d:
    """A network of four numbers: two weights and two biases."""
    net = nn.Conv2d(1, 2, kernel_size=1)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([0.5, -0.4]).view(2, 1, 1, 1))
        net.bias.copy_(torch.tensor([0.2, 0.1]))
    return net


def _weights(net: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()]).double()


@dataclass
class Seen:
    """What a loop did with what it was handed."""

    given: object = None  # what it returned
    weights: Tensor | None = None  # afterwards
    asked: int = 0  # how often the network was called
    training: bool = True  # was it in train mode each time?
    steps: int = 0  # of the optimiser that was handed over
    gradient: bool = False  # did a gradient arrive?
    batches: set[int] = field(default_factory=set)  # which ones the network saw


def _watched(answer) -> Seen:
    """Run the student's loop on the small network."""
    seen, net, batches = Seen(), _network(), _batches()
    optimiser = torch.optim.SGD(net.parameters(), lr=LR)

    def asked(module, inputs):
        seen.asked += 1
        seen.training = seen.training and module.training
        found = (i for i, (x, _) in enumerate(_batches()) if same(inputs[0].detach(), x))
        seen.batches |= set(found)

    net.register_forward_pre_hook(asked)
    optimiser.register_step_post_hook(lambda *_: setattr(seen, "steps", seen.steps + 1))
    net.weight.register_hook(lambda gradient: setattr(seen, "gradient", True))
    try:
        seen.given = call(answer, net, batches, optimiser)
    except Wrong as stopped:
        _stopped(stopped)
        raise
    seen.weights = _weights(net)
    return seen


def _stopped(stopped: Wrong) -> None:
    """Mistakes of which Python itself says something that nobody understands."""
    why = str(stopped.__cause__) if stopped.mistake == CRASHED else ""
    slips = {
        "the number, not the tensor: `.item()` makes a plain number of the loss, and a number has "
        "forgotten how it was computed. Hint: `loss.backward()` first; `.item()` only for the "
        "list.": "no attribute 'backward'" in why,
        "cut off from the network: The loss no longer knows the weights: `detach()`, `no_grad()` "
        "or a new tensor stands between. Hint: guess, loss and backward want no `no_grad`.": "does "
        "not require grad" in why,
        "step before backward: The step has moved the weights that this loss was computed with: "
        "from where they are now there is no way back. Hint: first `backward`, then "
        "`step`.": "inplace operation" in why,
        "backward twice: The way back may be gone once for each guess; then it is freed. Hint: a "
        "new guess, in the loop, for each step.": "second time" in why,
    }
    recognise(slips, start=f'PyTorch stops: "{why[:75].rstrip(". ")} ..."')


def _loop(order: str, loss: Loss = F.mse_loss, batches: list | None = None):
    """(weights, losses) after a loop: z is zero_grad, b backward, s step, in the given order."""
    net, losses = _network(), []
    optimiser = torch.optim.SGD(net.parameters(), lr=LR)
    for x, y in batches or _batches():
        value = loss(net(x), y)
        for act in order:
            {"z": optimiser.zero_grad, "b": value.backward, "s": optimiser.step}[act]()
        losses.append(value.item())
    return _weights(net), losses


@exercise("00.2", "Your loop", "a function of (net, batches, optimiser) that gives the losses")
def your_loop(answer):
    """Four batches: what was asked, in which mode, how many steps, which weights, which losses."""
    seen = _watched(answer)
    weights, losses = _loop("zbs")
    _handed(seen)
    _trained(seen, weights)
    _losses(seen.given, losses)
    return (
        f"{BATCHES} batches, {BATCHES} steps, and the weights are where they should be; the loss "
        f"went from {losses[0]:.2f} to {losses[-1]:.2f}. Your function takes any network, any "
        "pictures and any optimiser. The course's `fit` has the same five lines inside."
    )


def _handed(seen: Seen) -> None:
    """Was it the network, and were they the batches, that were handed over?"""
    slips = {
        "another network: Your function never asks the network that it is handed. Hint: `net(x)`, "
        "with the argument `net`.": seen.asked == 0,
        "other pictures: Your function asks the network about other pictures than those in "
        "`batches`. Hint: `for x, y in batches:`.": not seen.batches,
        "in eval mode: Eval mode is for answering, not for training: layers such as BatchNorm and "
        "dropout behave in another way there. Hint: `net.train()` before the loop, if at "
        "all.": not seen.training,
        f"one batch only: Your loop looks at {seen.asked} of {BATCHES} batches. Hint: is `return` "
        "indented as far as the `for`, and not further?": seen.asked == 1,
        "another optimiser: The weights move, but not by the optimiser that was handed over. Hint: "
        "use the argument `optimiser`, and make none in the function.": seen.steps == 0
        and not same(seen.weights, _weights(_network())),
    }
    recognise(slips)


def _trained(seen: Seen, right: Tensor) -> None:
    """Raise Wrong unless the weights are the right ones; name the mistake that explains them."""
    start = f"After {BATCHES} batches the first weight is {seen.weights[0]:.4f}"
    start += f" (it was 0.5000, and should be {right[0]:.4f})."
    still, none = same(seen.weights, _weights(_network())), seen.steps == 0

    batches = _batches()
    with_x = [(x, x.expand(-1, 2, -1, -1)) for x, _ in batches]

    def as_in(order: str, **how) -> bool:
        return same(seen.weights, _loop(order, **how)[0])

    slips = {
        "no backward: The optimiser takes its steps, but no gradient ever arrives, so it does not "
        "know where to go. Hint: `loss.backward()`.": still and not seen.gradient,
        "no step: The gradients are there, but nobody moves the weights. Hint: "
        "`optimiser.step()`.": still and none,
        "wiped before the step: The gradients are set to zero between `backward` and `step`, so "
        "every step has length 0. Hint: `zero_grad` comes before `backward`.": still,
        "gradients pile up: Without `zero_grad` in the loop each `backward` adds its gradient to "
        "those of all the batches before. Hint: `optimiser.zero_grad()` at every step, not once "
        "before the loop.": as_in("bs"),
        "the same batch again: All the steps are made on one batch. Hint: take x and y anew in "
        "every round: `for x, y in batches:`.": any(
            as_in("zbs", batches=[b] * BATCHES) for b in batches
        ),
        "two steps a batch: There should be one step for each batch. Hint: `step` stands once in "
        "the loop.": as_in("zbss"),
        "round and round: Your function goes through the batches more than once. Hint: one `for`; "
        "whoever calls it may call it again.": seen.steps > BATCHES,
        "the sum, not the mean: That is the sum of squares: steps many times as long. Hint: "
        "`F.mse_loss(guess, y)`, as it is.": as_in("zbs", loss=lambda g, t: (g - t).square().sum()),
        "without squares: That is the loss of absolute differences. Hint: `F.mse_loss`.": as_in(
            "zbs", loss=F.l1_loss
        ),
        "the root of it: The root changes the length of each step. Hint: `F.mse_loss`, as it "
        "is.": as_in("zbs", loss=lambda g, t: F.mse_loss(g, t).sqrt()),
        "compared with the lightness: The loss compares the guess with x, what was given; it "
        "should be compared with y, the true colours.": as_in("zbs", batches=with_x),
        "other weights: The steps go somewhere else. Hint: guess, loss, zero_grad, backward, step, "
        f"and nothing more. More: {MORE}": ELSE,
    }
    recognise(slips, seen.weights, right=right, start=start)


def _losses(given, right: list[float]) -> None:
    """Raise Wrong unless the losses of the four steps came back, as plain numbers."""
    start = "The weights are right."
    listed = isinstance(given, list | tuple)
    slips = {
        "the network comes back: The network was trained in place: whoever handed it over has it "
        "already. What they lack are the losses.": isinstance(given, nn.Module),
        "one loss, not the list: Your function returns one number: the last loss, or the mean of "
        "them. Hint: a list before the loop, `append` in it.": not listed,
    }
    recognise(slips, start=start)
    tensors = [one for one in given if isinstance(one, Tensor)]
    wrong_if(
        any(one.requires_grad for one in tensors),
        f"whole graphs are kept: {start} But each loss in your list is a tensor that remembers how "
        "it was computed, with all the pictures in it: the memory fills. Hint: "
        "`losses.append(loss.item())`.",
    )
    values = [float(one) for one in given]
    slips = {
        f"too few losses: It should be a list of {BATCHES}, one for each batch. Hint: does "
        "`append` stand in the loop?": len(values) < BATCHES,
        f"other losses: Yours are {[round(v, 3) for v in values[:5]]}, and should be "
        f"{[round(v, 3) for v in right]}: those of the guess that each step began with. Hint: "
        "`losses.append(loss.item())`, once in each round. More: "
        f"{MORE}": len(values) > BATCHES or not same(torch.tensor(values), torch.tensor(right)),
    }
    recognise(slips, start=start)
