"use strict";
// How a figure is printed: the rules of results/figures.py, so that a number looks the same in every report.
(function (dbv) {
  const ABSENT = "–";

  const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

  const fixed = (value, decimals) =>
    value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

  function digits(value, count) {
    if (value === 0) return "0";
    const rounded = Number(value.toPrecision(count));
    return fixed(rounded, Math.max(count - 1 - Math.floor(Math.log10(Math.abs(rounded))), 0));
  }

  function ms(value) {
    if (!known(value)) return ABSENT;
    return value > 0 && value < 0.001 ? "<0.001" : digits(value, 3);
  }

  function rate(value) {
    if (!known(value)) return ABSENT;
    return fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
  }

  function share(value) {
    if (!known(value)) return ABSENT;
    const percent = value * 100;
    if (percent > 0 && percent < 0.01) return "<0.01 %";
    const text = digits(percent, 2);
    return `${text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text} %`;
  }

  const count = (value) => (known(value) ? fixed(value, 0) : ABSENT);

  /** A metric's value without its unit, which stands in the heading; a share has its own sign. */
  function plain(value, unit) {
    return unit === "ms" ? ms(value) : unit === "" ? share(value) : rate(value);
  }

  function withUnit(value, unit) {
    return unit === "" || !known(value) ? plain(value, unit) : `${plain(value, unit)} ${unit}`;
  }

  const ratio = (value) => (known(value) ? `×${digits(value, 3)}` : ABSENT);

  function signed(value, unit) {
    if (!known(value)) return ABSENT;
    const sign = value > 0 ? "+" : value < 0 ? "−" : "";
    return sign + withUnit(Math.abs(value), unit);
  }

  /** "2026-11-24 20:18" of an ISO instant in UTC. */
  function instant(text) {
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? `${text.slice(0, 10)} ${text.slice(11, 16)}` : text || ABSENT;
  }

  dbv.figure = { ABSENT, known, ms, rate, share, count, plain, withUnit, ratio, signed, instant, digits };
})(window.dbverdict);
