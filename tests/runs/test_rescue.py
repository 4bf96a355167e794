"""Memory that runs out, losses that explode, Stop at any moment: what `fit` says and keeps."""

import contextlib
import copy
import gc
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import weakref

import pytest
import tiny
import torch
from filelock import FileLock
from torch import nn

from colourlib import CourseError
from colourlib.common.stop import Stop, Stopped
from colourlib.runs import Run, all_runs, checkpoints, load_run, rescue
from colourlib.runs import fit as runs_fit
from colourlib.runs.session import ON_GPU, Session
from colourlib.runs.view import Silent
from colourlib.teaching import board
from colourlib.teaching.fit import fit
from colourlib.train import Training

EPOCHS = 4
LAST = EPOCHS * tiny.STEPS

CUDA = (
    "CUDA out of memory. Tried to allocate 3.73 GiB. GPU 0 has a total capacity of 14.74 GiB of "
    "which 1.06 GiB is free. Of the allocated memory 12.91 GiB is allocated by PyTorch."
)
APPLE = (
    "MPS backend out of memory (MPS allocated: 8.06 GB, other allocations: 384.00 KB, max "
    "allowed: 9.07 GB). Tried to allocate 3.73 GB on private pool."
)
TRIED = "memory: you tried to allocate 4000000000 bytes."
SHORTAGES = {
    "cpu": RuntimeError(f"[enforce fail at alloc_cpu.cpp:114] err == 0. can't allocate {TRIED}"),
    "windows": RuntimeError(f"[enforce fail at alloc_cpu.cpp:80] data. not enough {TRIED}"),
    "cuda": torch.OutOfMemoryError(CUDA),
    "apple": RuntimeError(APPLE),
    "cudnn": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "cublas": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `c()`"),
    "python": MemoryError(),
    "c++": RuntimeError("std::bad_alloc"),
}


def start(folder=None, model=None, **changes):
    model = model if model is not None else tiny.network(dropout=0.3)
    return tiny.fit(model, tiny.photos(folder), **{"epochs": EPOCHS} | changes)


def left_behind(folder, model, fresh):
    """The story of the only run. The network holds its best weights, and all of them are finite."""
    (story,) = all_runs(folder)
    assert all(torch.isfinite(w).all() for w in model.state_dict().values())
    if story["history"]:
        loaded, _ = load_run(story["folder"], fresh)
        assert tiny.same_weights(model.state_dict(), loaded.state_dict())
    return story


class Fails(nn.Module):
    """A network that raises in its forward pass of step k, with a tensor in its hands."""

    def __init__(self, error=None, step=None, always=False):
        super().__init__()
        self.inner = tiny.network(dropout=0.3)
        self.plan = {"error": error, "step": step, "always": always}

    def forward(self, x):
        y, plan = self.inner(x), self.plan
        if "counting" in plan:
            plan["counting"] += self.training
            if self.training and plan["counting"] == plan["step"]:
                large = y * 2
                plan["held"] = weakref.ref(large)
                raise copy.copy(plan["error"])
            if plan["always"] and plan["counting"] >= plan["step"]:
                raise copy.copy(plan["error"])
        return y


def failing(monkeypatch, error, step, always=False):
    """Fails, which counts the steps of the training alone, not those of the clinic."""
    model = Fails(error, step, always)

    class Counted(Session):
        def __init__(self, *args):
            super().__init__(*args)
            model.plan["counting"] = 0

    monkeypatch.setattr(runs_fit, "Session", Counted)
    return model


@pytest.mark.parametrize("kind", SHORTAGES)
def test_out_of_memory_is_told_apart_and_says_what_fits(tmp_path, monkeypatch, kind):
    model = failing(monkeypatch, SHORTAGES[kind], step=5)
    with pytest.raises(CourseError) as caught:
        start(tmp_path, model)
    text = str(caught.value)
    assert "memory of the device 'cpu' ran out" in text
    if kind in ("cpu", "windows", "cuda", "apple"):
        assert "asked for another 4.0 GB" in text
    else:
        assert "asked for" not in text
    assert f"A batch of {tiny.BATCH} at 16 px keeps " in text
    assert 1 <= int(re.search(r"Try batch_size=(\d+)", text)[1]) < tiny.BATCH
    assert "px (data.prepare" not in text, "16 px is the least there is"
    (story,) = all_runs(tmp_path)
    assert story["state"] == "stopped" and "ran out" in story["sentence"]


