"""Hints: drawn from the truth, seen by the network, given by a person, kept in a file."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from colourlib import CourseError, hints
from colourlib import __main__ as command
from colourlib.colourise import SHIPPED, colourise, shipped
from colourlib.common.fingerprints import fingerprint
from colourlib.common.lab import rgb_to_lab
from colourlib.hints import HintNet, checked, drawn, simulated
from colourlib.model import ColourNet
from colourlib.nearness import put_right, shrunk
from colourlib.runs import weights
from colourlib.transfer import TransferNet

SIZE = (60, 40)  # width, height
ONE = [(15, 30, 40.0, -20.0)]


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = HintNet(8).eval()
    for layer in (net.head, *net.hint):
        nn.init.normal_(layer.weight, std=0.3)
    return net


@pytest.fixture
def photo(tmp_path):
    """A photo of 60 x 40, whose camera was turned: in the file it lies."""
    rows = np.linspace(60, 200, 40)[:, None] + np.linspace(0, 40, 60)
    upright = Image.fromarray(rows.astype(np.uint8)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "old.jpg"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95)
    return path


@pytest.fixture
def with_weights(tmp_path, monkeypatch):
    """A file of hints' weights for the shipped network; gives what writes it."""
    path = tmp_path / "hints.safetensors"
    monkeypatch.setattr(hints, "SHIPPED", path)

    def write(of=None, width=96, **card):
        torch.manual_seed(1)
        net = HintNet(width)
        if width == 96:
            net.load_state_dict(load_file(SHIPPED), strict=False)
        for conv in net.hint:
            nn.init.normal_(conv.weight, std=5.0)
        made = {k: w for k, w in net.state_dict().items() if not k.startswith("encoder.")}
        made = {k: w.half() if w.ndim > 1 else w for k, w in made.items()}
        stored = shipped_arrays() if of is None else of
        save_file(made, path, {"card": json.dumps({"of": stored} | card)})

    write()
    return write


def shipped_arrays():
    return fingerprint(load_file(SHIPPED))


# ---- from the truth ------------------------------------------------------------------------------


def test_simulated_hints_are_squares_of_the_true_mean():
    y = torch.randn(1, 2, 30, 40, generator=dice())
    seen = simulated(y, dice(3), number=1)
    rows, columns = seen[0, 2].nonzero().unbind(1)
    box = (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1))
    assert seen[0, 2][box].all() and seen[0, 2].sum() == len(rows) <= hints.LARGEST**2
    assert (box[0].stop - box[0].start) == (box[1].stop - box[1].start)
    rows, columns = box
    mean = y[0, :, rows, columns].mean((1, 2))
    inside = seen[0, :2, rows, columns]
    assert torch.allclose(inside, mean[:, None, None].expand_as(inside))
    assert not seen[0, :2][:, seen[0, 2] == 0].any()


def test_half_of_the_photos_have_none_and_the_others_seven():
    numbers = torch.tensor([hints.how_many(dice) for dice in [dice()] for _ in range(4000)]).float()
    assert abs((numbers == 0).float().mean() - 0.5) < 0.03
    assert abs(numbers[numbers > 0].mean() - 7) < 0.5
    assert not simulated(torch.ones(2, 2, 20, 20), dice(), 0).any()


def test_shrunk_hints_keep_their_colour():
    fine = torch.zeros(1, 3, 8, 8)
    fine[0, :, 0, 1] = torch.tensor([0.5, -0.25, 1.0])
    coarse = shrunk(fine, 4)
    assert coarse[0, :, 0, 0].tolist() == pytest.approx([0.5, -0.25, 1.0])
    assert coarse[0, 2].sum() == 1 and not coarse[0, :, 1, 1].any()


@pytest.mark.parametrize(("by_features", "by_L"), [(9.0, 0.0), (0.0, 2.0)])
def test_an_error_is_put_right_where_it_looks_alike_and_nowhere_else(by_features, by_L):
    """Left looks unlike right. One hint on the left: its error spreads there, and not beyond."""
    features, L = torch.zeros(2, 4, 8, 8), torch.zeros(2, 1, 8, 8)
    features[..., 4:], L[..., 4:] = by_features, by_L
    ab, seen = torch.full((2, 2, 8, 8), 0.2), torch.zeros(2, 3, 8, 8)
    seen[0, :, 3, 1] = torch.tensor([0.5, -0.1, 1.0])  # the second photo has none
    right = put_right(ab, features, L, seen)
    assert right[0, :, 3, 1].tolist() == pytest.approx([0.5, -0.1], abs=0.01)
    assert (right[0, 0, :, :4] > 0.4).all() and (right[0, 1, :, :4] < 0).all()
    assert torch.allclose(right[0, ..., 4:], ab[0, ..., 4:], atol=1e-4)
    assert torch.equal(right[1], ab[1])


