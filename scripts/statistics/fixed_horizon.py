"""Reference values of the fixed-horizon tests, false-discovery control, planning and descriptions.

By scipy, statsmodels and GrowthBook's gbstats; what none of them has (LORD++, SAFFRON, e-LOND, the Dirichlet-multinomial
Bayes factor) is evaluated from the papers' formulas by mpmath at 50 digits.

Run: python3 -m venv /tmp/fixed && /tmp/fixed/bin/pip install scipy==1.17.1 statsmodels==0.15.0 gbstats==0.8.0 mpmath==1.4.1
     /tmp/fixed/bin/python scripts/statistics/fixed_horizon.py
Writes test/domain/statistics/fixtures/fixed-horizon-*.json, the same at every run.
"""

import json
import math
import random
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
from mpmath import exp as mexp, log as mlog, loggamma, mp, mpf, sqrt as msqrt, zeta
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

mp.dps = 50
warnings.simplefilter("ignore")
FOLDER = Path(__file__).parents[2] / "test/domain/statistics/fixtures"
CASES = 500
ALPHAS = [0.01, 0.05, 0.1]


def write(name, columns, rows):
    assert len(rows) >= CASES, (name, len(rows))
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / f"fixed-horizon-{name}.json").write_text(f'{{"columns":{json.dumps(columns)},"rows":[\n{lines}\n]}}\n')


def welch(r):
    rows = []
    for _ in range(CASES):
        n = [r.randint(2, 5000), r.randint(2, 5000)]
        m = [round(r.uniform(-50, 50), 3) for _ in n]
        v = [round(10 ** r.uniform(-2, 4), 4) for _ in n]
        alpha = r.choice(ALPHAS)
        sides = r.choice(["two-sided", "greater", "less"])
        t = stats.ttest_ind_from_stats(m[1], math.sqrt(v[1]), n[1], m[0], math.sqrt(v[0]), n[0], equal_var=False, alternative=sides)
        se2 = [v[i] / n[i] for i in (0, 1)]
        df = sum(se2) ** 2 / sum(se2[i] ** 2 / (n[i] - 1) for i in (0, 1))
        half = math.sqrt(sum(se2)) * stats.t.ppf(1 - (alpha / 2 if sides == "two-sided" else alpha), df)
        rows.append([*n, *m, *v, alpha, sides, float(t.statistic), float(t.pvalue), df, m[1] - m[0] - half, m[1] - m[0] + half])
    write("welch", ["nC", "nT", "meanC", "meanT", "varC", "varT", "alpha", "alternative", "t", "p", "df", "low", "high"], rows)


def relative(r):
    from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
    from gbstats.models.statistics import SampleMeanStatistic

    rows = []
    for _ in range(CASES):
        n = [r.randint(20, 5000), r.randint(20, 5000)]
        sums = [round(r.uniform(0.5, 9) * k, 3) for k in n]
        squares = [round(s * s / k * (1 + 10 ** r.uniform(-1, 1.5)), 3) for s, k in zip(sums, n)]
        a, b = (SampleMeanStatistic(n=k, sum=s, sum_squares=q) for k, s, q in zip(n, sums, squares))
        out = []
        for kind in ("absolute", "relative"):
            result = TwoSidedTTest(a, b, FrequentistConfig(difference_type=kind)).compute_result()
            out += [result.expected, result.ci[0], result.ci[1], result.p_value]
        rows.append([*n, *sums, *squares, *out])
    write("gbstats", ["nC", "nT", "sumC", "sumT", "sqC", "sqT", "abs", "absLow", "absHigh", "absP", "rel", "relLow", "relHigh", "relP"], rows)


