"""The loop: it learns, repeats itself, takes the right steps, and explains what it refuses."""

import contextlib
import copy
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import nn

from colourlib import CourseError, device, evaluate, train
from colourlib.course.workspace import Workspace
from colourlib.model import ColourNet, PlainNet
from colourlib.runs import all_runs, speed
from colourlib.runs.fit import configure
from colourlib.teaching.fit import fit
from colourlib.train import Training


def small(seed=0):
    torch.manual_seed(seed)
    return ColourNet(width=8)


def quick(model, data, **changes):
    return fit(model, data, **{"quiet": True, "precision": "fp32"} | changes)


@pytest.fixture
def in_memory(practice_data):
    """The practice scenes, their runs kept nowhere."""
    return replace(practice_data, runs=None)


def test_one_batch_can_be_learnt_by_heart(practice_data):
    x, y = next(iter(practice_data.loader(20)))
    torch.manual_seed(0)
    net = ColourNet()
    optimiser = train.adam(net, configure(weight_decay=0))
    first = F.mse_loss(net(x), y).item()
    for _ in range(40):
        loss = F.mse_loss(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1 * first, "the loss has to fall by 90 %"


def test_training_beats_the_baselines_and_not_the_optimum(in_memory):
    net = small()
    run = quick(net, in_memory, epochs=20, lr=1e-2)
    score = f"{run.best['explained_chroma']:.1%}".replace("%", " %")
    best = f"best after epoch {run.best['epoch']}: {score} of the chroma explained"
    assert f"{best} (grey copy 0.0 %, mean tint -0.5 %, optimum 90.3 %)" in run.sentence
    table = evaluate.compare({"net": net}, in_memory)
    assert table["mean tint"].explained_chroma < table["net"].explained_chroma
    assert table["net"].explained_chroma < table["optimum"].explained_chroma
    assert run.best["explained_chroma"] == pytest.approx(table["net"].explained_chroma, abs=1e-4)
    assert list(run.levels) == ["grey copy", "mean tint", "optimum"]
    for name, level in run.levels.items():
        assert level == pytest.approx(table[name].explained_chroma, abs=1e-4)
    best = run.best
    assert best["explained_chroma"] == pytest.approx(1 - best["validation_loss"] / run.grey_loss)


def test_the_same_seed_gives_the_same_run():
    seeds = (0, 0, 1)
    one, same, other = (tiny.fit(tiny.network(), tiny.photos(), seed=s).losses for s in seeds)
    assert one == same and one != other


def test_the_network_is_left_with_the_weights_of_its_best_epoch_in_eval_mode():
    net, data = tiny.network(), tiny.photos()
    run = tiny.fit(net, data, epochs=8, lr=0.3, average=0)  # large steps: it goes up and down
    scores = [row["validation_loss"] for row in run.history]
    assert min(scores) < scores[-1], "the last epoch must not be the best, or this shows nothing"
    assert evaluate.validate(net, data.validation)[0] == pytest.approx(min(scores), rel=1e-6)
    assert run.best["validation_loss"] == min(scores) and not net.training


def test_history_has_a_row_an_epoch_and_the_curve_ten_points_at_most():
    run = tiny.fit(tiny.network(), tiny.photos(), epochs=3)
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert [row["photos"] for row in run.history] == [12, 24, 36]
    assert [when for when, _ in run.losses] == [round((i + 1) / 3, 3) for i in range(9)]
    for row in run.history:
        within = [loss for when, loss in run.losses if row["epoch"] - 1 < when <= row["epoch"]]
        assert row["loss"] == pytest.approx(sum(within) / 3)
    many = tiny.fit(tiny.network(), tiny.photos(), epochs=1, batch_size=1, average=0)
    assert len(many.losses) == 12, "with twelve steps an epoch each is a point"


def test_a_run_can_be_counted_in_parts_of_an_epoch_in_steps_and_in_minutes(in_memory, monkeypatch):
    steps = tiny.at_step(monkeypatch, {})
    half = quick(small(), in_memory, epochs=0.5)
    assert len(steps) == 1 and half.history[0]["epoch"] == 1 and half.state == "finished"
    counted = tiny.fit(tiny.network(), tiny.photos(), steps=7)
    assert len(steps) == 8 and counted.state == "finished"
    assert [row["photos"] for row in counted.history] == [12, 24, 28], "judged at its end, too"
    as_epochs = tiny.fit(tiny.network(), tiny.photos(), epochs=7 / tiny.STEPS)
    assert tiny.curves(as_epochs) == tiny.curves(counted)
    timed = quick(small(), in_memory, minutes=0.02)
    assert timed.history and timed.config.minutes == 0.02 and timed.state == "finished"


def test_few_photos_are_one_batch_and_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    steps = tiny.at_step(monkeypatch, {})
    run = tiny.fit(tiny.network(), tiny.photos(), epochs=2, batch_size=50)
    assert len(steps) == 2
    assert run.folder is None and run.best_weights and run.state == "finished"
    assert not list(tmp_path.iterdir())


def hand_made_adam(net, batches, config):
    """Kingma and Ba 2015, with L2 as a term of the gradient, on weights but not on vectors."""
    state = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in net.parameters()]
    for t, (x, y) in enumerate(batches, start=1):
        net.zero_grad()
        F.mse_loss(net(x).float(), y).backward()
        for p, m, v in state:
            g = p.grad + config.weight_decay * (p.ndim > 1) * p.data
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p.data -= config.lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_steps_are_those_of_adam_with_l2_by_hand(weight_decay):
    config = configure(lr=1e-2, schedule="constant", weight_decay=weight_decay, precision="fp32")
    net = tiny.network().double()
    twin = copy.deepcopy(net)
    data, placement = tiny.photos(), speed.place("fp32")
    batches = [(x.double(), y.double()) for x, y in data.loader(tiny.BATCH)]
    optimiser = train.adam(net, config)
    for x, y in batches:
        train.train_step(net, x, y, optimiser, config, placement)
    hand_made_adam(twin, batches, config)
    for ours, by_hand in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, by_hand, rtol=1e-5, atol=1e-7)
    if weight_decay:
        plain = tiny.network().double()
        optimiser = torch.optim.AdamW(plain.parameters(), lr=1e-2, weight_decay=weight_decay)
        for x, y in batches:
            train.train_step(plain, x, y, optimiser, config, placement)
        assert not torch.allclose(plain[0].weight, net[0].weight, rtol=1e-3), "AdamW is another"


