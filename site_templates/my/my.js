// The private pages: takes the code, opens the contact's index, shows notices, saves attachments. Nothing is stored.

import { Mistyped, Unopenable, importCode, indexName, objectName, readCode, readKey, unseal, unsealIndex, unsealStream } from "./unseal.js";

const HERE = new URL("./", import.meta.url);
const DATA = JSON.parse(document.getElementById("words").textContent);

// Taken before anything is shown: a heading of a notice may have any id.
const [VIEW, MESSAGE, FIRM, LANGUAGES] = ["view", "message", "firm", "languages"].map((id) => document.getElementById(id));
/** The field for the code; only the door has a form. */
const codeField = () => VIEW.querySelector("form input");

/** No file stands there: the code was replaced, or access has ended. */
class Unknown extends Error {}

/** The host could not be reached. */
class Offline extends Error {}

/** The host answered, but not with the file. */
class Unavailable extends Error {}

/** One opened code: whose pages they are, and which notices. */
const binders = [];
let current = null;
/** What is on the screen: {door: true}, {list: true} or {notice: {sheet, version, content}}. */
let view = {};
let language = preferred();
/** Counts what was asked for: what comes late must not take the place of what was asked for since. */
let asked = 0;

/** Why this browser cannot decrypt here, or "". */
const UNFIT = !window.isSecureContext ? "insecure" : !window.crypto?.subtle ? "old" : "";

function preferred() {
  const wanted = (navigator.languages || [navigator.language]).map((tag) => String(tag).toLowerCase().split("-")[0]);
  return wanted.find((tag) => DATA.languages.includes(tag)) || DATA.languages[0];
}

function say(key, values = {}) {
  return DATA.words[language][key].replace(/\{(\w+)\}/g, (field, name) => (name in values ? values[name] : field));
}