def one_sided(r):
    """By gbstats; but the upper end for "less", which in 0.8.0 has the wrong sign, is the estimate plus their width."""
    from gbstats.frequentist.tests import FrequentistConfig, OneSidedTreatmentGreaterTTest, OneSidedTreatmentLesserTTest
    from gbstats.models.statistics import SampleMeanStatistic

    rows = []
    for _ in range(CASES):
        n = [r.randint(20, 5000), r.randint(20, 5000)]
        sums = [round(r.uniform(0.9, 1.1) * 5 * k, 3) for k in n]
        squares = [round(s * s / k * (1 + 10 ** r.uniform(-1, 1.5)), 3) for s, k in zip(sums, n)]
        a, b = (SampleMeanStatistic(n=k, sum=s, sum_squares=q) for k, s, q in zip(n, sums, squares))
        kind, side, alpha = r.choice(["absolute", "relative"]), r.choice(["greater", "less"]), r.choice(ALPHAS)
        test = (OneSidedTreatmentGreaterTTest if side == "greater" else OneSidedTreatmentLesserTTest)(a, b, FrequentistConfig(difference_type=kind, alpha=alpha))
        result = test.compute_result()
        end = result.ci[0] if side == "greater" else 2 * result.expected - result.ci[1]
        rows.append([*n, *sums, *squares, kind, side, alpha, float(result.expected), float(end), float(result.p_value)])
    write("one-sided", ["nC", "nT", "sumC", "sumT", "sqC", "sqT", "kind", "alternative", "alpha", "difference", "end", "p"], rows)


def proportions(r):
    rows = []
    for _ in range(CASES):
        n = [r.randint(1, 3000), r.randint(1, 3000)]
        x = [r.randint(0, k) if r.random() < 0.5 else min(k, int(k * r.random() * 0.2)) for k in n]
        alpha = r.choice(ALPHAS)
        sides = r.choice(["two-sided", "greater", "less"])
        z, p = proportions_ztest([x[1], x[0]], [n[1], n[0]], alternative={"two-sided": "two-sided", "greater": "larger", "less": "smaller"}[sides])
        if not math.isfinite(z):
            z, p = 0.0, 1.0
        low, high = confint_proportions_2indep(x[1], n[1], x[0], n[0], method="newcomb", compare="diff", alpha=alpha)
        wlow, whigh = proportion_confint(x[0], n[0], alpha=alpha, method="wilson")
        fisher = stats.fisher_exact([[x[1], n[1] - x[1]], [x[0], n[0] - x[0]]], alternative=sides).pvalue
        rows.append([*x, *n, alpha, sides, float(z), float(p), float(low), float(high), float(wlow), float(whigh), float(fisher)])
    write("proportions", ["xC", "xT", "nC", "nT", "alpha", "alternative", "z", "p", "low", "high", "wilsonLow", "wilsonHigh", "fisher"], rows)


def binomial(r):
    rows = []
    for _ in range(CASES):
        n = r.randint(1, 2000)
        x = r.randint(0, n)
        null = round(r.random(), 3)
        alpha = r.choice(ALPHAS)
        sides = r.choice(["two-sided", "greater", "less"])
        test = stats.binomtest(x, n, null, alternative=sides)
        low, high = proportion_confint(x, n, alpha=alpha, method="beta")
        rows.append([x, n, null, alpha, sides, float(test.pvalue), float(low) if x else 0.0, float(high) if x < n else 1.0])
    write("binomial", ["x", "n", "null", "alpha", "alternative", "p", "low", "high"], rows)


def covariates(r):
    """CUPED with theta pooled within arms, and a ratio by the delta method, both from rows."""
    rows = []
    for _ in range(CASES):
        arms = []
        for _ in range(2):
            k = r.randint(3, 12)
            pre = [round(r.gauss(10, 3), 2) for _ in range(k)]
            arms.append((pre, [round(0.7 * value + r.gauss(1, 2), 2) for value in pre]))
        within = [np.cov(post, pre, ddof=0) * len(pre) for pre, post in arms]
        theta = sum(w[0, 1] for w in within) / sum(w[1, 1] for w in within)
        grand = np.mean(arms[0][0] + arms[1][0])
        adjusted = [np.array(post) - theta * (np.array(pre) - grand) for pre, post in arms]
        out = [float(theta), *(float(a.mean()) for a in adjusted), *(float(a.var(ddof=1)) for a in adjusted)]
        pre, post = arms[0]
        m, d, k = np.mean(post), np.mean(pre), len(pre)
        cov = np.cov(post, pre)
        out += [float(m / d), float(cov[0, 0] / d**2 + cov[1, 1] * m**2 / d**4 - 2 * cov[0, 1] * m / d**3)]
        rows.append([arms[0][0], arms[0][1], arms[1][0], arms[1][1], *out])
    write("covariates", ["preC", "postC", "preT", "postT", "theta", "meanC", "meanT", "varC", "varT", "ratioC", "ratioVarC"], rows)


