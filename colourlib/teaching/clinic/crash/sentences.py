"""What the clinic says of a pass that failed: entries as in `clinic.sentences`."""

from __future__ import annotations

from ..sentences import read

SENTENCES = read("""
maps for a list: is given maps, but takes a list of maps
  -> torch.cat([a, b], dim=1): the maps stand in square brackets
tuple called: calls a tuple: is there a comma behind the line that makes the layer?
  -> take away the comma: self.layer = nn.Sequential(...)
numpy: has a numpy array where a tensor is due: numpy knows neither gradients nor the GPU
  -> torch.tanh(x), not np.tanh(x): torch's own functions; no .numpy() in forward
nothing: has None where a tensor is due: does a part of it forget its return?
  -> return x
several: has a {kind} where a tensor is due: does a part of it return several things?
  -> y, skip = self.part(x): a name for each of them
layer: was given a layer ({kind}) where a tensor is due
  -> call the layer: self.name(x); and nn.{kind}()(x), not nn.{kind}(x), which only makes one
function: has a function where a tensor is due: {name} is a function
  -> call it: {name}(x)
view: changes a view in place, which the gradient cannot follow
  -> y = y + ... instead of y += ..., no inplace=True on a part of a tensor; or .clone()
recursion: calls itself without end
  -> call a part of the network, self.body(x), not self(x)
assertion: stops at an assertion{said}
  -> leave it out: every size from 16 x 16 up has to work
map as size: is given a map {shape} as the size; a size is two numbers, height and width
  -> F.interpolate(y, size=other.shape[-2:], mode='bilinear'), or upsample_to(y, other)
no attribute: there is no self.{name}; __init__ makes {known}
  -> {hint}
hidden function: {name} is a function, but this method also makes a variable of that name, which has
    no value yet
  -> another name for the variable: y = {name}(...)
part: {name} is a part of the network, not a variable
  -> self.{name}
no value: {name} is used before it has a value
  -> {name} = ... on a line before this one
empty brackets: layer {layer} is called without its map: the brackets behind it are empty
  -> {code}(x)
forward's arguments: forward does not take what it is called with: {message}
  -> def forward(self, x):
arguments: does not give {name} what it takes: {message}
  -> {call}
list called: is a list of layers, which cannot be called
  -> for layer in self.layers: x = layer(x); or nn.Sequential(*layers)
no forward: has no forward ({hint})
  -> def forward(self, x): as a method of the class
squeezed: squeeze() took away every dimension of 1, here that of the batch, too: {before} -> {after}
  -> .flatten(1) instead of .squeeze(): dimension 0 is the batch and stays
flat dimensions: is a {kind}, which is for {lists}; here comes a map (N, C, H, W): {shape}
  -> {code}
one place: the same layer{also} is used before, on {before} channels: its weights fit those only
  -> a layer of its own for each place: {code} = nn.{kind}(...), made anew
flat batch: puts the numbers of all {n} pictures in one row: {before} -> {after}
  -> nn.Flatten(), or x.flatten(1): dimension 0 is the batch and stays
whole numbers: has weights of {weights}, but its input is {given}
  -> no .int(), .long() or .byte() before it; x.float() turns whole numbers into floats
precision: has weights of {weights}, but its input is {given}
  -> model.float() turns all weights into torch.float32, what the photos are
not a map: expects a map (N, C, H, W), receives {shape}, which {who} makes
  -> give it {hint}
picture's channels: expects {wants} channels, receives {gets}: the picture has one, its lightness L
  -> {code}
channels: expects {wants} channels, receives {gets}, which {who} makes
  -> {code}
window: its window reaches over {reach} pixels, but the map is {size} with {p} pixels of padding
  -> padding={half} and fewer poolings before it, or a smaller kernel
one number: BatchNorm has one number a channel here ({shape}), which has no spread{way}
  -> {code} = nn.Identity() on maps of 1 x 1; or fewer steps of pooling and stride before it
groups: {gets} channels cannot be split into {groups} groups
  -> a number of groups that divides {gets}: nn.GroupNorm({fits}, {gets})
last dimensions: normalises the last dimensions {wants}, receives {shape}
  -> nn.GroupNorm(1, {gets}) does the same to maps of any size
map in Linear: expects {wants} numbers, receives a map {shape}: Linear looks along the last
    dimension
  -> {code}
flattened: expects {wants} numbers, receives {c} x {h} x {w} = {gets}: the map was flattened without
    pooling
  -> nn.AdaptiveAvgPool2d(1) before nn.Flatten(), and {layer} = nn.Linear({c}, {makes})
numbers: expects {wants} numbers, receives {gets}, which {who} makes
  -> {layer} = nn.Linear({gets}, {makes})
order: {op.name} cannot look at these numbers in another order
  -> reshape instead of view
view size: {op.name} to {wanted} does not fit the {n} numbers of {shape}
  -> x.flatten(1) for a list of numbers a picture; sizes taken from x.shape, not written down
one size: a window of {k} x {k} fits maps of one size only, and here comes one of {size} ({way})
  -> {make}nn.Adaptive{kind}Pool2d(1): one number a channel, whatever the size of the map
too small: {op.name} cannot make a map of {size} smaller ({way})
  -> pool(x) from colourlib.model stops at 2 pixels; or leave out one level of pooling
shuffle: PixelShuffle({r}) makes {r} x {r} pixels of {square} channels, but {gets} cannot be divided
    by {square}
  -> let it make {square} times as many as you want: {both} for 2 channels of chroma
unshuffle: PixelUnshuffle({r}) makes one place of {r} x {r}: {size} cannot be divided
  -> fill up first: F.pad(x, (0, -x.shape[-1] % {r}, 0, -x.shape[-2] % {r}))
other dimensions: {verb} {first} of {one} with {second} of {two}
  -> {code}
list meets map: {who} makes {few}, one list of numbers a picture, and meets the map {many}
  -> put {code} behind it
batches: {verb} batches of {n} and {m}: {pictures} came in
  -> {code}
pooled: {verb} a map of 1 x 1 with one of {size}: global pooling has to be spread over the map again
  -> y.expand(-1, -1, *other.shape[-2:]) on the map of 1 x 1
skip: the sizes stop matching at the skip: {first} of {one} meets {second} of {two} ({small};
    {large})
  -> {code}
along: {verb} along dimension {dim}, where they do not fit
  -> dim=1
sum: {verb} {n} channels of {one} and {m} of {two}: to be added they have to be as many
  -> nn.Conv2d({m}, {n}, 1) on one of them; or let {two} make {n}; or torch.cat([...], dim=1)
""")


def words(key: str, **facts) -> tuple[str, str]:
    """(what, fix)."""
    what, fix = (text.format_map(facts) for text in SENTENCES[key])
    return what, fix
