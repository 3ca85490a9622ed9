"use strict";
// How a figure is printed: the rules of results/figures.py, so that a number looks the same in every report.
(function (dbv) {
  const ABSENT = "–";

  const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

  /** Rounded to so many decimals, exact halves to the even neighbour, as Python does it. */
  function rounded(value, decimals) {
    const [power, scaled] = [10 ** Math.abs(decimals), decimals < 0 ? value / 10 ** -decimals : value * 10 ** decimals];
    const half = Math.abs(scaled % 1) === 0.5 && Number.isInteger(value * 2 ** (Math.max(decimals, 0) + 1));
    if (half) return 2 * Math.round(scaled / 2) * (decimals < 0 ? power : 1 / power);
    return decimals < 0 ? Math.round(scaled) * power : Number(value.toFixed(decimals));
  }

  const fixed = (value, decimals) =>
    rounded(value, decimals).toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });

  function digits(value, count) {
    if (value === 0) return "0";
    const decimalsOf = (of) => count - 1 - Math.floor(Math.log10(Math.abs(of)));
    const shown = rounded(value, decimalsOf(value));
    return fixed(shown, Math.max(decimalsOf(shown), 0));
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
