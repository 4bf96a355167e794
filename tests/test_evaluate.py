"""The scores that every chapter uses against examples worked by hand, and the baselines."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from colourlib import colour, evaluate
from colourlib.data import PhotoSet
from colourlib.model import ColourNet


def photo_set(ab_values, L=128, size=16):
    """Photos of one even colour each; ab in Lab units."""
    n = len(ab_values)
    ab = np.full((n, 2, size, size), np.array(ab_values)[:, :, None, None] + 128, np.uint8)
    return PhotoSet(np.full((n, size, size), L, np.uint8), ab, [{"query": "cars"}] * n, size)


def constant(a, b):
    return evaluate.tint(colour.scale_ab(torch.tensor([float(a), float(b)])))


def test_explained_chroma_by_hand():
    photos = photo_set([(40, 0), (0, 20)])  # squared chroma 1600 and 400: 2000 together
    # answer (20, 0): errors (20, 0) and (20, -20), squared 400 + 800 = 1200; 1 - 1200/2000 = 0.4
    for answer, by_hand in ((evaluate.grey, 0), (constant(20, 0), 0.4)):
        assert evaluate.score(answer, photos).explained_chroma == pytest.approx(by_hand, abs=1e-5)
    assert evaluate.score(constant(-40, 0), photos).explained_chroma < 0  # worse than grey


def test_validate_is_the_same_number():
    photos, answer = photo_set([(40, 0), (0, 20), (10, -30)]), constant(5, 5)
    error, explained = evaluate.validate(answer, photos)
    assert explained == pytest.approx(evaluate.score(answer, photos).explained_chroma)
    by_hand = ((35**2 + 5**2) + (5**2 + 15**2) + (5**2 + 35**2)) / 6 / colour.AB_SCALE**2
    assert error == pytest.approx(by_hand, rel=1e-4)


def test_psnr_pools_the_error_and_the_mean_does_not():
    assert evaluate.psnr(0.01) == pytest.approx(20)
    assert evaluate.psnr(0) == math.inf
    photos = photo_set([(60, 0), (2, 0)])
    scores = evaluate.score(evaluate.grey, photos)
    errors = []
    for i in range(2):
        x, y = photos.__getitems__([i])
        truth, guess = colour.to_picture(x, y) / 255.0, colour.to_picture(x, 0 * y) / 255.0
        errors.append(((truth - guess) ** 2).mean())
    assert scores.psnr == pytest.approx(-10 * math.log10(np.mean(errors)), abs=0.1)
    assert scores.psnr_mean == pytest.approx(np.mean(-10 * np.log10(errors)), abs=0.5)
    assert scores.psnr_mean > scores.psnr + 5  # the nearly grey photo rules it


def test_colourfulness_by_hand():
    rgb = torch.tensor([1.0, 0, 0])[None, :, None, None].expand(1, 3, 4, 4)  # even red
    # rg = 255, yb = 127.5, no spread: 0.3 * sqrt(255^2 + 127.5^2) = 85.53
    assert evaluate.colourfulness(rgb).item() == pytest.approx(85.53, abs=0.01)
    half = torch.cat([rgb, torch.full((1, 3, 4, 4), 0.5)], dim=3)  # half red, half grey
    # rg: mean 127.5, deviation 127.5; yb: 63.75 and 63.75
    expected = math.hypot(127.5, 63.75) + 0.3 * math.hypot(127.5, 63.75)
    assert evaluate.colourfulness(half).item() == pytest.approx(expected, rel=1e-4)
    grey = torch.full((1, 3, 4, 4), 0.3)
    assert evaluate.colourfulness(grey).item() == pytest.approx(0, abs=1e-4)


def test_the_truth_scores_perfectly(practice_data):
    photos = practice_data.validation
    truth = iter([photos.__getitems__(list(range(len(photos))))[1]])
    scores = evaluate.score(lambda x: next(truth), photos)
    assert scores.explained_chroma == 1 and scores.colourfulness == pytest.approx(1)
    assert scores.psnr == math.inf


def test_compare_puts_baselines_first_and_the_optimum_above_them(practice_data):
    table = evaluate.compare({"untrained": ColourNet(width=8)}, practice_data)
    assert list(table) == ["grey copy", "mean tint", "untrained", "optimum"]
    explained = {name: scores.explained_chroma for name, scores in table.items()}
    assert explained.pop("untrained") == pytest.approx(explained["grey copy"])
    assert explained["optimum"] > max(0.5, explained["mean tint"])
    assert all(len(row) == len(evaluate.HEADERS) for row in evaluate.rows(table))
    levels = evaluate.levels(practice_data)
    assert list(levels) == list(explained) and levels == pytest.approx(explained, abs=1e-6)


def test_predict_uses_eval_mode_and_leaves_the_network_as_it_was(practice_data):
    """In train mode a photo's answer would depend on the batch it is in."""
    net = ColourNet(width=8)
    nn.init.normal_(net.head.weight, std=0.1)
    frozen = net.down1[2].eval()
    answers = [evaluate.predict(net, practice_data.validation, size) for size in (1, 12)]
    one, many = (torch.cat([p for _, _, p in answer]) for answer in answers)
    torch.testing.assert_close(one, many, atol=1e-5, rtol=1e-4)
    evaluate.validate(net, practice_data.validation)
    assert net.training and net.down2.training and not frozen.training


def test_two_networks_walked_side_by_side_leave_nothing_behind(practice_data):
    nets = [ColourNet(width=8).train() for _ in range(2)]
    pairs = zip(*(evaluate.predict(net, practice_data.validation) for net in nets), strict=True)
    x, y, answer = next(pairs)[0]
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert all(net.training for net in nets), "also while the walk is not at its end"
    answer *= 2  # it may be changed
    net = nn.Conv2d(2, 2, 1)
    (net(answer) - y).square().mean().backward()  # and trained on
    assert net.weight.grad is not None
