"""The loop by itself: it trains, it can be stopped, and whoever looks on changes nothing."""

import copy

import tiny
import torch

from colourlib.device import Placement
from colourlib.train import Config, Training, Watch, train


class Looks(Watch):
    def __init__(self, last: int = 99):
        self.last, self.seen = last, []

    def after_step(self, training):
        self.seen.append(training.read_losses())
        self.stopped = training.step == self.last

    def after_validation(self, training, row):
        self.seen.append(row)


def trained(watch: Watch) -> Training:
    config = Config(epochs=6, lr=1e-2, batch_size=tiny.BATCH)
    training = Training(tiny.network(), tiny.photos(), config, Placement("cpu", "fp32", "a test"))
    train(training, watch)
    return training


def test_the_loop_trains_keeps_the_best_weights_and_does_not_mind_who_looks_on():
    training, watch = trained(Watch()), Looks()
    assert training.over and training.step == 6 * tiny.STEPS
    assert [row["epoch"] for row in training.history] == [1, 2, 3, 4, 5, 6]
    errors = [row["validation_loss"] for row in training.history]
    best = copy.deepcopy(training.judged)
    best.load_state_dict(training.best_weights)
    x, y = tiny.photos().validation.__getitems__(range(5))
    loss = torch.nn.functional.mse_loss(best.eval()(x), y).item()
    assert errors[-1] < errors[0] and abs(loss - min(errors)) < 1e-6
    looked_at = trained(watch)
    assert len(watch.seen) == 6 * tiny.STEPS + 6
    assert tiny.same_weights(looked_at.best_weights, training.best_weights)
    assert [r["loss"] for r in looked_at.history] == [r["loss"] for r in training.history]


def test_it_stops_after_the_step_in_which_somebody_says_so():
    training = trained(Looks(last=3))
    assert training.step == 3 and not training.over
    assert training.history[0]["photos"] == 3 * tiny.BATCH, "an epoch was over: it is judged"
