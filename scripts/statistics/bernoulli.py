"""Reference values of the sequential tests of rates, by mpmath at 50 digits from the papers' formulas.

Run: python3 -m venv /tmp/bernoulli && /tmp/bernoulli/bin/pip install mpmath==1.3.0
     /tmp/bernoulli/bin/python scripts/statistics/bernoulli.py
Writes test/domain/statistics/fixtures/{bernoulli-e-process,one-sample-bernoulli,bernoulli-bound,quantile-sequence}.json,
the same at every run; about a minute.
"""

import json
import random
from pathlib import Path

from mpmath import betainc, exp, log, loggamma, mp, mpf

mp.dps = 50
FOLDER = Path(__file__).parents[2] / "test/domain/statistics/fixtures"
CASES = 500


def write(name, columns, rows):
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / f"{name}.json").write_text(f'{{"columns":{json.dumps(columns)},"rows":[\n{lines}\n]}}\n')


def bisect(low, high, rises, steps=175):
    """The root of a function that rises from below 0 to above it."""
    for _ in range(steps):
        middle = (low + high) / 2
        if rises(middle) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def log_likelihood(successes, trials, rate):
    return successes * log(rate) + (trials - successes) * log(1 - rate)


# Turner, Ly, Grunwald 2024; Turner, Grunwald 2023: Beta(1,1) means of earlier blocks, the null's nearest point.


def nearest(na, ta, nb, tb, difference):
    low, high = max(mpf(0), -difference), min(mpf(1), 1 - difference)

    def slope(p):
        q = p + difference
        return na * (p - ta) / (p * (1 - p)) + nb * (q - tb) / (q * (1 - q))

    return bisect(low, high, slope)


def e_process(blocks, differences):
    """Log e-value against equal rates, its maximum, and per difference evidence of more and of less than it."""
    sums = [0, 0, 0, 0]
    equal, highest = mpf(0), mpf(0)
    above, below = [mpf(0) for _ in differences], [mpf(0) for _ in differences]
    for ya, na, yb, nb in blocks:
        ta, tb = mpf(sums[0] + 1) / (sums[1] + 2), mpf(sums[2] + 1) / (sums[3] + 2)
        if na and nb:
            numerator = log_likelihood(ya, na, ta) + log_likelihood(yb, nb, tb)
            t0 = (na * ta + nb * tb) / (na + nb)
            equal += numerator - log_likelihood(ya, na, t0) - log_likelihood(yb, nb, t0)
            highest = max(highest, equal)
            for at, difference in enumerate(differences):
                p = nearest(na, ta, nb, tb, difference)
                factor = numerator - log_likelihood(ya, na, p) - log_likelihood(yb, nb, p + difference)
                if tb - ta > difference:
                    above[at] += factor
                elif tb - ta < difference:
                    below[at] += factor
        sums = [sums[0] + ya, sums[1] + na, sums[2] + yb, sums[3] + nb]
    return equal, highest, above, below


def e_process_cases(rng):
    rows = 0
    while rows < CASES:
        rates = rng.choice([0.01, 0.1, 0.3, 0.5, 0.9]), rng.choice([0.01, 0.08, 0.3, 0.7, 0.95])
        largest = rng.choice([1, 1, 3, 10, 100])
        blocks = []
        for _ in range(rng.randint(1, 12)):
            block = []
            for rate in rates:
                trials = rng.randint(0, largest)
                block += [sum(rng.random() < rate for _ in range(trials)), trials]
            blocks.append(block)
        differences = sorted(rng.sample(range(-95, 96), 2))
        equal, highest, above, below = e_process(blocks, [mpf(each / 100) for each in differences])
        if max(*above, *below) > 690:
            continue  # settled at whatever level floating point can hold
        rows += 1
        values = [equal, min(mpf(1), exp(-highest)), *above, *below]
        yield [blocks, [each / 100 for each in differences], [float(value) for value in values]]


# Howard, Ramdas, McAuliffe, Sekhon 2021, proposition 7, as confseq has it.


def log_mixture(p, concentration, successes, trials):
    a, b = concentration * p, concentration * (1 - p)
    return log_beta(a + successes, b + trials - successes) - log_beta(a, b) - log_likelihood(successes, trials, p)


def best_rho(v, alpha):
    return v / (2 * log(1 / alpha) + log(1 + 2 * log(1 / alpha)))


