"use strict";
// Picked runs sorted into what may be set side by side, and there into sides, the first of which is the reference.
(function (dbv) {
  /** The revision a run belongs to; an experiment is one thing, whatever was committed while it ran. */
  function revisionOf(run) {
    const first = run.experiment && dbv.store.runs.find((other) => other.experiment === run.experiment);
    return (first || run).git_revision || "unknown revision";
  }

  /** A side's name: its target, and the revision where the picked runs of that target have several. */
  function namer(runs, by) {
    const revisions = new Map(runs.map((run) => [run, revisionOf(run)]));
    const several = (target) =>
      new Set(runs.filter((run) => run.target === target).map((run) => revisions.get(run))).size > 1;
    const split = new Set(
      [...new Set(runs.map((run) => run.target))].filter((target) => by !== "target" && several(target)),
    );
    return (run) => (split.has(run.target) ? `${run.target} @ ${revisions.get(run)}` : run.target);
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
  function blocks(runs, reference, by) {
    const name = namer(runs, by);
    const kinds = dbv.store.index.kinds;
    const found = [];
    for (const group of gather(runs, (run) => run.scope).values()) {
      for (const kind of kinds) {
        const alike = group.filter((run) => run.kind === kind.name);
        if (alike.length)
          found.push({
            kind,
            scope: alike[0].scope,
            frame: alike[0].frame,
            load: alike[0].load,
            sides: sidesOf(alike, name, reference),
          });
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

  const placeOf = (run) => (run.experiment && run.round ? JSON.stringify([run.experiment, run.round]) : null);

  const byPlace = (runs) => new Map(runs.filter(placeOf).map((run) => [placeOf(run), run]));

  function sameExperiments(a, b) {
    const [first, second] = [a, b].map((side) => new Set(side.evidence.map((run) => run.experiment)));
    return first.size === second.size && [...first].every((name) => second.has(name));
  }

  /** The evidence of two sides for a metric, as in results/comparison.py: rounds side by side are pairs. */
  function evidence(a, b, metric) {
    const [first, second] = [a, b].map((side) => side.evidence.filter((run) => dbv.figure.known(run[metric])));
    const values = (runs) => runs.map((run) => run[metric]);
    const [one, other] = [byPlace(first), byPlace(second)];
    const shared = [...one.keys()].filter((place) => other.has(place));
    if (shared.length < 2 || !sameExperiments(a, b)) return { a: values(first), b: values(second), paired: false };
    return {
      a: values(shared.map((place) => one.get(place))),
      b: values(shared.map((place) => other.get(place))),
      paired: true,
    };
  }

  dbv.sides = { blocks, evidence };
})(window.dbverdict);
