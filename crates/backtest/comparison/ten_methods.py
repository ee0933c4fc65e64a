"""The same backtest with NumPy and SciPy: ten methods, ten linear books, every day of the history.

Reads one line of JSON (`{"btc": [closes], "eth": [closes], "repeat": n}`) and answers with one:
the least of n times in seconds, and for each book and method what came of it. Windows are views,
filters run in SciPy, whole matrices are partitioned or sorted at once; the one recursion that is
not linear is a loop over Python's own floats, which is faster than over NumPy's.
"""

import json
import sys
import time

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import lfilter
from scipy.stats import chi2, norm

LEVEL = 0.99
BOOKS = [
    (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (0.5, 0.5),
    (-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.75, 0.25), (-0.25, 0.75),
]


def rank(n, level):
    exact = n * level
    near = round(exact)
    return (near if abs(exact - near) < 1e-9 else int(np.ceil(exact))) - 1


def ewma(pnl, lam, start):
    first = np.mean(pnl[:start] ** 2)
    tail = lfilter([1 - lam], [1, -lam], pnl**2, zi=[lam * first])[0]
    return np.concatenate([[first], tail])


def two_speed(pnl, most=4.0):
    def one(lam):
        variance = float(np.mean(pnl[:30] ** 2))
        found = [variance]
        for square in (pnl**2).tolist():
            variance = lam * variance + (1 - lam) * min(square, most * most * variance)
            found.append(variance)
        return np.array(found)

    return one(0.94) ** 0.15 * one(0.997) ** 0.35


def windows(values, width):
    """Row t - width holds the values t - width .. t - 1."""
    return sliding_window_view(values[:-1], width)


def order(values, width):
    at = rank(width, LEVEL)
    return np.partition(windows(values, width), at, axis=1)[:, at]


def plain(loss, pnl):
    return order(loss, 365)


def linear(loss, pnl):
    at, rest = divmod(499 * LEVEL, 1)
    at = int(at)
    part = np.partition(windows(loss, 500), [at, at + 1], axis=1)
    return part[:, at] + rest * (part[:, at + 1] - part[:, at])


def filtered(lam, width):
    def margins(loss, pnl):
        vol = np.sqrt(ewma(pnl, lam, 30))[:-1]
        return order(loss / vol, width) * vol[width:]

    return margins


def shortfall(loss, pnl):
    vol = np.sqrt(ewma(pnl, 0.97, 30))[:-1]
    k = 365 * (1 - LEVEL)
    whole = int(k)
    part = np.partition(windows(loss / vol, 365), 365 - whole - 1, axis=1)[:, 365 - whole - 1 :]
    # The worst `whole` are above the first of the part, which counts by the rest.
    total = part[:, 1:].sum(axis=1) + (k - whole) * part[:, 0]
    return total / k * vol[365:]


def normal(loss, pnl):
    return norm.ppf(LEVEL) * np.sqrt(ewma(pnl, 0.94, 30))[365:-1]


def stressed(loss, pnl):
    base = filtered(0.97, 365)(loss, pnl)
    stress = np.empty_like(base)
    for t in range(365, len(loss)):
        worst = max(1, t // 10)
        at = t - worst + rank(worst, LEVEL)
        stress[t - 365] = np.partition(loss[:t], at)[at]
    return 0.75 * base + 0.25 * np.maximum(base, stress)


def pareto(loss, pnl):
    width = 500
    vol = np.sqrt(ewma(pnl, 0.94, 60))[:-1]
    z = np.sort(windows(loss / vol, width), axis=1)
    at, rest = divmod((width - 1) * 0.9, 1)
    at = int(at)
    u = z[:, at] + rest * (z[:, at + 1] - z[:, at])
    y = z[:, at + 1 :] - u[:, None]
    n = y.shape[1]
    weight = 1 - (np.arange(1, n + 1) - 0.35) / n
    a0, a1 = y.mean(axis=1), (y * weight).mean(axis=1)
    shape, scale = 2 - a0 / (a0 - 2 * a1), 2 * a0 * a1 / (a0 - 2 * a1)
    var = u + scale / shape * ((width / n * (1 - LEVEL)) ** -shape - 1)
    return var * vol[width:]


def standard(loss, pnl):
    vol = two_speed(pnl)[:-1]
    z = loss / vol
    growing = [np.partition(z[:t], rank(t, LEVEL))[rank(t, LEVEL)] for t in range(365, 1000)]
    return np.concatenate([growing, order(z, 1000)]) * vol[365:]


METHODS = [
    ("plain 365", plain), ("plain 500, linear", linear), ("fhs 0.97", filtered(0.97, 365)),
    ("fhs 0.94", filtered(0.94, 365)), ("fhs 0.99 1000", filtered(0.99, 1000)),
    ("fhs 0.97 es", shortfall), ("normal 0.94", normal), ("fhs 0.97 stress", stressed),
    ("pareto 0.94", pareto), ("default", standard),
]


def ratio(steps, failures, rate):
    safe = lambda n, q: n * np.log(q) if n else 0.0
    return safe(steps - failures, 1 - rate) + safe(failures, rate)


def statistics(loss, margins):
    loss = loss[-len(margins) :]
    failed = loss > margins
    steps, failures = len(failed), int(failed.sum())
    pairs = np.bincount(2 * failed[:-1] + failed[1:], minlength=4).tolist()
    found = ratio(steps, failures, failures / steps)
    pof = max(0.0, 2 * (found - ratio(steps, failures, 1 - LEVEL)))
    none, one = pairs[0] + pairs[1], pairs[2] + pairs[3]
    apart = ratio(none, pairs[1], pairs[1] / none)
    apart += ratio(one, pairs[3], pairs[3] / one) if one else 0.0
    hits = pairs[1] + pairs[3]
    independence = max(0.0, 2 * (apart - ratio(none + one, hits, hits / (none + one))))
    p_value = chi2.sf(pof + independence, 2)
    mean, swing = margins.mean(), margins.max() / margins.min()
    rise = (margins[5:] / margins[:-5]).max()
    return [failures, mean, pof, independence, p_value, swing, rise, (loss - margins).max()]


def backtest(btc, eth):
    one, two = np.diff(btc) / btc[:-1], np.diff(eth) / eth[:-1]
    answers = []
    for a, b in BOOKS:
        pnl = a * one + b * two
        loss = -pnl
        answers.append([[float(x) for x in statistics(loss, how(loss, pnl))] for _, how in METHODS])
    return answers


def main():
    asked = json.loads(sys.stdin.readline())
    btc, eth = np.array(asked["btc"]), np.array(asked["eth"])
    least = float("inf")
    for _ in range(asked["repeat"]):
        before = time.perf_counter()
        answers = backtest(btc, eth)
        least = min(least, time.perf_counter() - before)
    print(json.dumps({"seconds": least, "numpy": np.__version__, "answers": answers}))


main()
