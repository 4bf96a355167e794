"""The loop: it learns, it repeats itself, it keeps what it has, and it explains what it refuses."""

import json
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colourlib import CourseError, device, evaluate, train
from colourlib.model import ColourNet, PlainNet


def tiny(seed=0):
    torch.manual_seed(seed)
    return ColourNet(width=8)


def quick(model, data, **changes):
    return train.fit(model, data, quiet=True, precision="fp32", **changes)


def test_one_batch_can_be_learnt_by_heart(practice_data):
    x, y = next(iter(practice_data.loader(20)))
    torch.manual_seed(0)
    net = ColourNet()
    optimiser = train.adam(net, train.configure(weight_decay=0))
    first = F.mse_loss(net(x), y).item()
    for _ in range(80):
        loss = F.mse_loss(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1 * first, "the loss has to fall by 90 %"


def test_training_beats_the_baselines_and_not_the_optimum(practice_data):
    net = tiny()
    run = quick(net, practice_data, epochs=20, lr=1e-2)
    table = evaluate.compare({"net": net}, practice_data)
    assert table["mean tint"].explained_chroma < table["net"].explained_chroma
    assert table["net"].explained_chroma < table["optimum"].explained_chroma
    assert run.best["explained_chroma"] == pytest.approx(table["net"].explained_chroma, abs=1e-4)
    assert len(run.history) == 20


def test_the_same_seed_gives_the_same_run(practice_data):
    def losses(seed):
        return [row["loss"] for row in quick(tiny(), practice_data, epochs=2, seed=seed).history]

    assert losses(0) == losses(0)
    assert losses(0) != losses(1)


def test_the_network_is_left_with_the_weights_of_its_best_epoch(practice_data):
    net = tiny()
    run = quick(net, practice_data, epochs=6, lr=0.05)  # large steps: validation goes up and down
    assert evaluate.validate(net, practice_data.validation)[0] == pytest.approx(
        min(row["validation_loss"] for row in run.history), rel=1e-4
    )


def test_a_run_is_kept_and_loaded(practice_data, tmp_path):
    net = ColourNet()
    run = quick(net, practice_data, epochs=0.5, folder=tmp_path / "run")
    loaded, story = train.load_run(tmp_path / "run")
    x, _ = practice_data.validation.__getitems__([0, 1])
    torch.testing.assert_close(loaded(x), net.eval()(x))
    assert story["network"] == "ColourNet" and story["history"] == run.history
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["epochs"] == 0.5
    assert not list((tmp_path / "run").glob("*.tmp"))
    with pytest.raises(CourseError, match="do not fit"):
        train.load_run(tmp_path / "run", PlainNet(width=8))
    with pytest.raises(CourseError, match="no finished run"):
        train.load_run(tmp_path / "nothing")


def test_stop_keeps_what_was_reached(practice_data, tmp_path, monkeypatch):
    net = tiny()
    steps = 0
    real = F.mse_loss

    def stop_in_the_third_epoch(*args, **kwargs):
        nonlocal steps
        steps += torch.is_grad_enabled()
        if steps == 6:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    # The loop's own: the clinic, which looks first, takes a step, too.
    monkeypatch.setattr(train, "F", SimpleNamespace(mse_loss=stop_in_the_third_epoch))
    run = quick(net, practice_data, epochs=10, folder=tmp_path)
    assert run.stopped and len(run.history) == 2
    assert (tmp_path / "weights.safetensors").exists()
    assert len(json.loads((tmp_path / "run.json").read_text())["history"]) == 2


def test_a_stopped_run_does_not_replace_a_finished_one(
    practice_data, tmp_path, monkeypatch, capsys
):
    finished = quick(tiny(), practice_data, epochs=1, folder=tmp_path / "run")
    before = (tmp_path / "run" / "run.json").read_bytes()

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train_epoch", stop)
    stopped = quick(tiny(1), practice_data, folder=tmp_path / "run")
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    assert json.loads((stopped.folder / "run.json").read_text())["stopped"]
    assert stopped.folder.name == "run-stopped" and finished.folder.name == "run"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "run-stopped"]
    assert "is kept" in capsys.readouterr().out


def test_a_trained_network_is_left_in_eval_mode(practice_data):
    net = tiny()
    quick(net, practice_data, epochs=0.5)
    assert not net.training