def test_l2_spares_batchnorm_and_biases():
    net = small()
    decayed, spared = train.adam(net, configure(weight_decay=0.5)).param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.5, 0)
    decayed, spared = decayed["params"], spared["params"]
    assert sum(p.numel() for p in decayed + spared) == sum(p.numel() for p in net.parameters())
    names = {id(p): name for name, p in net.named_parameters()}
    assert all(names[id(p)].endswith("weight") and p.ndim > 1 for p in decayed)
    assert any("bias" in names[id(p)] for p in spared) and all(p.ndim == 1 for p in spared)


def test_the_learning_rate_rises_and_falls_or_stays():
    config = configure(lr=2.0)
    rates = [train.lr_at(i / 100, config) for i in range(101)]
    assert rates[0] < 0.1 and max(rates) > 1.9 and rates[-1] == pytest.approx(0)
    assert rates.index(max(rates)) < 10
    assert train.lr_at(1.3, config) == pytest.approx(0), "where a run lasts longer than planned"
    constant = configure(lr=2.0, schedule="constant")
    assert {train.lr_at(i / 100, constant) for i in range(101)} == {2.0}


def test_every_step_has_the_learning_rate_of_its_place(monkeypatch):
    rates, real = [], train.train_step

    def step(model, x, y, optimiser, *rest):
        rates.append([group["lr"] for group in optimiser.param_groups])
        return real(model, x, y, optimiser, *rest)

    monkeypatch.setattr(train, "train_step", step)
    run = tiny.fit(tiny.network(), tiny.photos(), epochs=2)
    assert rates == [[train.lr_at(i / 6, run.config)] * 2 for i in range(6)]


