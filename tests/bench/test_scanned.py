"""Lightness as scans have it: what is changed, what is not, and that it comes again."""

import scans
import torch

from colourlib import colour


def batch(count=40, side=32):
    torch.manual_seed(0)
    x = torch.rand(count, 1, side, side) * 1.6 - 0.8
    y = torch.rand(count, 2, 1, 1).expand(-1, -1, side, side) * 0.4 - 0.2
    return x, y


def test_each_photo_is_changed_by_numbers_of_its_own_and_the_same_again():
    x, y = batch()
    before = x.clone()
    one = scans.scanned(x, y, torch.Generator().manual_seed(1))
    assert torch.equal(one, scans.scanned(x, y, torch.Generator().manual_seed(1)))
    assert torch.equal(x, before) and one.shape == x.shape and one.abs().max() <= 1
    gaps = (one - x).abs().mean((1, 2, 3))
    assert len(set(gaps.tolist())) == len(x) and gaps.min() < 0.05 < gaps.max()


def test_what_a_photo_shows_stays():
    x, y = batch(side=64)
    x = torch.nn.functional.interpolate(x[:, :, ::16, ::16], size=64, mode="bilinear")
    scan = scans.scanned(x, y, torch.Generator().manual_seed(2))
    a, b = (v.flatten(1) - v.flatten(1).mean(1, keepdim=True) for v in (x, scan))
    alike = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    assert alike.min() > 0.7 and alike.median() > 0.95


def test_grey_by_luma_is_what_programs_make_of_a_photo():
    rgb = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.5]])[:, :, None, None]
    L, ab = colour.rgb_to_lab(rgb)
    grey = colour.unscale_L(scans.grey_by_luma(colour.scale_L(L), colour.scale_ab(ab)))
    bytes_ = torch.tensor([0.299, 0.114, 0.5])[:, None, None, None].expand(-1, 3, -1, -1)
    assert torch.allclose(grey, colour.rgb_to_lab(bytes_)[0], atol=0.5)
    assert (grey - L)[:2].abs().min() > 1 and (grey - L)[2].abs().max() < 0.5