def test_a_run_that_no_longer_fits_is_kept_under_another_name(practice_data, tmp_path, capsys):
    ws = SimpleNamespace(
        prepared=lambda: practice_data, root=tmp_path, setting=SimpleNamespace(minutes=0.01)
    )
    quick(PlainNet(width=8), practice_data, epochs=0.5, folder=tmp_path / "runs" / "colournet")
    train.load_or_fit(ws)  # PlainNet's weights of another width
    assert "do not fit" in capsys.readouterr().out
    assert len(list((tmp_path / "runs").glob("colournet-*"))) == 1


def test_a_loss_that_is_no_number_ends_the_run_at_once(practice_data):
    with pytest.raises(CourseError, match="The loss became .* at step .* Try lr="):
        quick(ExplodesAtStep3(), practice_data, epochs=10)


class ExplodesAtStep3(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(1, 2, 1)
        self.steps = 0

    def forward(self, x):
        self.steps += self.training
        return self.head(x) * (math.nan if self.steps == 3 else 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"learning_rate": 0.1}, "fit knows no setting 'learning_rate'"),
        ({"epoch": 3}, "Did you mean 'epochs'"),
        ({"lr": 0}, "lr has to be greater than 0"),
        ({"minutes": "1"}, "minutes has to be a number"),
        ({"batch_size": 20.0}, "batch_size has to be a whole number"),
        ({"batch_size": -1}, "batch_size has to be greater than 0"),
        ({"weight_decay": -1}, "weight_decay has to be 0 or more"),
        ({"precision": "fp8"}, "not 'fp8'"),
    ],
)
def test_a_wrong_setting_is_explained_before_any_work(practice_data, changes, says):
    with pytest.raises(CourseError, match=says):
        train.fit(None, practice_data, **changes)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (nn.Identity(), "no parameters"),
        (nn.Conv2d(1, 3, 1), r"3 channels.*2|2 channels.*3"),
        (nn.Conv2d(1, 2, 3), r"64 -> 62; same size needs p=1"),
        (nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten()), r"where \(20, 2, 64, 64\) is due"),
    ],
)
def test_an_output_of_the_wrong_shape_is_explained(practice_data, model, says):
    with pytest.raises(CourseError, match=says):
        quick(model, practice_data)


def test_l2_spares_batchnorm_and_biases():
    net = tiny()
    decayed, spared = (group["params"] for group in train.adam(net, train.configure()).param_groups)
    assert sum(p.numel() for p in decayed + spared) == sum(p.numel() for p in net.parameters())
    names = {id(p): name for name, p in net.named_parameters()}
    assert all(names[id(p)].endswith("weight") and p.ndim > 1 for p in decayed)
    assert any("bias" in names[id(p)] for p in spared) and all(p.ndim == 1 for p in spared)


def test_the_learning_rate_rises_and_falls():
    rates = [train.lr_at(i / 100, 1.0) for i in range(101)]
    assert rates[0] < 0.05 and max(rates) > 0.95 and rates[-1] == pytest.approx(0)
    assert rates.index(max(rates)) < 10


def test_the_choice_of_precision_gives_its_reason():
    state = torch.random.get_rng_state()
    chosen, why = device.choose_precision("cpu")
    assert chosen in ("fp32", "bf16") and "times the speed" in why
    assert torch.equal(state, torch.random.get_rng_state()), "it must not change the student's seed"


def test_bf16_trains_too(practice_data):
    net = tiny()
    run = train.fit(net, practice_data, quiet=True, precision="bf16", epochs=20, lr=1e-2)
    assert run.history[-1]["explained_chroma"] > 0


def test_a_run_can_be_limited_by_time(practice_data):
    run = quick(tiny(), practice_data, minutes=0.02)
    assert run.history and run.config.minutes == 0.02


def test_a_missing_run_is_made_and_an_outdated_one_made_anew(practice_data, tmp_path, capsys):
    ws = SimpleNamespace(
        prepared=lambda: practice_data, root=tmp_path, setting=SimpleNamespace(minutes=0.01)
    )
    train.load_or_fit(ws)
    assert "training the network now" in capsys.readouterr().out
    train.load_or_fit(ws)
    assert "training" not in capsys.readouterr().out
    story = tmp_path / "runs" / "colournet" / "run.json"
    story.write_text(story.read_text().replace(practice_data.fingerprint, "another"))
    train.load_or_fit(ws)
    assert "photos have changed" in capsys.readouterr().out
