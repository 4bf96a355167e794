"""The exercise of 05_train on AdamW: its step by hand, beside torch's."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..core import Wrong, call, exercise

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
LR, STRENGTH = 0.01, 0.1


def _averages(m: Tensor, v: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    return m + (1 - BETA1) * (grad - m), v + (1 - BETA2) * (grad**2 - v)


def _step(grad: Tensor, m: Tensor, v: Tensor, t: int) -> Tensor:
    """Adam's step, to be taken off; m and v are those before this gradient."""
    m, v = _averages(m, v, grad)
    return LR * (m / (1 - BETA1**t)) / ((v / (1 - BETA2**t)).sqrt() + EPS)


def _biased(grad: Tensor, m: Tensor, v: Tensor, t: int) -> Tensor:
    m, v = _averages(m, v, grad)
    return LR * m / (v.sqrt() + EPS)


def _no_root(grad: Tensor, m: Tensor, v: Tensor, t: int) -> Tensor:
    m, v = _averages(m, v, grad)
    return LR * (m / (1 - BETA1**t)) / (v / (1 - BETA2**t) + EPS)


def _wanted(w: Tensor, *rest) -> Tensor:
    return w - LR * STRENGTH * w - _step(*rest)


HINT = "AdamW's pull is lr · strength · w, beside Adam's step, which knows nothing of it."
MORE = (
    "Three parts: move the averages m and v with the gradient as it is; make Adam's step of them, "
    "as in the cell of part 4; take that step and the pull lr · strength · w off the old w."
)


def _slips(numbers: str) -> list[tuple[Callable[..., Tensor], Wrong]]:
    """Each slip: the w that it leads to, and what to say of it after the student's numbers."""
    return [
        (
            lambda w, grad, m, v, t: w - _step(grad + STRENGTH * w, m, v, t),
            Wrong(
                "L2 instead of decay",
                f"{numbers} "
                "Your function adds strength · w to the gradient: that is L2, Adam's "
                "`weight_decay`. Adam then divides the pull by the usual size of the gradient, "
                "like everything else.",
                HINT,
                MORE,
            ),
        ),
        (
            lambda w, *rest: w - _step(*rest),
            Wrong(
                "no pull",
                f"{numbers} Your weights move as with plain Adam: nothing pulls.",
                HINT,
                MORE,
            ),
        ),
        (
            lambda w, *rest: w - STRENGTH * w - _step(*rest),
            Wrong(
                "the pull without lr",
                f"{numbers} "
                "Your pull is strength · w = 0.2, a tenth of the weight each time: lr is missing.",
                HINT,
                MORE,
            ),
        ),
        (
            lambda w, *rest: w + LR * STRENGTH * w - _step(*rest),
            Wrong(
                "pulled away from zero",
                f"{numbers} Your pull has the sign +: w grows by it.",
                HINT,
                MORE,
            ),
        ),
        (
            lambda w, *rest: w - LR * STRENGTH / 2 * w**2 - _step(*rest),
            Wrong(
                "the penalty, not its slope",
                f"{numbers} "
                "Your pull is lr · strength / 2 · w². For w = 2 that happens to be the same; for "
                "w = -1 it pulls away from zero. w² / 2 is the price, and its gradient is w.",
                HINT,
                MORE,
            ),
        ),
        (
            lambda w, *rest: (w - _step(*rest)) * (1 - LR * STRENGTH),
            Wrong(
                "the pull after the step",
                f"{numbers} "
                "Your pull is taken of the weight that has moved already, not of the old one. "
                "The difference is small here, and grows with lr.",
                "work out the pull and the step from the old w, then take off both.",
                MORE,
            ),
        ),
        (
            lambda w, *rest: w - LR * STRENGTH * w - _biased(*rest),
            Wrong(
                "without bias correction",
                f"{numbers} "
                "Your step uses m and v as they are. Both began at 0: in step 1, m is 0.1 of the "
                "gradient and the root of v is 0.032 of it, so their quotient is 3.2 and not 1.",
                "divide m by 1 - 0.9**t and v by 1 - 0.999**t, for the step only.",
                MORE,
            ),
        ),
        (
            lambda w, *rest: w - LR * STRENGTH * w + _step(*rest),
            Wrong(
                "uphill",
                f"{numbers} "
                "Your step is added to the weight: it goes the way in which the loss grows.",
                "the gradient points uphill; the step is taken off.",
                MORE,
            ),
        ),
        (
            lambda w, *rest: w - LR * STRENGTH * w - _no_root(*rest),
            Wrong(
                "no root",
                f"{numbers} "
                "Your step is divided by v itself. v averages squares; its root is the usual size"
                " of the gradient.",
                "`v_fair.sqrt()`, as in the cell of part 4.",
                MORE,
            ),
        ),
    ]