def concentration_at(p, optimal, alpha):
    return max(best_rho(p * (1 - p) * optimal, alpha) - p * (1 - p), p * (1 - p) / 1000) / (p * (1 - p))


def one_sample(alpha, optimal, successes, trials):
    estimate, threshold = mpf(successes) / trials, log(1 / alpha)
    log_m = lambda p: log_mixture(p, concentration_at(p, optimal, alpha), successes, trials) - threshold
    lower = bisect(mpf(0), estimate, lambda p: -log_m(p), 80) if successes else mpf(0)
    upper = bisect(estimate, mpf(1), log_m, 80) if successes < trials else mpf(1)
    return lower, upper


def draw_counts(rng, largest=3000):
    trials = rng.choice([rng.randint(1, 20), rng.randint(20, 300), rng.randint(300, largest)])
    rate = rng.choice([0, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99, 1])
    return sum(rng.random() < rate for _ in range(trials)), trials


def one_sample_cases(rng):
    for _ in range(CASES):
        alpha, optimal = rng.choice([0.001, 0.01, 0.05, 0.1, 0.2]), rng.choice([2, 10, 100, 1000, 10000])
        successes, trials = draw_counts(rng)
        lower, upper = one_sample(mpf(alpha), mpf(optimal), successes, trials)
        yield [alpha, optimal, successes, trials, float(lower), float(upper), float(best_rho(mpf(optimal), mpf(alpha)))]


# The likelihood averaged over rates uniform on the alternative, over that of the bound.


def log_bound(bound, less, successes, trials):
    """The upper tail as the lower one of failures: as a difference it would lose its digits."""
    if not less:
        return log_bound(1 - bound, True, trials - successes, trials)
    return log(betainc(successes + 1, trials - successes + 1, 0, bound) / bound) - log_likelihood(successes, trials, bound)


def bound_cases(rng):
    rows = 0
    while rows < CASES:
        alpha, bound = rng.choice([0.001, 0.01, 0.05, 0.1]), rng.choice([0.01, 0.05, 0.1, 0.3, 0.5, 0.9, 0.99])
        less = rng.random() < 0.5
        successes, trials = draw_counts(rng, 1000)
        below, limit = (successes, mpf(bound)) if less else (trials - successes, 1 - mpf(bound))
        if betainc(below + 1, trials - below + 1, 0, limit, regularized=True) < mpf("1e-250"):
            continue  # where floating point has no such tail any more
        rows += 1
        log_e, threshold = log_bound(mpf(bound), less, successes, trials), log(1 / mpf(alpha))
        estimate = mpf(successes) / trials
        if less:
            limit = mpf(1) if successes == trials else bisect(estimate, mpf(1), lambda p: log_bound(p, True, successes, trials) - threshold, 60)
        else:
            limit = mpf(0) if successes == 0 else bisect(mpf(0), estimate, lambda p: threshold - log_bound(p, False, successes, trials), 60)
        yield [alpha, bound, int(less), successes, trials, float(log_e), float(limit)]


# Howard, Ramdas 2022, theorem 1: every count of successes that does not reject the quantile's level.


def quantile_cases(rng):
    for _ in range(CASES):
        alpha, optimal = rng.choice([0.01, 0.05, 0.1]), rng.choice([10, 100, 1000])
        quantile, trials = rng.choice([0.05, 0.25, 0.5, 0.9, 0.95, 0.99]), rng.randint(1, 200)
        p, threshold = mpf(quantile), log(1 / mpf(alpha))
        concentration = concentration_at(p, mpf(optimal), mpf(alpha))
        kept = [count for count in range(trials + 1) if log_mixture(p, concentration, count, trials) < threshold]
        yield [alpha, optimal, quantile, trials, kept[0], kept[-1]]


if __name__ == "__main__":
    rng = random.Random(20240601)
    write("bernoulli-e-process", ["blocks (ya, na, yb, nb)", "differences", "logE, p, log above each, log below each"], e_process_cases(rng))
    write("one-sample-bernoulli", ["alpha", "optimalTrials", "successes", "trials", "lower", "upper", "bestRho(optimalTrials)"], one_sample_cases(rng))
    write("bernoulli-bound", ["alpha", "bound", "less", "successes", "trials", "logE", "limit"], bound_cases(rng))
    write("quantile-sequence", ["alpha", "optimalTrials", "quantile", "trials", "least", "most"], quantile_cases(rng))