const day = (iso) =>
  new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${iso}T00:00:00Z`));

function size(bytes) {
  const unit = bytes < 1e6 ? "kilobyte" : "megabyte";
  const value = bytes / (bytes < 1e6 ? 1e3 : 1e6);
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

const button = (text, onclick, attributes = {}) => element("button", { type: "button", onclick, ...attributes }, text);

// --- the code, out of whatever address it came in -------------------------------------------------------------------

/** The code's text in an address, or "". Mail programs turn # into %23 or %2523 and add tails such as &appinstall=0. */
function codeIn(address) {
  let tail = address.slice(address.indexOf(HERE.pathname) + HERE.pathname.length);
  for (let i = 0; i < 3 && /%[0-9a-f]{2}/i.test(tail); i += 1) {
    try {
      tail = decodeURIComponent(tail);
    } catch {
      break;
    }
  }
  const at = tail.lastIndexOf("#");
  return at < 0 ? "" : tail.slice(at + 1).split(/[&?#]/)[0];
}

/** Takes the code out of the address bar and the history, so that a copied or forwarded address carries none. */
function takeCode() {
  const text = codeIn(window.location.href);
  window.history.replaceState(null, "", HERE.href);
  return text;
}

// --- opening --------------------------------------------------------------------------------------------------------

async function requested(name) {
  let response;
  try {
    response = await fetch(new URL(`s/${name}`, HERE), { cache: "no-cache", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new Offline();
  }
  if (response.status === 404 || response.status === 410 || response.status === 403) throw new Unknown();
  if (!response.ok) throw new Unavailable();
  return response;
}

async function fetched(name) {
  const response = await requested(name);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new Offline();
  }
}

async function openCode(text) {
  const typed = /[#%]/.test(text) ? codeIn(`${HERE.pathname}${text}`) : text; // a whole link may be pasted
  const code = await importCode(await readCode(typed));
  const name = await indexName(code);
  const { content } = await unsealIndex(code, await fetched(name));
  const binder = { name, ...JSON.parse(new TextDecoder().decode(content)) };
  const known = binders.findIndex((other) => other.name === name);
  if (known < 0) binders.push(binder);
  else binders[known] = binder;
  current = binder;
  if (DATA.languages.includes(binder.language)) language = binder.language;
}

async function opened(text, letter) {
  const key = await readKey(text);
  return unseal(key, letter, await fetched(await objectName(key)));
}

/** An attachment as a Blob, opened as it arrives. */
async function openedFile(text, type = "") {
  const key = await readKey(text);
  const response = await requested(await objectName(key));
  try {
    return await unsealStream(key, response, type);
  } catch (error) {
    throw error instanceof Unopenable ? error : new Offline();
  }
}

function reason(error) {
  if (error instanceof Mistyped) return "mistyped";
  if (error instanceof Unknown) return "unknown";
  if (error instanceof Offline) return "offline";
  if (error instanceof Unavailable) return "unavailable";
  if (error instanceof Unopenable) return "damaged";
  throw error;
}

async function enter(text) {
  if (UNFIT) {
    tell(UNFIT, {}, true);
    return;
  }
  tell("opening");
  try {
    await openCode(text);
  } catch (error) {
    if (!view.door) show({ door: true }); // what was typed stays, to be compared and mended
    tell(reason(error), {}, true);
    codeField().focus();
    return;
  }
  tell();
  go({ list: true });
}

// --- messages -------------------------------------------------------------------------------------------------------

/** Says something below the view, at once where it is `wrong`; without a key it takes back what was said. */
function tell(key = "", values = {}, wrong = false) {
  MESSAGE.hidden = !key;
  MESSAGE.dataset.key = key;
  MESSAGE.dataset.wrong = wrong ? "yes" : "";
  MESSAGE.classList.toggle("my-wrong", wrong);
  MESSAGE.setAttribute("role", wrong ? "alert" : "status");
  MESSAGE.textContent = key ? say(key, values) : "";
}

// --- views ----------------------------------------------------------------------------------------------------------

/** Shows a view and remembers it in the tab's history, as numbers only: nothing of what it shows is written down. */
function go(next) {
  const place = next.notice ? [binders.indexOf(current), current.sheets.indexOf(next.notice.sheet), next.notice.version] : null;
  window.history.pushState(place, "", HERE.href);
  asked += 1;
  show(next);
}

function show(next) {
  view = next;
  document.documentElement.lang = language;
  document.title = `${say("title")} · ${DATA.firms[language]}`;
  FIRM.textContent = DATA.firms[language];
  FIRM.href = new URL(DATA.homes[language], HERE).href;
  if (LANGUAGES) {
    LANGUAGES.hidden = false;
    LANGUAGES.setAttribute("aria-label", say("language"));
    for (const choice of LANGUAGES.children) choice.setAttribute("aria-pressed", String(choice.dataset.language === language));
  }
  const made = next.notice ? noticeView(next.notice) : next.list ? listView() : doorView();
  VIEW.replaceChildren(...made);
  const heading = VIEW.querySelector("h1");
  if (!next.door && heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

function doorView() {
  const input = element("input", {
    id: "code", type: "text", inputmode: "text", autocapitalize: "characters", autocomplete: "off", autocorrect: "off",
    spellcheck: "false", enterkeyhint: "go", "aria-describedby": "code-hint message",
  });
  const submit = (event) => {
    event.preventDefault();
    void enter(input.value);
  };
  return [
    element("h1", {}, say("title")),
    element("p", { class: "my-lead" }, say("lead")),
    element(
      "form", { class: "my-door", onsubmit: submit },
      element("label", { for: "code" }, say("code")),
      element("div", { class: "my-field" }, input, element("button", { type: "submit", class: "my-primary" }, say("open"))),
      element("p", { class: "my-hint", id: "code-hint" }, say("code_hint")),
    ),
    binders.length ? button(say("back_to"), () => { tell(); go({ list: true }); }, { class: "my-plain" }) : element("p", { class: "my-hint" }, say("lost")),
  ];
}

function listView() {
  const { sheets } = current;
  return [
    element("h1", {}, say("title")),
    who(),
    ...(sheets.length
      ? [element("p", { class: "my-hint" }, say("count", { n: sheets.length })), element("ol", { class: "my-list" }, ...sheets.map(row))]
      : [element("p", { class: "my-empty" }, say("empty"))]),
  ];
}

/** For whom this is; with several codes open, a switcher between them. */
function who() {
  const name = (binder) => say("for", { client: binder.client, contact: binder.contact });
  const others = binders.length > 1;
  const choose = (binder) => () => {
    current = binder;
    tell();
    go({ list: true });
  };
  return element(
    "div", { class: "my-who" },
    others
      ? element("nav", { class: "my-clients", "aria-label": say("clients") },
          ...binders.map((binder) => button(name(binder), choose(binder), { "aria-pressed": String(binder === current) })))
      : element("p", { class: "my-name" }, name(current)),
    element("div", { class: "my-tools" },
      button(say("another"), () => { go({ door: true }); codeField().focus(); }, { class: "my-plain" }),
      button(say("log_out"), logOut, { class: "my-plain" })),
  );
}

function row(sheet) {
  const latest = sheet.versions[sheet.versions.length - 1];
  const { kinds, states } = DATA.words[language];
  const act = duty(sheet);
  const facts = [
    element("span", { class: `dn-badge dn-badge--${sheet.state}` }, states[sheet.state]),
    kinds[sheet.kind],
    sheet.number,
    say("published", { date: day(sheet.date) }),
    latest.number > 1 ? `${say("version", { n: latest.number })} · ${say("revised", { date: day(latest.on) })}` : null,
  ];
  return element(
    "li", { class: act.due ? "my-row my-due" : "my-row" },
    element("p", { class: "my-act" }, element("strong", {}, act.text), act.what ? ` ${act.what}` : null),
    element("h2", {}, button(sheet.title, () => void openNotice(sheet, latest.number), { class: "my-open" })),
    element("p", { class: "my-facts" }, ...facts.filter(Boolean).map((fact) => (fact instanceof Element ? fact : element("span", {}, fact)))),
  );
}

/** What the reader is to do, by when, and whether it is still to be done. */
function duty(sheet) {
  const { action } = sheet;
  if (["withdrawn", "superseded", "expired"].includes(sheet.state)) return { text: say("over"), what: "", due: false };
  if (!action) return { text: say("no_request"), what: "", due: false };
  if (!action.needed) return { text: say("no_action"), what: "", due: false };
  if (!action.by) return { text: say("act"), what: action.what, due: true };
  const passed = new Date(`${action.by}T23:59:59`) < new Date();
  return { text: say(passed ? "act_passed" : "act_by", { date: day(action.by) }), what: action.what, due: !passed };
}

async function openNotice(sheet, number, remembered = false) {
  const version = sheet.versions.find((candidate) => candidate.number === number);
  asked += 1;
  const own = asked;
  tell("loading");
  try {
    const content = JSON.parse(new TextDecoder().decode(await opened(version.key, "N")));
    if (own !== asked) return;
    tell();
    (remembered ? show : go)({ notice: { sheet, version: number, content } });
  } catch (error) {
    if (own === asked) tell(missing(error), {}, true);
  }
}

function noticeView({ sheet, version, content }) {
  const latest = sheet.versions[sheet.versions.length - 1].number;
  const article = element("article", { class: "my-article", lang: content.language });
  // Parsed where nothing runs and nothing loads; what is in it was sanitised when built and authenticated when opened.
  article.append(...new DOMParser().parseFromString(content.html, "text/html").body.childNodes);
  for (const image of article.querySelectorAll('img[src^="#file:"]')) void reveal(image, fileOf(image.getAttribute("src"), content));
  for (const link of article.querySelectorAll('a[href^="#file:"]')) attach(link, fileOf(link.hash, content));
  for (const link of article.querySelectorAll('a[href^="#"]')) {
    link.addEventListener("click", (event) => {
      event.preventDefault(); // the address bar stays as it is
      article.querySelector(`[id="${CSS.escape(decodeURIComponent(link.hash.slice(1)))}"]`)?.scrollIntoView();
    });
  }
  const choices = sheet.versions.map(({ number }) =>
    button(say("version", { n: number }) + (number === latest ? ` · ${say("latest")}` : ""), () => void openNotice(sheet, number), {
      "aria-pressed": String(number === version),
    }));
  return [
    element("div", { class: "my-tools my-above" },
      button(`← ${say("back")}`, () => { tell(); go({ list: true }); }, { class: "my-plain" }),
      button(say("print"), () => window.print(), { class: "my-plain" })),
    choices.length > 1 ? element("nav", { class: "my-versions", "aria-label": say("versions") }, ...choices) : null,
    element("p", { class: "my-private" },
      [say("private", { client: current.client }), sheet.number, say("version", { n: version })].filter(Boolean).join(" · ")),
    article,
  ].filter(Boolean);
}

const fileOf = (reference, content) => content.files[Number(reference.slice("#file:".length))];

/** Turns a reference to an attachment into a button that decrypts and saves it. */
function attach(link, file) {
  if (!file) return;
  const save = async () => {
    tell("saving");
    try {
      const address = URL.createObjectURL(await openedFile(file.key, "application/octet-stream"));
      element("a", { href: address, download: file.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      tell("saved");
    } catch (error) {
      tell(missing(error), {}, true);
    }
  };
  const label = say("save", { name: file.name, size: size(file.size) });
  link.replaceWith(button(link.textContent, () => void save(), { class: "my-save", "aria-label": label, title: label }));
}

/** Shows a picture that came along as an attachment. */
async function reveal(image, file) {
  image.removeAttribute("src");
  if (!file) return;
  try {
    const address = URL.createObjectURL(await openedFile(file.key));
    image.onload = image.onerror = () => URL.revokeObjectURL(address); // once drawn, no copy stays after logging out
    image.src = address;
  } catch (error) {
    tell(missing(error), {}, true);
  }
}

/** What to say when a notice or attachment does not come: here a missing file is not the code's fault. */
const missing = (error) => (error instanceof Unknown ? "unavailable" : reason(error));

function logOut() {
  binders.length = 0;
  current = null;
  asked += 1;
  show({ door: true });
  tell("logged_out");
  codeField().focus();
}

// --- from here on it runs -------------------------------------------------------------------------------------------

window.addEventListener("popstate", (event) => {
  const text = codeIn(window.location.href);
  if (text) {
    void enter(takeCode()); // another link with a code, followed in this tab
    return;
  }
  tell();
  if (!binders.length) show({ door: true });
  else if (event.state && binders[event.state[0]]) {
    current = binders[event.state[0]];
    void openNotice(current.sheets[event.state[1]], event.state[2], true);
  } else show({ list: true });
});

LANGUAGES?.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-language]");
  if (!choice) return;
  language = choice.dataset.language;
  const typed = codeField()?.value;
  show(view);
  if (typed) codeField().value = typed;
  const { key, wrong } = MESSAGE.dataset;
  tell(key, {}, Boolean(wrong));
  choice.focus();
});

const brought = takeCode();
document.getElementById("unable").remove();
show({ door: true });
if (UNFIT || brought) void enter(brought);
else codeField().focus();
