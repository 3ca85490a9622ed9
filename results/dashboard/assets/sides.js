"use strict";
// Picked runs sorted into what may be set side by side, and there into sides, the first of which is the reference.
(function (dbv) {
  /** A side's name: its target, and the revision where the picked runs of that target have several. */
  function namer(runs) {
    const revisions = new Map();
    for (const run of runs) {
      if (!revisions.has(run.target)) revisions.set(run.target, new Set());
      revisions.get(run.target).add(run.git_revision);
    }
    return (run) =>
      revisions.get(run.target).size > 1 ? `${run.target} @ ${run.git_revision || "unknown revision"}` : run.target;
  }

  function gather(runs, key) {
    const found = new Map();
    for (const run of runs) {
      const name = key(run);
      if (!found.has(name)) found.set(name, []);
      found.get(name).push(run);
    }
    return found;
  }

  /** Blocks of one workload, load and kind of target; in each the sides, with their valid rounds as evidence. */
  function blocks(runs, reference) {
    const name = namer(runs);
    const kinds = dbv.store.index.kinds;
    const found = [];
    for (const group of gather(runs, (run) => run.scope).values()) {
      for (const kind of kinds) {
        const alike = group.filter((run) => run.kind === kind.name);
        if (alike.length) found.push({ kind, frame: alike[0].frame, load: alike[0].load, sides: sidesOf(alike, name, reference) });
      }
    }
    return found;
  }

  function sidesOf(runs, name, reference) {
    const sides = [...gather(runs, name)].map(([label, of]) => ({
      label,
      runs: of,
      evidence: of.filter((run) => run.state === "valid"),
      badge: of[0].badge,
    }));
    const first = sides.findIndex((side) => side.label === reference);
    if (first > 0) sides.unshift(...sides.splice(first, 1));
    sides.forEach((side, at) => (side.at = at));
    return sides;
  }

  const keyOf = (run) => (run.experiment && run.round !== null ? JSON.stringify([run.experiment, run.round]) : null);

  function byRound(runs) {
    const found = new Map();
    for (const run of runs) {
      const key = keyOf(run);
      if (key === null || found.has(key)) return null; // a run of no round, or two of one: no pairs
      found.set(key, run);
    }
    return found;
  }

  /** The evidence of two sides for a metric: pairs of the same round of an experiment, else two samples. */
  function evidence(a, b, metric) {
    const has = (run) => dbv.figure.known(run[metric]);
    const [first, second] = [a.evidence.filter(has), b.evidence.filter(has)];
    const [one, other] = [byRound(first), byRound(second)];
    const shared = one && other ? [...one.keys()].filter((key) => other.has(key)) : [];
    if (shared.length >= 2) {
      const alone = first.length + second.length - 2 * shared.length;
      const values = (side) => shared.map((key) => side.get(key)[metric]);
      return { a: values(one), b: values(other), paired: true, alone };
    }
    return { a: first.map((run) => run[metric]), b: second.map((run) => run[metric]), paired: false, alone: 0 };
  }

  dbv.sides = { blocks, evidence };
})(window.dbverdict);