@torch.no_grad()
def test_a_network_that_trains_puts_nothing_right():
    """In eval mode alone: its hints' weights are 0, so that nothing else can take a hint up."""
    net, x = HintNet(8), torch.zeros(1, 4, 64, 64)
    x[:, 1:, 8:16, 8:16] = 0.7
    alone, at = net.eval()(x[:, :1]), (0, 0, 12, 12)
    assert net(x)[at] > 0.5 > alone[at]
    maps, L, seen = net.train().maps(x[:, :1]), x[:, :1], x[:, 1:]
    assert torch.equal(net.hinted(maps, L, seen), net.hinted(maps, L, 0 * seen))


# ---- the network ---------------------------------------------------------------------------------


@torch.no_grad()
def test_without_hints_it_is_a_transfernet(net):
    x = torch.rand(2, 1, 33, 50) * 2 - 1
    plain = TransferNet(8).eval()
    plain.load_state_dict(net.state_dict(), strict=False)
    none = torch.zeros(2, 3, 33, 50)
    assert torch.equal(net(x), plain(x))
    assert torch.allclose(net(torch.cat([x, none], 1)), plain(x), atol=1e-6)
    none[:, 2, 4, 5] = 1
    assert not torch.allclose(net(torch.cat([x, none], 1)), plain(x), atol=1e-3)
    with pytest.raises(CourseError, match=r"not \(2, 3, 33, 50\)"):
        net(torch.cat([x, x, x], 1))


# ---- by a person ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(16, 24), (96, 144), (128, 192)])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (59, 39), (30, 20), (59.9, 0), (31, 39)])
def test_a_hint_is_a_square_at_its_place_at_every_size(x, y, shape):
    seen = drawn(checked([(x, y, 11.0, -22.0)], SIZE), SIZE, shape)
    row, column = int(y * shape[0] / 40), int(x * shape[1] / 60)
    assert seen[0, :, row, column].tolist() == pytest.approx([0.1, -0.2, 1.0])
    assert 1 <= seen[0, 2].sum() <= max(1, (round(min(shape) / 32)) ** 2)


def test_of_two_hints_in_one_place_the_later_counts():
    seen = drawn(checked([(9, 9, 11, 0), (9, 9, "#808080")], SIZE), SIZE, (40, 60))
    assert seen[0, 2, 9, 9] == 1 and abs(seen[0, 0, 9, 9]) < 1e-3


def test_of_a_colour_its_chroma_is_taken():
    (_, _, a, b), named = checked([(1, 2, "#2e7d32"), (1, 2, "green")], SIZE)
    _, ab = rgb_to_lab(np.array([[[0x2E, 0x7D, 0x32]]], np.uint8))
    assert (a, b) == pytest.approx(tuple(ab[0, 0])) and named[2] < -40


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([(60, 3, 1, 2)], "Hint 1 lies at x = 60, y = 3, but the photo has 60 x 40 pixels"),
        ([(1, 2, 3, 4), (-1, 3, 1, 2)], "Hint 2 lies at x = -1"),
        ([(float("nan"), 3, 1, 2)], "x = nan"),
        ([("3", 3, 1, 2)], "x = 3"),
        ([(3, 3, float("nan"), 2)], "a = nan, b = 2, but both are numbers from -128 to 128"),
        ([(3, 3, 300, 2)], "a = 300"),
        ([(3, 3, True, 2)], "a = True"),
        ([(3, 3, "grene")], "the colour 'grene', but a colour is '#2e7d32'"),
        ([(3, 3, "#12")], "the colour '#12'"),
        ([(3, 3, 7)], "the colour 7"),
        ([(3, 3)], r"Hint 1 is \(3, 3\), but should be \(x, y, a, b\)"),
        ([7], "Hint 1 is 7"),
        ("photo.json", r"Hints are a list of \(x, y, a, b\), not str"),
        ({3: 4}, "not dict"),
    ],
)
def test_what_is_no_hint_is_told_in_a_sentence(given, words):
    with pytest.raises(CourseError, match=words):
        checked(given, SIZE)


