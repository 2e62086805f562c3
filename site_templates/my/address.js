// Where the private pages stand, and the code out of whatever address or text it came in. Evaluated before all else.

/** The folder of this script, which is the address that people share. */
export const HERE = new URL("./", import.meta.url);

const SYMBOLS = 28;
const GROUPED = /(?:^|[^0-9A-Z])((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})(?![0-9A-Z])/i; // as the mail writes it
const ENDS = /[&?%,;<>"'()[\]{}|\u3001-\u303f\u3400-\u9fff]/; // tails that apps add, and the sentence around a link
const ANCHOR = /^n-\d+$/; // a place in a notice, see inert.js

// Mail programs turn # into %23, gateways that rewrite links turn that into %2523.
function decoded(text) {
  let plain = text;
  for (let i = 0; i < 3 && /%[0-9a-f]{2}/i.test(plain); i += 1) {
    try {
      plain = decodeURIComponent(plain);
    } catch {
      plain = plain.replace(/%([2-7][0-9a-f])/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
    }
  }
  return plain;
}

// Full-width forms of ASCII, as readCode has them, and the space of their width.
const narrow = (text) =>
  text.replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0)).replace(/\u3000/g, " ");

const trimmed = (text) => text.replace(/^[^0-9A-Z]+/i, "").split(ENDS)[0].replace(/[^0-9A-Z]+$/i, "");

/** The code's text in what was typed or pasted: the code, a link, a sentence with a link. "" where there is none. */
export function codeIn(text) {
  const plain = narrow(decoded(text)).replace(/[\u2010-\u2015\u2212]/g, "-");
  const grouped = GROUPED.exec(plain);
  if (grouped) return grouped[1];
  const parts = plain.split("#");
  const candidates = (parts.length > 1 ? parts.slice(1) : parts).map(trimmed);
  const whole = candidates.find((candidate) => candidate.replace(/[^0-9A-Z]/gi, "").length === SYMBOLS);
  return whole ?? candidates.find(Boolean) ?? "";
}

function codeInAddress(address) {
  const tail = address.slice(address.indexOf(HERE.pathname) + HERE.pathname.length);
  const plain = decoded(tail);
  if (!plain.includes("#") && !GROUPED.test(plain)) return "";
  const code = codeIn(tail);
  return ANCHOR.test(code) ? "" : code;
}

/** Takes the code out of the address bar and the history, so that a copied or forwarded address carries none. */
export function takeCode() {
  const code = codeInAddress(window.location.href);
  window.history.replaceState(null, "", HERE.href);
  return code;
}

/** The code that this page was opened with, or "". */
export const brought = takeCode();
