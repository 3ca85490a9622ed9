"use strict";
// Light, dark, or as the system says. Runs before the first paint, so that a dark page never flashes white.
window.dbverdict = {};
(function (dbv) {
  const CHOICES = ["auto", "light", "dark"];
  const LABELS = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

  function kept() {
    try {
      const found = localStorage.getItem("dbverdict-theme");
      return CHOICES.includes(found) ? found : "auto";
    } catch {
      return "auto"; // a page from a disk may have no storage
    }
  }

  function keep(choice) {
    try {
      localStorage.setItem("dbverdict-theme", choice);
    } catch {
      // then it lasts as long as the page
    }
  }

  const system = window.matchMedia("(prefers-color-scheme: dark)");

  /** `data-theme` is what was chosen, `data-shade` what is shown. */
  function apply(choice) {
    const { dataset } = document.documentElement;
    dataset.theme = choice;
    dataset.shade = choice === "dark" || (choice === "auto" && system.matches) ? "dark" : "light";
  }

  function connect(button) {
    const show = () => (button.textContent = LABELS[document.documentElement.dataset.theme]);
    button.addEventListener("click", () => {
      const next = CHOICES[(CHOICES.indexOf(document.documentElement.dataset.theme) + 1) % CHOICES.length];
      apply(next);
      keep(next);
      show();
    });
    show();
  }

  apply(kept());
  system.addEventListener("change", () => apply(document.documentElement.dataset.theme));
  dbv.theme = { connect };
})(window.dbverdict);