def test_a_hint_changes_the_colour_where_it_lies_and_no_lightness(photo, net):
    plain, given = (colourise(photo, net, hints=h) for h in ((), ONE))
    assert given.size == SIZE
    gaps = [rgb_to_lab(np.asarray(p)) for p in (plain, given)]
    assert np.abs(gaps[0][0] - gaps[1][0]).max() < 1.5
    assert np.abs(gaps[0][1] - gaps[1][1]).max() > 2
    assert colourise(photo, net, hints=None).tobytes() == plain.tobytes()
    assert colourise(photo, net, hints=np.array(ONE)).tobytes() == given.tobytes()


def test_a_photo_that_is_turned_has_its_hints_upright(photo, net):
    upright = Image.fromarray(np.asarray(Image.open(photo).transpose(Image.Transpose.ROTATE_270)))
    assert colourise(photo, net, hints=[(59, 3, 9, 9)]).size == (60, 40)
    one, other = (colourise(p, net, hints=ONE) for p in (photo, upright))
    assert np.abs(np.asarray(one).astype(int) - np.asarray(other)).max() <= 1
    with pytest.raises(CourseError, match="60 x 40"):
        colourise(photo, net, hints=[(3, 50, 9, 9)])


# ---- which network -------------------------------------------------------------------------------


def test_the_shipped_network_takes_hints_by_its_twins_weights(photo, with_weights):
    plain, given = (colourise(photo, hints=h) for h in ((), ONE))
    assert np.abs(np.asarray(plain).astype(int) - np.asarray(given)).max() > 3
    loaded = colourise(photo, weights.load(), hints=ONE)
    assert loaded.tobytes() == given.tobytes()
    assert not hasattr(shipped(SHIPPED)[0], "hint"), "the shipped network itself stays"


class Own(ColourNet):
    takes_hints = True

    def forward(self, x):
        return super().forward(x[:, :1]) + x[:, 1:3]


def test_a_network_of_ones_own_takes_hints_if_it_says_so(photo):
    one, other = (colourise(photo, Own(8), hints=h) for h in ([(15, 30, 0, 0)], ONE))
    assert one.tobytes() != other.tobytes()


@pytest.mark.parametrize(
    ("model", "words"),
    [(ColourNet(8), "ColourNet takes no hints"), (lambda x: x, "This colouriser takes no hints")],
)
def test_a_network_that_takes_none_is_told(photo, model, words):
    with pytest.raises(CourseError, match=f"{words}.*takes_hints = True"):
        colourise(photo, model, hints=ONE)


def test_weights_of_another_network_are_refused(photo, with_weights):
    with_weights(of="0123456789ab")
    with pytest.raises(CourseError, match="belongs to other weights than this TransferNet's"):
        colourise(photo, hints=ONE)
    with_weights(width=8)
    with pytest.raises(CourseError, match="holds other layers than a HintNet"):
        colourise(photo, hints=ONE)
    with_weights()
    with pytest.raises(CourseError, match="belongs to other weights"):
        colourise(photo, TransferNet(96), hints=ONE)


def test_weights_that_are_missing_or_damaged_are_told(photo, with_weights):
    hints.SHIPPED.write_bytes(b"no weights")
    with pytest.raises(CourseError, match="is damaged or no weights file"):
        colourise(photo, hints=ONE)
    hints.SHIPPED.unlink()
    with pytest.raises(CourseError, match="is missing"):
        colourise(photo, hints=ONE)


# ---- in a file -----------------------------------------------------------------------------------


def test_a_file_of_hints_comes_back(photo, tmp_path):
    given = [(15, 30, 40.0, -20.0), (np.int64(3), 4.5, "#2e7d32")]
    path = hints.save(tmp_path / "old.json", photo, given)
    assert hints.read(path, photo) == given
    held = json.loads(path.read_text())
    assert held["version"] == 1 and held["photo"]["size"] == [60, 40]
    assert held["photo"]["name"] == "old.jpg" and len(held["photo"]["sha256"]) == 64


