"""Three networks that turn lightness (N, 1, H, W) into chroma (N, 2, H, W), of any size from 16 up.

`PlainNet` is the course's first try, `EncoderDecoder` the second, `ColourNet` the one that stays.
All are built from one brick, `conv_bn_relu`, or its twin with a pooling inside,
`conv_pool_bn_relu`. 04_model builds ColourNet step by step, more/04_receptive_fields the others.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common.errors import CourseError
from .common.inputs import check_input


def conv_bn_relu(channels_in: int, channels_out: int, kernel: int = 3) -> nn.Sequential:
    """Conv2d -> BatchNorm2d -> ReLU with same padding: (N, in, H, W) -> (N, out, H, W).

    The convolution has no bias: BatchNorm subtracts the mean, and a bias with it.
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def conv_pool_bn_relu(channels_in: int, channels_out: int) -> nn.Sequential:
    """The brick with 2x2 max pooling behind its convolution: (N, in, H, W) -> (N, out, H/2, W/2).

    H odd -> (H + 1) / 2. BatchNorm and ReLU then work on a quarter of the pixels. BatchNorm's
    factors start at 1, and while they are positive, the largest of four values is still the
    largest after them; only the mean and the deviation change, because they are the maxima's.
    """
    conv, *rest = conv_bn_relu(channels_in, channels_out)
    return nn.Sequential(conv, nn.MaxPool2d(2, ceil_mode=True), *rest)


def chroma_head(channels_in: int) -> nn.Conv2d:
    """The last layer: 1x1 convolution to ab, without ReLU, because chroma has a sign.

    Its weights start at zero, so that an untrained network answers ab = 0: the grey copy.
    """
    head = nn.Conv2d(channels_in, 2, kernel_size=1)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


