"""The same work by NumPy and SciPy, for `cargo bench -p espalier-solve --bench solve -- --python PYTHON`.

arguments: inputs, samples, targets, seconds to spend on each; stdout: a line for each, its name and the least milliseconds
needs: numpy, scipy
"""
import sys
import time

import numpy as np
from scipy import linalg

n, rows, outputs = map(int, sys.argv[1:4])
spent = float(sys.argv[4])
random = np.random.default_rng(1)
x = random.random((rows, n), dtype=np.float32) - 0.5
y = random.random((rows, outputs), dtype=np.float32) - 0.5


def row(name, run):
    began, best = time.perf_counter(), float("inf")
    while True:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        if time.perf_counter() - began >= spent:
            break
    print(f"{name}\t{1e3 * best}", flush=True)


for dtype, name in ((np.float64, "f64"), (np.float32, "f32")):
    # As here: samples are float32, and come as they are.
    row(f"moments in {name}", lambda: [(z.T @ z, z.T @ y.astype(dtype)) for z in [x.astype(dtype)]])
z = x.astype(np.float64)
gram, cross = z.T @ z + 1e-3 * np.eye(n), z.T @ y
half = np.arange(0, n, 2)
row(
    "refit on half",
    lambda: linalg.cho_solve(linalg.cho_factor(gram[np.ix_(half, half)]), cross[half]),
)
row("conditional entropies", lambda: linalg.lapack.dpotri(linalg.lapack.dpotrf(gram)[0]))