def ranks(r):
    rows = []
    for _ in range(CASES):
        arms = [[round(r.lognormvariate(i * 0.3, 1), r.choice([0, 1])) for _ in range(r.randint(3, 14))] for i in range(2)]
        if len(set(arms[0] + arms[1])) < 2:
            arms[0][0] += 1
        sides = r.choice(["two-sided", "greater", "less"])
        test = stats.mannwhitneyu(arms[1], arms[0], alternative=sides, method="asymptotic")
        rows.append([*arms, sides, float(test.statistic), float(test.pvalue)])
    write("ranks", ["control", "treatment", "alternative", "u", "p"], rows)


def permutations(r):
    """The exact p-value: the share of all ways to split the units that are at least as extreme, whole numbers so that ties are ties."""
    rows = []
    for _ in range(CASES):
        arms = [[r.randint(0, 12) + shift for _ in range(r.randint(3, 6))] for shift in (0, r.choice([0, 0, 2, 5]))]
        sides = r.choice(["two-sided", "greater", "less"])
        pool, k = arms[1] + arms[0], len(arms[1])
        rest = len(arms[0])
        # Times both sizes, so that everything is a whole number.
        differences = [sum(chosen) * rest - (sum(pool) - sum(chosen)) * k for chosen in combinations(pool, k)]
        extreme = {"two-sided": abs, "greater": lambda d: d, "less": lambda d: -d}[sides]
        observed = extreme(sum(arms[1]) * rest - sum(arms[0]) * k)
        rows.append([*arms, sides, sum(extreme(d) >= observed for d in differences) / len(differences)])
    write("permutations", ["control", "treatment", "alternative", "p"], rows)


def sample_ratio(r):
    rows = []
    for _ in range(CASES):
        k = r.randint(2, 5)
        shares = [r.randint(1, 9) for _ in range(k)]
        blocks = [[r.randint(0, 40) for _ in range(k)] for _ in range(r.randint(1, 6))]
        total = [1 + sum(block[i] for block in blocks) for i in range(k)]
        test = stats.chisquare(total, [sum(total) * s / sum(shares) for s in shares])
        prior = [mpf(r.randint(1, 30)) / 10 for _ in range(k)]
        theta = [mpf(s) / sum(shares) for s in shares]
        counts, null, mixture, largest = [mpf(0)] * k, mpf(0), mpf(0), mpf(0)
        for block in blocks:
            n = sum(block)
            ways = loggamma(n + 1) - sum(loggamma(b + 1) for b in block)
            null += ways + sum(b * mlog(t) for b, t in zip(block, theta))
            a = [p + c for p, c in zip(prior, counts)]
            mixture += ways + loggamma(sum(a)) - loggamma(sum(a) + n) + sum(loggamma(x + b) - loggamma(x) for x, b in zip(a, block))
            counts = [c + b for c, b in zip(counts, block)]
            largest = max(largest, mixture - null)
        rows.append([shares, total, float(test.statistic), float(test.pvalue), [float(p) for p in prior], blocks, float(null), float(mixture), float(min(mpf(1), mexp(-largest)))])
    write("sample-ratio", ["shares", "observed", "chi2", "p", "prior", "blocks", "logNull", "logMixture", "sequentialP"], rows)


def multiple(r):
    rows = []
    for _ in range(CASES):
        p = [round(r.random() ** r.choice([1, 3]), 5) for _ in range(r.randint(1, 20))]
        rows.append([p, *(multipletests(p, method=m)[1].tolist() for m in ("fdr_bh", "holm", "bonferroni"))])
    write("multiple", ["p", "bh", "holm", "bonferroni"], rows)


