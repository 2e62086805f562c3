// What depends on the reader's moment, and buttons that copy. Pages are whole without it: every date stands there in full.
// Whoever shows something later dispatches "duenotice:shown" on it, as the private pages do.
(() => {
  "use strict";

  const DAY = 86_400_000;
  const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

  const words = (element) => element.closest("[data-dn-today]").dataset;
  const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // Days are counted between calendar days, so that "tomorrow" is true five minutes before midnight.
  function daysUntil(iso) {
    const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
    const now = new Date();
    return Math.round((Date.UTC(year, month - 1, day) - Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())) / DAY);
  }

  function saying(days, said) {
    if (days === 0) return said.dnToday;
    if (days === 1) return said.dnTomorrow;
    if (days === -1) return said.dnYesterday;
    return filled(days > 0 ? said.dnIn : said.dnAgo, { n: Math.abs(days) });
  }

  function beside(element, text) {
    const made = document.createElement("span");
    made.className = "dn-relative";
    made.textContent = text;
    element.after(made);
    return made;
  }

  function tellDays(root) {
    for (const time of root.querySelectorAll("time[data-dn-relative]")) {
      const said = saying(daysUntil(time.dateTime), words(time));
      if (time.hidden) {
        time.textContent = said;
        time.hidden = false;
      } else {
        beside(time, said);
      }
    }
  }

  function tellFresh(root) {
    for (const mark of root.querySelectorAll("[data-dn-fresh]")) {
      mark.hidden = -daysUntil(mark.dataset.dnFresh) >= Number(mark.dataset.dnDays);
    }
  }

  // --- what is over since the page was made ------------------------------------------------------------------------

  function turnBadges(root) {
    for (const badge of root.querySelectorAll("[data-dn-turns]")) {
      const turned = JSON.parse(badge.dataset.dnTurns).filter(([at]) => Date.parse(at) <= Date.now()).pop();
      if (!turned) continue;
      badge.className = `dn-badge dn-badge--${turned[1]}`;
      badge.textContent = turned[2];
    }
  }

  function passDeadlines(root) {
    for (const box of root.querySelectorAll("[data-dn-by]")) {
      if (daysUntil(box.dataset.dnBy) >= 0) continue;
      box.classList.replace("dn-act--needed", "dn-act--over");
      box.querySelector(".dn-act__left").textContent = box.dataset.dnPassed;
    }
    for (const item of root.querySelectorAll("[data-dn-until]")) {
      if (daysUntil(item.dataset.dnUntil) < 0) item.remove();
    }
    for (const time of root.querySelectorAll(".dn-stages time")) {
      if (daysUntil(time.dateTime) < 0) time.closest("li").classList.add("dn-past");
    }
  }

  // --- how long an incident has been open --------------------------------------------------------------------------

  function lasting(time, said) {
    if (time.dateTime.length === 10) return filled(said.dnOpenDays, { d: Math.max(-daysUntil(time.dateTime), 0), h: 0 });
    const minutes = Math.max(Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000), 0);
    const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
    return filled(d ? said.dnOpenDays : h ? said.dnOpenHours : said.dnOpenMinutes, { d, h, m });
  }

  function tellSince(root) {
    for (const time of root.querySelectorAll("time[data-dn-since]")) {
      time.textContent = filled(words(time).dnOpenFor, { time: lasting(time, words(time)) });
      time.hidden = false;
    }
  }

  // --- whether somebody answers now --------------------------------------------------------------------------------

  function covers(days, weekday) {
    const [first, last = first] = days.split("-").map((day) => WEEK.indexOf(day));
    return first <= last ? first <= weekday && weekday <= last : weekday >= first || weekday <= last;
  }

  // The desk's own calendar and clock: its zone decides, not the reader's.
  function clockIn(zone) {
    const shown = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short", timeStyle: "short", hourCycle: "h23" });
    const parts = Object.fromEntries(shown.formatToParts(new Date()).map(({ type, value }) => [type, value]));
    return { today: Date.UTC(parts.year, parts.month - 1, parts.day), time: `${parts.hour}:${parts.minute}` };
  }

  function attendance({ zone, hours, holidays }) {
    const { today, time } = clockIn(zone);
    for (let ahead = 0; ahead < 60; ahead += 1) {
      const day = new Date(today + ahead * DAY);
      if (holidays.includes(day.toISOString().slice(0, 10))) continue;
      const spans = hours
        .filter(([days]) => covers(days, (day.getUTCDay() + 6) % 7))
        .map(([, span]) => span.split("-"))
        .sort();
      for (const [start, end] of spans) {
        if (ahead || time < start) return { open: false, day, ahead, at: start };
        if (time < end) return { open: true, day, ahead, at: end };
      }
    }
    return null;
  }

  function dayName({ day, ahead }, language) {
    if (ahead === 0) return "";
    const form = ahead < 7 ? { weekday: "long" } : { weekday: "short", day: "numeric", month: "long" };
    return `${new Intl.DateTimeFormat(language, { ...form, timeZone: "UTC" }).format(day)} `;
  }

  function tellDesks(root) {
    for (const desk of root.querySelectorAll("[data-dn-desk]")) {
      let found = null;
      try {
        found = attendance(JSON.parse(desk.dataset.dnDesk));
      } catch {
        continue; // a zone that this browser does not know; the hours stand there anyway
      }
      if (!found) continue;
      const { lang: language } = desk.closest("[lang]");
      const said = document.createElement("p");
      said.className = `dn-desk-now dn-desk-now--${found.open ? "open" : "closed"}`;
      said.textContent = filled(found.open ? words(desk).dnDeskOpen : words(desk).dnDeskNext, { when: `${dayName(found, language)}${found.at}` });
      desk.prepend(said);
    }
  }

  // --- buttons -----------------------------------------------------------------------------------------------------

  // Browsers inside apps often have no clipboard to write to, or refuse it; the older way needs a selection.
  async function copied(source) {
    try {
      await navigator.clipboard.writeText(source.href || source.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(source);
      return document.execCommand("copy");
    }
  }

  function addButton(source, text, press) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "dn-copy";
    button.setAttribute("aria-live", "polite");
    button.textContent = text;
    button.addEventListener("click", () => press(button));
    source.after(button);
  }

  // Sharing only where the device does it itself. WeChat's browser does not; there the text is copied.
  function addButtons(root) {
    for (const source of root.querySelectorAll("[data-dn-share]")) {
      if (!navigator.share) break;
      addButton(source, source.dataset.dnShare, () => {
        navigator.share({ text: source.textContent }).catch(() => {}); // thought better of it
      });
    }
    for (const source of root.querySelectorAll("[data-dn-copy]")) {
      addButton(source, source.dataset.dnCopy, async (button) => {
        const failed = source.closest("[data-dn-selected]")?.dataset.dnSelected ?? source.dataset.dnCopy;
        button.textContent = (await copied(source)) ? source.dataset.dnCopied : failed;
        setTimeout(() => { button.textContent = source.dataset.dnCopy; }, 2000);
      });
    }
  }

  function helpInWeChat(root) {
    if (!/MicroMessenger/i.test(navigator.userAgent)) return;
    for (const advice of root.querySelectorAll("[data-dn-in-wechat]")) advice.hidden = false;
  }

  // A table that is wider than the screen scrolls by itself, so the keyboard has to reach it.
  function reachTables(root) {
    for (const table of root.querySelectorAll("table:not([class])")) {
      if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    }
  }

  // A menu made of <details> closes like a menu.
  function closeMenus() {
    const open = () => document.querySelectorAll("details.dn-selector[open]");
    document.addEventListener("click", (event) => {
      for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of open()) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }

  function show(root) {
    tellDays(root);
    tellFresh(root);
    turnBadges(root);
    passDeadlines(root);
    tellSince(root);
    tellDesks(root);
    addButtons(root);
    reachTables(root);
    helpInWeChat(root);
  }

  show(document);
  document.addEventListener("duenotice:shown", (event) => show(event.target));
  closeMenus();
})();
