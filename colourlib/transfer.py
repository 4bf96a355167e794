"""A colouriser that stands on an encoder which has already looked at a million photos.

`Encoder` is EfficientNet-Lite0 (Tan and Le 2019; Lite: ReLU6, no squeeze and excitation), which was
trained to name what is on 1.3 million photos of ImageNet. `TransferNet` puts a small decoder on its
maps. Layers are named as timm names them, so weights from there fit by name; a test compares both.
08_transfer builds the decoder step by step.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common.errors import CourseError
from .common.files import shipped_folder
from .common.fingerprints import differing, read_weights
from .common.inputs import check_input
from .common.words import did_you_mean
from .model import chroma_head, conv_bn_relu, upsample_to

STAGES = (  # blocks, channels out, how much wider inside, kernel, stride of the first
    (1, 16, 1, 3, 1),
    (2, 24, 6, 3, 2),
    (2, 40, 6, 5, 2),
    (3, 80, 6, 3, 2),
    (3, 112, 6, 5, 1),
    (4, 192, 6, 5, 2),
    (1, 320, 6, 3, 1),
)
TAKEN = (1, 2, 4, 6)  # stages after which a map is taken: strides 4, 8, 16, 32
CHANNELS = tuple(STAGES[i][1] for i in TAKEN)  # 24, 40, 112, 320
STRIDE = 32  # of the deepest map: sides are filled up to multiples of it
TIMM = "tf_efficientnet_lite0"  # what timm calls it
TIMM_FROM = "0.9"  # the first version known to give its maps by the same names

ENCODER = shipped_folder("weights") / "encoder.safetensors"


class Strided(nn.Conv2d):
    """A convolution that halves the (even) sides of its map, padded as TensorFlow does.

    A pixel more is added on the right and below than on the left and above: the weights were
    trained so. It works in 32 bits, because on CPUs the gradient of a depthwise one with a stride
    takes up to fifty times as long in bfloat16.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H/2, W/2)."""
        before = (self.kernel_size[0] - 2) // 2
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(F.pad(x.float(), [before, before + 1] * 2))


def depthwise(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """A filter of its own for each channel: (N, C, H, W) -> (N, C, H / stride, W / stride).

    The filters stay as they are: they are 3 % of the encoder's weights and would take half of the
    time that a step of training takes on a CPU.
    """
    if stride == 2:
        conv = Strided(channels, channels, kernel, 2, groups=channels, bias=False)
    else:
        conv = nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False
        )
    return conv.requires_grad_(False)


def norm(channels: int) -> nn.BatchNorm2d:
    """BatchNorm as in TensorFlow, whose epsilon is larger."""
    return nn.BatchNorm2d(channels, eps=1e-3)


class Separable(nn.Module):
    """The first block: a filter for each channel (depthwise), then a mixture of channels (1x1)."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        c = channels_in
        self.conv_dw = depthwise(c, kernel, stride)
        self.bn1 = norm(c)
        self.conv_pw = nn.Conv2d(c, channels_out, 1, bias=False)
        self.bn2 = norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H / stride, W / stride)."""
        x = F.relu6(self.bn1(self.conv_dw(x)))
        return self.bn2(self.conv_pw(x))


class InvertedResidual(nn.Module):
    """Widen (1x1), filter each channel (depthwise), narrow (1x1); added to its input if it fits."""

    def __init__(self, c_in: int, c_out: int, wider: int, kernel: int, stride: int) -> None:
        super().__init__()
        c = c_in * wider
        self.conv_pw = nn.Conv2d(c_in, c, 1, bias=False)
        self.bn1 = norm(c)
        self.conv_dw = depthwise(c, kernel, stride)
        self.bn2 = norm(c)
        self.conv_pwl = nn.Conv2d(c, c_out, 1, bias=False)
        self.bn3 = norm(c_out)
        self.skip = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H / stride, W / stride)."""
        y = F.relu6(self.bn1(self.conv_pw(x)))
        y = F.relu6(self.bn2(self.conv_dw(y)))
        y = self.bn3(self.conv_pwl(y))
        return x + y if self.skip else y


class Encoder(nn.Module):
    """EfficientNet-Lite0 without its classifier: 2.96 million parameters of 240 arrays."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = Strided(3, 32, 3, 2, bias=False)
        self.bn1 = norm(32)
        self.blocks, c = nn.Sequential(), 32
        for blocks, channels, wider, kernel, stride in STAGES:
            stage = nn.Sequential()
            for number in range(blocks):
                step = stride if number == 0 else 1
                if wider == 1:
                    stage.append(Separable(c, channels, kernel, step))
                else:
                    stage.append(InvertedResidual(c, channels, wider, kernel, step))
                c = channels
            self.blocks.append(stage)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) in -1..1, sides multiples of 32 -> maps of 1/4, 1/8, 1/16 and 1/32."""
        x = F.relu6(self.bn1(self.conv_stem(x)))  # (N, 32, H/2, W/2)
        maps = []
        for number, stage in enumerate(self.blocks):
            x = stage(x)
            if number in TAKEN:
                maps.append(x)
        return maps  # (N, 24, H/4, W/4), (N, 40, H/8, W/8), (N, 112, H/16, .), (N, 320, H/32, .)


