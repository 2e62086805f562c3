// How far away a day is, told by the reader's own calendar, and a button that copies a link. Pages are whole without it.
(() => {
  "use strict";

  const DAY = 86_400_000;

  // Days are counted between calendar days, so that "tomorrow" is true five minutes before midnight.
  function daysUntil(time) {
    const [year, month, day] = time.dateTime.slice(0, 10).split("-").map(Number);
    const now = new Date();
    return Math.round((Date.UTC(year, month - 1, day) - Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())) / DAY);
  }

  function saying(days, words) {
    if (days === 0) return words.dnToday;
    if (days === 1) return words.dnTomorrow;
    if (days === -1) return words.dnYesterday;
    return (days > 0 ? words.dnIn : words.dnAgo).replace("{n}", Math.abs(days));
  }

  for (const time of document.querySelectorAll("time[data-dn-relative]")) {
    const words = time.closest("[data-dn-today]").dataset;
    const said = saying(daysUntil(time), words);
    if (time.hidden) {
      time.textContent = said;
      time.hidden = false;
    } else {
      const beside = document.createElement("span");
      beside.className = "dn-relative";
      beside.textContent = said;
      time.after(beside);
    }
  }

  if (navigator.clipboard) {
    for (const link of document.querySelectorAll("a[data-dn-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "dn-copy";
      button.setAttribute("aria-live", "polite");
      button.textContent = link.dataset.dnCopy;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(link.href);
        } catch {
          return; // not allowed here; the link itself can still be copied
        }
        button.textContent = link.dataset.dnCopied;
        setTimeout(() => { button.textContent = link.dataset.dnCopy; }, 2000);
      });
      link.after(button);
    }
  }
})();
