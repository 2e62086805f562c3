// The private pages: what is open, what is on the screen, and the way from one to the other.

import { HERE, brought, codeIn, takeCode } from "./address.js";
import { closeAll, latest, openBinder, opened } from "./binders.js";
import { doorView } from "./door.js";
import { Unknown, builtAt } from "./fetching.js";
import { terms } from "./finding.js";
import { ahead, calendar } from "./icalendar.js";
import { listView } from "./list.js";
import { retell, tell } from "./message.js";
import { changesView, noticeView } from "./notice.js";
import { UNFIT, missing, reason } from "./reasons.js";
import { forget, forgetAll, remember, remembered } from "./remembering.js";
import { save } from "./saving.js";
import { importCode, readCode } from "./unseal.js";
import { firm, group, language, say, speak } from "./wording.js";

const [VIEW, FIRM, LANGUAGES] = ["view", "firm", "languages"].map((id) => document.getElementById(id));

/** One for each opened code: whose pages they are, and which notices. */
const binders = [];
let current = null;
/** What is on the screen: {door: true}, {list: true}, {notice: {sheet, version, content, words}} or {changes: {…}}. */
let view = {};
/** What the list was searched for. */
let query = "";
/** A promise of when the site was built; asked for once, when there is something to date. */
let built = null;
/** Whether the reader chose the language; otherwise it follows the client that is shown. */
let chosen = false;
/** What this device remembers and could not open: it may be opened later. */
let waiting = [];
/** Counts what was asked for: what comes late must not take the place of what was asked for since. */
let asked = 0;

/** Tells the other tabs that one has logged out. */
const TABS = "BroadcastChannel" in window ? new BroadcastChannel(`duenotice ${HERE.pathname}`) : null;

/** The field for the code, and the box that asks to remember it; only the door has a form. */
const codeField = () => VIEW.querySelector("form #code");
const keepBox = () => VIEW.querySelector("form #keep");

// --- opening --------------------------------------------------------------------------------------------------------

/** Opens the pages of a key and puts them beside those that are open. */
async function open(key, kept) {
  const binder = { ...(await openBinder(key)), kept };
  const known = binders.findIndex(({ name }) => name === binder.name);
  if (known < 0) binders.push(binder);
  else binders[known] = { ...binder, kept: kept || binders[known].kept };
  return binders[known < 0 ? binders.length - 1 : known];
}

/** Opens a code that came with a link, or was typed. The door may be ticked until it is open. */
async function enter(text) {
  if (UNFIT) {
    tell(UNFIT, { wrong: true });
    return;
  }
  tell("opening");
  asked += 1;
  const own = asked;
  try {
    const binder = await open(await importCode(await readCode(codeIn(text))), false);
    if (own !== asked) return;
    turnTo(binder);
  } catch (error) {
    if (own !== asked) return;
    if (!view.door) show({ door: true }); // what was typed stays, to be compared and mended
    tell(reason(error), { wrong: true });
    codeField().setAttribute("aria-invalid", "true");
    codeField().focus();
    return;
  }
  tell();
  if (keepBox()?.checked) await setKept(true);
  go({ list: true });
}

function turnTo(binder) {
  current = binder;
  query = "";
  if (!chosen) speak(binder.language);
}

/** Opens what this device remembers; says what was over, or was taken back, and keeps what could not be reached. */
async function recall() {
  let kept;
  try {
    kept = await remembered(Date.now());
  } catch {
    return []; // this browser keeps nothing, so there is nothing to say
  }
  waiting = [];
  let gone = 0;
  let failure = null;
  for (const entry of kept.live) {
    try {
      await open(entry.code, true);
      await remember(entry, Date.now()); // its days count from now on
    } catch (error) {
      if (error instanceof Unknown && error.gone) {
        await forget(entry.name);
        gone += 1;
      } else {
        waiting.push(entry);
        failure = error;
      }
    }
  }
  const notes = [];
  if (kept.expired) notes.push(["kept_expired", { n: kept.expired }]);
  if (gone) notes.push(["kept_gone", { n: gone }]);
  if (failure) notes.push([failure instanceof Unknown ? "unavailable" : reason(failure), {}], ["kept_waiting", {}]);
  return notes;
}

async function setKept(wanted) {
  const binder = current;
  try {
    await (wanted ? remember(binder, Date.now()) : forget(binder.name));
    binder.kept = wanted;
    tell(wanted ? "kept" : "forgotten");
  } catch (error) {
    tell(reason(error), { wrong: true });
    const box = VIEW.querySelector("#keep");
    if (box) box.checked = binder.kept;
  }
}

function close() {
  binders.length = 0;
  waiting = [];
  current = null;
  query = "";
  asked += 1;
  closeAll();
  show({ door: true });
}

/** Closes everything, here and in other tabs, and forgets everything on this device. */
async function logOut() {
  close();
  TABS?.postMessage("logged out");
  try {
    await forgetAll();
  } catch {
    // a browser that keeps nothing has nothing to forget
  }
  tell("logged_out");
  codeField()?.focus();
}

// --- the way around -------------------------------------------------------------------------------------------------