def online(r):
    def lord_weight(j):
        return mpf("0.07720838") * mlog(max(j, 2)) / (j * mexp(msqrt(mlog(j))))

    def saffron_weight(j):
        return mpf(j) ** mpf("-1.6") / zeta(mpf("1.6"))

    rows = []
    for _ in range(CASES):
        alpha = mpf(r.choice(["0.01", "0.05", "0.1"]))
        p = [round(r.random() ** r.choice([1, 1, 8, 20]), 8) for _ in range(r.randint(1, 16))]
        w0, taus, lord = alpha / 10, [], []
        for t, value in enumerate(p, 1):
            level = w0 * lord_weight(t) + sum((alpha - w0 if i == 0 else alpha) * lord_weight(t - tau) for i, tau in enumerate(taus))
            lord.append(float(level))
            if mpf(value) <= level:
                taus.append(t)
        half, w0, taus, saffron = mpf("0.5"), alpha / 2, [], []
        for t, value in enumerate(p, 1):
            since = lambda tau: sum(1 for s in range(tau + 1, t) if mpf(p[s - 1]) <= half)
            wealth = w0 * saffron_weight(t - since(0)) + sum((alpha - w0 if i == 0 else alpha) * saffron_weight(t - tau - since(tau)) for i, tau in enumerate(taus))
            level = min(half, (1 - half) * wealth)
            saffron.append(float(level))
            if mpf(value) <= level:
                taus.append(t)
        e = [round(10 ** r.uniform(-2, 5), 2) for _ in p]
        rejections, elond = 0, []
        for t, value in enumerate(e, 1):
            level = alpha * lord_weight(t) * (rejections + 1)
            elond.append(float(level))
            rejections += mpf(value) >= 1 / level
        rows.append([float(alpha), p, lord, saffron, e, elond, int(rejections)])
    write("online", ["alpha", "p", "lord", "saffron", "e", "elond", "elondRejections"], rows)


def planning(r):
    rows = []
    while len(rows) < CASES:
        alpha = r.choice(ALPHAS)
        ratio = r.choice([0.5, 1.0, 2.0])
        n = r.randint(4, 3000)
        # Not far out: scipy's noncentral t gives NaN there, and here and there before.
        d = round(r.uniform(0.1, 8) / math.sqrt(n / 2), 4)
        t = TTestIndPower().power(effect_size=d, nobs1=n, alpha=alpha, ratio=ratio, alternative="two-sided")
        if math.isnan(t):
            continue
        p1, p2 = round(r.uniform(0.02, 0.9), 3), round(r.uniform(0.02, 0.9), 3)
        pooled = (p1 + ratio * p2) / (1 + ratio)
        s0, s1 = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio)), math.sqrt(p1 * (1 - p1) + p2 * (1 - p2) / ratio)
        z = stats.norm.ppf(1 - alpha / 2)
        shift = abs(p2 - p1) * math.sqrt(n)
        proportion = stats.norm.sf((z * s0 - shift) / s1) + stats.norm.sf((z * s0 + shift) / s1)
        rate, rr = round(r.uniform(0.05, 3), 3), round(r.uniform(0.5, 3), 2)
        se = math.sqrt(1 / rate + 1 / (rate * rr * ratio))
        rates = NormalIndPower(ddof=0).power(abs(math.log(rr)) / se * math.sqrt(2), n, alpha, ratio=1)
        rows.append([alpha, ratio, n, d, float(t), p1, p2, float(proportion), rate, rr, float(rates)])
    write("planning", ["alpha", "ratio", "n", "d", "t", "p1", "p2", "proportions", "rate", "rateRatio", "rates"], rows)


