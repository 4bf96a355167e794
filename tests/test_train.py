"""The loop by itself: it trains, it can be stopped, and whoever looks on changes nothing."""

import copy

import tiny
import torch

from colourlib.device import Placement
from colourlib.train import Config, Training, Watch, train

CPU = Placement("cpu", "fp32", "for the test")


def trained(watch: Watch, **changes) -> Training:
    config = Config(**{"epochs": 6, "lr": 1e-2, "batch_size": tiny.BATCH} | changes)
    training = Training(tiny.network(), tiny.photos(), config, CPU)
    train(training, watch)
    return training


def test_the_loop_alone_trains_and_keeps_the_best_weights():
    training = trained(Watch())
    assert training.over and training.step == 6 * tiny.STEPS
    assert [row["epoch"] for row in training.history] == [1, 2, 3, 4, 5, 6]
    errors = [row["validation_loss"] for row in training.history]
    assert errors[-1] < errors[0]
    best = copy.deepcopy(training.judged)
    best.load_state_dict(training.best_weights)
    y = tiny.photos().validation.__getitems__(range(5))
    loss = torch.nn.functional.mse_loss(best.eval()(y[0]), y[1])
    assert loss.item() - min(errors) < 1e-6


def test_it_stops_after_the_step_in_which_somebody_says_so():
    class Third(Watch):
        def after_step(self, training):
            self.stopped = training.step == 3

    training = trained(Third())
    assert training.step == 3 and not training.over
    assert training.history[0]["photos"] == 3 * tiny.BATCH, "an epoch was over: it is judged"


def test_who_looks_on_sees_each_step_and_each_validation_and_changes_nothing():
    class Looks(Watch):
        def __init__(self):
            self.seen = []

        def after_step(self, training):
            self.seen.append(training.read_losses())

        def after_validation(self, training, row):
            self.seen.append(row)

    watch = Looks()
    looked_at, alone = trained(watch), trained(Watch())
    assert len(watch.seen) == 6 * tiny.STEPS + 6
    assert tiny.same_weights(looked_at.best_weights, alone.best_weights)
    assert [r["loss"] for r in looked_at.history] == [r["loss"] for r in alone.history]