@exercise("05.3", "AdamW's step", "a function of (w, grad, m, v, t, lr, strength)")
def adamw_step(answer):
    """The first and the third step of four weights, then five steps beside torch.optim.AdamW."""
    w = torch.tensor([2.0, -1.0, 0.5, -3.0], dtype=torch.float64)
    grad = torch.tensor([0.5, -0.002, 1.0, 0.03], dtype=torch.float64)
    early = (w, grad, 0 * w, 0 * w, 1)
    late = (w, grad, *_averages(0.3 * grad.flip(0), grad.flip(0) ** 2 / 500, grad), 3)
    for given in (early, late):
        new = _three(call(answer, *given, LR, STRENGTH), w)
        if not _same(new[0], _wanted(*given)):
            _another_step(answer, early, late)
        m, v = _averages(given[2], given[3], grad)
        if not (_same(new[1], m) and _same(new[2], v)):
            raise Wrong(
                "the averages are not kept",
                f"The weight is right. But of m = {given[2][0]:.3f} and the gradient 0.5, your "
                f"function returns m = {new[1][0]:.4f}, v = {new[2][0]:.6f}; the next step needs "
                f"{m[0]:.4f} and {v[0]:.6f}.",
                "return the averages after this gradient, without the correction; what is new "
                "counts 0.1 in m and 0.001 in v.",
                MORE,
            )
    _beside_torch(answer, w)
    return (
        "w = 2, gradient 0.5, first step: Adam's step is lr · 1 = 0.01, however steep the slope, "
        "the pull lr · strength · 2 = 0.002, together 1.988. Five steps later your four weights "
        "are those of `torch.optim.AdamW` to six digits. Not looked at: which weights should be "
        "pulled at; BatchNorm's scales and the biases should not."
    )


def _three(result, w: Tensor) -> list[Tensor]:
    """The answer's w, m and v."""
    pieces = list(result) if isinstance(result, tuple | list) else [result]
    if len(pieces) != 3 or any(not isinstance(p, Tensor) or p.shape != w.shape for p in pieces):
        kinds = ", ".join(
            f"a tensor {tuple(p.shape)}" if isinstance(p, Tensor) else type(p).__name__
            for p in pieces
        )
        raise Wrong(
            "not three tensors",
            f"Your function returns {kinds}; wanted are w, m and v, each {tuple(w.shape)}.",
            "end with `return w, m, v`, in this order.",
        )
    return [p.detach().double() for p in pieces]


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-6, atol=1e-9)


def _another_step(answer, early: tuple, late: tuple) -> None:
    """Name the slip that explains both steps, with the numbers of the first weight."""
    first, third = (_three(call(answer, *g, LR, STRENGTH), g[0])[0] for g in (early, late))
    numbers = (
        "w = 2, gradient 0.5, first step, lr 0.01, strength 0.1: Adam's step is 0.01, the pull "
        f"0.01 · 0.1 · 2 = 0.002. Your w is {first[0]:.6g}, a move of {first[0] - 2:+.6g}."
    )
    for moved, wrong in _slips(numbers):
        if _same(first, moved(*early)) and _same(third, moved(*late)):
            raise wrong
    if _same(first, right := _wanted(*early)):
        numbers += f" That is right; in step 3 it is {third[0]:.6g}, not {_wanted(*late)[0]:.6g}."
    else:
        numbers += f" {right[0]:.6g} is wanted, {right[0] - 2:+.6g}. (The order is w, m, v.)"
    raise Wrong("another step", numbers, HINT, MORE)


def _beside_torch(answer, w: Tensor) -> None:
    theirs = torch.nn.Parameter(w.clone())
    optimiser = torch.optim.AdamW([theirs], lr=LR, weight_decay=STRENGTH)
    m, v = 0 * w, 0 * w
    for t in range(1, 6):
        grad = torch.sin(w * t)
        w, m, v = _three(call(answer, w, grad, m, v, t, LR, STRENGTH), w)
        theirs.grad = torch.sin(theirs.detach() * t)
        optimiser.step()
        if not torch.allclose(w, theirs.detach(), rtol=1e-6, atol=1e-8):
            raise Wrong(
                "no longer torch's",
                f"Single steps are right, but after {t} steps on end your first weight is "
                f"{w[0]:.8f} and that of `torch.optim.AdamW` {theirs[0]:.8f}.",
                "does your function use `t` and both averages as they are handed to it?",
                MORE,
            )
