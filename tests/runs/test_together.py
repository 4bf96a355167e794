"""Two processes train what one would: the same photos, losses, weights; and they end together."""

import os
import signal
import socket
import subprocess
import sys
import traceback

import pytest
import tiny
import torch
from torch import multiprocessing, nn

from colourlib import CourseError
from colourlib.common import processes
from colourlib.common.processes import part
from colourlib.data import Batches, PhotoSet
from colourlib.runs import all_runs

LIMIT = 60  # seconds that anything here may take


def worker(rank, count, port, results, job, *what):
    """One process: what the job gives, or the CourseError that ends it."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": str(rank)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "LOCAL_WORLD_SIZE": "1"}
    os.environ |= {"GLOO_SOCKET_IFNAME": "lo"}
    torch.set_num_threads(1)
    try:
        results.put((rank, job(rank, *what)))
    except CourseError as error:
        results.put((rank, f"{error}" if processes.first_to_tell() else "silent"))
    except BaseException:
        results.put((rank, traceback.format_exc()))


def together(job, *what, count=2, killed=()) -> list:
    """What a job gives in each of two processes, by rank; of those that get killed it is None."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    begun = [
        fork.Process(target=worker, args=(rank, count, port, results, job, *what), daemon=True)
        for rank in range(count)
    ]
    for one in begun:
        one.start()
    try:
        told = dict(results.get(timeout=LIMIT) for _ in range(count - len(killed)))
    finally:
        for one in begun:
            one.join(10)
            one.kill()
    return [told.get(rank) for rank in range(count)]


def frozen(seed: int = 0) -> nn.Module:
    """A network whose BatchNorm keeps its statistics: then photos do not depend on each other."""

    class Frozen(nn.BatchNorm2d):
        def forward(self, x):
            self.eval()
            return super().forward(x)

    net = tiny.network(seed=seed)
    net[1] = Frozen(4)
    return net


def spare() -> nn.Module:
    """A network with a layer that its forward leaves out, and with dropout."""
    net = tiny.network(0.3)
    net[0].unused = nn.Conv2d(1, 1, 1)
    return net


def trained(net, folder, **changes):
    length = {} if "minutes" in changes else {"epochs": 2}
    run = tiny.fit(net, tiny.photos(folder), **length | changes)
    weights = {name: one.numpy() for name, one in run.best_weights.items()}
    return run.state, [loss for _, loss in run.losses], weights, run.folder and run.name


def several(rank, folder):
    """All that is looked at in two processes that end well: starting them costs the most."""
    told = {}
    # Other first weights in each: the main one's count.
    told["frozen"] = trained(frozen(seed=rank), folder / "frozen")
    told["uneven"] = trained(frozen(), folder / "uneven", batch_size=3)
    told["minutes"] = trained(spare(), folder / "minutes", minutes=0.01)[0]
    net = tiny.network()
    told["own"] = trained(net, folder / "own", per_process=True, batch_size=2)[0]
    told["statistics"] = [x.detach().numpy() for x in (net[1].running_mean, net[0].weight)]
    stop = {2: tiny.press_stop} if rank == 1 else {}
    with pytest.MonkeyPatch.context() as patch:
        tiny.at_step(patch, stop)
        told["stopped"] = trained(frozen(), folder / "stopped")
    for name, seed in (("photos", rank), ("code", 0)):
        with pytest.raises(CourseError) as error:
            net = nn.Sequential(tiny.network(), nn.Identity()) if rank and not seed else frozen()
            tiny.fit(net, tiny.photos(None, seed), epochs=1)
        told[name] = str(error.value)
    with pytest.raises(CourseError) as error:
        tiny.fit(frozen(), tiny.photos(), epochs=1, batch_size=1)
    return told | {"few": str(error.value)}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    found = together(several, folder)
    assert all(isinstance(one, dict) for one in found), found
    return [*found, folder]


def same(one, other) -> None:
    assert one[0] == other[0] == "finished"
    assert one[1] == pytest.approx(other[1], abs=1e-5) and len(one[1]) >= 6
    for name, weight in one[2].items():
        assert weight == pytest.approx(other[2][name], abs=1e-5), name


@pytest.mark.slow
def test_with_frozen_batchnorm_two_processes_take_the_steps_of_one(told, tmp_path):
    main, other, _ = told
    for name, batch_size in (("frozen", 4), ("uneven", 3)):
        same(main[name], trained(frozen(), tmp_path, batch_size=batch_size))
        same(main[name], other[name])


