// Finds what was typed in texts: any width and case, Chinese without spaces, and where it stands in the text as written.

const AROUND = 36; // characters on either side of a find

/** A text as it is compared, and for each of its characters the place in the text as written. */
function folded(text) {
  let plain = "";
  const places = [];
  let at = 0;
  for (const symbol of text) {
    const narrow = symbol.normalize("NFKC").toLowerCase();
    const spaced = /^\s+$/.test(narrow) ? (plain.endsWith(" ") ? "" : " ") : narrow;
    plain += spaced;
    for (let i = 0; i < spaced.length; i += 1) places.push([at, at + symbol.length]);
    at += symbol.length;
  }
  return { plain, places };
}

/** The words to look for; all of them have to be found. */
export const terms = (query) => folded(query.normalize("NFC")).plain.split(" ").filter(Boolean);

/** Where the words stand in a text, as [start, end] in order and without overlaps. */
export function found(text, words) {
  const { plain, places } = folded(text);
  const spans = [];
  for (const word of words) {
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length)) {
      spans.push([places[at][0], places[at + word.length - 1][1]]);
    }
  }
  spans.sort((one, other) => one[0] - other[0]);
  return spans.filter(([start], i) => i === 0 || start >= spans[i - 1][1]);
}

/** Whether every word stands in one of the texts. */
export function holds(texts, words) {
  const all = folded(texts.join("\n")).plain;
  return words.every((word) => all.includes(word));
}

/** A text cut at the finds: [text, whether it was found]. */
export function pieces(text, words) {
  const cut = [];
  let at = 0;
  for (const [start, end] of found(text, words)) {
    cut.push([text.slice(at, start), false], [text.slice(start, end), true]);
    at = end;
  }
  cut.push([text.slice(at), false]);
  return cut.filter(([piece]) => piece);
}

/** The sentence around the first find, or "" where there is none. */
export function excerpt(text, words) {
  const first = found(text, words)[0];
  if (!first) return "";
  const [start, end] = [Math.max(0, first[0] - AROUND), Math.min(text.length, first[1] + AROUND)];
  return `${start ? "…" : ""}${text.slice(start, end).trim()}${end < text.length ? "…" : ""}`;
}