class PlainNet(nn.Module):
    """A stack of same-padded conv/BN/ReLU at full resolution: simple, slow, and short-sighted.

    Every layer adds 2 pixels to the receptive field: with depth 6, an output pixel sees 13 x 13.
    """

    def __init__(self, width: int = 64, depth: int = 6) -> None:
        super().__init__()
        layers = [conv_bn_relu(1, width)]
        layers += [conv_bn_relu(width, width) for _ in range(depth - 1)]
        self.body = nn.Sequential(*layers)
        self.head = chroma_head(width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, 2, H, W), ab / 110."""
        check_input(x, 3 * self.head.in_channels, 2 * len(self.body) * self.head.in_channels)
        return self.head(self.body(x))


def pool(x: Tensor) -> Tensor:
    """2x2 max pooling, but not of maps 2 or 3 pixels narrow; H odd -> (H + 1) / 2.

    BatchNorm cannot take the mean of one pixel, and a batch may hold a single picture.
    """
    return F.max_pool2d(x, 2, ceil_mode=True) if min(x.shape[-2:]) > 3 else x


def upsample_to(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear enlargement of x, 2 or 4 times, cut to the height and width of `like`.

    By whole factors each value stays over the pixels that it was made from, also at odd sizes.
    Raises CourseError where x is twice as large as `like`, or more.
    """
    height, width = like.shape[-2:]
    # Maps of 2 or 3 pixels are not pooled, so that there x may well be the larger one.
    if min(height, width) > 3 and (x.shape[-2] >= 2 * height or x.shape[-1] >= 2 * width):
        raise CourseError(
            f"upsample_to enlarges, but x is {x.shape[-2]} x {x.shape[-1]} and `like` only "
            f"{height} x {width}. Exchange the two: upsample_to(small, large)."
        )
    # (m + n - 1) // n, not -(-m // n): ONNX rounds the quotient of a negative number toward 0.
    size = [n * ((m + n - 1) // n) for n, m in zip(x.shape[-2:], (height, width), strict=True)]
    enlarged = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    return enlarged[..., :height, :width]


class EncoderDecoder(nn.Module):
    """Max pooling on the way down, skip connections on the way up; full-resolution chroma."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.down1 = conv_bn_relu(1, w)
        self.down2 = conv_bn_relu(w, 2 * w)
        self.down3 = conv_bn_relu(2 * w, 4 * w)
        self.deep = nn.Sequential(conv_bn_relu(4 * w, 8 * w), conv_bn_relu(8 * w, 4 * w))
        self.up3 = conv_bn_relu(8 * w, 2 * w)
        self.up2 = conv_bn_relu(4 * w, w)
        self.up1 = conv_bn_relu(2 * w, w)
        self.head = chroma_head(w)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, 2, H, W), ab / 110."""
        check_input(x, 6 * self.head.in_channels, 12 * self.head.in_channels)
        full = self.down1(x)  # (N, w, H, W)
        half = self.down2(pool(full))  # (N, 2w, H/2, W/2)
        quarter = self.down3(pool(half))  # (N, 4w, H/4, W/4)
        deep = self.deep(pool(quarter))  # (N, 4w, H/8, W/8)
        y = self.up3(torch.cat([upsample_to(deep, quarter), quarter], dim=1))
        y = self.up2(torch.cat([upsample_to(y, half), half], dim=1))
        y = self.up1(torch.cat([upsample_to(y, full), full], dim=1))
        return self.head(y)  # (N, 2, H, W) ab / 110


class ColourNet(nn.Module):
    """Local features, global context, chroma at a quarter of the resolution.

    Max pooling leads down to 1/16. There the map is pooled to 1 x 1, passed through fully connected
    layers and added to every place (global context, after Iizuka et al. 2016). On the way up to 1/4
    the skip connections are added, not stacked, which halves the cost; the last step to full size
    is bilinear, because chroma is smooth. No skip leaves from the two largest maps, so they are
    pooled before BatchNorm, which then has four times fewer pixels to normalise.

    Without the context, a crop whose corner lies at multiples of 16 gets the colours that it has in
    the whole photo, except for 144 pixels along its border. With it, the answer depends on all of
    the picture, and that is its purpose: a crop is a picture of something else.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.down1 = conv_pool_bn_relu(1, w // 4)
        self.down2 = conv_pool_bn_relu(w // 4, w)
        self.down3 = conv_bn_relu(w, 2 * w)
        self.down4 = conv_bn_relu(2 * w, 3 * w)
        self.deep = nn.Sequential(
            conv_bn_relu(3 * w, 5 * w), conv_bn_relu(5 * w, 5 * w), conv_bn_relu(5 * w, 5 * w)
        )
        self.context = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),  # (N, 5w, 1, 1), whatever the size of the picture
            nn.Flatten(),
            nn.Linear(5 * w, 5 * w),
            nn.ReLU(),
            nn.Linear(5 * w, 5 * w),
        )
        self.fuse = conv_bn_relu(5 * w, 5 * w)
        self.narrow4 = conv_bn_relu(5 * w, 3 * w)
        self.up4 = conv_bn_relu(3 * w, 3 * w)
        self.narrow3 = conv_bn_relu(3 * w, 2 * w)
        self.up3 = conv_bn_relu(2 * w, 2 * w)
        self.head = chroma_head(2 * w)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) in -1..1 -> (N, 2, H, W), ab / 110."""
        check_input(x, self.head.in_channels * 3 // 8, self.head.in_channels * 6 // 5)
        quarter = self.down3(self.down2(self.down1(x)))  # (N, 2w, H/4, W/4)
        eighth = self.down4(pool(quarter))  # (N, 3w, H/8, W/8)
        deep = self.deep(pool(eighth))  # (N, 5w, H/16, W/16)
        whole_picture = self.context(deep)[:, :, None, None]  # (N, 5w, 1, 1)
        deep = self.fuse(deep + whole_picture)  # the same context at every place
        eighth = self.up4(eighth + upsample_to(self.narrow4(deep), eighth))
        quarter = self.up3(quarter + upsample_to(self.narrow3(eighth), quarter))
        return upsample_to(self.head(quarter), x)  # (N, 2, H, W) ab / 110
