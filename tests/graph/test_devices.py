"""Devices: there is one, and programs that ask for others are told so."""

from __future__ import annotations

import copy
import pickle

import pytest

import tapeless as tl


def test_the_line_that_chooses_a_device_chooses_the_processor():
    device = tl.device("cuda" if tl.cuda.is_available() else "cpu")

    assert device == tl.device("cpu") == tl.ones(2).device == "cpu"
    assert (device.type, device.index, tl.cuda.device_count()) == ("cpu", None, 0)
    assert tl.zeros(2, device=device).to(device).cpu().device == device


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (tl.device("cpu"), "device(type='cpu')"),
        (tl.device("cpu", 0), "device(type='cpu', index=0)"),
        (tl.device("cuda:1"), "device(type='cuda', index=1)"),
        (tl.device(tl.device("cpu")), "device(type='cpu')"),
    ],
)
def test_devices_print_as_pytorchs_do(device: tl.device, text: str):
    assert repr(device) == text


def test_devices_are_copied_pickled_and_keys_of_dicts():
    device = tl.device("cpu", 0)

    assert copy.deepcopy(device) == pickle.loads(pickle.dumps(device)) == device
    assert {device: 1}[tl.device("cpu:0")] == 1
    assert device != tl.device("cpu")
    assert device != 0


def test_tensors_and_modules_on_another_device_are_refused():
    with pytest.raises(RuntimeError, match="device 'cpu', not 'cuda'"):
        tl.ones(2).to(tl.device("cuda"))
    with pytest.raises(RuntimeError, match="device 'cpu', not 'cuda:0'"):
        tl.nn.Linear(2, 2).to("cuda:0")
    with pytest.raises(RuntimeError, match="there is no device 'gpu'; devices are one of cpu, cuda"):
        tl.device("gpu")
