"""All that the clinic says, in pages: errors, warnings, notes, and of passes that failed.

How an entry is written, `sentences` says.
"""

PAGES = """\
class: {name} is the class, the plan of a network, not a network
  -> `inspect({name}())`: the brackets make one
other class: {name} is a class that does not come from nn.Module
  -> begin it with `class {name}(nn.Module): pass`, and then `inspect({name}())`
None: is None: nothing was made
  -> `net = ColourNet()`, then `inspect(net)`
list: is a {kind} of {n} things
  -> `nn.Sequential(*layers)`
tensor: is a tensor, perhaps what the network answered
  -> `inspect(net)`, without (x)
function: {name} is a function
  -> `inspect({name}(x))`, if it makes a network of x; else a class with forward
no network: is a {kind}, not a network
  -> `inspect(ColourNet())`
lazy: has lazy layers, which get their shape from the first picture
  -> `model(torch.zeros(2, 1, 128, 128))` once, before anything else
no parameters: has no parameters: there is nothing to train
  -> a layer made in __init__, such as `self.layer = nn.Conv2d(1, 8, 3, padding=1)`
all frozen: all parameters are frozen: requires_grad is False
  -> `model.requires_grad_(True)`
hides: is a method that hides nn.Module's own {name}(), which net.{name}() and others have to find
  -> another name for it, such as fit
too large: training takes about {need:.1f} GB, {free:.1f} GB are free here; the largest map: {shape}
  -> {mend}half the width, or pooling before it: half the side takes a quarter
returns None: returns nothing (None); the last thing it does is {last}
  -> `return y` as its last line, where y is the last thing computed
returns several: returns {n} things ({shapes}) instead of one tensor (N, 2, H, W)
  -> `return y`, or `torch.cat([a, b], dim=1)` for two heads; look for a comma too many
returns other: returns a {kind}, not a tensor
  -> `return y`, where y is a tensor
spoilt: {spelt} makes {after} of {before}, which was right{right}; the answer is {got} instead of
    {want}
  -> leave out {spelt} there
no map: answers {got} instead of {want}
  -> a map with two channels, (N, 2, H, W): no flatten or Linear at the end
other batch: answers {got} pictures for {want}
  -> keep the batch, dimension 0, as it is: `y.view(y.shape[0], -1, 1, 1)`, say
stacked: torch.cat stacks {parts} channels; the answer is the 2 channels of chroma alone, a and b
  -> return the map with 2 channels as it is, without torch.cat
idle head: is never called: the answer has {got} channels, and it would make 2, a and b
  -> `{layer}(y)` as the last layer, where y is what is returned now
channels: answers {got} channels; chroma has 2, a and b{rgb}
misses: {why}; the answer is {got}, not {want}
other size: the answer is {got}, not {want}: {ways}
  -> `return upsample_to(y, x)`; with `size = x.shape[-2:]` as the first line, if x is changed
in place: changes in place what the gradient still needs: the backward pass stops with '{error}'
  -> `y = y + 1` instead of `y += 1`; no inplace=True there; or `y = y.clone()` first
history: keeps in self what it has computed, with its history: the second step of training stops
  -> `self.kept = y.detach()`: the numbers without their history
retyped: {op.name} turns {usual} into {op.output.dtype}, which the weights behind it do not take
  -> `y.float()`, where y is what this line makes
tiled: {op.name} lays copies of the map side by side, instead of enlarging it: {before} -> {after}
  -> `upsample_to(y, {other})`: one map, enlarged
across: {op.name} over dimensions {dims} mixes the channels: a number a channel is due
  -> `y.mean((2, 3))`: over the height and the width
batch squeezed: squeeze() took away every dimension of 1, here that of the batch, too: {before} ->
    {after}
  -> flatten(1) instead of squeeze(): dimension 0 is the batch and stays
stacked batch: torch.cat without dim=1 puts the pictures of both one behind the other: {before} ->
    {after}
  -> `torch.cat([a, b], dim=1)`: along the channels
axis: lays {n} numbers, one a channel, along {side}: {before} -> {after}
  -> `y{index}`: dimension 1 is the channels
NaN: {op.name} makes NaN or infinity of finite numbers, or of their gradients, at the start
  -> keep the logarithm, root or quotient away from 0: `(x + 1e-5).log()`, `x / (s + 1e-5)`
cut: ends the gradient ({end}): the layers before it cannot learn
  -> {way}
changes picture: changes the picture that it is given, in place
  -> `x = 0.5 * x` instead of `x *= 0.5`; no inplace=True on it; or `x = x.clone()` first
always the same: the answer is the same whatever the picture is
  -> use x in forward: `x = self.first(x)`
no slope: {op.name} makes steps, and a step has no slope: no layer before it ever learns
  -> leave {op.name} out while training: it belongs to what is done with the answer
zeros: has weights that are all 0{more}, so that it makes 0, where ReLU has no slope
  -> no nn.init.zeros_ there: only the head may start at 0
dead: no weight {but}ever gets a gradient: the answer does not depend on any of them
  -> look for ReLU behind the head, a product with 0, weights set to 0 in two layers
drops all: p=1.0 drops everything: p is the share that is set to 0, not the share kept
unsafe: 1x1 window with stride {s} looks at {every} only; and on some CPUs torch crashes on it with
    so few channels ({takes} -> {makes})
  -> `{make}nn.Sequential(nn.AvgPool2d({s}, ceil_mode=True), nn.Conv2d({takes}, {makes}, 1))`
hidden: is a plain {holder} of layers: torch does not find their parameters, and never trains them
  -> `{layer} = nn.{better}({layer})` as the next line, or `nn.Sequential(*layers)`
comma: is a tuple of one layer, because there is a comma behind it: it cannot be called
  -> take away the comma at the end of the line that makes {layer}
new layer: makes a new {kind} at every call, with new random weights that are never trained
  -> make it once in __init__, `self.layer = ...`, and write `self.layer(x)` here

unreadable: cannot look into this network: {error}
  -> keep open files, locks and threads out of the network's attributes
shut: {op.name} hands on no gradient, because {why}: what lies before it does not learn by it
one-sided: is the last step, and {why}; chroma has a sign: green is -a, blue -b{dead}
  -> `{make}nn.Identity()`: end with the bare convolution, or `nn.Tanh()`
squeezed: is the last step, and {why} squeezes what is below 0, where green and blue are
  -> `{make}nn.Identity()`: end with the bare convolution
drops answers: sets a share of {p:g} of the answers to 0, while training only
  -> `{make}nn.Identity()`: Dropout belongs before the last layer
normed answers: is the last step: it sets the spread of all answers to 1; that of ab / 110 is 0.15
  -> `{make}nn.Identity()`: end with the bare convolution
never below 0: {op.name} is the last step, and no answer is {side} 0; chroma has a sign
  -> end with the bare convolution, or `nn.Tanh()`
mixes: a photo's colours depend on the other photos of its batch, in eval mode, too
batch first: mixes the photos of a batch: it takes {due}, and is given {shape}
by chance: {op.name} makes other numbers at each call, in eval mode, too: answers differ
  -> only while training: `if self.training: ...`
momentum: with momentum={m} its mean and variance, which eval mode takes, are those of {which}
  -> `{make}nn.{kind}({n}, momentum=0.1)`
kept in eval: stays in eval mode: it never learns the mean and the variance of its maps
  -> leave out the .eval() in the network's own code
alike: starts with the same weights for all its channels{more}: they stay alike for ever
  -> leave the start to torch, or draw it: `nn.init.kaiming_normal_(layer.weight)`
explodes: explodes at the start: its spread is {spread:.3g}, {times:,.0f} times that of chroma
  -> a head that starts at 0, `chroma_head(channels)`; BatchNorm; no factors over 1
far step: explodes at the first step: Adam moves the answer by {moved:.3g}; chroma's spread is 0.15
  -> no large factors behind the head: `return upsample_to(self.head(y), x)` as it is
small step: hardly moves: one step of Adam moves the answer by {moved:.1g}; chroma's spread is 0.15
  -> no small factors behind the head: `return upsample_to(self.head(y), x)` as it is
no gradient: {n} parameters get no gradient: {names}
no norm here: has no BatchNorm behind it, as {n} other convolutions have: its numbers can run away
  -> `nn.BatchNorm2d({channels})` between it and the activation
no norm: none of the {n} convolutions is followed by a norm{says}: training needs more steps
  -> `nn.BatchNorm2d(channels)` between each convolution and its activation
two in a row: follows {first} with no activation between them{via}: two such are no more than one
  -> `nn.ReLU()` behind {last}
drops in eval: eval mode still drops: two answers to one photo differ
  -> `F.{op.name}(x, {p:g}, self.training)`
drops most: p={p:g} drops {p:.0%} of the numbers{more}: p is the share set to 0, not the share kept
  -> {code}
softmax: softmax in the middle makes {n} channels share a sum of 1, about {each:.2g} each
  -> `{make}nn.ReLU()`
large kernel: a kernel of {k} x {k} takes {square} / 9 = {times:.0f} times the weights of 3 x 3
  -> {code}: {half} such layers see as far
shrinks: {why}; enlarged again later, the map no longer lies over the picture exactly
  -> {fix}
turned: exchanges height and width: {before} -> {after}; enlarged later, it lies across the picture
  -> leave it out, or `y.transpose(2, 3)` again behind the layers that need it turned
exchanged: takes the height for the width: a shape is (N, C, height, width)
  -> In forward, change `{old}` to `{new}`.
folded: folds the {n} places of a map of {high} x {wide} as {wide} x {high}: each lies elsewhere
  -> `y.reshape(n, c, height, width)`, or `y.reshape(x.shape)`, with the map it was made of
taken apart: {op.name} only counts on, and turns no dimensions round: {before} as {op.shape} mixes
    numbers of several places and channels
  -> {way}
picture added: adds the picture to the answer: where it is light, all turns red and yellow
  -> the answer alone, without the picture: `return upsample_to(self.head(y), x)`
mirrored: mirrors the picture, and nothing mirrors the answer back: each colour lies elsewhere
  -> `y.flip(-1)` on the answer, too; or mirror photo and colours together, before the network
beside: torch.cat along dimension {dim} puts the maps {below} one another: {before} -> {after}
  -> `torch.cat([a, b], dim=1)`: along the channels
flat: {op.name} makes NaN or infinity of a picture that is flat, as a white sky is
  -> keep the root or quotient away from 0: `x.clamp_min(1e-5).sqrt()`, `x / (s + 1e-5)`
same twice: is given the same map twice: the weights behind it look at each number two times
  -> the map of the skip in place of one of them, or leave torch.cat out
grows: holds a list that grows with every call, and with it the memory, until it is full
  -> begin anew in every call: `{layer} = []` as the first line of forward
never called: is made in __init__ and never called in forward{idle}
  -> use it in forward, `x = {layer}(x)`, or delete the line that makes it
made twice: is made twice in __init__: that of line {second} takes the place of that of line {first}
  -> another name for one of the two: `{code}`
no parameter: asks for a gradient, but is a plain tensor: no optimiser finds it, it never learns
  -> `{layer} = nn.Parameter({layer}.detach())` on the next line
one norm: is one {kind} behind different layers: in eval mode all get one mean and one variance
  -> a norm of its own for each of them: `nn.BatchNorm2d({n})`
straight: has a slope of 1 below 0, too, and so bends nothing (True given as the first is a slope)
  -> `{make}nn.LeakyReLU(0.2)`

some frozen: {n} parameters are frozen and stay as they are
  -> `model.requires_grad_(True)`
one layer: {names} are one layer, with the weights of one
  -> if they should differ: `nn.Sequential(*[brick() for _ in range(3)])`, not `[brick()] * 3`
plain tensor: is a plain tensor, which `net.to('cuda')` leaves on the CPU
  -> `self.register_buffer('{part}', ...)` instead of `{layer} = ...`
one channel: is added to {n} channels, though it makes one: each gets the same
  -> {code}
alone: follows {first}, and both look at each channel alone: nothing joins the channels between
  -> `nn.Conv2d({n}, {n}, 1)` between them
few places: all that reaches it has passed {least} places, of {whole:,}: colours cannot follow edges
  -> a skip: add, or stack, a map from before the last poolings
many numbers: makes {each:,.0f} numbers for each pixel, four times as many at twice the side
  -> do so on a small map: `F.avg_pool2d(y, 8)`, say, and `upsample_to(y, x)` behind it
on the CPU: {op.name} makes its numbers on the CPU: on a GPU it stops
  -> `device=x.device` in its brackets
bias: has a bias that the BatchNorm behind it subtracts again
  -> {code}
norm behind: stands behind the activation; usually it stands before it
  -> convolution, BatchNorm, ReLU, in this order

maps for a list: is given maps, but takes a list of maps
  -> `torch.cat([a, b], dim=1)`: the maps stand in square brackets
tuple called: calls a tuple: is there a comma behind the line that makes the layer?
  -> take away the comma at the end of the line that makes the layer
numpy: has a numpy array where a tensor is due: numpy knows neither gradients nor the GPU
  -> `torch.tanh(x)`, not np.tanh: torch's own functions; no .numpy() in forward
nothing: has None where a tensor is due: does a part of it forget its return?
  -> let it end with `return y`
several: has a {kind} where a tensor is due: does a part of it return several things?
  -> `y, skip = self.part(x)`: a name for each of them
layer: was given a layer ({kind}) where a tensor is due
  -> call the layer, `self.name(x)`; and `nn.{kind}()(x)`, not nn.{kind}(x), which only makes one
function: has a function where a tensor is due: {name} is a function
  -> call it: `{name}(x)`
view: changes a view in place, which the gradient cannot follow
  -> `y = y + z` instead of `y += z`, no inplace=True on a part; or `y = y.clone()` first
device: a tensor is put on a device by name, where that of the picture is due
  -> `y.to(x.device)`, or `device=x.device` where it is made: no .cuda(), no "cuda" in forward
kept: is kept from one call to the next, where it meets a batch of another size: {error}
  -> begin anew in every call: `{layer} = None` as the first line of forward
recursion: calls itself without end
  -> call a part of the network, `self.body(x)`, not self(x)
assertion: stops at an assertion{said}
  -> leave it out: every size from 16 x 16 up has to work
map as size: is given a map {shape} as the size; a size is two numbers, height and width
  -> `F.interpolate(y, size=other.shape[-2:], mode='bilinear')`, or `upsample_to(y, other)`
no attribute: there is no self.{name}; __init__ makes {known}
hidden function: {name} is a function, but this method also makes a variable of that name
  -> another name for the variable: `y = {name}(x)`
part: {name} is a part of the network, not a variable
  -> `self.{name}`
no value: {name} is used before it has a value
  -> give {name} a value on a line before this one{near}
empty brackets: layer {layer} is called without its map: the brackets behind it are empty
  -> `{spelt}(x)`
forward's arguments: forward does not take what it is called with: {message}
  -> it begins with `def forward(self, x): ...`
arguments: does not give {name} what it takes: {message}
list called: is a list of layers, which cannot be called
  -> `for layer in {spelt}: x = layer(x)`, or make it with `nn.Sequential(*layers)`
no forward: has no forward ({hint})
  -> a method of the class that begins with `def forward(self, x): ...`
flat dimensions: is a {kind}, which is for {lists}; here comes a map (N, C, H, W): {shape}
one place: the same layer{also} is used before, on {before} channels: its weights fit those only
  -> a layer of its own for each place, made anew in __init__ for {place}
flat batch: puts the numbers of all {n} pictures in one row: {before} -> {after}
  -> `nn.Flatten()`, or `x.flatten(1)`: dimension 0 is the batch and stays
whole numbers: has weights of {weights}, but its input is {given}
  -> no .int(), .long() or .byte() before it; `x.float()` turns whole numbers into floats
precision: has weights of {weights}, but its input is {given}
  -> `model.float()` turns all weights into torch.float32, what the photos are
not a map: expects a map (N, C, H, W), receives {shape}, which {who} makes
  -> {hint}
picture's channels: expects {wants} channels, receives {gets}: the picture has one, its lightness L
channels: expects {wants} channels, receives {gets}, which {who} makes
window: its window reaches over {reach} pixels, but the map is {size} with {p} pixels of padding
  -> `padding={half}`, a smaller kernel, or fewer poolings before it
one number: {op.kind} has one number a {unit} here ({shape}), which has no spread{way}
  -> `{code} = nn.Identity()` on maps of 1 x 1; or fewer steps of pooling and stride before it
groups: {gets} channels cannot be split into {groups} groups
  -> a number of groups that divides {gets}: `nn.GroupNorm({fits}, {gets})`
last dimensions: normalises the last dimensions {wants}, receives {shape}
  -> `nn.GroupNorm(1, {gets})` does the same to maps of any size
to Linear: expects {wants} numbers, receives a map {shape}: Linear looks along the last dimension
flattened: expects {wants} numbers, receives {c} x {h} x {w} = {gets}: the map was flattened without
    pooling
  -> `nn.AdaptiveAvgPool2d(1)` before the Flatten; and `{layer} = nn.Linear({c}, {makes})`
numbers: expects {wants} numbers, receives {gets}, which {who} makes
  -> `{layer} = nn.Linear({gets}, {makes})`
order: {op.name} cannot look at these numbers in another order
  -> reshape instead of view
view size: {op.name} to {wanted} does not fit the {n} numbers of {shape}
  -> `x.flatten(1)` for a list of numbers a picture; sizes taken from x.shape, not written down
one size: a window of {k} x {k} fits maps of one size only, and here comes one of {size} ({way})
  -> `{make}nn.Adaptive{kind}Pool2d(1)`: one number a channel, whatever the size of the map
too small: {op.name} cannot make a map of {size} smaller ({way})
  -> `pool(x)` from colourlib.model stops at 2 pixels; or leave out one level of pooling
shuffle: PixelShuffle({r}) makes {r} x {r} pixels of {square} channels, but {gets} cannot be divided
    by {square}
  -> let it make {square} times as many as you want: {both} for 2 channels of chroma
unshuffle: PixelUnshuffle({r}) makes one place of {r} x {r}: {size} cannot be divided
  -> fill up first: `F.pad(x, (0, -x.shape[-1] % {r}, 0, -x.shape[-2] % {r}))`
other dimensions: {verb} {first} of {one} with {second} of {two}
fixed size: {one} is {size}, whatever the picture is, and meets a map of {m}: it fits one size
list meets map: {who} makes {few}, one list of numbers{each}, and meets the map {many}
  -> `{code}`: a map of 1 x 1
batches: {verb} batches of {n} and {m}: {pictures} came in
pooled: {verb} a map of 1 x 1 with one of {size}: global pooling has to be spread over the map again
  -> spread the map of 1 x 1: `y.expand(-1, -1, *other.shape[-2:])`
skip: the sizes stop matching at the skip: {first} of {one} meets {second} of {two} ({small};
    {large})
  -> {code} `F.interpolate({y}, size={other}.shape[-2:], mode='bilinear')`
along: {verb} along dimension {dim}, where they do not fit
  -> say dim=1
sum: {verb} {n} channels of {one} and {m} of {two}: to be added they have to be as many
  -> `nn.Conv2d({m}, {n}, 1)` on one of them; or let {two} make {n}; or `torch.cat([a, b], dim=1)`
"""
