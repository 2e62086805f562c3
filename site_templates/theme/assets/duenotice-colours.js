// The colours of a page: those that the reader chose here before, or else those that the device asks for. Runs before the
// page is painted, right after the buttons it brings to life; without it, the first colours stand.
(() => {
  "use strict";

  const buttons = [...document.querySelectorAll("[data-dn-palette] > button")];
  const KEY = `duenotice.colours:${document.currentScript.dataset.scope}`;

  // A device without storage, or one that forbids it, is asked again on every page.
  function kept() {
    try {
      return buttons[Number(localStorage.getItem(KEY) ?? NaN)];
    } catch {
      return undefined;
    }
  }

  function keep(button) {
    try {
      localStorage.setItem(KEY, String(buttons.indexOf(button)));
    } catch {
      // chosen for this page only
    }
  }

  const asked = () => buttons.find((button) => button.dataset.media && matchMedia(button.dataset.media).matches && button.dataset.scheme);

  function wear(button) {
    const { scheme, primary, accent } = button.dataset.scheme ? button.dataset : (asked() ?? button).dataset;
    const { dataset } = document.body;
    [dataset.mdColorScheme, dataset.mdColorPrimary, dataset.mdColorAccent] = [scheme || "default", primary, accent];
    for (const other of buttons) other.hidden = other !== button || !other.hasChildNodes();
  }

  for (const [at, button] of buttons.entries()) {
    button.addEventListener("click", () => {
      const next = buttons[(at + 1) % buttons.length];
      keep(next);
      wear(next);
      next.focus();
    });
  }
  if (!buttons.length) return;
  const now = () => wear(kept() ?? asked() ?? buttons[0]);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", now);
  now();
})();