def test_the_average_is_the_mean_of_the_weights_so_far_at_first_and_a_running_one_later():
    net, averaged = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)

    def move(value, average, decay, step):
        net.weight.data.fill_(value)
        averaged.weight.data.fill_(average)
        train.average_(averaged, net, decay, step)
        return averaged.weight.item()

    assert move(1.0, 0.0, 0.9, 10**6) == pytest.approx(0.1)
    assert move(1.0, 0.0, 0.9, 0) == pytest.approx(0.9), "the first weights are soon forgotten"
    assert net.weight.item() == 1.0
    # BatchNorm's statistics are averaged, and its counter is copied.
    net, averaged = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    net.running_mean.fill_(1.0)
    net.num_batches_tracked.fill_(7)
    train.average_(averaged, net, 0.5, 10**6)
    assert averaged.running_mean.tolist() == [0.5, 0.5] and averaged.num_batches_tracked == 7


@pytest.mark.parametrize("average", [0, 0.998])
def test_the_averaged_weights_are_judged_and_kept(monkeypatch, average):
    last = {}
    real = train.train_step

    def step(model, *rest):
        loss = real(model, *rest)
        last.update(copy.deepcopy(model.state_dict()))
        return loss

    monkeypatch.setattr(train, "train_step", step)
    run = tiny.fit(tiny.network(), tiny.photos(), epochs=1, average=average)
    assert tiny.same_weights(last, run.best_weights) == (average == 0)


@pytest.mark.parametrize(("slower", "goes"), [(10.0, 2), (2.0, 5), (0.5, 5)])
def test_bf16_is_given_up_early_where_it_is_far_too_slow(monkeypatch, slower, goes):
    clock, asked, state = [0.0], [], torch.random.get_rng_state()

    def autocast(device, precision):
        clock[0] += {"fp32": 1.0, "bf16": slower}[precision]
        asked.append(precision)
        return contextlib.nullcontext()

    monkeypatch.setattr(speed, "autocast", autocast)
    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock[0])
    chosen, why = speed.choose_precision.__wrapped__("cpu")
    assert asked.count("bf16") == asked.count("fp32") == goes
    assert chosen == ("bf16" if slower < 1 else "fp32")
    assert f"at {1 / slower:.1f} times the speed" in why
    assert torch.equal(state, torch.random.get_rng_state()), "it must not change the student's seed"


def test_bf16_trains_too_and_the_choice_is_among_the_two(in_memory):
    assert speed.choose_precision("cpu")[0] in ("fp32", "bf16")
    run = quick(small(), in_memory, precision="bf16", epochs=20, lr=1e-2)
    assert run.history[-1]["explained_chroma"] > 0 and run.placement.precision == "bf16"
    assert all(w.dtype != torch.bfloat16 for w in run.best_weights.values())


