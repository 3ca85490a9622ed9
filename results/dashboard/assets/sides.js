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
      evidence: of.filter((run) => run.state === "valid" && run.end !== "interrupted"),
      badge: of[0].badge,
    }));
    const first = sides.findIndex((side) => side.label === reference);
    if (first > 0) sides.unshift(...sides.splice(first, 1));
    sides.forEach((side, at) => (side.at = at));
    return sides;
  }

  const placeOf = (run) => (run.experiment && run.round ? JSON.stringify([run.experiment, run.round]) : null);

  const sessionOf = (run) => run.experiment || run.id;

  const byPlace = (runs) => new Map(runs.filter(placeOf).map((run) => [placeOf(run), run]));

  /** The evidence of two sides for a metric by the rules of results/decision/evidence.py: pairs of rounds, else sessions. */
  function evidence(a, b, metric) {
    const [first, second] = [a, b].map((side) => side.evidence.filter((run) => dbv.figure.known(run[metric])));
    const values = (runs) => runs.map((run) => run[metric]);
    const [one, other] = [byPlace(first), byPlace(second)];
    const shared = [...one.keys()].filter((place) => other.has(place));
    if (shared.length >= 2) {
      const [left, right] = [one, other].map((found) => values(shared.map((place) => found.get(place))));
      return { a: left, b: right, paired: true, unit: "rounds" };
    }
    const [left, right] = [first, second].map((runs) => sessions(runs, metric));
    const means = { a: [...left.values()], b: [...right.values()], unit: "sessions" };
    if (tookTurns(a, b) && left.size === right.size && left.size >= 2) return { ...means, paired: true };
    if (left.size + right.size > 2) return { ...means, paired: false };
    const together = left.size === right.size && [...left.keys()].every((session) => right.has(session));
    return { a: values(first), b: values(second), paired: false, unit: "rounds", caveat: together ? "" : TWO_SESSIONS };
  }

  const TWO_SESSIONS =
    "The sides are one session each: what differs from session to session counts as a difference, too.";

  /** The mean of each session (an experiment, or a run of its own), in order of their start. */
  function sessions(runs, metric) {
    const ordered = [...runs].sort((x, y) =>
      x.started_utc < y.started_utc ? -1 : x.started_utc > y.started_utc ? 1 : 0,
    );
    const found = gather(ordered, sessionOf);
    return new Map([...found].map(([session, of]) => [session, dbv.inference.middle(of.map((run) => run[metric]))]));
  }

  /** Whether the sessions of both sides alternate in time: of each two that follow, one is A's and one is B's. */
  function tookTurns(a, b) {
    const starts = [a, b].flatMap((side, owner) =>
      [...gather(side.evidence, sessionOf).values()].map((of) => [of.map((run) => run.started_utc).sort()[0], owner]),
    );
    starts.sort(([x, one], [y, other]) => (x < y ? -1 : x > y ? 1 : one - other));
    const owners = starts.map(([, owner]) => owner);
    return owners.length % 2 === 0 && owners.every((owner, at) => at % 2 === 1 || owner !== owners[at + 1]);
  }

  dbv.sides = { blocks, evidence };
})(window.dbverdict);
