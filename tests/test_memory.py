"""How much memory is free: a number where the system tells, None where it does not."""

import psutil
import pytest
import torch

from colourlib.memory import free_memory, gigabytes


def test_free_memory_is_what_the_system_says():
    assert 0 < free_memory() <= psutil.virtual_memory().total
    assert 0 < free_memory(torch.device("cpu")) <= psutil.virtual_memory().total


def test_on_other_devices_it_is_not_known():
    assert free_memory("meta") is None and free_memory("mps") is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_what_torch_holds_in_reserve_on_a_gpu_counts_as_free():
    before = free_memory("cuda")
    held = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")
    assert before - free_memory("cuda") >= 250 << 20
    del held
    assert before - free_memory("cuda") < 50 << 20


def test_numbers_of_bytes_in_words():
    words = [gigabytes(n) for n in (0, 4_200_000, 999_000_000, 1_300_000_000, 2.2e12)]
    assert words == ["1 MB", "4 MB", "999 MB", "1.3 GB", "2200.0 GB"]
