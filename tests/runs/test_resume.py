"""A run that is stopped, killed or cannot be saved loses nothing, and goes on to the last bit."""

import contextlib
import errno
import io
import json
import multiprocessing
import os
import pickle
import random
import shutil
import signal
from pathlib import Path

import edits
import pytest
import tiny
import torch
from filelock import FileLock
from torch import nn

from colourlib import CourseError, train
from colourlib.common import files
from colourlib.runs import all_runs, checkpoints, load_run, weights
from colourlib.runs.fit import configure
from colourlib.runs.session import Session
from colourlib.teaching import board
from colourlib.train import Training

EPOCHS = 4  # of three steps
LAST = EPOCHS * tiny.STEPS


def start(folder, seed=0, data=0, **changes):
    """One call of the cell: a new network, of other first weights than in the call before."""
    model = changes.pop("model", None) or tiny.network(dropout=0.3, seed=seed)
    length = {} if "steps" in changes else {"epochs": EPOCHS}
    return tiny.fit(model, tiny.photos(folder, data), **length | changes)


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
    [{}, {"average": 0}, {"schedule": "constant"}, {"epochs": 2.5}, {"steps": 11}],
    ids=["as it is", "no average", "constant lr", "half an epoch", "steps"],
)
@pytest.mark.parametrize(
    "stops",
    [[1], [5], [6], [LAST - 1], [1, 2, 3, 7, 7, LAST - 1]],
    ids=["first step", "middle of an epoch", "end of an epoch", "before the last step", "often"],
)
def test_a_stopped_run_goes_on_to_the_last_bit(tmp_path, monkeypatch, stops, changes):
    reference = start(None, **changes)
    last = changes.get("steps") or round(changes.get("epochs", EPOCHS) * tiny.STEPS)
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


@pytest.mark.parametrize("epochs", [3, 7 / 3], ids=["end of an epoch", "middle of an epoch"])
def test_a_run_that_ends_before_its_last_validation(tmp_path, monkeypatch, epochs):
    reference = start(None, epochs=epochs)
    real = Training.validate

    def validate(self):
        if self.over:
            raise KeyboardInterrupt
        return real(self)

    with monkeypatch.context() as patch:
        tiny.save_always(patch)
        patch.setattr(Training, "validate", validate)
        assert start(tmp_path, epochs=epochs).state == "stopped"
    assert_same(start(tmp_path, epochs=epochs), reference)


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


def test_random_numbers_in_eval_mode_do_not_disturb_the_training(tmp_path, monkeypatch):
    """Dropout that forgets `training=self.training`: how often the board draws must not matter."""
    reference = start(None, model=AlwaysDrops())
    real = board.choose

    class Eager:
        def __init__(self, quiet):
            self.board = real(quiet)

        def tick(self, look):
            look()

        def close(self, look):
            self.board.close(look)

    monkeypatch.setattr(board, "choose", Eager)
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
    config = {"config": configure(seed=1)} if then.pop("seed_", 0) else {}
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
        middle = bytes(255 - byte for byte in whole[place:][:200])
        file.write_bytes(whole[:place] + middle + whole[place + 200 :])
    elif kind == "a pickle with code":
        file.write_bytes(pickle.dumps(Bomb(file.with_name("harm"))))
    elif kind == "torch's pickle with code":
        torch.save({"format": checkpoints.FORMAT, "model": Bomb(file.with_name("harm"))}, file)
    elif kind == "another format":
        torch.save({"format": -1}, file)


