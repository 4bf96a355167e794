"""A run that is stopped, killed or cannot be saved loses nothing, and goes on to the last bit."""

import pickle

import pytest
import tiny
import torch
from torch import nn

from colourlib import checkpoints, train
from colourlib.runs import all_runs

EPOCHS = 4  # of three steps
LAST = EPOCHS * tiny.STEPS


def start(folder, seed=0, data=0, **changes):
    """One call of the cell: a new network, of other first weights than in the call before."""
    model = changes.pop("model", None) or tiny.network(dropout=0.3, seed=seed)
    return tiny.fit(model, tiny.photos(folder, data), **{"epochs": EPOCHS} | changes)


def stopped_run(folder, monkeypatch, at=2, **changes):
    with monkeypatch.context() as patch:
        tiny.at_step(patch, {at: tiny.press_stop})
        run = start(folder, **changes)
    assert run.state == "stopped"
    return run


def assert_same(run, reference):
    assert run.state == reference.state == "finished"
    assert tiny.curves(run) == tiny.curves(reference)
    assert tiny.same_weights(run.best_weights, reference.best_weights)
    assert tiny.same_weights(run.model.state_dict(), reference.model.state_dict())


@pytest.mark.parametrize(
    "changes",
    [{}, {"average": 0}, {"schedule": "constant"}, {"epochs": 2.5}],
    ids=["as it is", "no average", "constant lr", "half an epoch"],
)
@pytest.mark.parametrize(
    "stops",
    [[1], [5], [6], [LAST - 1], [1, 2, 3, 7, 7, LAST - 1]],
    ids=["first step", "middle of an epoch", "end of an epoch", "before the last step", "often"],
)
def test_a_stopped_run_goes_on_to_the_last_bit(tmp_path, monkeypatch, stops, changes):
    reference = start(None, **changes)
    last = int(changes.get("epochs", EPOCHS) * tiny.STEPS)
    stops = [min(stop, last - 1) for stop in stops]
    steps = tiny.at_step(monkeypatch, {stop: tiny.press_stop for stop in stops})
    for i, _ in enumerate(dict.fromkeys(stops)):
        run = start(tmp_path, seed=i, **changes)
        assert run.state == "stopped" and run.name == "001-Sequential"
    run = start(tmp_path, seed=99, **changes)
    assert len(steps) == last, "no step is taken twice, none is left out"
    assert_same(run, reference)
    assert [story["state"] for story in all_runs(tmp_path)] == ["finished"]
    assert not (run.folder / "checkpoint.pt").exists(), "it will not go on"


@pytest.mark.parametrize("what", ["restore_random_state", "place in the epoch", "optimiser"])
def test_without_any_part_of_the_checkpoint_the_run_would_differ(tmp_path, monkeypatch, what):
    """The comparison above is able to fail."""
    reference = start(None)
    stopped_run(tmp_path, monkeypatch, at=5)
    if what == "restore_random_state":
        monkeypatch.setattr(checkpoints, what, lambda state: None)
    else:
        file = tmp_path / "001-Sequential" / "checkpoint.pt"
        state = checkpoints.load_checkpoint(file)
        if what == "optimiser":
            state["optimiser"]["state"][0]["exp_avg"].zero_()
        else:
            state["place"][1] = 0
        checkpoints.save_checkpoint(file, state)
    assert tiny.curves(start(tmp_path)) != tiny.curves(reference)


def test_what_draws_random_numbers_in_eval_mode_does_not_disturb_the_training(
    tmp_path, monkeypatch
):
    """Dropout that forgets `training=self.training`: how often the board draws must not matter."""
    reference = start(None, model=AlwaysDrops())
    real = train.board.choose

    class Eager:
        def __init__(self, quiet):
            self.board = real(quiet)

        def tick(self, look):
            look()

        def close(self, look):
            self.board.close(look)

    monkeypatch.setattr(train.board, "choose", Eager)
    assert tiny.curves(start(None, model=AlwaysDrops())) == tiny.curves(reference)
    stopped_run(tmp_path, monkeypatch, at=5, model=AlwaysDrops())
    assert_same(start(tmp_path, model=AlwaysDrops()), reference)