@pytest.mark.parametrize("free", [None, 10, 10**6, 10**12])
@pytest.mark.parametrize("need", [0, 10**5, 10**10])
@pytest.mark.parametrize("batch", [1, 2, 20, 500])
@pytest.mark.parametrize("size", [16, 48, 64, 256])
def test_what_is_proposed_is_always_less(monkeypatch, free, need, batch, size):
    monkeypatch.setattr(rescue, "free_memory", lambda device: free)
    text = rescue.memory_advice(MemoryError(), need, batch, size, "cpu")
    batches = [int(n) for n in re.findall(r"batch_size=(\d+)", text)]
    sizes = [int(n) for n in re.findall(r"size=(\d+)\)", text)]
    assert all(1 <= n < batch for n in batches) and len(batches) == (batch > 1)
    assert all(16 <= n < size and n % 16 == 0 for n in sizes) and len(sizes) == (size > 16)
    assert "narrower network" in text
    if need and free is not None and free < need:
        assert all(n * need / batch <= free for n in batches if n > 1), "it fits"


def test_a_lack_of_memory_of_torch_itself_is_understood_and_other_errors_are_not_taken_for_it():
    shapes = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    assert not any(map(rescue.out_of_memory, (None, shapes, KeyError("memory"))))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert rescue.out_of_memory(caught.value) and rescue.asked_for(caught.value) == 2**60


def test_what_the_failed_step_held_is_let_go_before_the_free_memory_is_measured(monkeypatch):
    model = failing(monkeypatch, SHORTAGES["cpu"], step=2)
    real, held = rescue.memory_advice, []

    def advice(*args):
        held.append(model.plan["held"]())
        return real(*args)

    monkeypatch.setattr(rescue, "memory_advice", advice)
    gc.disable()  # let go at once, not when Python happens to look
    try:
        with pytest.raises(CourseError) as caught:
            start(None, model)
        assert held == [None] and model.plan["held"]() is None
        assert all(p.grad is None for p in model.parameters())
        assert caught.value.__context__ is None and caught.value.__cause__ is None
    finally:
        gc.enable()


def test_an_error_that_is_kept_whole_does_hold_the_step(monkeypatch):
    """The check above is able to fail: without the clean-up the traceback holds the tensor."""
    model = failing(monkeypatch, SHORTAGES["cpu"], step=2)
    monkeypatch.setattr(rescue, "release", lambda error, device: None)
    kept = []
    monkeypatch.setattr(rescue, "memory_advice", lambda error, *rest: kept.append(error) or "")
    with pytest.raises(CourseError):
        start(None, model)
    assert model.plan["held"]() is not None


def test_after_a_lack_of_memory_the_same_call_goes_on(tmp_path, monkeypatch):
    reference = start(None, Fails())
    tiny.save_always(monkeypatch)
    with pytest.raises(CourseError, match="ran out"):
        start(tmp_path, failing(monkeypatch, SHORTAGES["cuda"], step=8))
    (story,) = all_runs(tmp_path)
    place = checkpoints.load_checkpoint(story["folder"] / "checkpoint.pt")["place"]
    assert place[2] == 7, "the last whole step"
    run = start(tmp_path, Fails())
    assert run.folder == story["folder"] and tiny.curves(run) == tiny.curves(reference)
    assert tiny.same_weights(run.best_weights, reference.best_weights)


