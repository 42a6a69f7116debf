"""The same analysis by GrowthBook's gbstats: prints milliseconds as JSON, from rows and from sums.

Arguments: a file of 64-bit floats, [arm, covariate, primary, five guardrails] for each session; repetitions.
"""

import json
import sys
import time

import numpy as np
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import RegressionAdjustedStatistic, SampleMeanStatistic, compute_theta
from gbstats.utils import check_srm


def sums_of(rows):
    covariate, metrics = rows[:, 1], rows[:, 2:]
    return {
        "n": len(rows), "sum": metrics.sum(axis=0).tolist(), "squares": (metrics**2).sum(axis=0).tolist(),
        "pre": float(covariate.sum()), "pre_squares": float((covariate**2).sum()), "product": float((covariate * metrics[:, 0]).sum()),
    }


def analyse(arms):
    config = FrequentistConfig(difference_type="absolute")
    means = [[SampleMeanStatistic(n=a["n"], sum=a["sum"][k], sum_squares=a["squares"][k]) for a in arms] for k in range(6)]
    results = [TwoSidedTTest(*pair, config).compute_result() for pair in means]
    pre = [SampleMeanStatistic(n=a["n"], sum=a["pre"], sum_squares=a["pre_squares"]) for a in arms]
    adjusted = [RegressionAdjustedStatistic(n=a["n"], post_statistic=means[0][i], pre_statistic=pre[i], post_pre_sum_of_products=a["product"], theta=0) for i, a in enumerate(arms)]
    theta = compute_theta(*adjusted)
    for statistic in adjusted:
        statistic.theta = theta
    results.append(TwoSidedTTest(*adjusted, config).compute_result())
    return results, check_srm([a["n"] for a in arms], [0.5, 0.5])


def median_ms(work, repetitions):
    samples = []
    for _ in range(repetitions):
        started = time.perf_counter()
        work()
        samples.append((time.perf_counter() - started) * 1e3)
    return sorted(samples)[len(samples) // 2]


rows = np.fromfile(sys.argv[1], dtype=np.float64).reshape(-1, 8)
repetitions = int(sys.argv[2])
split = lambda: [sums_of(rows[rows[:, 0] == arm]) for arm in (0, 1)]
arms = split()
results, _ = analyse(arms)
print(json.dumps({"fromRows": median_ms(lambda: analyse(split()), repetitions), "fromSums": median_ms(lambda: analyse(arms), repetitions),
                  "primary": float(results[0].expected), "adjusted": float(results[-1].expected)}))
