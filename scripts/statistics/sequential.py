"""Reference values of the sequential tests of counts and means, the spending boundaries and the change detector.

By mpmath at 50 digits from the papers' formulas; boundaries by nested integration on another grid than ours; two-sided mean
sequences by GrowthBook's gbstats too.

Run: python3 -m venv /tmp/sequential && /tmp/sequential/bin/pip install scipy==1.17.1 gbstats==0.8.0 mpmath==1.4.1
     /tmp/sequential/bin/python scripts/statistics/sequential.py
Writes test/domain/statistics/fixtures/sequential-*.json, the same at every run.
"""

import json
import math
import random
from pathlib import Path

import numpy as np
from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic
from mpmath import beta, erfc, exp, log, mp, mpf, sqrt
from scipy.optimize import brentq
from scipy.stats import norm

mp.dps = 50
FOLDER = Path(__file__).parents[2] / "test/domain/statistics/fixtures"
CASES = 500
# So high that intervals of a few events are not boundless.
LEVEL = mpf("0.4")


def write(name, columns, rows):
    assert len(rows) >= CASES, (name, len(rows))
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / f"sequential-{name}.json").write_text(f'{{"columns":{json.dumps(columns)},"rows":[\n{lines}\n]}}\n')


def counts(r):
    """The log e-value of a grid mixture over rate ratios, event by event; and the closed form."""
    grid = [(k - 32) * log(mpf(16)) / 32 for k in range(65)]
    ratios = [exp(g) for g in grid]
    rows = []
    for _ in range(CASES):
        spread = mpf(r.choice([3, 5, 10])) / 10
        prior = [exp(-((g / spread) ** 2) / 2) for g in grid]
        at_risk = [r.randint(20, 60), r.randint(20, 60)]
        likelihood = [mpf(1)] * 65
        kept = set(range(65))
        events = []
        effect = r.choice([0.5, 1, 1, 3])
        for _ in range(r.randint(1, 8)):
            share = mpf(at_risk[1]) / sum(at_risk)
            treated = int(r.random() < at_risk[1] * effect / (at_risk[1] * effect + at_risk[0]))
            events.append([treated, *at_risk])
            likelihood = [l * (t if treated else 1) / (share * t + 1 - share) for l, t in zip(likelihood, ratios)]
            at_risk[treated] -= 1
            e = sum(p * l for p, l in zip(prior, likelihood)) / sum(prior)
            kept = {k for k in kept if e / likelihood[k] < 1 / LEVEL}
        # The points next to those that are kept, null beyond the grid.
        ends = [float(ratios[k]) if 0 <= k < 65 else None for k in (min(kept) - 1, max(kept) + 1)]
        n = [r.randint(0, 80), r.randint(0, 80)]
        rho, a, b = mpf(r.randint(1, 9)) / 10, mpf(r.randint(1, 40)) / 10, mpf(r.randint(1, 40)) / 10
        closed = log(beta(a + n[1], b + n[0]) / beta(a, b)) - n[1] * log(rho) - n[0] * log(1 - rho)
        rows.append([float(spread), events, float(log(e)), *n, float(rho), float(a), float(b), float(closed), *ends])
    write("counts", ["spread", "events", "logE", "nC", "nT", "share", "a", "b", "closedLogE", "low", "high"], rows)


def means(r):
    rows = []
    for _ in range(CASES):
        n = [r.randint(100, 5000), r.randint(100, 5000)]
        m = [round(r.uniform(-2, 2), 3), 0]
        m[1] = round(m[0] + r.gauss(0, 0.3), 3)
        v = [round(10 ** r.uniform(-1, 1.5), 4) for _ in n]
        alpha, planned = r.choice([0.01, 0.05, 0.1]), r.randint(200, 20_000)
        side = r.choice(["two-sided", "greater", "less"])
        level = mpf(str(alpha)) * (1 if side == "two-sided" else 2)
        rho2 = (-2 * log(level) + log(1 - 2 * log(level))) / planned
        big = sum(n) * rho2
        se = sqrt(mpf(v[0]) / n[0] + mpf(v[1]) / n[1])
        d = mpf(m[1]) - mpf(m[0])
        z = d / se
        log_e = big * z**2 / (2 * (big + 1)) - log(big + 1) / 2
        if side == "two-sided":
            half = se * sqrt(2 * (big + 1) / big * log(sqrt(big + 1) / mpf(str(alpha))))
        else:
            half = se * sqrt(2 * (big + 1) / big * log(1 + sqrt(big + 1) / (2 * mpf(str(alpha)))))
            x = (z if side == "greater" else -z) * sqrt(big / (big + 1))
            log_e += log(2 * erfc(-x / sqrt(mpf(2))) / 2)
        rows.append([*n, *m, *v, alpha, planned, side, float(d - half), float(d + half), float(log_e)])
    write("means", ["nC", "nT", "meanC", "meanT", "varC", "varT", "alpha", "plannedUnits", "alternative", "low", "high", "logE"], rows)