const act = {
  enter,
  again: () => void start(""),
  forgetAll: logOut,
  back: () => {
    tell();
    go({ list: true });
  },
  print: () => window.print(),
  choose: (binder) => {
    turnTo(binder);
    tell();
    go({ list: true });
  },
  another: () => {
    go({ door: true });
    codeField().focus();
  },
  logOut: () => void logOut(),
  keep: (wanted) => void setKept(wanted),
  searched: (text) => {
    query = text;
  },
  openNotice: (sheet, number) => void openSheet("notice", sheet, number),
  openChanges: (sheet, number) => void openSheet("changes", sheet, number),
  calendar: (sheets, number) => void saveDates(sheets, number),
};

async function openSheet(kind, sheet, number, again = false) {
  const version = sheet.versions.find((candidate) => candidate.number === number);
  asked += 1;
  const own = asked;
  tell("loading");
  try {
    const content = await (kind === "notice" ? opened(version.key, "N") : opened(version.changes, "R"));
    if (own !== asked) return;
    tell();
    (again ? show : go)({ [kind]: { sheet, version: number, content, words: terms(query) } });
  } catch (error) {
    if (own === asked) tell(missing(error), { wrong: true });
  }
}

/** Saves what a calendar shows of notices: of one all its dates, of all those that are still to come. */
async function saveDates(sheets, number) {
  tell("loading");
  const now = new Date();
  const today = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  const over = ["withdrawn", "superseded", "expired"];
  try {
    const events = [];
    for (const sheet of sheets) {
      const version = number ? sheet.versions.find((candidate) => candidate.number === number) : latest(sheet);
      const { dates = [] } = await opened(version.key, "N");
      const about = [sheet.number, say("version", { n: version.number }), HERE.href].filter(Boolean).join(" · ");
      const chosen = number ? dates : dates.filter((date) => !over.includes(sheet.state) && ahead(date, today));
      events.push(...chosen.map((date) => ({ ...date, about, sequence: version.number - 1 })));
    }
    if (events.length) save(new Blob([calendar(events, now)], { type: "text/calendar" }), say("calendar_file"));
    else tell("no_dates");
  } catch (error) {
    tell(missing(error), { wrong: true });
  }
}

/** Shows a view and remembers it in the tab's history, as numbers only: nothing of what it shows is written down. */
function go(next) {
  const shown = next.notice ?? next.changes;
  const place = shown
    ? [binders.indexOf(current), current.sheets.indexOf(shown.sheet), shown.version, next.changes ? "changes" : "notice"]
    : null;
  window.history.pushState(place, "", HERE.href);
  asked += 1;
  show(next);
}

function show(next) {
  view = next;
  document.documentElement.lang = language;
  document.title = `${say("title")} · ${firm().name}`;
  FIRM.textContent = firm().name;
  FIRM.href = new URL(firm().home, HERE).href;
  if (LANGUAGES) {
    LANGUAGES.hidden = false;
    LANGUAGES.setAttribute("aria-label", say("language"));
    for (const choice of LANGUAGES.children) choice.setAttribute("aria-pressed", String(choice.dataset.language === language));
  }
  for (const [name, pattern] of Object.entries(group("relative"))) VIEW.setAttribute(`data-dn-${name}`, pattern);
  VIEW.replaceChildren(...made(next));
  VIEW.dispatchEvent(new Event("duenotice:shown", { bubbles: true }));
  const heading = VIEW.querySelector("h1");
  if (!next.door && heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

/** Shows the same once more; what was typed and ticked at the door stays. */
function redraw() {
  const [typed, ticked] = [codeField()?.value ?? "", keepBox()?.checked ?? false];
  show(view);
  if (!view.door) return;
  codeField().value = typed;
  keepBox().checked = ticked;
}

function made(next) {
  if (next.notice) return noticeView(act, current, next.notice);
  if (next.changes) return changesView(act, current, next.changes);
  if (next.list) {
    built ??= builtAt();
    return listView(act, { binders, current, query, built });
  }
  return doorView(act, { open: binders.length, kept: waiting.length, retry: waiting.length });
}

// --- from here on it runs -------------------------------------------------------------------------------------------

window.addEventListener("popstate", (event) => {
  const code = takeCode();
  if (code) {
    void enter(code); // another link with a code, followed in this tab
    return;
  }
  window.history.replaceState(event.state, "", HERE.href);
  tell();
  asked += 1;
  const [binder, sheet, version, kind] = event.state ?? [];
  if (!binders.length) show({ door: true });
  else if (binders[binder]?.sheets[sheet]) {
    current = binders[binder];
    void openSheet(kind, current.sheets[sheet], version, true);
  } else show({ list: true });
});

LANGUAGES?.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-language]");
  if (!choice) return;
  speak(choice.dataset.language);
  chosen = binders.length > 0; // at the door it is only about the door
  redraw();
  retell();
  choice.focus();
});

/** Opens what the device remembers, then the code that came with the link. */
async function start(code) {
  if (UNFIT) {
    tell(UNFIT, { wrong: true });
    return;
  }
  const own = asked;
  const notes = await recall();
  if (own !== asked) return; // somebody was faster, and typed a code
  if (code) await enter(code);
  else if (binders.length) {
    turnTo(binders[0]);
    show({ list: true });
  } else if (waiting.length) redraw(); // the door, which offers to try again
  if (notes.length) tell(notes, { wrong: true });
  else if (!code) tell();
  if (view.door && !code) codeField().focus();
}

TABS?.addEventListener("message", () => {
  close();
  tell("logged_out");
});

document.getElementById("unable").remove();
show({ door: true });
void start(brought);