class AlwaysDrops(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.head = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.head(nn.functional.dropout(self.first(x), 0.3))


class Plain(nn.Module):
    def __init__(self, size=3):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1)
        self.scale = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.conv(x) * self.scale.mean()


class Edited(Plain):
    def forward(self, x):
        return self.conv(x) * self.scale.sum()


Edited.__name__ = "Plain"  # the same class in the notebook, its forward changed


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({}, {"epochs": EPOCHS + 1}),
        ({}, {"lr": 2e-2}),
        ({}, {"seed_": 1}),
        ({}, {"data": 7}),
        ({}, {"name": "another"}),
        ({}, {"model": tiny.network(dropout=0.2)}),
        ({}, {"model": tiny.network(dropout=0.3, width=5)}),
        ({"model": Plain()}, {"model": Edited()}),
        ({"model": Plain()}, {"model": Plain(size=4)}),
        ({}, {"resume": False}),
    ],
    ids=lambda value: str(*value) if isinstance(value, dict) and value else "",
)
def test_another_run_is_not_taken_for_the_same(tmp_path, monkeypatch, first, then):
    config = {"config": train.configure(seed=1)} if then.pop("seed_", 0) else {}
    old = stopped_run(tmp_path, monkeypatch, **first)
    kept = (old.folder / "checkpoint.pt").read_bytes()
    run = start(tmp_path, **then, **config)
    assert run.folder.name.startswith("002-") and run.state == "finished"
    assert [p[0] for p in run.losses][0] == round(1 / tiny.STEPS, 3), "from the first step on"
    assert (old.folder / "checkpoint.pt").read_bytes() == kept
    again = start(tmp_path, **first)
    assert again.folder == old.folder and again.state == "finished"


def test_a_finished_run_is_not_gone_on_with(tmp_path):
    first, second = start(tmp_path), start(tmp_path)
    assert (first.name, second.name) == ("001-Sequential", "002-Sequential")
    assert_same(second, first)


def test_a_stopped_run_whose_folder_is_gone_begins_anew(tmp_path, monkeypatch):
    import shutil

    old = stopped_run(tmp_path, monkeypatch, at=5)
    shutil.rmtree(old.folder)
    assert_same(start(tmp_path), start(None))


class Bomb:
    """A pickle that would write a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def damage(file, kind):
    whole = file.read_bytes()
    if kind == "half of it":
        file.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "text":
        file.write_text("not a checkpoint")
    elif kind == "zeros":
        file.write_bytes(bytes(len(whole)))
    elif kind == "flipped bits":
        place = len(whole) // 2
        file.write_bytes(whole[:place] + bytes(b ^ 255 for b in whole[place:][:200]) + whole[place + 200:])
    elif kind == "a pickle with code":
        file.write_bytes(pickle.dumps(Bomb(file.with_name("harm"))))
    elif kind == "torch's pickle with code":
        torch.save({"format": checkpoints.FORMAT, "model": Bomb(file.with_name("harm"))}, file)
    elif kind == "another format":
        torch.save({"format": -1}, file)
    elif kind == "a part is missing":
        torch.save({"format": checkpoints.FORMAT}, file)


@pytest.mark.parametrize(
    "kind",
    ["half of it", "empty", "text", "zeros", "flipped bits", "a pickle with code",
     "torch's pickle with code", "another format", "a part is missing"],
)  # fmt: skip
def test_a_damaged_checkpoint_is_named_and_a_new_run_begun(tmp_path, monkeypatch, capsys, kind):
    old = stopped_run(tmp_path, monkeypatch, at=5)
    damage(old.folder / "checkpoint.pt", kind)
    capsys.readouterr()
    run = start(tmp_path)
    said = capsys.readouterr().out
    assert "checkpoint.pt" in said and "a new run is begun" in said
    assert run.name == "002-Sequential"
    assert_same(run, start(None))
    assert not (old.folder / "harm").exists()
