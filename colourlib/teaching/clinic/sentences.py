"""What the clinic says about a network that runs: what is wrong, and the code that mends it.

An entry is "key: what", then "-> mend", both wrapped at will; `say` fills in the facts. What is
said of a pass that failed stands in `crash.sentences`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .watch.tracing import Op

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or could be better."""

    severity: str  # 'error': cannot be trained; 'warning': trains, but badly; 'note'
    layer: str  # its name, or the line of forward
    what: str  # with the arithmetic
    fix: str  # in code

    def __str__(self) -> str:
        at = f"{self.layer}: " if self.layer else ""
        return f"{self.severity}: {at}{self.what}" + (f"\n  mend: {self.fix}" if self.fix else "")


def read(text: str) -> dict[str, tuple[str, str]]:
    """{key: (what, fix)} of a page of entries."""
    entries = {}
    for entry in re.split(r"\n(?=\S)", text.strip()):
        key, _, rest = entry.partition(": ")
        what, _, fix = rest.partition("\n  -> ")
        entries[key] = " ".join(what.split()), " ".join(fix.split())
    return entries


ERRORS = read("""
class: {name} is the class, the plan of a network, not a network
  -> inspect({name}()): the brackets make one
other class: {name} is a class that does not come from nn.Module
  -> class {name}(nn.Module): and then inspect({name}())
None: is None: nothing was made
  -> net = ColourNet(), then inspect(net)
list: is a {kind} of {n} things
  -> nn.Sequential(*layers)
tensor: is a tensor, perhaps what the network answered
  -> inspect(net), without (x)
function: {name} is a function
  -> inspect({name}(...)), if it makes a network; else a class with forward
no network: is a {kind}, not a network
  -> inspect(ColourNet())
lazy: has lazy layers, which get their shape from the first picture
  -> model(torch.zeros(2, 1, 128, 128)) once, before anything else
no parameters: has no parameters: there is nothing to train
  -> self.layer = nn.Conv2d(...) in __init__
all frozen: all parameters are frozen: requires_grad is False
  -> model.requires_grad_(True)
too large: training takes about {need:.1f} GB, {free:.1f} GB are free here; the largest map is
    {shape}
  -> {mend}half the width, or pooling before it: half the side takes a quarter
returns None: returns nothing (None); the last thing it does is {last}
  -> return y as its last line, or return where the last line computes something
returns several: returns {n} things ({shapes}) instead of one tensor (N, 2, H, W)
  -> return y, or torch.cat([a, b], dim=1) for two heads; look for a comma too many
returns other: returns a {kind}, not a tensor
  -> return y, a tensor
spoilt: {spelt} makes {after} of {before}, which was right{right}; the answer is {got} instead of
    {want}
  -> leave out {spelt} there
no map: answers {got} instead of {want}
  -> a map with two channels, (N, 2, H, W): no flatten or Linear at the end
other batch: answers {got} pictures for {want}
  -> keep the batch, dimension 0, as it is: x.view(x.shape[0], ...)
stacked: torch.cat stacks {parts} channels; the answer is the 2 channels of chroma alone, a and b
  -> return the map with 2 channels as it is, without torch.cat
idle head: is never called: the answer has {got} channels, and it would make 2, a and b
  -> {layer}(y) as the last layer: y is what is returned now
channels: answers {got} channels; chroma has 2, a and b
  -> {code}
misses: {why}; the answer is {got}, not {want}
  -> {code}
other size: the answer is {got}, not {want}: {ways}
  -> return upsample_to(y, x): F.interpolate(y, size=x.shape[-2:], mode='bilinear')
in place: changes in place what the gradient still needs: the backward pass stops with '{error}'
  -> y = y + 1 instead of y += 1; no inplace=True there; or .clone() first
history: keeps in self what it has computed, with its history: the second step of training stops
  -> self.kept = y.detach(): the numbers without their history
NaN: {op.name} makes NaN or infinity of finite numbers, at the start
  -> keep the logarithm, root or quotient away from 0: (x + 1e-5).log(), x / (s + 1e-5)
cut: ends the gradient ({end}): the layers before it cannot learn
  -> no .detach(), .data, .numpy(), torch.tensor(x), argmax, comparison or no_grad() in forward
changes picture: changes the picture that it is given, in place
  -> x = 0.5 * x instead of x *= 0.5; no inplace=True on it; or x = x.clone() first
always the same: the answer is the same whatever the picture is
  -> use x in forward: x = self.first(x)
no slope: {op.name} makes steps, and a step has no slope: no layer before it ever learns
  -> leave {op.name} out while training: it belongs to what is done with the answer
zeros: has weights that are all 0{more}, so that it makes 0, where ReLU has no slope: no layer
    before the head ever gets a gradient
  -> no nn.init.zeros_ there: only the head may start at 0
dead: no weight {but}ever gets a gradient: the answer does not depend on any of them
  -> look for ReLU behind the head, a product with 0, weights set to 0 in two layers
drops all: p=1.0 drops everything: p is the share that is set to 0, not the share kept
  -> {code}
unsafe: 1x1 window with stride {s} looks at {every} only; and on some CPUs torch crashes on it with
    so few channels ({takes} -> {makes})
  -> {make}nn.Sequential(nn.AvgPool2d({s}, ceil_mode=True), nn.Conv2d({takes}, {makes}, 1))
hidden: is a plain {holder} of layers: torch does not find their parameters, and never trains them
  -> {layer} = nn.{better}(...), or nn.Sequential(*layers)
comma: is a tuple of one layer, because there is a comma behind it: it cannot be called
  -> take away the comma behind {layer} = ...
new layer: makes a new {kind} at every call, with new random weights that are never trained
  -> self.layer = nn.{kind}(...) in __init__, then self.layer(x)
""")

