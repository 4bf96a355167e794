"""One training in several processes: each takes its part of every batch, all take the same step.

Order and crops of a batch follow from the seed and its number, so every process knows them and cuts
its own photos. The loop is `train.train`, as in one process; what differs is told here.
"""

import warnings

import torch
from torch import Tensor, distributed, nn

from ..common import processes
from ..common.copies import copy_of, undisturbed
from ..common.errors import CourseError
from ..common.stop import Stop
from ..train import Training


class Together(Training):
    """A Training that shares batches, gradients, losses, clock and Stop with other processes.

    BatchNorm takes its statistics from a process's own photos, and the main process's are kept:
    torch's SyncBatchNorm runs on GPUs only, and ten photos of many pixels each are plenty.
    """

    def __init__(self, stop: Stop, every: int, *what) -> None:
        """every: steps between two exchanges of losses, clock and Stop."""
        super().__init__(*what)
        me, all_ = processes.rank(), processes.count()
        self.whole = min(self.config.batch_size, len(self.data.train))
        mine = processes.part(self.whole, me, all_)
        if self.whole < all_:
            raise CourseError(
                f"{all_} processes cannot share a batch of {self.whole}: give batch_size={all_} "
                "or more, start fewer processes, or give each its own: per_process=True."
            )
        self.share = (mine.stop - mine.start) / self.whole
        self.loader.batch_sampler.part = me, all_
        self.model = synchronised(self.model, self.share, self.data.train.size)
        if self.averaged is not None:
            self.averaged.load_state_dict(self.plain.state_dict())
        self.stop, self.every, self.stopped = stop, every, False
        self.own: list[Tensor] = []  # losses of this process that the others do not know yet
        self.clock = 0.0  # seconds of the main process, as of the last exchange

    @property
    def progress(self) -> float:
        """How much of the run is done; where a clock decides, the main process's."""
        if self.config.minutes is not None:
            return self.clock / 60 / self.config.minutes
        return super().progress

    def count(self, loss: Tensor, photos: int) -> None:
        """Count one more step, of all processes."""
        super().count(loss, self.whole)
        self.own.append(self.losses.pop())
        if self.step % self.every == 0 or self.to_validate:
            self.exchange()

    def exchange(self) -> None:
        """Tell one another what nobody else can know: losses, the clock, a press on Stop."""
        losses = torch.stack(self.own).double() * self.share
        seconds = 0.0 if processes.rank() else self.seconds
        told = torch.cat([losses, losses.new_tensor([self.stop.pressed, seconds])])
        distributed.all_reduce(told)
        self.losses += told[: len(losses)]
        self.own = []
        pressed, self.clock = told[-2:].tolist()
        self.stopped = pressed > 0
        self.to_validate = self.to_validate or self.over

    def judge(self) -> tuple[float, float]:
        """The main process judges, and tells the others."""
        return processes.from_main(super().judge)

    def spread_chance(self) -> None:
        """Other dropout in each process, as photos of one batch have it; the main one goes on."""
        if me := processes.rank():
            torch.manual_seed((self.config.seed << 32) + (self.step << 12) + me)


def synchronised(model: nn.Module, share: float, size: int) -> nn.Module:
    """The network, with the main process's weights and statistics from now on.

    After each backward it has the gradient of the whole batch, of which this process has a `share`.
    """
    for buffer in model.buffers():
        distributed.broadcast(buffer, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # newer ones: another broadcast_buffers
        model = nn.parallel.DistributedDataParallel(
            model, broadcast_buffers=False, find_unused_parameters=_leaves_out(model, size)
        )
    model.register_comm_hook(share, _weighted_sum)  # its own one takes all parts for equal
    return model


def _leaves_out(model: nn.Module, size: int) -> bool:
    """Has it layers that its forward leaves out? No gradient of theirs is to be waited for."""
    with undisturbed():
        twin = copy_of(model, "cpu").train()
        twin(2 * torch.rand(2, 1, size, size) - 1).sum().backward()
        return any(p.grad is None for p in twin.parameters() if p.requires_grad)


def _weighted_sum(share: float, bucket):
    """Gradients of means over parts of a batch -> the gradient of the mean over all of it."""
    work = distributed.all_reduce(bucket.buffer().mul_(share), async_op=True)
    return work.get_future().then(lambda future: future.value()[0])
