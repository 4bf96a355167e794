"""Bins, soft shares, the loss and the way back: against torch's own, and against what must hold."""

import json
import math

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from PIL import Image

from colourlib import colourise, vivid
from colourlib.colour import scale_ab, unscale_ab
from colourlib.common.errors import CourseError
from colourlib.common.files import shipped_folder
from colourlib.common.fingerprints import fingerprint
from colourlib.common.lab import rgb_to_lab
from colourlib.model import ColourNet, upsample_to
from colourlib.transfer import TransferNet

BINS = vivid.bins()


def colours(*shape, seed=0) -> torch.Tensor:
    """ab (N, 2, H, W) in Lab units, of which some lie outside sRGB."""
    return 40 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_bins_are_those_of_srgb_and_each_colour_is_near_its_own():
    assert BINS.shape == (260, 2) and bool((BINS % 10 == 0).all())
    ab = torch.tensor([[4.0, 26.0], [-86.0, 83.0], [79.0, -108.0]])  # grey-red, green, blue: sRGB
    nearest = BINS[vivid.nearest_bin(ab.T[None, :, :, None], BINS)[0, :, 0]]
    assert (nearest - ab).abs().max() <= 5
    everywhere = torch.rand(1, 3, 60, 50, generator=torch.Generator().manual_seed(1))
    _, ab = vivid.rgb_to_lab(everywhere)
    nearest = BINS[vivid.nearest_bin(ab, BINS)].movedim(-1, 1)
    assert (nearest - ab).abs().max() <= 5.01, "a colour of sRGB without a bin"


def test_only_bins_that_occur_are_asked_for():
    ab = torch.tensor([40.0, 30.0])[None, :, None, None].expand(1, 2, 300, 300).clone()
    ab[0, :, 0, 0] = torch.tensor([-40.0, 20.0])  # one pixel of 90,000
    assert vivid.seen(ab).tolist() == [[40.0, 30.0]]


def test_shares_fall_like_a_gaussian_and_sum_to_one():
    ab = colours(2, 2, 5, 6)
    index, share = vivid.soft(ab, BINS)
    assert index.shape == share.shape == (2, 5, 5, 6)
    assert torch.allclose(share.sum(1), torch.ones(2, 5, 6))
    assert torch.equal(index[:, 0], vivid.nearest_bin(ab, BINS))
    distance = (BINS[index] - ab.movedim(1, -1)[:, None]).norm(dim=-1)  # (N, 5, H, W)
    expected = torch.exp(-(distance**2) / 50)
    assert torch.allclose(share, expected / expected.sum(1, keepdim=True), atol=1e-5)


def test_the_loss_is_torchs_and_weights_count_each_bin():
    index, share = vivid.soft(colours(2, 2, 4, 3), BINS)
    logits = torch.randn(2, 260, 4, 3, generator=torch.Generator().manual_seed(2))
    target = torch.zeros_like(logits).scatter_(1, index, share)  # (N, Q, H, W)
    ours = vivid.cross_entropy(logits, index, share)
    assert torch.allclose(ours, F.cross_entropy(logits, target))
    weights = torch.rand(260, generator=torch.Generator().manual_seed(3))
    ours = vivid.cross_entropy(logits, index, share, weights)
    by_torch = F.cross_entropy(logits, target, weight=weights, reduction="none").mean()
    assert torch.allclose(ours, by_torch)


def test_the_prior_is_the_mean_of_all_shares():
    ab = colours(3, 2, 4, 5)
    index, share = vivid.soft(ab, BINS)
    dense = torch.zeros(3, 260, 4, 5).scatter_(1, index, share)
    assert torch.allclose(vivid.prior(ab, BINS), dense.mean((0, 2, 3)), atol=1e-6)


def test_balance_lifts_what_is_rare_and_leaves_the_mean_at_one():
    prior = vivid.prior(colours(4, 2, 20, 20), BINS)
    for even in (1.0, 0.5, 0.0):
        weights = vivid.balance(prior, BINS, even)
        assert (prior * weights).sum().item() == pytest.approx(1, abs=1e-4)
    assert torch.allclose(vivid.balance(prior, BINS, 1.0), torch.ones(260), atol=1e-4)
    half, full = vivid.balance(prior, BINS), vivid.balance(prior, BINS, 0.0)
    common, rare = prior.argmax(), prior.argmin()
    assert full[rare] / full[common] > half[rare] / half[common] > 1.5


@pytest.mark.parametrize("side", [16, 33, 64])
def test_the_network_starts_at_the_prior_at_a_quarter_of_the_size(side):
    prior = vivid.prior(colours(2, 2, 30, 30), BINS[::4])
    net = vivid.VividNet(prior, width=8).eval()
    x = torch.rand(2, 1, side, side + 5) * 2 - 1
    logits = net(x)
    assert logits.shape == (2, 65, math.ceil(side / 4), math.ceil((side + 5) / 4))
    assert torch.allclose(logits.softmax(1)[0, :, 0, 0], prior, atol=1e-4)
    assert vivid.quarter(torch.zeros(2, 2, side, side + 5), logits).shape[2:] == logits.shape[2:]
    assert vivid.Vivid(net, BINS[::4])(x).shape == (2, 2, side, side + 5)


