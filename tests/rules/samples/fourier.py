"""Samples of tapeless/rules/fourier.py."""

import numpy as np

from tapeless.rules.fourier import (
    fitted,
    irfft_transposed,
    irfftn_transposed,
    rfft_transposed,
    rfftn_transposed,
)
from tests.rules.sample import Edge, Sample, array

NORMS = ["backward", "ortho", "forward"]
SQUARE = array(4, 5)
CUBE = array(2, 3, 4)
WAVES = array(2, 3, 3, seed=1) + 1j * array(2, 3, 3, seed=2)  # half the frequencies of (2, 3, 4) or (2, 3, 5)


def waves(n: int) -> np.ndarray:
    return array(n) + 1j * array(n, seed=1)


SAMPLES = [
    *(
        Sample(f, (array(5), n, -1, norm), complex=True)
        for f in (np.fft.fft, np.fft.ifft)
        for n in (None, 3, 8)
        for norm in NORMS
    ),
    *(
        Sample(f, (CUBE,), {"n": n, "axis": axis}, complex=True)
        for f in (np.fft.fft, np.fft.ifft)
        for n, axis in ((None, 0), (2, 1), (5, -2))
    ),
    *(
        Sample(f, (array(m), n), {"norm": norm})
        for f in (np.fft.rfft, np.fft.ihfft)
        for m, n in ((5, None), (6, None), (6, 3), (6, 4), (3, 7), (3, 8), (1, None), (2, None))
        for norm in NORMS
    ),
    *(
        Sample(f, (CUBE,), {"n": n, "axis": axis})
        for f in (np.fft.rfft, np.fft.ihfft)
        for n, axis in ((None, 0), (2, 1), (5, -2))
    ),
    *(
        Sample(f, (waves(m), n), {"norm": norm}, note=f" of {m} to {n}")
        for f in (np.fft.irfft, np.fft.hfft)
        for m, n in ((3, None), (3, 5), (3, 2), (4, 3), (2, 8), (2, 7), (1, 1), (1, 4))
        for norm in NORMS
    ),
    *(
        Sample(f, (WAVES,), {"n": n, "axis": axis}, note="complex")
        for f in (np.fft.irfft, np.fft.hfft)
        for n, axis in ((None, 0), (2, 1), (5, -2))
    ),
    *(Sample(f, (array(4),), note="real") for f in (np.fft.irfft, np.fft.hfft)),
    *(
        Sample(f, (CUBE,), keywords, complex=True)
        for f in (np.fft.fft2, np.fft.ifft2, np.fft.fftn, np.fft.ifftn)
        for keywords in (
            {},
            {"axes": (0, 2), "norm": "ortho"},
            {"axes": (-1, 0), "norm": "forward"},
            {"s": (2, 6), "axes": (1, 2)},
            {"s": (-1, 2), "axes": (1, 0)},
        )
    ),
    Sample(np.fft.fftn, (SQUARE,), {"axes": (0, 0)}, complex=True),
    *(
        Sample(f, (CUBE,), keywords)
        for f in (np.fft.rfft2, np.fft.rfftn)
        for keywords in (
            {},
            {"axes": (2, 1), "norm": "ortho"},
            {"axes": (-1, 0), "norm": "forward"},
            {"s": (2, 6), "axes": (1, 2)},
            {"s": (3, 5), "axes": (0, -1)},
            {"s": (3, -1), "axes": (0, 1)},
        )
    ),
    *(
        Sample(f, (WAVES,), keywords, note="complex")
        for f in (np.fft.irfft2, np.fft.irfftn)
        for keywords in (
            {},
            {"axes": (2, 1), "norm": "ortho"},
            {"axes": (-1, 0), "norm": "forward"},
            {"s": (2, 5), "axes": (1, 2)},
            {"s": (3, 3), "axes": (0, -1)},
        )
    ),
    Sample(np.fft.rfftn, (array(4),)),
    *(
        Sample(f, (SQUARE,), {"axes": axes}, complex=True)
        for f in (np.fft.fftshift, np.fft.ifftshift)
        for axes in (None, 1, (0,), (0, 1))
    ),
    *(Sample(fitted, (SQUARE, shape), complex=True) for shape in ((4, 5), (2, 7), (6, 5))),
    Sample(rfft_transposed, (waves(3), (6,), 5, 0, None), note="complex"),
    Sample(irfft_transposed, (array(6), (3,), 0, None)),
    Sample(rfftn_transposed, (WAVES, (2, 3, 4), None, None, None), note="complex"),
    Sample(rfftn_transposed, (WAVES, (3, 3, 9), (2, 4), (0, -1), "ortho"), note="complex"),
    Sample(irfftn_transposed, (CUBE, (3, 3, 2), None, (0, -1), "forward")),
]

EDGES = [
    # The cotangent of the sum of all frequencies is n at 0: that sum is n x[0].
    Edge(np.fft.fft, (np.array([1.0, 2.0, 4.0]),), (np.array([3.0, 0.0, 0.0]),)),
    Edge(np.fft.ifft, (np.array([1.0, 2.0, 4.0]),), (np.array([1.0, 0.0, 0.0]),)),
    # The real parts are x0 + x1, x0 - x1.
    Edge(np.fft.rfft, (np.array([1.0, 2.0]),), (np.array([2.0, 0.0]),)),
    Edge(np.fft.rfft, (np.array([1.0, 2.0], np.float32),), (np.array([2.0, 0.0]),), note="float32"),
    Edge(np.fft.rfft, (np.array([1.0, 2.0]), 1), (np.array([1.0, 0.0]),)),
    # The first number is z0/4 + z1/2 + z2/4, of real parts; the second z0/4 - z1.imag/2 - z2/4.
    Edge(
        np.fft.irfft,
        (np.array([1.0 + 1j, 2.0 + 1j, 4.0]),),
        (np.array([0.25, 0.5, 0.25]),),
        g=np.array([1.0, 0.0, 0.0, 0.0]),
    ),
    Edge(
        np.fft.irfft,
        (np.array([1.0 + 1j, 2.0 + 1j, 4.0]),),
        (np.array([0.25, 0.5j, -0.25]),),
        g=np.array([0.0, 1.0, 0.0, 0.0]),
        note=" at 1",
    ),
    Edge(np.fft.fft, (np.zeros((0, 3)),), (np.zeros((0, 3)),)),
    Edge(np.fft.rfft, (np.zeros((0, 3)),), (np.zeros((0, 3)),)),
]
