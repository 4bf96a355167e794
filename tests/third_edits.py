"""More edits, by somebody who looked for kinds of mistakes rather than for known rules.

As in `edits`, which says what an Edit is: mistakes first, then good ideas.
"""

# ruff: noqa: E501  (lines as a student writes them)

import edits as e
import more_edits as m

LINSPACE = "torch.from_numpy(np.linspace(0, 0.1, x.shape[-1]))"
FOLDED = m.FOLDED.replace("n, c, height, width", "n, c, w, h").replace(
    "(n, c, width, height)", "(n, c, h, w)"
)
POOLED = "self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(5 * w, 5 * w, 1), {}, nn.ReLU())"
AS_MAP = (e.SPREAD, "whole_picture = self.context(deep)")

OBSERVED = [
    e.Edit("a ramp of numpy's", [("from torch import nn", "import numpy as np\nfrom torch import nn"), e.before(e.QUARTER, f"x = x + {LINSPACE}")],
         ("forward", r"add turns torch.float32 into torch.float64"), mend=[(LINSPACE, f"{LINSPACE}.float()")]),
    e.Edit("double in the middle", [(e.FUSE, "deep = self.fuse((deep + whole_picture).double())")],
         ("forward", r"double turns torch.float32 into torch.float64"), mend=[(".double()", "")]),
    e.Edit("half in the middle", [(e.FUSE, "deep = self.fuse((deep + whole_picture).half())")],
         ("forward", r"half turns torch.float32 into torch.float16"), mend=[(".half()", "")]),
    e.Edit("attention without batch_first", [(e.CLASS, e.ATTENTION.replace(", batch_first=True", "")), e.last_of_deep("Attention(5 * w)")],
         ("deep.2.look", r"mixes the photos of a batch"), "warning", [("channels, 2)", "channels, 2, batch_first=True)")]),
    e.Edit("a transformer without batch_first", [(e.CLASS, m.TRANSFORMER.replace(", batch_first=True", "")), e.last_of_deep("Encoder(5 * w)")],
         ("deep.2.layer.self_attn", r"mixes the photos of a batch"), "warning", [("2 * channels)", "2 * channels, batch_first=True)")]),
    e.Edit("batch_first, and the places first", [(e.CLASS, e.ATTENTION.replace("flatten(2).transpose(1, 2)", "flatten(2).permute(2, 0, 1)").replace("seen.transpose(1, 2)", "seen.permute(1, 2, 0)")), e.last_of_deep("Attention(5 * w)")],
         ("deep.2.look", r"it takes \(N, places, C\), and is given \(\d+, 2, 40\)"), "warning", [("channels, 2, batch_first=True", "channels, 2")]),
    e.Edit("statistics that never move", [(e.NORM, "nn.BatchNorm2d(channels_out, momentum=0),")],
         ("down1.2", r"momentum=0 its mean and variance"), "warning", [("momentum=0)", "momentum=0.1)")]),
    e.Edit("width before height, in a sum", [(e.QUARTER, "n, c, w, h = x.shape\n        rows = torch.linspace(-1, 1, h)[None, None, :, None].expand(n, 1, h, w)\n        quarter = self.down3(self.down2(self.down1(x + rows)))")],
         ("forward: n, c, w, h = x.shape", r"takes the height for the width"), "warning", [("n, c, w, h", "n, c, h, w")]),
    e.Edit("width before height, in tokens", [(e.GO_DEEP, FOLDED)],
         ("forward: n, c, w, h = deep.shape", r"takes the height for the width"), "warning", [("n, c, w, h", "n, c, h, w")]),
    e.Edit("a learnt mask of one size", [e.after(e.HEAD, "self.mask = nn.Parameter(torch.ones(1, 1, 128, 128))"), (e.RETURN, "y = upsample_to(self.head(quarter), x)\n        return y * self.mask")],
         ("forward", r"self.mask is 128 x 128, whatever the picture is, and meets a map of 101 x 67"), "warning", [("y * self.mask", "y * F.interpolate(self.mask, size=x.shape[-2:], mode='bilinear')")]),
    e.Edit("a mask without batch and channels", [e.after(e.HEAD, "self.mask = nn.Parameter(torch.ones(16, 16))"), (e.EIGHTH, f"{e.EIGHTH}\n        eighth = eighth * torch.sigmoid(self.mask)")],
         ("forward", r"torch.sigmoid\(self.mask\).* is \(16, 16\), whatever"), "warning", [("torch.sigmoid(self.mask)", "torch.sigmoid(F.interpolate(self.mask[None, None], size=eighth.shape[-2:]))")]),
    e.Edit("a mean over channels and rows", [(e.POOL1, ""), (e.FLATTEN, ""), (e.SPREAD, "whole_picture = self.context(deep.mean((1, 2)))[:, :, None, None]")],
         ("forward", r"mean over dimensions \(1, 2\) mixes the channels"), mend=[("mean((1, 2))", "mean((2, 3))")]),
    e.Edit("a group a channel on 1 x 1", [(e.CONTEXT, POOLED.format("nn.GroupNorm(5 * w, 5 * w)")), AS_MAP],
         ("context.2", r"GroupNorm has one number a group here \(\(1, 40, 1, 1\)\)"), mend=[("nn.GroupNorm(5 * w, 5 * w)", "nn.Identity()")]),
    e.Edit("InstanceNorm on 1 x 1", [(e.CONTEXT, POOLED.format("nn.InstanceNorm2d(5 * w)")), AS_MAP],
         ("context.2", r"InstanceNorm2d has one number a channel here"), mend=[("nn.InstanceNorm2d(5 * w)", "nn.Identity()")]),
    e.Edit("RGB between 0 and 1", [(e.HEAD, "self.head = nn.Sequential(nn.Conv2d(2 * w, 3, 1), nn.Sigmoid())")],
         ("head.0", r"answers 3 channels; chroma has 2, a and b: L is known, and RGB"), mend=[("nn.Conv2d(2 * w, 3, 1), nn.Sigmoid()", "nn.Conv2d(2 * w, 2, 1)")]),
    e.Edit("noise in eval mode, too", [(e.FUSE, "deep = self.fuse(deep + whole_picture + 0.1 * torch.randn_like(deep))")],
         ("forward", r"randn_like makes other numbers at each call, in eval mode, too"), "warning", [("torch.randn_like", "self.training * torch.randn_like")]),
    e.Edit("a mask by chance in eval mode, too", [e.after(e.FUSE, "mask = torch.rand(deep.shape, device=x.device) < 0.9\n        deep = deep * mask")],
         ("forward", r"rand makes other numbers at each call"), "warning", [("deep = deep * mask", "deep = deep * mask if self.training else deep")]),
]  # fmt: skip