WARNINGS = read("""
unreadable: cannot look into this network: {error}
  -> keep open files, locks and threads out of the network's attributes
one-sided: is the last step, and {why}; chroma has a sign: green is -a, blue -b{dead}
  -> {make}nn.Identity(): end with the bare convolution, or nn.Tanh()
squeezed: is the last step, and {why} squeezes what is below 0, where green and blue are
  -> {make}nn.Identity(): end with the bare convolution
drops answers: sets a share of {p:g} of the answers to 0, while training only
  -> {make}nn.Identity(): Dropout belongs before the last layer
normed answers: is the last step: it sets the spread of all answers to 1; that of ab / 110 is 0.15
  -> {make}nn.Identity(): end with the bare convolution
never below 0: {op.name} is the last step, and no answer is below 0; chroma has a sign
  -> end with the bare convolution, or nn.Tanh()
mixes: a photo's colours depend on the other photos of its batch, in eval mode, too
  -> .mean(dim=(2, 3)), not over dim=0, the batch; no norm with track_running_stats=False
alike: starts with the same weights for all its channels{more}: they stay alike for ever
  -> leave the start to torch, or nn.init.kaiming_normal_(layer.weight): at random
explodes: explodes at the start: its spread is {spread:.3g}, {times:,.0f} times that of chroma
  -> chroma_head(...) as the last layer, which starts at 0; BatchNorm; no factors over 1
far step: explodes at the first step: one step of Adam moves the answer by {moved:.3g}; chroma's
    spread is 0.15
  -> no large factors behind the head: return upsample_to(self.head(y), x) as it is
small step: hardly moves: one step of Adam moves the answer by {moved:.1g}; chroma's spread is 0.15
  -> no small factors behind the head: return upsample_to(self.head(y), x) as it is
no gradient: {n} parameters get no gradient: {names}
  -> {fix}
no norm here: has no BatchNorm behind it, as {n} other convolutions have: its numbers can run away
  -> nn.BatchNorm2d({channels}) between it and the activation
no norm: none of the {n} convolutions is followed by a norm: training needs smaller, and more, steps
  -> nn.BatchNorm2d(channels) between each convolution and its activation
two in a row: follows {first} with no activation between them{via}: two convolutions in a row are no
    more than one
  -> nn.ReLU() behind {last}
drops in eval: eval mode still drops: two answers to one photo differ
  -> F.{op.name}(x, {p:g}, self.training)
drops most: p={p:g} drops {p:.0%} of the numbers{more}: p is the share set to 0, not the share kept
  -> p={kept:.2g}, if that was meant; 0.1 to 0.5 are usual
softmax: softmax in the middle makes {n} channels share a sum of 1, about {each:.2g} each
  -> {make}nn.ReLU()
large kernel: a kernel of {k} x {k} takes {square} / 9 = {times:.0f} times the weights of 3 x 3
  -> kernel_size=3, padding=1, or dilation: {half} layers of 3 x 3 see as far
shrinks: {why}; enlarged again later, the map no longer lies over the picture exactly
  -> {layer}: {fix}
turned: exchanges height and width: {before} -> {after}; enlarged later, it lies across the picture
  -> leave it out, or .transpose(2, 3) again behind the layers that need it turned
folded: folds the {n} places of a map of {high} x {wide} as {wide} x {high}: each lies elsewhere
  -> y.reshape(n, c, height, width), or y.reshape(x.shape), with the map it was made of
beside: torch.cat along dimension {dim} puts the maps {below} one another: {before} -> {after}
  -> torch.cat([...], dim=1): along the channels
never called: is made in __init__ and never called in forward{idle}
  -> x = {layer}(x) in forward, or delete it
made twice: is made twice in __init__: that of line {second} takes the place of that of line {first}
  -> another name for one of the two: {code}
""")

NOTES = read("""
some frozen: {n} parameters are frozen and stay as they are
  -> requires_grad_(True)
bias: has a bias that the BatchNorm behind it subtracts again
  -> bias=False in {layer}
norm behind: stands behind the activation; usually it stands before it
  -> convolution, BatchNorm, ReLU, in this order
""")


def say(key: str, at: Op | str, severity: str | None = None, when: str = "", **facts) -> Finding:
    """A finding at an op or a layer, with its usual severity or another; `when` ends the sentence.

    At an op, the sentence knows the op and the code of its layer.
    """
    kinds = dict(zip(SEVERITIES, (ERRORS, WARNINGS, NOTES), strict=True))
    usual = next(kind for kind, sentences in kinds.items() if key in sentences)
    where = at
    if isinstance(at, Op):
        where = at.where
        facts = {"op": at, "layer": at.code or "it", "make": at.make} | facts
    what, fix = (text.format_map(facts) for text in kinds[usual][key])
    return Finding(severity or usual, where, what + when, fix)