def test_hints_that_are_none_are_not_written(photo, tmp_path):
    with pytest.raises(CourseError, match="Hint 1 lies"):
        hints.save(tmp_path / "old.json", photo, [(70, 3, 1, 2)])
    with pytest.raises(CourseError, match="cannot be read as a picture"):
        hints.save(tmp_path / "old.json", tmp_path / "gone.jpg", ONE)
    assert not list(tmp_path.glob("*.json*"))


DAMAGE = [
    (lambda held: held[: len(held) // 2], "is damaged, or is no file of hints"),
    (lambda held: "[1, 2]", "is damaged, or is no file of hints"),
    (lambda held: "[" * 100_000, "is damaged, or is no file of hints"),
    (lambda held: held.replace('"version": 1', '"version": 3'), "version 3; this colourlib"),
    (lambda held: held.replace('"photo"', '"picture"'), "a part of it is missing"),
    (lambda held: held.replace('"size"', '"sice"'), "a part of it is missing"),
    (lambda held: held.replace('"old.jpg"', "7"), "no name or no size"),
    (lambda held: held.replace('"sha256": "', '"sha256": "0'), "hints of another photo, old.jpg"),
    (lambda held: held.replace("40.0", "NaN"), "a = nan"),
    (lambda held: held.replace(" 15,", " 115,"), "the photo has 60 x 40 pixels"),
    (lambda held: held.replace("40.0,\n   -20.0", '"greem"'), "the colour 'greem'"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_what_is_wrong_with_a_file_is_told(photo, tmp_path, damage, words):
    path = hints.save(tmp_path / "old.json", photo, ONE)
    path.write_text(damaged := damage(held := path.read_text()))
    assert damaged != held
    with pytest.raises(CourseError, match=words):
        hints.read(path, photo)


def test_a_file_that_is_missing_and_a_photo_that_is_are_told(photo, tmp_path):
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        hints.read(tmp_path / "none.json", photo)
    path = hints.save(tmp_path / "old.json", photo, ONE)
    with pytest.raises(CourseError, match="another photo"):
        hints.read(path, tmp_path / "gone.jpg")
    with pytest.raises(CourseError, match="cannot be written"):
        hints.save(tmp_path / "no" / "old.json", photo, ONE)


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_colours_by_the_hints_of_a_file(photo, tmp_path, with_weights, capsys):
    path = hints.save(tmp_path / "old.json", photo, ONE)
    out = tmp_path / "new.png"
    code = command.main(["colourise", str(photo), "-o", str(out), "--hints", str(path)])
    assert code == 0, capsys.readouterr().err
    with Image.open(out) as picture:
        assert picture.tobytes() == colourise(photo, hints=ONE).tobytes()
        assert "as shipped, with 1 hint" in picture.info["Description"]


def test_the_command_says_what_is_wrong_and_loses_nothing(photo, tmp_path, with_weights, capsys):
    path = hints.save(tmp_path / "old.json", photo, ONE)
    other, out = tmp_path / "other.png", tmp_path / "out"
    Image.new("RGB", (60, 40)).save(other)
    before = photo.read_bytes()
    for photos, words in (([photo, other], "belong to one photo"), ([other], "of another photo")):
        how = ["-o", str(out), "--hints", str(path)]
        assert command.main(["colourise", *map(str, photos), *how]) == 2
        assert words in capsys.readouterr().err
    with_weights(of="another")
    assert command.main(["colourise", str(photo), "-o", str(out), "--hints", str(path)]) == 1
    assert "other weights" in capsys.readouterr().err
    assert photo.read_bytes() == before and not list(tmp_path.rglob("out/*"))


def test_a_hint_may_name_its_side_and_its_file_says_so(photo, tmp_path):
    given = [(30, 20, 11.0, 0.0, 10), (5, 5, "red", 4.5), (1, 2, 3, 4)]
    seen = drawn(checked(given[:1], SIZE), SIZE, (80, 120))[0, 2]
    assert seen.sum() == 20 * 20 and seen[40, 60] == 1
    path = hints.save(tmp_path / "old.json", photo, given)
    assert json.loads(path.read_text())["version"] == 2 and hints.read(path, photo) == given
    for side in (0, -1, 61, "7", float("nan")):
        with pytest.raises(CourseError, match="Hint 1 has the side"):
            checked([(1, 2, 3, 4, side)], SIZE)
