"""Methods that hold however often somebody looks and asks for more repeats: what they claim is wrong with probability alpha at
most over all looks together, not at each.

All of them bet against the hypothesis: the likelihood under a mixture of alternatives over that under the hypothesis starts at 1
and, where the hypothesis is true, ever reaches 1 / alpha with probability alpha at most (J. Ville 1939; H. Robbins 1970,
Statistical methods related to the law of the iterated logarithm; Annals of Mathematical Statistics 41: 1397-1409).
"""

import math
from collections.abc import Callable

from .restricted import Counted, Interval, share_of_pairs, share_of_samples, within

# The variance of the standardised effect in the mixture. Chosen beforehand, as it must be, so that the intervals are narrowest at
# about 40 pairs: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy & A. Ramdas 2024, Time-uniform central limit theory and
# asymptotic confidence sequences; Annals of Statistics 52: 2613-2640, section 2.2 and appendix B.2.
MIXTURE = 0.22

Likelihood = Callable[[float], float]


def p_of_t(t: float, df: float) -> float:
    """The any-look p-value of Student's t with `df` degrees of freedom, so of df + 1 pairs; t may be infinite.

    The mixture sequential test with the variance unknown: T. L. Lai 1976, On confidence sequences; Annals of Statistics 4:
    265-280, section 3; in this form A. Hendriksen, R. de Heide & P. Grünwald 2021, Optional stopping with Bayes factors;
    Bayesian Analysis 16: 961-989, and M. Lindon, D. W. Ham, M. Tingley & I. Bojinov 2022, Anytime-valid linear models and
    regression adjusted causal inference in randomized experiments, section 3. Exact for normal pairs, else in the limit. For
    two samples the degrees are Welch's, which is an approximation.
    """
    r = 1 + (df + 1) * MIXTURE
    gain = math.log1p(t * t / df) - math.log1p(t * t / df / r) if abs(t) < 1e9 else math.log(r)
    log = (df + 1) / 2 * gain - math.log(r) / 2
    return math.exp(-max(0.0, log))


def critical_t(df: float, alpha: float) -> float:
    """The |t| at which `p_of_t` is alpha; infinite where so few values can never get there."""
    r = 1 + (df + 1) * MIXTURE
    k = math.exp(min(700.0, 2 * (math.log(r) / 2 - math.log(alpha)) / (df + 1)))
    return math.sqrt(df * (k - 1) / (1 - k / r)) if k < r * (1 - 1e-12) else math.inf


def p_of_pairs(first: int, second: int, same: int) -> float:
    """The p-value of no difference; see `interval_of_pairs`."""
    best, mixed = _pairs(first, second, same)
    return math.exp(min(0.0, best(0.0) - mixed))


def interval_of_pairs(first: int, second: int, same: int, *, alpha: float) -> Interval:
    """Of (first - second) / n: pairs in which only one side, only the other, or neither alone said yes.

    M. Lindon & A. Malek 2022, Anytime-valid inference for multinomial count data; NeurIPS 35, sections 2 and 3, with
    Jeffreys' mixture. The likelihood at each difference is the greatest there is (`restricted`).
    """
    best, mixed = _pairs(first, second, same)
    bar = mixed + math.log(alpha)
    return within(lambda difference: best(difference) >= bar, (first - second) / (first + second + same))


def p_of_samples(first: Counted, second: Counted) -> float:
    """The p-value of no difference; see `interval_of_samples`."""
    best, mixed = _samples(first, second)
    return math.exp(min(0.0, best(0.0) - mixed))


def interval_of_samples(first: Counted, second: Counted, *, alpha: float) -> Interval:
    """Of first's share minus second's.

    As `interval_of_pairs`, with a mixture for each sample: R. J. Turner & P. D. Grünwald 2023, Exact anytime-valid confidence
    intervals for contingency tables and beyond; Statistics & Probability Letters 198: 109835.
    """
    best, mixed = _samples(first, second)
    bar = mixed + math.log(alpha)
    return within(lambda difference: best(difference) >= bar, first[0] / first[1] - second[0] / second[1])


def _pairs(first: int, second: int, same: int) -> tuple[Likelihood, float]:
    """The greatest likelihood at each difference, and that of the mixture; both as logarithms."""
    n = first + second + same
    mixed = math.lgamma(1.5) - math.lgamma(n + 1.5)
    mixed += sum(math.lgamma(count + 0.5) - math.lgamma(0.5) for count in (first, second, same))

    def best(difference: float) -> float:
        q = share_of_pairs(first, second, same, difference)
        shares = (q + difference, q, 1 - 2 * q - difference)
        return sum(_times_log(count, share) for count, share in zip((first, second, same), shares, strict=True))

    return best, mixed


def _samples(first: Counted, second: Counted) -> tuple[Likelihood, float]:
    (x, n), (y, m) = first, second
    mixed = sum(
        math.lgamma(yes + 0.5) + math.lgamma(of - yes + 0.5) - math.lgamma(of + 1) - 2 * math.lgamma(0.5)
        for yes, of in (first, second)
    )

    def best(difference: float) -> float:
        q = share_of_samples(first, second, difference)
        terms = ((x, q + difference), (n - x, 1 - q - difference), (y, q), (m - y, 1 - q))
        return sum(_times_log(count, share) for count, share in terms)

    return best, mixed


def _times_log(count: int, share: float) -> float:
    if count == 0:
        return 0.0
    return count * math.log(share) if share > 0 else -math.inf
