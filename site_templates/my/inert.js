// A notice's HTML as elements that can do nothing: what the build let through, checked once more by an allow-list.
//
// The build sanitises (portal/prose.py) and the seal authenticates, so this is the third wall. The Content Security
// Policy, the fourth, stops scripts, styles, frames and requests, but not <meta http-equiv=refresh>, <link rel=preconnect>,
// a form that asks for the code, or names that shadow the document's own. Only a list of what may come does.

import { HERE } from "./address.js";

const TAGS = new Set(
  `a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4
   h5 h6 header hr i img input ins kbd label li mark nav ol p pre q s samp section small span strong sub summary sup table
   tbody td tfoot th thead time tr u ul var`.split(/\s+/),
);
/** What goes with everything in it; of other unknown tags the text stays. */
const HIDDEN = new Set(
  "applet audio base button canvas datalist dialog embed frame frameset head iframe link map math meta noembed noframes noscript object picture portal script select slot source style svg template textarea title video xmp".split(" "),
);
const ANYWHERE = new Set(["class", "title", "lang", "dir", "datetime", "data-label", "aria-label", "aria-hidden", "aria-current", "hidden"]);
const OWN = {
  a: ["href"],
  details: ["open"],
  img: ["src", "alt", "width", "height"],
  input: ["checked"],
  ol: ["start", "type"],
  td: ["colspan", "rowspan", "align"],
  th: ["colspan", "rowspan", "align", "scope"],
};
/** Attributes that name elements by id. */
const REFERENCES = new Set(["aria-labelledby", "aria-describedby"]);
/** Those that a table keeps when it is shown as cards. An alert or a dialog is for the page to make. */
const ROLES = new Set(["table", "rowgroup", "row", "cell", "columnheader", "rowheader", "note"]);
const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const FILE = /^#file:(\d+)$/;

/**
 * HTML as a fragment; `files` is how many attachments it may refer to. Ids become n-1, n-2, …, so that no address names
 * a heading, and nothing has the name of our own.
 */
export function inert(html, files = 0) {
  const template = document.createElement("template");
  template.innerHTML = html; // here nothing runs and nothing loads, and its document has no names to shadow
  // A form answers for its own properties with the fields of that name, so none may be asked anything.
  for (const form of template.content.querySelectorAll("form")) Element.prototype.remove.call(form);
  const ids = new Map();
  const numbered = (id) => {
    if (!ids.has(id)) ids.set(id, `n-${ids.size + 1}`);
    return ids.get(id);
  };
  const attached = (reference) => FILE.test(reference) && Number(FILE.exec(reference)[1]) < files;
  return copied(template.content, document.createDocumentFragment(), { numbered, attached });
}

function copied(source, target, known) {
  for (const node of source.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) target.append(node.data);
    if (!(node instanceof HTMLElement)) continue;
    const tag = node.localName;
    if (TAGS.has(tag)) target.append(copied(node, attributed(node, document.createElement(tag), known), known));
    else if (!HIDDEN.has(tag)) copied(node, target, known);
  }
  return target;
}

function attributed(source, made, known) {
  const { numbered } = known;
  for (const { name, value } of source.attributes) {
    if (name === "id") made.id = numbered(value);
    else if (REFERENCES.has(name)) made.setAttribute(name, value.split(/\s+/).map(numbered).join(" "));
    else if (name === "class") made.setAttribute(name, value.replace(/(^|\s)my-\S*/g, "$1")); // the page's own look is not for notices
    else if (name === "role") ROLES.has(value) && made.setAttribute(name, value);
    else if (name === "href" && made.localName === "a") lead(made, value, known);
    else if (name === "src" && made.localName === "img") picture(made, value, known);
    else if (ANYWHERE.has(name) || name.startsWith("data-dn-") || OWN[made.localName]?.includes(name)) made.setAttribute(name, value);
  }
  if (made.localName === "input") {
    made.type = "checkbox"; // of a task list, and to be read only
    made.disabled = true;
  }
  return made;
}

function lead(link, target, { numbered, attached }) {
  if (FILE.test(target)) {
    if (attached(target)) link.setAttribute("href", target);
  } else if (target.startsWith("#")) link.setAttribute("href", `#${numbered(plain(target.slice(1)))}`);
  else {
    const url = parsed(target);
    if (!url || !SCHEMES.has(url.protocol)) return;
    link.href = url.href;
    link.rel = "noreferrer noopener";
    if (url.protocol.startsWith("http")) link.target = "_blank"; // what is open here stays open
  }
}

function picture(image, source, { attached }) {
  if (source.startsWith("#") ? attached(source) : parsed(source)?.origin === HERE.origin) image.setAttribute("src", source);
}

function parsed(address) {
  try {
    return new URL(address, HERE);
  } catch {
    return null;
  }
}

function plain(id) {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