WRONG = {  # what is said: the settings that it is said of
    "fit knows no setting 'learning_rate'": [{"learning_rate": 0.1}],
    "Did you mean 'epochs'": [{"epoch": 3}],
    "lr has to be greater than 0": [{"lr": value} for value in (0, math.nan, math.inf)],
    "epochs has to be greater than 0": [{"epochs": 0}],
    "epochs has to be a number": [{"epochs": True}, {"epochs": None}],
    "minutes has to be a number": [{"minutes": "1"}],
    "minutes has to be greater than 0": [{"minutes": 0}],
    "steps has to be a whole number": [{"steps": 0.2}, {"steps": "8"}, {"steps": True}],
    "steps has to be greater than 0": [{"steps": 0}],
    "batch_size has to be a whole number": [{"batch_size": 20.0}],
    "batch_size has to be greater than 0": [{"batch_size": -1}],
    "weight_decay has to be 0 or more": [{"weight_decay": -1}, {"weight_decay": math.inf}],
    "seed has to be a whole number": [{"seed": 1.5}],
    "seed has to be 0 or more": [{"seed": -1}],
    "average has to be below 1": [{"average": 1}],
    "average has to be 0 or more": [{"average": -0.1}, {"average": math.nan}],
    "small_first is a share, 1 at most": [{"small_first": 1.5}],
    "small_first has to be 0 or more": [{"small_first": -0.1}],
    "small_first has to be a number": [{"small_first": True}, {"small_first": "half"}],
    "not 'fp8'": [{"precision": "fp8"}],
    "loss is one of 'mse', not 'l1'": [{"loss": "l1"}],
    "loss is one of": [{"loss": ["mse"]}],
    "schedule is one of 'cosine', 'constant', not 'linear'": [{"schedule": "linear"}],
    "epochs=2 and minutes=1 one at a time": [{"epochs": 2, "minutes": 1}],
    "epochs=2 and steps=9 one at a time": [{"steps": 9, "epochs": 2}],
    "steps=9 and minutes=1 one at a time": [{"steps": 9, "minutes": 1}],
    "lr has to be greater than 0; it is -1": [{"config": train.Config(lr=-1)}],
}


@pytest.mark.parametrize(
    ("says", "changes"), [(says, changes) for says, each in WRONG.items() for changes in each]
)
def test_a_wrong_setting_is_explained_before_any_work(says, changes):
    with pytest.raises(CourseError, match=says):
        fit(None, None, **changes)


def test_without_photos_or_in_several_processes_it_is_refused(practice_data, monkeypatch):
    with pytest.raises(CourseError, match=r"not on PhotoSet: data = ws.prepared\(\)"):
        fit(tiny.network(), practice_data.train)
    with pytest.raises(CourseError, match=r"fit\(model, data, steps=10\)"):
        fit(tiny.network(), practice_data, 10)
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(CourseError, match="WORLD_SIZE is 4, but no launcher says"):
        tiny.fit(tiny.network(), tiny.photos())
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert speed.place("fp32").reason == "as asked"


def test_the_training_curve_is_measured_against_the_crops_it_sees(practice_data):
    run = quick(small(), practice_data, epochs=1)
    seen = [y.square().mean().item() for _, y in practice_data.loader(20, seed=0)]
    assert run.training_grey_loss == pytest.approx(sum(seen) / len(seen))
    assert run.training_grey_loss != run.grey_loss


def test_a_config_can_be_given_and_changed():
    base = train.Config(lr=0.5, epochs=1)
    run = tiny.fit(tiny.network(), tiny.photos(), config=base, lr=0.01)
    assert (run.config.lr, run.config.epochs, base.lr) == (0.01, 1, 0.5)
    timed = train.Config(minutes=3)
    assert configure(timed, epochs=2).minutes is None, "what is asked for last decides"
    assert configure(timed, lr=1e-3).minutes == 3 and configure(timed, minutes=None) == configure()
    asked = configure(configure(timed, steps=8), seed=1)
    assert (asked.minutes, asked.steps, configure(asked, epochs=2).steps) == (None, 8, None)
    assert configure(asked, minutes=2).steps is None


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (nn.Identity(), "no parameters"),
        (nn.Conv2d(1, 3, 1), r"3 channels.*2|2 channels.*3"),
        (nn.Conv2d(1, 2, 3), r"64 -> 62; same size needs p=1"),
        (nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten()), r"instead of \(20, 2, 64, 64\)"),
        (ColourNet, r"inspect\(ColourNet\(\)\)"),
        (None, "nothing was made"),
    ],
)
def test_a_network_that_cannot_be_trained_is_explained(practice_data, tmp_path, model, says):
    with pytest.raises(CourseError, match=says):
        quick(model, practice_data, folder=tmp_path / "runs")
    assert not (tmp_path / "runs").exists(), "nothing has begun"


