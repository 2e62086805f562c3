// The views of a notice in one of its versions, and of what a version changed.

import { latest } from "./binders.js";
import { button, element } from "./elements.js";
import { pieces } from "./finding.js";
import { inert } from "./inert.js";
import { attach, reveal } from "./saving.js";
import { day, say } from "./wording.js";

const FILE = /^#file:(\d+)$/;

/**
 * A version. `act` has back(), print(), openNotice(sheet, number), openChanges(sheet, number) and calendar(sheets).
 * `words` were searched for, and are marked.
 */
export function noticeView(act, current, { sheet, version, content, words = [] }) {
  const own = sheet.versions.find(({ number }) => number === version);
  const article = articled(content);
  for (const image of article.querySelectorAll("img")) {
    const file = fileOf(image.getAttribute("src"), content);
    if (file) void reveal(image, file);
  }
  for (const link of article.querySelectorAll('a[href^="#file:"]')) attach(link, fileOf(link.getAttribute("href"), content));
  if (words.length) mark(article, words);
  const running = article.querySelector(".dn-running");
  running?.prepend(`${say("for", current)} · `); // stands at the foot of every printed page
  const dates = content.dates?.length > 0;
  return [
    above(act, say("back"), act.back, dates ? button(say("calendar"), () => act.calendar([sheet], version), { class: "my-plain" }) : null),
    versions(act, sheet, version, own.changes && (() => act.openChanges(sheet, version))),
    identity(current, sheet, own),
    article,
  ].filter(Boolean);
}

/** What a version changed in the one before it. */
export function changesView(act, current, { sheet, version, content }) {
  const own = sheet.versions.find(({ number }) => number === version);
  const article = articled(content);
  article.prepend(
    element("h1", {}, say("changes_of", { old: version - 1, new: version })),
    element("h2", { class: "my-of" }, sheet.title),
    ...(content.note ? [element("p", {}, element("strong", {}, say("note")), content.note)] : []),
  );
  const notice = article.querySelector(".dn-notice");
  const facts = [say("for", current), sheet.number, say("version", { n: version }), day(content.on)].filter(Boolean);
  notice?.append(element("p", { class: "dn-running", "aria-hidden": "true" }, facts.join(" · ")));
  return [
    above(act, say("back_to_notice"), () => act.openNotice(sheet, version)),
    identity(current, sheet, { ...own, on: content.on }),
    article,
  ];
}

function articled(content) {
  const article = element("article", { class: "my-article", lang: content.language });
  article.append(inert(content.html, content.files?.length));
  article.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#n-"]');
    if (!link) return;
    event.preventDefault(); // the address bar stays as it is
    article.querySelector(`[id="${link.hash.slice(1)}"]`)?.scrollIntoView();
  });
  return article;
}

const above = (act, text, onclick, other = null) =>
  element("div", { class: "my-tools my-above" },
    button(`← ${text}`, onclick, { class: "my-plain" }),
    element("span", {}, other, button(say("print"), act.print, { class: "my-plain" })));

function versions(act, sheet, shown, changes) {
  if (sheet.versions.length < 2) return null;
  const choices = sheet.versions.map((version) => {
    const name = say("version", { n: version.number }) + (version === latest(sheet) ? ` · ${say("latest")}` : "");
    const pressed = { "aria-pressed": String(version.number === shown) };
    return button(name, () => act.openNotice(sheet, version.number), pressed);
  });
  return element("nav", { class: "my-versions", "aria-label": say("versions") }, ...choices,
    changes ? button(say("changes"), changes, { class: "my-plain" }) : null);
}

/** Whose page it is, and which: it stays in view, also on a screenshot. */
const identity = (current, { number }, { number: version, on }) =>
  element("p", { class: "my-private" },
    [say("private", current), number, say("version", { n: version }), day(on)].filter(Boolean).join(" · "));

const fileOf = (reference, content) => content.files[FILE.exec(reference ?? "")?.[1]];

function mark(root, words) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const cut = pieces(text.data, words);
    if (cut.some(([, found]) => found)) text.replaceWith(...cut.map(([piece, found]) => (found ? element("mark", {}, piece) : piece)));
  }
}