@pytest.mark.parametrize(("step", "validated"), [(2, 0), (8, 2)])
def test_the_best_weights_so_far_are_in_the_network(tmp_path, monkeypatch, step, validated):
    model = failing(monkeypatch, SHORTAGES["python"], step)
    with pytest.raises(CourseError):
        start(tmp_path, model)
    story = left_behind(tmp_path, model, Fails())
    assert len(story["history"]) == validated and not model.training
    if not validated:
        assert tiny.same_weights(model.state_dict(), Fails().state_dict())


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(("step", "validated"), [(1, 0), (5, 1), (LAST, 3)])
def test_a_loss_that_is_no_number_ends_the_run(tmp_path, monkeypatch, value, step, validated):
    steps = tiny.at_step(monkeypatch, {step: lambda: torch.tensor(value)})
    model = tiny.network()
    with pytest.raises(CourseError, match=rf"became {value} at step {step}: .* Try lr=0.001 "):
        start(tmp_path, model)
    assert len(steps) == step
    story = left_behind(tmp_path, model, tiny.network())
    assert story["state"] == "failed" and len(story["history"]) == validated
    assert f"became {value} at step {step}" in story["sentence"]
    assert json.dumps(story | {"folder": ""}, allow_nan=False), "JSON that anybody can read"
    assert not validated or story["best"]["epoch"] in range(1, validated + 1)
    monkeypatch.undo()
    assert start(tmp_path).name == "002-Sequential", "a run that failed is not gone on with"


def looks_seldom(monkeypatch):
    """As on a GPU: losses are looked at after every twentieth step."""

    class Seldom(Session):
        def __init__(self, *args):
            super().__init__(*args)
            self.look_every = ON_GPU

    monkeypatch.setattr(runs_fit, "Session", Seldom)


@pytest.mark.parametrize("end", ["over", "stop", "stop, kept nowhere", "save"])
def test_losses_that_were_not_looked_at_yet_are_before_the_run_ends(tmp_path, monkeypatch, end):
    looks_seldom(monkeypatch)
    bad = {4: lambda: torch.tensor(math.nan)}
    steps = tiny.at_step(monkeypatch, bad | {5: tiny.press_stop} if "stop" in end else bad)
    if end == "save":
        tiny.save_always(monkeypatch)
    model = tiny.network()
    with pytest.raises(CourseError, match="became nan at step 4"):
        folder = None if "nowhere" in end else tmp_path
        start(folder, model, epochs=5 / 3 if end == "over" else EPOCHS)
    assert len(steps) == (4 if end == "save" else 5)
    assert all(torch.isfinite(w).all() for w in model.state_dict().values())
    assert [story["state"] for story in all_runs(tmp_path)] == ["failed"] * (folder is not None)


def test_seldom_looks_give_the_same_run(monkeypatch):
    expected = start(None)
    looks_seldom(monkeypatch)
    run = start(None)
    assert [row["loss"] for row in run.history] == [row["loss"] for row in expected.history]


@pytest.mark.parametrize("average", [0, 0.998])
def test_weights_that_break_in_the_last_step_before_a_validation(tmp_path, monkeypatch, average):
    """The loss is still a number: it was computed before the step."""
    model = tiny.network()

    def break_weights():
        with torch.no_grad():
            model[0].weight[0] = math.nan

    tiny.at_step(monkeypatch, {tiny.STEPS: break_weights})
    with pytest.raises(CourseError, match="validation photos is nan after step 3"):
        start(tmp_path, model, average=average)
    story = left_behind(tmp_path, model, tiny.network())
    assert story["state"] == "failed" and story["history"] == []


def test_a_training_that_diverges_is_ended(tmp_path):
    model = tiny.network()
    with pytest.raises(CourseError, match=r"diverges: .* Try lr=50 \(it was 500\)"):
        start(tmp_path, model, lr=500.0, epochs=40, schedule="constant")
    story = left_behind(tmp_path, model, tiny.network())
    assert story["state"] == "failed" and "times that of the grey copy" in story["sentence"]


def test_some_bad_steps_are_no_divergence_and_the_first_loss_that_is_not_finite_is_named():
    rescue.check_losses([1e3] * (rescue.PATIENCE - 1), 1.0, 19, 1e-3)
    rescue.check_losses([1e3] * 10 + [9.0] + [1e3] * 9, 1.0, 20, 1e-3)
    with pytest.raises(CourseError, match="diverges"):
        rescue.check_losses([11.0] * rescue.PATIENCE, 1.0, 20, 1e-3)
    with pytest.raises(CourseError, match="became inf at step 43:"):  # on a GPU 20 come at once
        rescue.check_losses([1.0, 1.0, math.inf, math.nan, math.nan], 1.0, 45, 1e-3)


