// The view of one client's notices: what is to be done by when, search, and the tools around them.

import { latest } from "./binders.js";
import { button, element } from "./elements.js";
import { pieces, terms } from "./finding.js";
import { DAYS } from "./remembering.js";
import { matches, readAll } from "./searching.js";
import { day, group, moment, say } from "./wording.js";

const PAUSE = 120; // milliseconds between the last key and the search

/**
 * The view of `current`, one of `binders`; `built` is a promise of the site's time. `act` has choose(binder), another(), logOut(), openNotice(sheet, version),
 * keep(wanted), calendar(sheets) and searched(query).
 */
export function listView(act, { binders, current, query, built }) {
  const { sheets } = current;
  const whole = sheets.length > 0;
  return [
    element("h1", {}, say("title")),
    who(act, binders, current),
    dated(current, built),
    ...(whole ? searchable(act, sheets, query) : [element("p", { class: "my-empty" }, say("empty"))]),
    whole ? element("p", { class: "my-tools" }, button(say("calendar_all"), () => act.calendar(sheets), { class: "my-plain" })) : null,
    kept(act, current),
  ].filter(Boolean);
}

/** For whom this is; with several codes open, a switcher between them. */
function who(act, binders, current) {
  const name = ({ client, contact }) => say("for", { client, contact });
  const shown = binders.length > 1
    ? element("nav", { class: "my-clients", "aria-label": say("clients") },
        ...binders.map((binder) => button(name(binder), () => act.choose(binder), { "aria-pressed": String(binder === current) })))
    : element("p", { class: "my-name" }, name(current));
  const printed = binders.length > 1 ? element("p", { class: "my-name my-printed" }, name(current)) : null;
  return element(
    "div", { class: "my-who" }, shown, printed,
    element("div", { class: "my-tools" },
      button(say("another"), act.another, { class: "my-plain" }),
      button(say("log_out"), act.logOut, { class: "my-plain" })),
  );
}

/** Since when the notices are as they are, which is sealed with them, and what the host says of itself. */
function dated({ changed }, built) {
  const box = element("p", { class: "my-hint my-dated" }, changed ? say("changed", { date: day(changed) }) : null);
  void built.then((time) => time && box.append(`${changed ? " " : ""}${say("built", { time: moment(time) })}`));
  return box;
}

function kept(act, { kept }) {
  const box = element("input", { id: "keep", type: "checkbox", checked: kept, "aria-describedby": "keep-hint", onchange: () => act.keep(box.checked) });
  return element(
    "div", { class: "my-keep" },
    element("label", { class: "my-check", for: "keep" }, box, element("span", {}, say("keep"))),
    element("p", { class: "my-hint", id: "keep-hint" }, say("keep_hint", { days: DAYS })),
  );
}

// --- search ---------------------------------------------------------------------------------------------------------

function searchable(act, sheets, query) {
  const count = element("p", { class: "my-hint", role: "status" });
  const list = element("ol", { class: "my-list" });
  const input = element("input", { id: "search", type: "search", autocomplete: "off", spellcheck: "false", enterkeyhint: "search" });
  input.value = query;
  let missing = 0;
  const show = (reading) => {
    const words = terms(input.value);
    const hits = words.length ? matches(sheets, words) : sheets.map((sheet) => ({ sheet, version: latest(sheet), excerpt: "" }));
    list.replaceChildren(...hits.map((hit) => row(act, hit, words)));
    const told = [say(words.length ? "found" : "count", { n: hits.length, m: sheets.length })];
    if (words.length && reading) told.push(say("searching"));
    if (words.length && missing) told.push(say("unread", { n: missing }));
    count.textContent = told.join(" ");
    list.dispatchEvent(new Event("duenotice:shown", { bubbles: true }));
  };
  let asked = 0;
  const search = async () => {
    act.searched(input.value);
    asked += 1;
    const own = asked;
    if (!terms(input.value).length) return show(false);
    show(true); // titles at once
    missing = await readAll(sheets, () => own === asked && input.isConnected && show(true));
    if (own === asked && input.isConnected) show(false);
  };
  let waiting = 0;
  input.addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (!event.isComposing) waiting = setTimeout(() => void search(), PAUSE); // half a syllable is no word
  });
  input.addEventListener("compositionend", () => void search());
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      input.value = "";
      void search();
    } else if (event.key === "Enter") {
      event.preventDefault(); // otherwise the same key presses the button, too
      list.querySelector("button")?.focus();
    }
  });
  if (query) void search();
  else show(false);
  return [
    element("div", { class: "my-search", role: "search" }, element("label", { for: "search" }, say("search")), input),
    count,
    list,
  ];
}

const marked = (text, words) => pieces(text, words).map(([piece, found]) => (found ? element("mark", {}, piece) : piece));

// --- a notice in the list -------------------------------------------------------------------------------------------

function row(act, { sheet, version, excerpt }, words) {
  const last = latest(sheet);
  const due = duty(sheet);
  const facts = [
    group("kinds")[sheet.kind],
    sheet.number,
    say("published", { date: day(sheet.date) }),
    last.number > 1 ? `${say("version", { n: last.number })} · ${say("revised", { date: day(last.on) })}` : null,
    version !== last ? say("found_in", { n: version.number }) : null,
  ];
  return element(
    "li", { class: due.open ? "my-row my-due" : "my-row" },
    element("p", { class: "my-act" }, element("strong", {}, due.text), due.left ?? null, due.what ? element("span", { class: "my-what" }, due.what) : null),
    element("h2", {}, element("button", { type: "button", class: "my-open", onclick: () => act.openNotice(sheet, version.number) }, ...marked(sheet.title, words))),
    excerpt ? element("p", { class: "my-excerpt" }, ...marked(excerpt, words)) : null,
    element(
      "p", { class: "my-facts" },
      element("span", { class: `dn-badge dn-badge--${sheet.state}` }, group("states")[sheet.state]),
      ...facts.filter(Boolean).map((fact) => element("span", {}, fact)),
    ),
  );
}

/** What the reader is to do, by when, how far that is away (duenotice.js says), and whether it is still to be done. */
function duty({ action, state }) {
  if (["withdrawn", "superseded", "expired"].includes(state)) return { text: say("over") };
  if (!action) return { text: say("no_request") };
  if (!action.needed) return { text: say("no_action") };
  if (!action.by) return { text: say("act"), what: action.what, open: true };
  const passed = new Date(`${action.by}T23:59:59`) < new Date();
  if (passed) return { text: say("act_passed", { date: day(action.by) }), what: action.what };
  const left = element("span", { class: "my-left" }, element("time", { datetime: action.by, "data-dn-relative": true, hidden: true }));
  return { text: say("act_by", { date: day(action.by) }), left, what: action.what, open: true };
}