@pytest.mark.parametrize(
    "kind",
    ["half of it", "empty", "text", "zeros", "flipped bits", "a pickle with code",
     "torch's pickle with code", "another format"],
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


# --- killed: each life of a run is a process of its own, forked from one that has torch already

LONG = 20  # epochs, of 3 steps
# What this file imports: a life that had to do that by itself would take seconds to be born. (The
# server does not see tests/, so that `edits` cannot stand here; what it imports, nbformat, can.)
IMPORTED = ["pytest", "nbformat", "colourlib.runs.weights", "colourlib.teaching.board",
            "colourlib.teaching.fit"]  # fmt: skip
fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed")


@pytest.fixture(scope="module")
def processes():
    """Processes that start in no time, from a server without any threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def live(folder, seed, pipe, disturb=None, *how):
    """A life: the same call of fit each time; disturb(*how) changes something before it."""
    torch.set_num_threads(1)
    pipe.send("born")
    if disturb is not None:
        disturb(*how)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        run = start(folder, epochs=LONG, config=configure(seed=seed))
    pipe.send((said.getvalue(), run.sentence))


def be_born(processes, *how):
    ours, theirs = processes.Pipe()
    process = processes.Process(target=live, args=(*how[:2], theirs, *how[2:]))
    process.start()
    theirs.close()
    assert ours.recv() == "born"
    return process, ours


def save_always():
    """For a life: its process ends with it, so nothing has to be undone."""
    tiny.save_always(pytest.MonkeyPatch())


def reference_of(processes, folder, seed):
    """The story and weights of a run that nobody disturbed."""
    process, _ = be_born(processes, folder, seed)
    process.join()
    assert process.exitcode == 0
    return on_disk(folder / "001-Sequential")


def on_disk(folder):
    """What has to be the same in two runs that are the same, from their files."""
    model, story = load_run(folder, tiny.network(dropout=0.3))
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in story["history"]]
    return story["state"], story["losses"], rows, model.state_dict()


def assert_same_files(folder, reference):
    *curves, weights = on_disk(folder)
    assert curves == list(reference[:-1]) and curves[0] == "finished"
    assert tiny.same_weights(weights, reference[-1])
    assert not list(folder.glob("*.tmp")) and not (folder / "checkpoint.pt").exists()


def steps_kept(runs):
    """Steps in the checkpoint of each run; whatever lies there has to be whole."""
    kept = {}
    for folder in sorted(path for path in runs.glob("*") if path.is_dir()):
        if (folder / "run.json").exists():
            assert json.loads((folder / "run.json").read_text())["history"] is not None
        if (folder / "weights.safetensors").exists():
            load_run(folder, tiny.network(dropout=0.3))
        else:
            with pytest.raises(CourseError, match="no trained run"):
                load_run(folder, tiny.network(dropout=0.3))
        with contextlib.suppress(FileNotFoundError):
            kept[folder] = checkpoints.load_checkpoint(folder / "checkpoint.pt")["place"][2]
    return kept


@fork
@pytest.mark.slow
def test_killed_fifty_times_at_random_moments_nothing_is_lost(processes, tmp_path):
    dice = random.Random(0)
    kills = seed = 0
    while kills < 50:
        runs, reference = tmp_path / f"runs-{seed}", tmp_path / f"reference-{seed}"
        expected = reference_of(processes, reference, seed)
        before, finished = {}, False
        while not finished:
            how = [save_always] if kills < 50 else []
            process, _ = be_born(processes, runs, seed, *how)
            process.join(dice.uniform(0, 0.5) if kills < 50 else None)
            process.kill()
            process.join()
            kills += process.exitcode != 0
            now = steps_kept(runs)
            done = [story["folder"] for story in all_runs(runs) if story["state"] == "finished"]
            finished = process.exitcode == 0 or bool(done)
            if done and process.exitcode:  # killed in its last lines: it had only to clear up
                now.pop(done[0], None)
                (done[0] / "checkpoint.pt").unlink(missing_ok=True)
            if not finished:
                assert all(now[folder] >= steps for folder, steps in before.items())
            before = now
        (folder,) = [story["folder"] for story in all_runs(runs) if story["state"] == "finished"]
        assert_same_files(folder, expected)
        assert not before, "no checkpoint is left over: one run has gone on through all the lives"
        seed += 1


def die_when_writing(phase, file, moment):
    """Be killed in the first writing of a file in a phase of the run, with half of it written,
    before the whole file is put in place, or after that."""
    save_always()
    phases, step, end = ["begin"], train.train_step, Session.end

    def first_step(*args):
        phases.append("training")
        return step(*args)

    def at_the_end(self, fault):
        phases.append("end")
        end(self, fault)

    train.train_step, Session.end = first_step, at_the_end
    replace, unlink = os.replace, Path.unlink

    def due(path, now):
        return (phases[-1], Path(path).name, moment) == (phase, file, now)

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    class Half(io.FileIO):
        def write(self, content):
            super().write(bytes(content)[: len(content) // 2])
            die()

    def open_(path, mode):
        scratch = Path(path)
        meant = scratch.name.removesuffix(f".{os.getpid()}.tmp")
        return Half(path, "w") if due(meant, "half") else open(path, mode)

    def replace_(source, target):
        if due(target, "before"):
            die()
        replace(source, target)
        if due(target, "after"):
            die()

    def unlink_(self, missing_ok=False):
        unlink(self, missing_ok=missing_ok)
        if due(self, "removed"):
            die()

    files.open, os.replace, Path.unlink = open_, replace_, unlink_


WRITES = {
    "begin": ["run.json"],
    "training": ["checkpoint.pt", "weights.safetensors", "network.txt", "run.json"],
    "end": ["weights.safetensors", "network.txt", "sample-1.png", "truth-3.png", "run.json"],
}


@pytest.mark.slow
@fork
def test_killed_in_the_middle_of_each_writing_nothing_is_lost(processes, tmp_path):
    expected = reference_of(processes, tmp_path / "reference", 0)
    runs, before = tmp_path / "runs", {}
    for phase, names in WRITES.items():
        for file in names:
            for moment in ("half", "before", "after"):
                how = phase, file, moment
                if how == ("end", "run.json", "after"):  # it says "finished": see below
                    continue
                process, _ = be_born(processes, runs, 0, die_when_writing, *how)
                process.join()
                assert process.exitcode == -signal.SIGKILL, how
                now = steps_kept(runs)
                assert all(now[folder] >= steps for folder, steps in before.items()), how
                scratch = [*runs.rglob("*.tmp")]
                assert len(scratch) <= 3 + 1, "what a killed process left is tidied away"
                before = now
    (folder,) = before
    process, _ = be_born(processes, runs, 0, die_when_writing, "end", "checkpoint.pt", "removed")
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert_same_files(folder, expected)


def wait_for(processes_, pipes):
    said = [pipe.recv() for pipe in pipes]
    for process in processes_:
        process.join()
        assert process.exitcode == 0
    return said


@pytest.mark.slow
@fork
def test_four_that_train_at_once_in_one_workspace_keep_a_folder_each(processes, tmp_path):
    references = [reference_of(processes, tmp_path / f"reference-{i}", i) for i in (0, 1)]
    seeds = [0, 1, 0, 1]  # two pairs of the same run
    born = [be_born(processes, tmp_path / "runs", seed, save_always) for seed in seeds]
    wait_for(*zip(*born, strict=True))
    stories = all_runs(tmp_path / "runs")
    assert [s["name"][:3] for s in stories] == ["001", "002", "003", "004"]
    assert sorted(s["config"]["seed"] for s in stories) == sorted(seeds)
    for story in stories:
        assert_same_files(story["folder"], references[story["config"]["seed"]])


def test_a_run_that_somebody_else_trains_now_is_left_to_them(tmp_path, monkeypatch):
    old = stopped_run(tmp_path, monkeypatch)
    with FileLock(old.folder / ".lock"):
        assert start(tmp_path).name == "002-Sequential"
    assert start(tmp_path).name == old.name


def fails_to_write(monkeypatch, number, until):
    """Writing fails while until() is false, as on a full disk (ENOSPC) or a read-only one."""
    real = os.fsync

    def fsync(file):
        if not until():
            raise OSError(number, os.strerror(number))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_disk_that_is_full_for_a_while_costs_nothing(tmp_path, monkeypatch, capsys):
    reference = start(None)
    tiny.save_always(monkeypatch)
    steps = tiny.at_step(monkeypatch, {10: tiny.press_stop})
    fails_to_write(monkeypatch, errno.ENOSPC, lambda: len(steps) not in range(3, 9))
    run = start(tmp_path)
    said = capsys.readouterr().out
    assert said.count("cannot be saved") == 1 and "No space left on device" in said
    assert run.state == "stopped" and not list(run.folder.glob("*.tmp"))
    assert_same(start(tmp_path), reference)


def test_a_disk_that_stays_full_costs_the_files_only(tmp_path, monkeypatch, capsys):
    reference = start(None)
    with monkeypatch.context() as patch:
        steps = tiny.at_step(patch, {})
        fails_to_write(patch, errno.ENOSPC, lambda: not steps)
        run = start(tmp_path)
    assert_same(run, reference)
    assert "could not be saved: No space left on device" in run.sentence
    run.save(tmp_path / "elsewhere")
    model, story = load_run(tmp_path / "elsewhere", tiny.network(dropout=0.3))
    assert tiny.same_weights(model.state_dict(), run.best_weights)
    assert story["history"] == run.history


def small_files_only():
    save_always()
    resource = pytest.importorskip("resource")
    resource.setrlimit(resource.RLIMIT_FSIZE, (14000, 14000))  # the others fit


@fork
def test_a_disk_that_is_really_full(processes, tmp_path):
    """The system itself refuses to write the checkpoint, by a limit on the size of files."""
    process, pipe = be_born(processes, tmp_path, 0, small_files_only)
    ((said, sentence),) = wait_for([process], [pipe])
    assert said.count("cannot be saved") == 1 and os.strerror(errno.EFBIG) in said
    assert "could not be saved" not in sentence, "the weights and the story are small enough"
    assert on_disk(tmp_path / "001-Sequential")[0] == "finished"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch, number):
    """By patching: whoever runs tests as root can write everywhere."""
    steps = tiny.at_step(monkeypatch, {})
    fails_to_write(monkeypatch, number, lambda: False)
    with pytest.raises(CourseError, match=f"cannot be written: {os.strerror(number)}.*fit\\("):
        start(tmp_path)
    assert not steps


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root can write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CourseError, match="cannot be written: Permission denied"):
        start(tmp_path)
    tmp_path.chmod(0o700)


def test_a_file_where_the_folder_should_be_is_refused(tmp_path, monkeypatch):
    steps = tiny.at_step(monkeypatch, {})
    (tmp_path / "runs").write_text("a file")
    for place in (tmp_path / "runs", tmp_path / "runs" / "below"):
        with pytest.raises(CourseError, match="cannot be written: .*Name another one"):
            start(place)
    assert not steps


def test_a_folder_that_is_removed_meanwhile_is_made_again(tmp_path, monkeypatch, capsys):
    tiny.save_always(monkeypatch)
    tiny.at_step(monkeypatch, {5: lambda: shutil.rmtree(tmp_path / "001-Sequential")})
    run = start(tmp_path)
    assert capsys.readouterr().out.count("cannot be saved") == 1
    model, story = load_run(run.folder, tiny.network(dropout=0.3))
    assert story["state"] == "finished" and tiny.same_weights(model.state_dict(), run.best_weights)


HELPED = """
from torch import nn


class Helped(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)

    def features(self, y):
        return {}

    def forward(self, x):
        return self.features(self.a(x))
"""


def helped(name, body):
    """A network whose forward calls a method of its own, as a cell of a notebook defines it."""
    kind = edits.define(HELPED.format(body), name)["Helped"]
    torch.manual_seed(0)
    return kind()


def test_an_edit_in_what_forward_calls_is_another_network(tmp_path, monkeypatch):
    stopped_run(tmp_path, monkeypatch, model=helped("<cell 1>", "self.b(y)"))
    same = start(tmp_path, model=helped("<cell 2>", "self.b(y)"))
    assert same.name.startswith("001-")
    stopped_run(tmp_path, monkeypatch, model=helped("<cell 1>", "self.b(y)"), name="again")
    other = start(tmp_path, model=helped("<cell 3>", "y + self.b(y)"), name="again")
    assert other.name.startswith("003-")


class Keeps(nn.Module):
    """Keeps a map to look at."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        self.last = self.a(x)
        return self.b(self.last)


def test_a_network_that_keeps_a_map_in_itself_trains_again_and_is_saved(tmp_path):
    net = Keeps()
    net(torch.zeros(1, 1, 16, 16))
    for _ in range(2):
        run = start(tmp_path, model=net, resume=False)
        assert run.state == "finished"
    path = weights.save(tmp_path / "keeps.safetensors", net, {"size": 16})
    x = torch.rand(1, 1, 16, 16)
    torch.testing.assert_close(weights.load(path, Keeps())[0](x), net(x))


def test_a_name_may_be_a_number(tmp_path):
    assert [start(tmp_path, name=n).name for n in (3, 0)] == ["001-3", "002-0"]