def test_it_says_what_it_does_and_where(tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        tiny.at_step(patch, {4: tiny.press_stop})
        run = tiny.fit(tiny.network(), tiny.photos(tmp_path), epochs=2, quiet=False)
    said = capsys.readouterr().out
    assert said.startswith("Run 001-Sequential on cpu, fp32 (as asked); 12 training photos, 5 to")
    assert run.sentence in said
    tiny.fit(tiny.network(), tiny.photos(tmp_path), epochs=2, quiet=False)
    assert "It goes on after 1 epoch and 1 batch; resume=False" in capsys.readouterr().out
    net = tiny.network()
    tiny.fit(net, tiny.photos(tmp_path), epochs=1)
    assert capsys.readouterr().out == "", "quiet is quiet"
    again = tiny.fit(net, tiny.photos(tmp_path), epochs=1, quiet=False)
    assert "trained before, in run 002-Sequential" in capsys.readouterr().out
    assert again.started_from == "002-Sequential" and again.name == "003-Sequential"


def test_after_a_few_steps_it_says_how_long_the_run_takes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Training, "seconds", property(lambda self: 90 + 3.0 * self.step))

    def said(**changes):
        told = {"quiet": False, "schedule": "constant"} | changes
        tiny.fit(tiny.network(), tiny.photos(tmp_path), **told)
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith("About")]

    # 3 s a step, and a validation of five photos, without gradients, after twelve
    assert said(steps=100) == [
        "About 5.7 minutes for 100 steps on this machine, as its first ten steps tell."
    ]
    assert said(steps=20) == said(minutes=2) == said(steps=30, quiet=True) == [], "nothing to tell"
    with monkeypatch.context() as patch:
        tiny.at_step(patch, {20: tiny.press_stop})
        assert len(said(steps=101)) == 1
    assert said(steps=101) == [
        "About 4 minutes for the 71 steps to come on this machine, as its first ten steps tell."
    ]


load_or_fit = Workspace.trained


def workspace(data, folder):
    data = replace(data, runs=folder)
    setting = SimpleNamespace(steps=1000, alone=3)
    return SimpleNamespace(prepared=lambda: data, setting=setting, network=lambda: ColourNet)


def test_a_missing_run_is_made_and_an_outdated_one_made_anew(practice_data, tmp_path, capsys):
    ws = workspace(practice_data, tmp_path)
    net, story = load_or_fit(ws)
    said = capsys.readouterr().out
    assert "05_train has not been run here yet: training now, 3 steps" in said
    assert "(05_train: 1,000)" in said and story["config"]["steps"] == 3
    assert story["name"] == "001-colournet" and isinstance(net, ColourNet) and not net.training
    again, story = load_or_fit(ws)
    assert "From 05_train: run 001-colournet, finished." in capsys.readouterr().out
    assert tiny.same_weights(again.state_dict(), net.state_dict()) and len(all_runs(tmp_path)) == 1
    file = tmp_path / "001-colournet" / "run.json"
    file.write_text(file.read_text().replace(practice_data.fingerprint, "another"))
    load_or_fit(ws)
    assert "photos have changed" in capsys.readouterr().out
    assert [s["name"] for s in all_runs(tmp_path)] == ["001-colournet", "002-colournet"]