def sizes(r):
    """Least whole numbers of units, and the smallest effects: roots of statsmodels' and scipy's power."""
    def z_power(n, effect, null, deviation, alpha):
        z, shift = stats.norm.ppf(1 - alpha / 2) * null, effect * math.sqrt(n)
        return stats.norm.sf((z - shift) / deviation) + stats.norm.sf((z + shift) / deviation)

    def t_power(d, n, alpha, ratio):
        power = TTestIndPower().power(d, n, alpha, ratio)
        if math.isnan(power):
            raise ValueError("scipy's noncentral t has gaps")
        return power

    def least(power_of, power):
        low, high = 0, 1
        while power_of(high) < power:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if power_of(middle) >= power else (middle, high)
        return high

    rows = []
    while len(rows) < CASES:
        alpha, power, ratio = r.choice(ALPHAS), r.choice([0.5, 0.8, 0.9]), r.choice([0.5, 1.0, 2.0])
        d = round(r.uniform(0.1, 1), 3)
        n = r.randint(10, 3000)
        try:
            means = least(lambda n: t_power(d, n, alpha, ratio) if n * (1 + ratio) > 2.5 else 0, power)
            smallest = brentq(lambda effect: t_power(effect, n, alpha, ratio) - power, 1e-9, 6 * math.sqrt((1 + 1 / ratio) / n), xtol=1e-15, rtol=1e-14)
        except ValueError:
            continue
        p1 = round(r.uniform(0.05, 0.9), 3)
        p2 = round(min(0.95, max(0.02, p1 + r.choice([-1, 1]) * r.uniform(0.03, 0.3))), 3)
        p2 = p2 if abs(p2 - p1) > 0.02 else round(p1 - 0.03, 3)
        pooled = (p1 + ratio * p2) / (1 + ratio)
        s0, s1 = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio)), math.sqrt(p1 * (1 - p1) + p2 * (1 - p2) / ratio)
        proportion = least(lambda n: z_power(n, abs(p2 - p1), s0, s1, alpha), power)
        rate, rr = round(r.uniform(0.05, 3), 3), round(r.choice([r.uniform(0.4, 0.9), r.uniform(1.1, 3)]), 2)
        se = math.sqrt(1 / rate + 1 / (rate * rr * ratio))
        exposure = least(lambda n: z_power(n, abs(math.log(rr)), se, se, alpha), power)
        error = lambda ratio_of_rates: math.sqrt(1 / rate + 1 / (rate * ratio_of_rates * ratio))
        smallest_ratio = brentq(lambda x: z_power(n, math.log(x), error(x), error(x), alpha) - power, 1 + 1e-12, 1e6, xtol=1e-15, rtol=1e-14)
        v = [round(10 ** r.uniform(-1, 2), 3) for _ in range(2)]
        m = [round(r.uniform(1, 3), 3), round(r.uniform(4, 6), 3)]
        needed = math.ceil((v[0] + v[1] / ratio) * ((stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)) / (m[1] - m[0])) ** 2)
        rows.append([alpha, power, ratio, d, means, p1, p2, proportion, rate, rr, exposure, n, smallest, smallest_ratio, *m, *v, needed])
    write("sizes", ["alpha", "power", "ratio", "d", "means", "p1", "p2", "proportions", "rate", "rateRatio", "exposure", "n", "meansDetectable", "ratesDetectable", "meanC", "meanT", "varC", "varT", "needed"], rows)


def descriptive(r):
    rows = []
    for _ in range(CASES):
        n = r.randint(4, 16)
        x = [round(r.uniform(0, 20), r.choice([0, 2])) for _ in range(n)]
        if len(set(x)) < 3:
            x[0], x[1] = 31.0, 32.0
        y = [round(0.4 * value + r.gauss(0, 2), r.choice([0, 2])) for value in x]
        alpha = r.choice(ALPHAS)
        q = r.choice([0.1, 0.5, 0.9, 0.95])
        sen = stats.theilslopes(y, x, 1 - alpha)
        line = stats.linregress(x, y)
        half = line.stderr * stats.t.ppf(1 - alpha / 2, n - 2)
        ordered = sorted(y)
        lower = [k for k in range(1, n + 1) if stats.binom.cdf(k - 1, n, q) <= alpha / 2]
        upper = [k for k in range(1, n + 1) if stats.binom.cdf(k - 1, n, q) >= 1 - alpha / 2]
        interval = [ordered[lower[-1] - 1] if lower else None, ordered[upper[0] - 1] if upper else None]
        rows.append([x, y, alpha, q, float(np.quantile(y, q)), *interval, float(np.mean(y)), float(np.var(y, ddof=1)),
                     float(sen.slope), float(sen.intercept), float(sen.low_slope), float(sen.high_slope),
                     float(line.slope), float(line.stderr), float(line.pvalue), float(line.slope - half), float(line.slope + half)])
    write("descriptive", ["x", "y", "alpha", "q", "quantile", "qLow", "qHigh", "mean", "variance", "sen", "senIntercept", "senLow", "senHigh", "slope", "stderr", "p", "low", "high"], rows)


if __name__ == "__main__":
    for seed, fixture in enumerate([welch, relative, proportions, binomial, covariates, ranks, sample_ratio, multiple, online, planning, descriptive, one_sided, permutations, sizes]):
        fixture(random.Random(seed))
        print(fixture.__name__)