MISTAKES = [
    e.Edit("two numbers exchanged", [(e.DOWN2, "self.down2 = conv_pool_bn_relu(w, w // 4)")],
         ("down2.0", r"expects 8 channels, receives 2, which layer down1 makes")),
    e.Edit("no_grad around the first layers", [(e.QUARTER, f"with torch.no_grad():\n            {e.QUARTER}")],
         ("down1.0", r"ends the gradient"), "warning", [(f"with torch.no_grad():\n            {e.QUARTER}", e.QUARTER)]),
    e.Edit("inference_mode around the context", [(e.SPREAD, f"with torch.inference_mode():\n            {e.SPREAD}")],
         ("context.0", r"ends the gradient"), "warning", [(f"with torch.inference_mode():\n            {e.SPREAD}", e.SPREAD)]),
    e.Edit("numbers taken out and put in again", [(e.SPREAD, "whole_picture = torch.tensor(self.context(deep).tolist())[:, :, None, None]")],
         ("forward", r"tolist, which takes the numbers out of torch"), "warning", [("torch.tensor(self.context(deep).tolist())", "self.context(deep)")]),
    e.Edit("one number for all of the context", [(e.SPREAD, "whole_picture = float(self.context(deep).mean())")],
         ("forward", r"float, which takes the numbers out"), "warning", [("float(self.context(deep).mean())", "self.context(deep).mean(1)[:, None, None, None]")]),
    e.Edit("a gate along the width", [(e.FUSE, "deep = self.fuse(deep * torch.sigmoid(whole_picture[:, :, 0, 0])[:, None, None, :])")],
         ("forward", r"lays 40 numbers, one a channel, along the width"), mend=[("[:, None, None, :])", "[:, :, None, None])")]),
    e.Edit("a context without its last dimension", [(e.SPREAD, "whole_picture = self.context(deep)[:, :, None]")],
         ("forward", r"lays 40 numbers, one a channel, along the height"), mend=[("[:, :, None]", "[:, :, None, None]")]),
    e.Edit("a factor a channel, without its sides", [e.after(e.HEAD, "self.much = nn.Parameter(torch.ones(2 * w))"), e.before(e.RETURN, "quarter = quarter * self.much")],
         ("forward", r"\(16,\), one list of numbers, and meets the map"), mend=[("quarter * self.much", "quarter * self.much[:, None, None]")]),
    e.Edit("the batch normalised by hand", [e.before(e.QUARTER, "x = (x - x.mean()) / x.std()")],
         ("forward", r"depend on the other photos"), "warning", [("(x - x.mean()) / x.std()", "(x - x.mean((1, 2, 3), keepdim=True)) / (x.std((1, 2, 3), keepdim=True) + 0.1)")]),
    e.Edit("normalised along the batch", [e.after(e.FUSE, "deep = F.normalize(deep, dim=0)")],
         ("forward", r"depend on the other photos"), "warning", [("deep, dim=0", "deep, dim=1")]),
    e.Edit("Flatten from the third dimension on", [(e.FLATTEN, "            nn.Flatten(2),\n")],
         ("context.2", r"expects 40 numbers, receives a map \(20, 40, 1\)"), mend=[("nn.Flatten(2)", "nn.Flatten()")]),
    e.Edit("log_softmax as the last step", [(e.HEAD, "self.head = nn.Sequential(nn.Conv2d(2 * w, 2, 1), nn.LogSoftmax(dim=1))")],
         ("head.1", r"no answer is above 0; chroma has a sign"), "warning", [("nn.LogSoftmax(dim=1)", "nn.Identity()")]),
    e.Edit("minus ReLU as the last step", [(e.HEAD, "self.head = nn.Conv2d(2 * w, 2, 1)"), (e.RETURN, "return -F.relu(upsample_to(self.head(quarter), x))")],
         ("forward", r"no answer is above 0; chroma has a sign"), "warning", [("-F.relu(upsample_to(self.head(quarter), x))", "upsample_to(self.head(quarter), x)")]),
    e.Edit("one layer under two names", [(e.DOWN3, "self.down3 = self.down4 = conv_bn_relu(w, 2 * w)"), (f"        {e.DOWN4}\n", "")],
         ("down3.0", r"down3.* and down4.* are one"), mend=[("self.down3 = self.down4 = conv_bn_relu(w, 2 * w)", f"{e.DOWN3}\n        {e.DOWN4}")]),
    e.Edit("the picture halved, the answer not doubled", [e.before(e.QUARTER, "x = F.interpolate(x, scale_factor=0.5, mode='bilinear')")],
         ("forward", r"the answer is 64 x 64, not 128 x 128"), mend=[("x = F.interpolate(x, scale_factor=0.5, mode='bilinear')\n        ", "")]),
    e.Edit("BatchNorm without running statistics", [(e.NORM, "nn.BatchNorm2d(channels_out, track_running_stats=False),")],
         ("down1.2", r"depend on the other photos"), "warning", [(", track_running_stats=False", "")]),
    e.Edit("a part kept in eval mode", [e.before(e.QUARTER, "self.deep.eval()")],
         ("deep.0.1", r"stays in eval mode"), "warning", [("self.deep.eval()\n        ", "")]),
    e.Edit("momentum as in Keras", [(e.NORM, "nn.BatchNorm2d(channels_out, momentum=0.99),")],
         ("down1.2", r"momentum=0.99 its mean and variance.* of the last batch"), "warning", [(", momentum=0.99", "")]),
    e.Edit("stack instead of cat", [(e.JOIN4, "eighth = self.up4(torch.stack([eighth, upsample_to(self.narrow4(deep), eighth)], dim=1))"), (e.UP4, "self.up4 = conv_bn_relu(6 * w, 3 * w)")],
         ("up4.0", r"\(20, 2, 24, 16, 16\)"), mend=[("torch.stack([", "torch.cat([")]),
    e.Edit("the context of the picture", [(e.SPREAD, "whole_picture = self.context(x)[:, :, None, None]")],
         ("context.2", r"expects 40 numbers, receives 1, which the picture makes"), mend=[("self.context(x)", "self.context(deep)")]),
    e.Edit("noise as a second channel, always", [(e.DOWN1, "self.down1 = conv_pool_bn_relu(2, w // 4)"), (e.QUARTER, "quarter = self.down3(self.down2(self.down1(torch.cat([x, torch.randn_like(x)], dim=1))))")],
         ("forward", r"randn_like makes other numbers at each call, in eval mode, too"), "warning", [("torch.randn_like(x)", "self.training * torch.randn_like(x)")]),
    e.Edit("turned over by chance, always", [e.before(e.QUARTER, "if torch.rand(()).item() < 0.5:\n            x = x.flip(3)")],
         ("forward", r"at each call, in eval mode, too"), "warning", [("if torch.rand(()).item() < 0.5:\n            x = x.flip(3)\n        ", "")]),
    e.Edit("LayerNorm of one size", [(e.UP3, "self.up3 = nn.Sequential(nn.Conv2d(2 * w, 2 * w, 3, padding=1), nn.LayerNorm([2 * w, 32, 32]), nn.ReLU())")],
         ("up3.1", r"normalises the last dimensions \(16, 32, 32\), receives"), "warning", [("nn.LayerNorm([2 * w, 32, 32])", "nn.GroupNorm(1, 2 * w)")]),
    e.Edit("squeeze at the end", [(e.RETURN, f"{e.RETURN}.squeeze()")],
         ("forward", r"squeeze.*makes \(2, 128, 128\) of \(1, 2, 128, 128\)"), mend=[(".squeeze()", "")]),
    e.Edit("bfloat16 in the middle", [(e.GO_DEEP, "deep = self.deep(pool(eighth).to(torch.bfloat16))")],
         ("forward", r"turns torch.float32 into torch.bfloat16"), mend=[(".to(torch.bfloat16)", "")]),
    e.Edit("a Fourier transform, not turned back", [(e.FUSE, "deep = self.fuse(torch.fft.fft2(deep + whole_picture))")],
         ("forward", r"fft_fft2 turns torch.float32 into torch.complex64"), mend=[("torch.fft.fft2(deep + whole_picture)", "torch.fft.fft2(deep + whole_picture).real / 64")]),
    e.Edit("an answer of a layer that nobody takes", [(e.JOIN4, e.JOIN4.replace("eighth = self", "self", 1))],
         ("up4.2", r"parameters get no gradient: deep"), "warning", [(e.JOIN4.replace("eighth = self", "self", 1), e.JOIN4)]),
    e.Edit("not enlarged in eval mode", [e.before(e.RETURN, "if not self.training:\n            return self.head(quarter)")],
         ("forward", r"the answer is 32 x 32, not 128 x 128"), mend=[("if not self.training:\n            return self.head(quarter)\n        ", "")]),
]  # fmt: skip