def test_stop_finishes_the_step_and_keeps_everything(tmp_path, monkeypatch):
    steps = tiny.at_step(monkeypatch, {8: tiny.press_stop})
    model = tiny.network(dropout=0.3)
    run = start(tmp_path, model)
    assert run.stopped and len(steps) == 8 and len(run.history) == 2
    assert "the same call goes on from here" in run.sentence
    assert checkpoints.load_checkpoint(run.folder / "checkpoint.pt")["place"][2] == 8
    assert not model.training and tiny.same_weights(model.state_dict(), run.best_weights)


def stopped(folder, **changes) -> Stopped:
    with pytest.raises(Stopped) as caught:
        fit(tiny.network(), tiny.photos(folder), **tiny.EXACT | {"steps": 1200} | changes)
    return caught.value


def test_stop_ends_what_called_it_with_one_sentence(tmp_path, monkeypatch):
    steps = tiny.at_step(monkeypatch, {8: tiny.press_stop, 9: tiny.press_stop, 11: press_twice})
    goes_on = "Run this again and it goes on; resume=False begins anew."
    for done in (8, 9):
        stop = stopped(tmp_path)
        assert str(stop) == f"Stopped after step {done} of 1,200; everything is saved. {goes_on}"
        assert isinstance(stop, KeyboardInterrupt) and stop.run.state == "stopped"
        assert stop._render_traceback_() == [str(stop)] and stop.__context__ is None
    assert "it goes on from where it was saved last; resume" in str(stopped(tmp_path))
    for minutes, place in ((None, "1 of 1,200"), (1, "1")):
        steps.clear()
        tiny.at_step(monkeypatch, {1: tiny.press_stop})
        length = {"minutes": 1, "steps": None} if minutes else {}
        told = str(stopped(None, **length))
        assert told == f"Stopped after step {place}. Run this again and it begins anew."


def test_stop_pressed_when_the_last_step_is_done_interrupts_nothing(monkeypatch):
    for press in (tiny.press_stop, None):
        with monkeypatch.context() as patch:
            if press:
                tiny.at_step(patch, {12: press})
            else:
                patch.setattr(Run, "summary", lambda run, fault: tiny.press_stop() or "")
            assert fit(tiny.network(), tiny.photos(), **tiny.EXACT, steps=12).state == "finished"