def test_what_was_begun_in_place_of_05_and_stopped_goes_on(
    practice_data, tmp_path, monkeypatch, capsys
):
    ws = workspace(practice_data, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        tiny.at_step(patch, {2: tiny.press_stop})
        load_or_fit(ws)
    _, story = load_or_fit(ws)
    assert "was stopped: training now, 3 steps" in capsys.readouterr().out
    assert story["name"] == "001-colournet" and story["state"] == "finished"


def course_run(ws, model, **changes):
    return quick(model, ws.prepared(), **{"epochs": 0.5, "name": "colournet"} | changes)


def test_the_last_run_of_the_course_decides(practice_data, tmp_path, capsys):
    ws = workspace(practice_data, tmp_path)
    first = course_run(ws, ColourNet())
    course_run(ws, ColourNet(), seed=1, name="an experiment")
    course_run(ws, PlainNet(width=8), name="PlainNet")
    net, story = load_or_fit(ws)
    assert "run 001-colournet, finished" in capsys.readouterr().out
    assert story["name"] == first.name
    assert tiny.same_weights(net.state_dict(), first.best_weights)
    course_run(ws, small())  # the course's network, edited: the run before it still fits
    assert load_or_fit(ws)[1]["name"] == first.name
    (first.folder / "weights.safetensors").write_bytes(b"damaged")
    capsys.readouterr()
    load_or_fit(ws)
    said = capsys.readouterr().out
    assert "is damaged" in said and "edited since 05_train was run: training now" in said
    assert load_or_fit(ws)[1]["name"] == "005-colournet"


def test_a_stopped_run_will_do_but_no_unjudged_one(practice_data, tmp_path, monkeypatch, capsys):
    ws = workspace(practice_data, tmp_path)
    with monkeypatch.context() as patch:
        tiny.at_step(patch, {1: tiny.press_stop})
        with tiny.let_stop():
            course_run(ws, ColourNet(), epochs=3)
    with monkeypatch.context() as patch:
        tiny.at_step(patch, {1: lambda: torch.tensor(math.nan)})
        with pytest.raises(CourseError, match="became nan"):
            course_run(ws, ColourNet(), epochs=4)
    assert load_or_fit(ws)[1]["state"] == "stopped"
    assert "run 001-colournet, stopped" in capsys.readouterr().out


def test_numbers_near_zero_become_zero_and_others_stay():
    values = torch.tensor([0.0, 1e-39, -1e-31, 2e-30, -1.0, math.nan, math.inf])
    counter = torch.tensor([3])
    speed.flush_tiny_([values, counter])
    assert values[:3].eq(0).all() and counter.item() == 3
    assert values[3:5].tolist() == pytest.approx([2e-30, -1.0])
    assert values[5].isnan() and values[6].isinf()


def denormal(state):
    """Names of what holds numbers that a CPU is slow with."""
    least = torch.finfo(torch.float32).tiny
    floats = {name: value for name, value in state.items() if value.is_floating_point()}
    return [name for name, v in floats.items() if ((v != 0) & (v.abs() < least)).any()]


@pytest.mark.parametrize("average", [0.0, 0.99])
def test_a_dead_channel_leaves_no_denormal_numbers_behind(average, monkeypatch):
    """Its weights get no gradient; L2 shrinks them on and on, and BatchNorm's variance as well."""
    net = tiny.network()
    with torch.no_grad():
        net[0].weight[1] = 1e-36
        net[1].bias[1] = -1e3  # behind ReLU: nothing, ever
        net[1].running_var[1] = 1e-38
    seen = []
    real = train.average_
    monkeypatch.setattr(train, "average_", lambda a, *rest: (seen.append(a), real(a, *rest)))
    changes = {"weight_decay": 5e-7, "schedule": "constant", "average": average}
    run = tiny.fit(net, tiny.photos(), epochs=20, **changes)
    assert run.history and not denormal(net.state_dict())
    assert bool(seen) == bool(average)
    assert not seen or not denormal(seen[-1].state_dict())


def test_the_memory_layout_is_chosen_in_one_place(monkeypatch):
    """On Apple's GPU torch's gradients in channels_last have been wrong."""
    assert device.layout("mps") == torch.contiguous_format
    assert device.layout("cpu") == device.layout("cuda") == torch.channels_last
    monkeypatch.setattr(device, "layout", lambda name: torch.contiguous_format)
    placement, x = speed.place("fp32"), torch.rand(2, 3, 4, 4)
    net = placement.model(torch.nn.Conv2d(3, 4, 3))
    assert placement.batch(x).is_contiguous() and net.weight.is_contiguous()
