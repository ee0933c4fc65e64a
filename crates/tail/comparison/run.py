"""GARCH fits beside the Python package `arch`, on the same returns, in the same run.

    python3 crates/tail/comparison/run.py [PRICES.csv]

Makes a virtual environment under `target/`, installs the pinned versions there, builds the example
`garch_fit` in release mode and prints one row a model: medians, ratio, and the difference of the
two log-likelihoods. Processor time of one thread each, so that a busy machine changes neither. The file has a header and its closes in the last column; without one it is the
S&P 500 file of the data folder (`KEELMARK_DATA`, else `../shared/data`), and where that is not
there a simulated series. Exit 1 when a ratio is below 5 or an optimum is lower by more than 0.001.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ROUNDS = 9
MODELS = {
    "GARCH normal": dict(o=0, dist="normal"),
    "GARCH t": dict(o=0, dist="t"),
    "GJR normal": dict(o=1, dist="normal"),
    "GJR t": dict(o=1, dist="t"),
}


# One thread: what the package gives to linear algebra would be counted together.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def inside_venv():
    """Starts again inside the virtual environment, making it the first time."""
    venv = TARGET / "comparison-arch"
    python = venv / "bin" / "python"
    if pathlib.Path(sys.prefix) == venv:
        return
    if not (venv / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        requirements = HERE / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (venv / "ready").touch()
    os.execv(python, [python, __file__, *sys.argv[1:]])


def returns_in_percent():
    import numpy

    data = pathlib.Path(os.environ.get("KEELMARK_DATA", ROOT / "../shared/data"))
    known = data / "sp500-adjclose-1999-2018.csv"
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else known
    if not path.exists() and len(sys.argv) == 1:
        print("no price file: a simulated series instead")
        random, variance, returns = numpy.random.default_rng(1), 1.0, []
        for z in random.standard_t(7, 5030) * (5 / 7) ** 0.5:
            returns.append(0.05 + variance**0.5 * z)
            variance = 0.02 + 0.09 * variance * z * z + 0.89 * variance
        return numpy.array(returns)
    print(f"closes of {path.name}")
    rows = path.read_text().split()[1:]
    closes = numpy.array([float(row.split(",")[-1]) for row in rows])
    return 100 * (closes[1:] / closes[:-1] - 1)


def ours(text, name, fits=51):
    """Processor seconds of one of many fits, the start of the process included, and the top."""
    command = [TARGET / "release" / "examples" / "garch_fit", name, str(fits)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / fits, json.loads(out.stdout)["loglik"]


def theirs(returns, options, fits=5):
    """The same of the package, whose model is made outside of what is timed."""
    from arch import arch_model

    times, loglik = [], None
    for _ in range(fits):
        model = arch_model(returns, mean="Constant", vol="GARCH", p=1, q=1, **options)
        start = time.process_time()
        found = model.fit(disp="off", show_warning=False)
        times.append(time.process_time() - start)
        loglik = found.loglikelihood
    return statistics.median(times), loglik


def main():
    inside_venv()
    build = ["cargo", "build", "-q", "--release", "-p", "keelmark-tail", "--example", "garch_fit"]
    subprocess.run(build, cwd=ROOT, check=True)
    returns = returns_in_percent()
    text = "\n".join(repr(float(one)) for one in returns)
    rows = {name: {"ours": [], "theirs": []} for name in MODELS}
    for _ in range(ROUNDS):
        for name, options in MODELS.items():
            mine, top = ours(text, name)
            other, loglik = theirs(returns, options)
            rows[name]["ours"].append(mine)
            rows[name]["theirs"].append(other)
            rows[name]["gain"] = top - loglik
            rows[name]["loglik"] = top
    print(f"{len(returns)} returns, processor time, medians of {ROUNDS} rounds\n")
    print(f"{'model':14}{'keelmark ms':>13}{'arch ms':>10}{'ratio':>8}{'loglik':>14}{'above arch':>12}")
    failed = False
    for name, row in rows.items():
        mine, other = statistics.median(row["ours"]), statistics.median(row["theirs"])
        failed |= other / mine < 5 or row["gain"] < -1e-3
        print(
            f"{name:14}{1e3 * mine:13.3f}{1e3 * other:10.2f}{other / mine:8.1f}"
            f"{row['loglik']:14.4f}{row['gain']:12.6f}"
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
