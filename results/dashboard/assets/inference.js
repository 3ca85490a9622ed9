"use strict";
// Whether two sets of rounds differ: the arithmetic of results/decision/inference.py, with Student's t from data/student.js.
(function (dbv) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = (values, middle) => values.reduce((sum, value) => sum + (value - middle) ** 2, 0);

  const possible = (a, b, paired) => (paired ? Math.min(a, b) >= 2 : Math.min(a, b) >= 1 && a + b >= 3);

  function spread(a, b, paired) {
    if (paired) {
      const differences = b.map((value, at) => value - a[at]);
      return Math.sqrt(squares(differences, mean(differences)) / (differences.length - 1));
    }
    return Math.sqrt((squares(a, mean(a)) + squares(b, mean(b))) / (a.length + b.length - 2));
  }

  function interval(a, b, paired, student) {
    const estimate = mean(b) - mean(a);
    const deviation = spread(a, b, paired);
    const rounding = 1e-9 * Math.max(...a.map(Math.abs), ...b.map(Math.abs));
    if (deviation <= rounding) return { estimate, low: estimate, high: estimate };
    const error = deviation * (paired ? Math.sqrt(1 / a.length) : Math.sqrt(1 / a.length + 1 / b.length));
    const freedom = paired ? a.length - 1 : a.length + b.length - 2;
    const half = student.t[freedom - 1] * error;
    return { estimate, low: estimate - half, high: estimate + half };
  }

  /** B against A; null where no interval is possible. `ratio` is null where a value is 0 or below. */
  function compare(a, b, paired, student) {
    if (!possible(a.length, b.length, paired)) return null;
    const difference = interval(a, b, paired, student);
    if (Math.min(...a, ...b) <= 0) return { a: mean(a), b: mean(b), paired, ratio: null, difference };
    const [first, second] = [a.map(Math.log), b.map(Math.log)];
    const logs = interval(first, second, paired, student);
    const ratio = { estimate: Math.exp(logs.estimate), low: Math.exp(logs.low), high: Math.exp(logs.high) };
    return { a: Math.exp(mean(first)), b: Math.exp(mean(second)), paired, ratio, difference };
  }

  function excludesNone(found) {
    const [bounds, none] = found.ratio ? [found.ratio, 1] : [found.difference, 0];
    return !(bounds.low <= none && none <= bounds.high);
  }

  /** B against A by the rules of results/decision/comparison.py: an interval that excludes none, and a practical size. */
  function verdict(metric, found, share) {
    const { estimate, low, high } = found.difference;
    const ratio = found.ratio;
    const beyond = Math.abs(estimate) > metric.floor;
    const exceeded = beyond && (!ratio || Math.abs(Math.log(ratio.estimate)) > Math.log1p(share));
    if (excludesNone(found) && exceeded) {
      const lower = ratio ? ratio.estimate < 1 : estimate < 0;
      return lower === metric.lower_is_better ? "better" : "worse";
    }
    const within = -metric.floor <= low && high <= metric.floor;
    const close = ratio && 1 / (1 + share) <= ratio.low && ratio.high <= 1 + share;
    return within || close ? "no difference" : "inconclusive";
  }

  /** The mean of a side's rounds: geometric where every value has a logarithm, as in `compare`. */
  function middle(values) {
    if (!values.length) return null;
    return Math.min(...values) > 0 ? Math.exp(mean(values.map(Math.log))) : mean(values);
  }

  dbv.inference = { compare, possible, excludesNone, verdict, middle };
})(window.dbverdict);