class TransferNet(nn.Module):
    """A pretrained encoder and a decoder that leads its maps back to a quarter of the resolution.

    Each map is brought to one width by a 1x1 convolution and added to what comes from below. The
    deepest gets the context of the whole picture, as in ColourNet. The encoder stays in eval mode,
    because its BatchNorm averages come from far more photos than a course has.
    """

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        w = width
        self.encoder = Encoder()
        self.lateral = nn.ModuleList(nn.Conv2d(c, w, 1) for c in CHANNELS)
        self.context = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),  # (N, 320, 1, 1)
            nn.Flatten(),
            nn.Linear(CHANNELS[-1], w),
            nn.ReLU(),
            nn.Linear(w, w),
        )
        self.up = nn.ModuleList(conv_bn_relu(w, w) for _ in CHANNELS)
        self.head = chroma_head(w)

    @property
    def pretrained(self) -> Encoder:
        """What has learnt before: `train.adam` takes smaller steps with it."""
        return self.encoder

    def train(self, mode: bool = True) -> "TransferNet":
        """The decoder's mode; the encoder's BatchNorm always takes its stored averages."""
        super().train(mode)
        self.encoder.eval()
        return self

    def maps(self, x: Tensor) -> list[Tensor]:
        """(N, 1, H, W) in -1..1 -> the encoder's maps of the photo filled up."""
        check_input(x, 96, 96)
        return self.encoder(filled_up(x).expand(-1, 3, -1, -1))  # grey: three equal channels

    def features(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, w, h/4, w/4) of the photo filled up to multiples of 32."""
        return self.decoded(self.maps(x))

    def decoded(
        self, maps: Sequence[Tensor], added: Sequence[Tensor | int] = (0, 0, 0, 0)
    ) -> Tensor:
        """The encoder's maps, 1/4 to 1/32 -> features (N, w, H/4, W/4).

        added: to the map of each scale, from 1/4 to 1/32; it is how hints come in (`hints`).
        """
        y = self.context(maps[-1])[:, :, None, None]  # (N, w, 1, 1)
        scales = zip(self.lateral, self.up, maps, added, strict=True)
        for lateral, up, seen, more in reversed([*scales]):
            y = y if y.shape[-2:] == (1, 1) else upsample_to(y, seen)
            y = up(lateral(seen) + y + more)  # (N, w, H/32 ... H/4, .)
        return y

    def coarse(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, 2, h/4, w/4), ab / 110 of the photo filled up."""
        return self.head(self.features(x))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, 2, H, W), ab / 110."""
        height, width = x.shape[-2:]
        return upsample_to(self.coarse(x), filled_up(x[:, :1]))[..., :height, :width]


def filled_up(x: Tensor) -> Tensor:
    """x (N, C, H, W) with its last row and column repeated up to multiples of 32."""
    height, width = x.shape[-2:]
    return F.pad(x, [0, -width % STRIDE, 0, -height % STRIDE], "replicate")


# ---- what was lent to us -------------------------------------------------------------------------


def load_encoder(path: str | Path = ENCODER) -> Encoder:
    """The encoder with the weights that come with the course (ImageNet, Apache 2.0), in eval mode.

    Raises CourseError for a file that is missing or no weights file, and for other weights.
    """
    encoder = Encoder()
    fill(encoder, encoder_weights(path), path)
    return encoder.eval()


def encoder_weights(path: str | Path = ENCODER) -> dict[str, Tensor]:
    """{name: weight} of such a file, in 32 bits. Raises CourseError as `load_encoder` does."""
    weights, _ = read_weights(Path(path), "`python bench/encoder.py` makes it")
    return {name: w.float() for name, w in weights.items()}


def fill(encoder: nn.Module, weights: dict[str, Tensor], where: str | Path) -> None:
    """Put weights into an encoder. Raises CourseError where they are those of another one."""
    here = {k: v for k, v in encoder.state_dict().items() if not k.endswith("batches_tracked")}
    if other := differing(here, weights):
        raise CourseError(
            f"{where} holds the weights of another encoder: {len(other)} of {len(here)} arrays "
            f"differ, the first is {other[0]}."
        )
    encoder.load_state_dict(weights, strict=False)  # but for BatchNorm's counters all are there


def from_timm(name: str = TIMM, download: bool = False) -> nn.Module:
    """An encoder made by timm, whose maps are a list from fine to coarse; in eval mode.

    It is empty; download: fill it from the Hub. Raises CourseError where timm is missing or too
    old, knows no such encoder, or finds no network.
    """
    try:
        import timm  # seconds, and only those who want other encoders have it
    except ImportError:
        raise CourseError("timm is not installed here: pip install timm.") from None
    if name not in timm.list_models():
        old = f" This is timm {timm.__version__}; {TIMM_FROM} will do: pip install -U timm."
        hint = old if name == TIMM else did_you_mean(name, timm.list_models())
        raise CourseError(f"timm has no encoder {name!r}.{hint}")
    try:
        return timm.create_model(name, features_only=True, pretrained=download).eval()
    except Exception as error:  # of the Hub's client, which has its own for every kind of trouble
        why = str(error).strip().splitlines() or [type(error).__name__]
        mend = "is there a network?" if download else "does it have maps?"
        raise CourseError(f"timm cannot make {name!r}: {mend} ({why[0][:200]})") from error