def test_in_a_plain_script_it_ends_the_script():
    code = """
import tiny, torch
tiny.train.train_step = lambda *args: tiny.press_stop() or torch.tensor(1.0)
from colourlib.teaching.fit import fit
fit(tiny.network(), tiny.photos(), **tiny.EXACT)
print("on and on")
"""
    where = {"PYTHONPATH": os.pathsep.join(sys.path)}
    how = {"env": os.environ | where, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", code], **how)
    assert done.returncode and "on and on" not in done.stdout
    *_, last = done.stderr.splitlines()
    assert "Stopped: Stopped after step 1 of 30. Run this again and it begins anew." in last


def test_a_run_stopped_in_its_first_epoch_is_judged(tmp_path, monkeypatch):
    tiny.at_step(monkeypatch, {1: tiny.press_stop, 3: tiny.press_stop})
    run = start(tmp_path)
    assert len(run.history) == 1 and load_run(run.folder, tiny.network())[1]["best"] == run.best
    run = start(None)
    assert run.stopped and run.sentence.endswith("Stopped: the same call begins anew.")


def test_a_run_that_never_trained_leaves_the_network_untrained(tmp_path, monkeypatch):
    model = failing(monkeypatch, SHORTAGES["cuda"], step=1)
    with pytest.raises(CourseError):
        start(tmp_path, model)
    monkeypatch.undo()
    model.plan["step"] = None
    assert start(tmp_path, model, batch_size=2).started_from is None


def test_a_failed_run_keeps_no_checkpoint(tmp_path, monkeypatch):
    tiny.save_always(monkeypatch)
    tiny.at_step(monkeypatch, {5: lambda: torch.tensor(math.nan)})
    with pytest.raises(CourseError, match="nan"):
        start(tmp_path)
    (folder,) = tmp_path.glob("001-*")
    assert (folder / "weights.safetensors").exists() and not (folder / "checkpoint.pt").exists()


def press_twice():
    tiny.press_stop()
    tiny.press_stop()


@pytest.mark.parametrize("save", [True, False], ids=["saved before", "nothing saved"])
def test_stop_pressed_twice_ends_at_once(tmp_path, monkeypatch, save):
    reference = start(None)
    with monkeypatch.context() as patch:
        if save:
            tiny.save_always(patch)
        steps = tiny.at_step(patch, {8: press_twice})
        run = start(tmp_path)
    assert run.stopped and len(steps) == 8 and len(run.losses) == 7, "step 8 is not whole"
    assert len(run.history) == 2 and tiny.same_weights(run.model.state_dict(), run.best_weights)
    again = start(tmp_path)
    assert again.name == ("001-Sequential" if save else "002-Sequential")
    assert tiny.curves(again) == tiny.curves(reference)


@pytest.mark.parametrize("presses", [1, 2, 5])
@pytest.mark.parametrize("moment", ["checkpoint", "story", "end", "validation", "drawing"])
def test_stop_at_any_moment_leaves_a_whole_run(tmp_path, monkeypatch, moment, presses):
    reference = start(None)
    pressed = []

    def then(real):
        def call(*args, **kwargs):
            result = real(*args, **kwargs)
            if steps and not pressed:
                pressed.append(True)
                for _ in range(presses):
                    tiny.press_stop()
            return result

        return call

    with monkeypatch.context() as patch:
        tiny.save_always(patch)
        steps = tiny.at_step(patch, {5: tiny.press_stop} if moment == "end" else {})
        where = {
            "checkpoint": (checkpoints, "save_checkpoint"),
            "story": (checkpoints, "layers"),
            "end": (Run, "summary"),
            "validation": (Training, "validate"),
            "drawing": (Silent, "tick"),
        }[moment]
        patch.setattr(*where, then(getattr(*where)))
        run = start(tmp_path)
    assert run.state == "stopped" and pressed and steps
    assert all_runs(tmp_path)[-1]["state"] == "stopped"
    assert not list(tmp_path.rglob("*.tmp"))
    again = start(tmp_path)
    assert tiny.curves(again) == tiny.curves(reference)


def test_the_handler_from_before_is_back(tmp_path, monkeypatch):
    def mine(*_):
        pass

    before = signal.signal(signal.SIGINT, mine)
    try:
        for action in (None, lambda: torch.tensor(math.nan), press_twice):
            broken = action not in (None, press_twice)
            with monkeypatch.context() as patch:
                tiny.at_step(patch, {1: action})
                with pytest.raises(CourseError) if broken else contextlib.nullcontext():
                    start(None, epochs=1)
            assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_run_in_another_thread_trains_and_lets_stop_alone():
    runs, before = [], signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: runs.append(start(None, epochs=2)))
    thread.start()
    try:
        with Stop() as ours:  # of the main thread: the other one must not have taken it over
            tiny.press_stop()
            thread.join()
            assert ours.pressed
    finally:
        thread.join()
    assert runs[0].state == "finished" and signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("always", [False, True], ids=["once", "from then on"])
def test_an_error_of_the_network_itself_keeps_the_run(tmp_path, monkeypatch, always):
    model = failing(monkeypatch, KeyError("my own mistake"), 7, always)
    with pytest.raises(KeyError, match="my own mistake") as caught:
        start(tmp_path, model, average=0)
    assert caught.traceback[-1].frame.code.name == "forward", "it says where"
    story = left_behind(tmp_path, model, Fails())
    assert story["state"] == "failed" and "my own mistake" in story["sentence"]
    assert len(story["history"]) == 2
    with FileLock(story["folder"] / ".lock", timeout=0):
        pass  # nobody holds it any more


def test_an_error_before_the_first_step_gives_the_folder_free(tmp_path, monkeypatch):
    def fails(*_):
        raise ValueError("no board")

    monkeypatch.setattr(board, "choose", fails)
    with pytest.raises(ValueError, match="no board"):
        start(tmp_path)
    with FileLock(tmp_path / "001-Sequential" / ".lock", timeout=0):
        pass