@pytest.mark.slow
def test_only_the_main_process_writes_and_the_record_says_how_many_there_were(told):
    main, other, folder = told
    assert main["frozen"][3] and not other["frozen"][3]
    for name, batch_size in (("frozen", 4), ("own", 4)):
        (story,) = all_runs(folder / name)
        assert story["processes"] == 2 and story["config"]["batch_size"] == batch_size
    assert main["minutes"] == other["minutes"] == "finished"


@pytest.mark.slow
def test_batchnorm_takes_its_statistics_from_a_processs_own_photos_and_weights_stay_one(told):
    (mean, weight), (other_mean, other_weight) = (one["statistics"] for one in told[:2])
    assert weight == pytest.approx(other_weight, abs=1e-6)
    assert abs(mean - other_mean).max() > 1e-4


@pytest.mark.slow
def test_a_press_in_one_stops_all_and_one_process_goes_on(told, tmp_path):
    main, other, folder = told
    assert main["stopped"][0] == other["stopped"][0] == "stopped"
    run = trained(frozen(), folder / "stopped")
    assert run[3] == main["stopped"][3]
    same(run, main["frozen"])


@pytest.mark.slow
def test_what_would_cost_hours_is_said_at_the_start_in_all_processes(told):
    for one in told[:2]:
        assert "Process 1 of 2 has another set of photos than process 0" in one["photos"]
        assert "Process 1 of 2 has another network than process 0" in one["code"]
        assert "2 processes cannot share a batch of 1: give batch_size=2" in one["few"]


@pytest.mark.slow
def test_the_notebook_launcher_starts_the_same_training(tmp_path):
    code = "import sys, accelerate, test_together as t; from pathlib import Path\n"
    code += "accelerate.notebook_launcher(t.trained, [t.frozen(), Path(sys.argv[1])], 2)"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}  # a process without threads yet
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=env, check=True, timeout=150)
    (story,) = all_runs(tmp_path)
    assert (story["state"], story["processes"]) == ("finished", 2)


def victim(rank, folder):
    """A run that saves after each step, and whose other process is killed in the fourth."""
    with pytest.MonkeyPatch.context() as patch:
        tiny.save_always(patch)
        kill = {4: lambda: os.kill(os.getpid(), signal.SIGKILL)} if rank else {}
        tiny.at_step(patch, kill)
        return trained(frozen(), folder)


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_other_with_one_sentence_and_the_run_goes_on(tmp_path):
    survivor, _ = together(victim, tmp_path, killed=[1])
    assert "Another of the 2 processes has ended without a word" in survivor
    (story,) = all_runs(tmp_path)
    assert story["state"] == "stopped" and (tmp_path / story["name"] / "checkpoint.pt").exists()
    assert trained(frozen(), tmp_path)[0] == "finished" and len(all_runs(tmp_path)) == 1


@pytest.mark.parametrize("processes_", [1, 2, 3, 7])
def test_the_parts_are_the_batches_of_one_process_photo_by_photo(processes_):
    photos: PhotoSet = tiny.photos().train
    sets = [Batches(len(photos), 7, 0) for _ in range(processes_)]
    for rank, one in enumerate(sets):
        one.part = rank, processes_
    whole = next(iter(Batches(len(photos), 7, 0)))
    parts = [next(iter(one)) for one in sets]
    assert sum(parts, []) == whole and len({*whole}) == 7
    for axis in (0, 1):
        pieces = [photos.__getitems__(one)[axis] for one in parts]
        assert torch.allclose(torch.cat(pieces), photos.__getitems__(whole)[axis], atol=1e-6)
    assert [len(range(20)[part(20, rank, 3)]) for rank in range(3)] == [6, 7, 7]


def test_without_a_launcher_or_without_accelerate_a_sentence_says_so(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(CourseError, match="no launcher says which process this is"):
        processes.start()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CourseError, match="need accelerate, which is not installed: pip"):
        processes.start()
    monkeypatch.setattr("torch.distributed.is_available", lambda: False)
    with pytest.raises(CourseError, match="can run in one process only"):
        processes.start()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert processes.from_main(lambda: 3) == processes.in_turn(lambda: 3) == 3