def growthbook(r):
    rows = []
    for _ in range(CASES):
        n = [r.randint(100, 5000), r.randint(100, 5000)]
        sums = [round(r.uniform(0.4, 0.6) * k, 3) for k in n]
        squares = [round(s * s / k * r.uniform(2, 40), 3) for s, k in zip(sums, n)]
        planned = r.randint(500, 20_000)
        a, b = (SampleMeanStatistic(n=k, sum=s, sum_squares=q) for k, s, q in zip(n, sums, squares))
        result = SequentialTwoSidedTTest(a, b, SequentialConfig(difference_type="absolute", sequential_tuning_parameter=planned)).compute_result()
        rows.append([*n, *sums, *squares, planned, float(result.ci[0]), float(result.ci[1]), float(result.p_value)])
    write("gbstats", ["nC", "nT", "sumC", "sumT", "sqC", "sqT", "plannedUnits", "low", "high", "p"], rows)


def spending(r):
    nodes, weights = np.polynomial.legendre.leggauss(300)
    rows = []
    for _ in range(CASES):
        looks = r.randint(1, 5)
        information = sorted(r.sample(range(1, 20), looks - 1)) + [20]
        t = [i / 20 for i in information]
        alpha, kind = r.choice([0.01, 0.05, 0.1]), r.choice(["obrien-fleming", "pocock"])
        spent = [2 * 2 * norm.sf(norm.isf(alpha / 4) / math.sqrt(x)) if kind == "obrien-fleming" else alpha * math.log(1 + (math.e - 1) * x) for x in t]
        boundaries, points, masses = [], None, None
        for k, share in enumerate(t):
            step = math.sqrt(share - (t[k - 1] if k else 0))
            due = spent[k] - (spent[k - 1] if k else 0)
            root = math.sqrt(share)
            if k == 0:
                crossing = lambda c: 2 * norm.sf(c * root / step)
            else:
                crossing = lambda c: float(np.sum(masses * (norm.sf((c * root - points) / step) + norm.cdf((-c * root - points) / step))))
            c = brentq(lambda c: math.log(max(crossing(c), 1e-300) / due), 1e-6, 30, xtol=1e-13, rtol=1e-14)
            boundaries.append(c)
            limit = min(c * root, 14)
            x = nodes * limit
            density = norm.pdf(x / step) / step if k == 0 else np.array([np.sum(masses * norm.pdf((p - points) / step)) / step for p in x])
            points, masses = x, density * weights * limit
        rows.append([kind, alpha, t, boundaries])
    write("spending", ["spending", "alpha", "information", "boundaries"], rows)


def change(r):
    rows = []
    for _ in range(CASES):
        kind = r.choice(["bernoulli", "poisson"])
        baseline = mpf(r.randint(1, 30)) / 100
        ratios = [mpf(x) for x in ("1.25", "1.5", "2", "3")]
        logs = [mpf(-(2**53) + 1)] * 4
        looks = []
        for _ in range(r.randint(1, 12)):
            exposure = r.randint(1, 30)
            events = sum(r.random() < float(baseline) * 1.6 for _ in range(exposure))
            looks.append([events, exposure])
            for i, ratio in enumerate(ratios):
                if kind == "poisson":
                    step = events * log(ratio) - baseline * (ratio - 1) * exposure
                else:
                    step = events * log(ratio) + (exposure - events) * log((1 - baseline * ratio) / (1 - baseline))
                logs[i] = max(logs[i], mpf(0)) + step
        rows.append([kind, float(baseline), looks, float(log(sum(exp(x) for x in logs) / 4))])
    write("change", ["kind", "baseline", "looks", "logDetector"], rows)


if __name__ == "__main__":
    for seed, fixture in enumerate([counts, means, growthbook, spending, change]):
        fixture(random.Random(seed))
        print(fixture.__name__)