REZERO = """class ReZero(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(channels, channels), nn.Conv2d(channels, channels, 3, padding=1))
        self.much = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.much * self.body(x)


class ColourNet(nn.Module):"""
QUERIES = """class Asking(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.questions = nn.Parameter(torch.randn(4, channels))
        self.look = nn.MultiheadAttention(channels, 2, batch_first=True)
        self.mix = nn.Linear(4 * channels, channels)

    def forward(self, x):
        places = x.flatten(2).transpose(1, 2)
        questions = self.questions.expand(len(x), -1, -1)
        found, _ = self.look(questions, places, places)
        return x + self.mix(found.flatten(1))[:, :, None, None]


class ColourNet(nn.Module):"""
ROWS = """class Rows(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.read = nn.GRU(channels, channels, batch_first=True)

    def forward(self, x):
        n, c, h, w = x.shape
        rows, _ = self.read(x.permute(0, 2, 3, 1).reshape(n * h, w, c))
        return x + rows.reshape(n, h, w, c).permute(0, 3, 1, 2)


class ColourNet(nn.Module):"""

IDEAS = [
    e.Edit("ReZero", [(e.CLASS, REZERO), e.last_of_deep("ReZero(5 * w)")]),
    e.Edit("two ways and a gate", [e.after(e.HEAD, "self.gate = nn.Conv2d(5 * w, 5 * w, 1)"), (e.FUSE, "g = torch.sigmoid(self.gate(deep))\n        deep = self.fuse(g * deep + (1 - g) * whole_picture)")]),
    e.Edit("blurred before it is halved", [e.after(e.HEAD, "self.register_buffer('blur', torch.ones(2 * w, 1, 2, 2) / 4)"), (e.EIGHTH, "smooth = F.conv2d(F.pad(quarter, (0, 1, 0, 1)), self.blur, groups=len(self.blur))\n        eighth = self.down4(smooth[..., ::2, ::2])")]),
    e.Edit("learnt questions to the map", [(e.CLASS, QUERIES), e.last_of_deep("Asking(5 * w)")]),
    e.Edit("rows and columns as channels of the deepest map", [(e.FUSE, "rows = torch.linspace(-1, 1, deep.shape[2], device=x.device)[:, None].expand(deep.shape[2:])\n        rows = rows.expand(len(x), 1, -1, -1)\n        deep = self.fuse(torch.cat([deep + whole_picture, rows], dim=1))"), ("self.fuse = conv_bn_relu(5 * w, 5 * w)", "self.fuse = conv_bn_relu(5 * w + 1, 5 * w)")]),
    e.Edit("mean and maximum for the context", [(f"{e.POOL1}{e.FLATTEN}            nn.Linear(5 * w, 5 * w),\n            nn.ReLU(),", "            nn.Linear(10 * w, 5 * w),\n            nn.ReLU(),"), (e.SPREAD, "both = torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], dim=1)\n        whole_picture = self.context(both)[:, :, None, None]")]),
    e.Edit("edges as a second channel", [(e.DOWN1, "self.down1 = conv_pool_bn_relu(2, w // 4)"), e.after(e.HEAD, "self.register_buffer('sobel', torch.tensor([[-1., 0, 1], [-2, 0, 2], [-1, 0, 1]])[None, None])"), (e.QUARTER, "edges = F.conv2d(x, self.sobel, padding=1)\n        quarter = self.down3(self.down2(self.down1(torch.cat([x, edges], dim=1))))")]),
    e.Edit("rows read by a GRU", [(e.CLASS, ROWS), e.last_of_deep("Rows(5 * w)")]),
    e.Edit("a code for how light the picture is", [e.after(e.HEAD, "self.light = nn.Embedding(8, 5 * w)"), (e.FUSE, "step = (4 * x.mean((1, 2, 3)) + 4).long().clamp(0, 7)\n        deep = self.fuse(deep + whole_picture + self.light(step)[:, :, None, None])")]),
    e.Edit("turned over and averaged when judged", [("    def forward(self, x):\n        quarter", "    def forward(self, x):\n        if self.training:\n            return self.once(x)\n        return (self.once(x) + self.once(x.flip(3)).flip(3)) / 2\n\n    def once(self, x):\n        quarter")]),
    e.Edit("each picture normalised", [e.before(e.QUARTER, "x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-2)")]),
    e.Edit("tanh within the range of chroma", [(e.RETURN, "return 0.8 * torch.tanh(upsample_to(self.head(quarter), x))")]),
    e.Edit("spectral norm", [e.last_of_deep("nn.utils.parametrizations.spectral_norm(nn.Conv2d(5 * w, 5 * w, 3, padding=1)), nn.ReLU()")]),
    e.Edit("a head on each of two maps", [(e.HEAD, f"{e.HEAD}\n        self.coarse = chroma_head(3 * w)"), (e.RETURN, "return upsample_to(self.head(quarter) + upsample_to(self.coarse(eighth), quarter), x)")]),
    e.Edit("photos whose context is left out while training", [(e.FUSE, "if self.training:\n            whole_picture = whole_picture * torch.bernoulli(torch.full((len(x), 1, 1, 1), 0.9, device=x.device))\n        deep = self.fuse(deep + whole_picture)")]),
]  # fmt: skip
