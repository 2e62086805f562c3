// Searches everything that a contact may read: titles at once, texts as soon as they are opened. No host hears of it.

import { already, latest, opened } from "./binders.js";
import { excerpt, holds } from "./finding.js";
import { inert } from "./inert.js";
import { group } from "./wording.js";

const AT_ONCE = 4; // requests

/** What is read of a content, made once. */
const texts = new WeakMap();

function textOf(content) {
  if (!texts.has(content)) {
    const names = content.files.map(({ name }) => name);
    const read = inert(content.html);
    for (const frame of read.querySelectorAll(".dn-head, .dn-running")) frame.remove(); // the list says the same
    texts.set(content, [read.textContent.replace(/\s+/g, " ").trim(), ...names].join("\n"));
  }
  return texts.get(content);
}

/** Opens every version of the notices; `step` is called as texts come in. How many could not be had. */
export async function readAll(sheets, step) {
  const keys = sheets.flatMap(({ versions }) => versions.map(({ key }) => key)).filter((key) => !already(key));
  let missing = 0;
  const reader = async () => {
    for (let key = keys.shift(); key; key = keys.shift()) {
      try {
        await opened(key, "N");
        step();
      } catch {
        missing += 1; // said to the reader as a number; the rest is still searched
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  return missing;
}

/** The notices in which all the words stand: {sheet, version, excerpt}, of each the newest version that has them. */
export const matches = (sheets, words) => sheets.map((sheet) => match(sheet, words)).filter(Boolean);

function match(sheet, words) {
  const facts = [sheet.title, sheet.number ?? "", sheet.action?.what ?? "", group("kinds")[sheet.kind]];
  for (const version of [...sheet.versions].reverse()) {
    const content = already(version.key);
    const own = content ? [content.title, textOf(content)] : [];
    if (holds(version === latest(sheet) ? [...facts, ...own] : own, words)) return { sheet, version, excerpt: excerpt(own[1] ?? "", words) };
  }
  return null;
}