def test_it_is_colournet_but_for_its_head():
    torch.manual_seed(0)
    body, twin = ColourNet(8), vivid.VividNet(torch.full((7,), 1 / 7), 8)
    same = {k: v for k, v in body.state_dict().items() if not k.startswith("head")}
    assert set(twin.state_dict()) == set(body.state_dict())
    twin.load_state_dict(same, strict=False)
    twin.head = body.head
    x = torch.rand(1, 1, 32, 48) * 2 - 1
    with torch.no_grad():
        ours = vivid.upsample_to(twin.eval()(x), x)
        assert torch.allclose(ours, body.eval()(x), atol=1e-6)


def test_temperature_leads_from_the_mean_to_the_mode():
    logits = torch.randn(1, 260, 2, 3, generator=torch.Generator().manual_seed(4))
    mean = torch.einsum("nqhw,qc->nchw", logits.softmax(1), BINS)
    assert torch.allclose(vivid.annealed(logits, BINS, 1), mean, atol=1e-4)
    mode = BINS[logits.argmax(1)].movedim(-1, 1)
    assert torch.allclose(vivid.annealed(logits, BINS, 0.001), mode, atol=0.5)
    assert torch.allclose(vivid.annealed(logits, BINS, 1000.0), BINS.mean(0)[:, None, None], atol=1)


def test_a_photo_gets_back_the_chroma_that_its_mean_lost():
    two = torch.tensor([[50.0, 10.0], [-30.0, 10.0]])  # red or green, 50 or 32 units of chroma
    logits = torch.zeros(1, 2, 4, 4)
    unsure = vivid.annealed(logits, two, 1)  # (10, 10) everywhere
    back = {part: vivid.given_back(unsure, logits, two, part) for part in (0.0, 0.5, 1.0)}
    assert torch.equal(back[0.0], unsure)
    assert back[1.0].square().sum(1).mean().item() == pytest.approx((2600 + 1000) / 2, rel=1e-4)
    assert torch.allclose(back[0.5] ** 2, back[0.0] * back[1.0], rtol=1e-4)  # halfway, as factors
    sure = torch.tensor([9.0, -9.0])[None, :, None, None].expand(1, 2, 4, 4) * 9
    red = vivid.annealed(sure, two, 1)
    assert torch.allclose(vivid.given_back(red, sure, two, 1.0), red, atol=1e-3)
    grey = 0 * red
    assert torch.equal(vivid.given_back(grey, 0 * sure, 0 * two, 1.0), grey)


@pytest.mark.parametrize(
    ("logits", "temperature", "words"),
    [
        (torch.zeros(1, 260, 2, 2), 0, "above 0"),
        (torch.zeros(1, 260, 2, 2), -1.0, "above 0"),
        (torch.zeros(1, 260, 2, 2), math.nan, "above 0"),
        (torch.zeros(1, 260, 2, 2), "0.38", "above 0"),
        (torch.full((1, 260, 2, 2), math.nan), 0.38, "not finite"),
        (torch.zeros(1, 2, 8, 8), 0.38, "VividNet"),
        (torch.zeros(1, 62, 2, 2), 0.38, "260 bins"),
    ],
)
def test_what_cannot_be_a_colour_is_told_with_its_mend(logits, temperature, words):
    with pytest.raises(CourseError, match=words) as told:
        vivid.annealed(logits, BINS, temperature)
    assert len(str(told.value).split(". ")) <= 2


def test_a_network_for_the_other_task_is_told():
    grey = torch.zeros(40, 40, dtype=torch.uint8).numpy()
    net = vivid.VividNet(torch.full((260,), 1 / 260), 8)
    with pytest.raises(CourseError, match=r"vivid.Vivid\(network, bins\)"):
        colourise(grey, net)
    with pytest.raises(CourseError, match="VividNet"):
        colourise(grey, vivid.Vivid(ColourNet(8), BINS))
    assert colourise(grey, vivid.Vivid(net, BINS, size=32)).size == (40, 40)


def test_it_learns_two_colours_where_a_mean_would_be_grey():
    """One lightness, two colours, evenly: the distribution has both, the mode is one of them."""
    torch.manual_seed(0)
    ab = torch.tensor([[40.0, 20.0], [-40.0, 20.0]])[:, :, None, None].expand(2, 2, 4, 4)
    bins = vivid.seen(ab)
    net = vivid.VividNet(vivid.prior(ab, bins), 8)
    logits = net(torch.zeros(2, 1, 16, 16))
    shares = logits.softmax(1)[0, :, 0, 0]
    assert shares.tolist() == pytest.approx([0.5, 0.5], abs=1e-3)
    assert vivid.annealed(logits, bins, 1.0)[0, 0].abs().max() < 1e-2  # the mean: neither
    index, share = vivid.soft(ab, bins)
    assert vivid.cross_entropy(logits, index, share).item() == pytest.approx(math.log(2), abs=1e-3)
    assert unscale_ab(vivid.Vivid(net, bins)(torch.zeros(1, 1, 16, 16))).abs().max() < 41
    back = unscale_ab(vivid.Vivid(net, bins, 1, part=1)(torch.zeros(1, 1, 16, 16)))
    assert back.norm(dim=1).mean().item() == pytest.approx(math.hypot(40, 20), rel=1e-2)  # not 20


# ---- the tool ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def transfer():
    torch.manual_seed(0)
    return TransferNet(8).eval()


def head_of(network, path, bins=BINS, **changes):
    """A file with a random head for a network."""
    prior = torch.full((260,), 1 / 260)
    head = vivid.VividHead(prior, 8)
    torch.nn.init.normal_(head[1].weight)
    card = {"of": fingerprint(network.state_dict()), "sizes": [64], "size": 64}
    card |= {"given_back": 0.5, "temperature": 0.3} | changes
    arrays = head.state_dict() | {"bins": bins, "prior": prior}
    safetensors.torch.save_file(arrays, path, {"card": json.dumps(card)})
    return path


def test_a_head_beside_a_network_makes_it_vivid(transfer, tmp_path):
    path = head_of(transfer, tmp_path / "vivid.safetensors")
    network, card = vivid.vividly(transfer, {"size": 128, "saturation": 0.9}, None, path)
    assert network.temperature == 0.3 and card["sizes"] == [64] and "saturation" not in card
    x = torch.rand(1, 1, 40, 52) * 2 - 1
    with torch.no_grad():
        y, logits = network(x), network.logits(x)
        ab = vivid.annealed(logits, BINS, 0.3)
        ab = vivid.given_back(ab, logits, BINS, 0.5)  # (1, 2, 16, 16): filled up to 64 x 64
        wanted = scale_ab(upsample_to(ab, torch.zeros(1, 1, 64, 64)))[..., :40, :52]
    assert y.shape == (1, 2, 40, 52)
    assert torch.allclose(y, wanted, atol=1e-5)
    warm, _ = vivid.vividly(network, card, 1)
    assert (warm.temperature, network.temperature) == (1.0, 0.3)
    with torch.no_grad():
        assert not torch.allclose(warm(x), y)


@pytest.mark.parametrize(
    ("network", "temperature", "changes", "words"),
    [
        (ColourNet(8), None, {}, "ColourNet answers with one ab a pixel"),
        (lambda x: x, None, {}, "This colouriser answers with one ab"),
        (None, 0, {}, "above 0"),
        (None, -1, {}, "above 0"),
        (None, None, {"of": "0123456789ab"}, "belongs to other weights"),
        (None, None, {"bins": BINS[:-1]}, "259 bins for a head of 260"),
    ],
)
def test_what_cannot_be_vivid_is_told_in_a_sentence(
    network, temperature, changes, words, transfer, tmp_path
):
    path = head_of(transfer, tmp_path / "vivid.safetensors", **changes)
    with pytest.raises(CourseError, match=words):
        vivid.vividly(network or transfer, {}, temperature, path)


def test_a_head_that_is_missing_or_cut_short_is_told(transfer, tmp_path):
    path = tmp_path / "vivid.safetensors"
    with pytest.raises(CourseError, match="vivid.safetensors is missing"):
        vivid.vividly(transfer, {}, None, path)
    whole = head_of(transfer, path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CourseError, match="damaged"):
        vivid.vividly(transfer, {}, None, path)


def test_a_temperature_alone_is_told():
    grey = torch.zeros(40, 40, dtype=torch.uint8).numpy()
    with pytest.raises(CourseError, match="vivid=True"):
        colourise(grey, ColourNet(8), temperature=0.5)
    with pytest.raises(CourseError, match="ColourNet answers"):
        colourise(grey, ColourNet(8), vivid=True)


@pytest.mark.skipif(not vivid.SHIPPED.is_file(), reason="no vivid head is shipped")
def test_the_shipped_head_is_more_colourful_and_keeps_the_lightness():
    photo = shipped_folder("photos") / "lake.jpg"
    with Image.open(photo) as image:
        image = image.convert("RGB").resize((160, 120))
    mean, bold = (np.asarray(colourise(image, vivid=v)).astype(float) for v in (False, True))
    assert np.abs(mean - bold).max() > 5
    spread = [np.ptp(picture, axis=2).mean() for picture in (mean, bold)]
    assert spread[1] > spread[0]
    (one, _), (other, _) = (rgb_to_lab(p.astype(np.uint8)) for p in (mean, bold))
    assert np.abs(one - other).mean() < 1.5
