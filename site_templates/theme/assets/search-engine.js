// Finds notices in the index that portal/search writes. No page is touched here: search.js shows what is found.
// An index is a table of all documents, shards that lead from pairs of characters and from words to documents, and small
// files of excerpts. A question fetches the table once, a shard for each pair and word, and the excerpts it shows.

const MAGIC = 0x444e310a; // "DN1\n", which every shard begins with
const ZONES = [{ first: 40, size: 216, of: "body" }, { first: 32, size: 8, of: "number" }, { first: 0, size: 32, of: "title" }];
const PAIRS = 8; // of one run of the question; more hardly narrow it further
const AT_ONCE = 4; // shards that any question may fetch
const ENOUGH = 200_000; // bytes of shards after which a question is narrowed no further
const WORD_KEY = 3;
const CLOSE = 0.5; // the least part of a question that has to be there where nothing has all of it

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SCORE = { body: 1, title: 4, number: 6, whole: 2, itself: 20 };

// --- folding: portal/search/folding.py does the same --------------------------------------------------------------------

const isWord = (character) => character !== undefined && /[\p{L}\p{N}_]/u.test(character);
const isDigit = (character) => character !== undefined && /\p{Nd}/u.test(character);

function folded(text, simplified) {
  const characters = [];
  const places = [];
  let place = 0;
  for (const character of text.normalize("NFC")) {
    const plain = character.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC");
    for (const one of plain) {
      characters.push(simplified.get(one) ?? one);
      places.push(place);
    }
    place += character.length;
  }
  const kept = characters.map((character, at) => {
    const [before, after] = [characters[at - 1], characters[at + 1]];
    if (",.:/-".includes(character)) return !(isDigit(before) && isDigit(after));
    if ("[({〔【".includes(character)) return !(isWord(before) && isDigit(after));
    if ("])}〕】".includes(character)) return !(isDigit(before) && isWord(after));
    return true;
  });
  return { characters: characters.filter((_, at) => kept[at]), places: places.filter((_, at) => kept[at]) };
}

const runsOf = (characters) => characters.join("").match(/[\p{L}\p{N}]+/gu) ?? [];
const isLatin = (text) => /^[a-z]+$/.test(text);

// Pairs of a run, each with its place in it.
function pairsOf(run) {
  const characters = [...run];
  const pairs = characters.slice(1)
    .map((character, place) => ({ pair: characters[place] + character, place }))
    .filter(({ pair }) => !isLatin(pair));
  if (pairs.length <= PAIRS) return pairs;
  return spread(pairs, PAIRS);
}

function spread(list, count) {
  if (list.length <= count) return list;
  const step = (list.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, at) => list[Math.round(at * step)]);
}

// The same pairs; first some from everywhere, then those that every character of the run is in.
function narrowing(pairs) {
  const cover = pairs.filter((_, at) => at % 2 === 0 || at === pairs.length - 1);
  return [...new Set([...spread(cover, AT_ONCE), ...cover, ...pairs])];
}

// What a question asks for: every part must be there.
function asked(text, simplified) {
  const runs = [...new Set(runsOf(folded(text, simplified).characters))];
  const parts = runs.flatMap((run) => {
    if (isLatin(run)) return [{ run, word: run.slice(0, 64) }];
    const pairs = pairsOf(run);
    const words = (run.match(/[a-z]{3,}/g) ?? []).map((word) => ({ run, word }));
    return pairs.length ? [{ run, pairs }, ...words] : [{ run, pairs: [{ pair: run, place: 0 }], single: true }];
  });
  const long = parts.filter((part) => !part.single);
  return { runs, parts: long.length ? long : parts, whole: runs.join("") };
}

// --- reading a shard: portal/search/segment.py and packing.py write it -----------------------------------------------------

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
const encoder = new TextEncoder();

function crc32(text) {
  let value = 0xffffffff;
  for (const byte of encoder.encode(text)) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  number() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  skip(numbers) {
    for (let left = numbers; left > 0; left -= 1) while (this.bytes[this.at++] > 127);
  }

  gaps(count) {
    let last = 0;
    return Array.from({ length: count }, () => (last += this.number()));
  }

  documents(total) {
    const head = this.number();
    if (head % 2 === 0) return this.gaps(head / 2);
    const start = this.at;
    this.at += Math.ceil(total / 8);
    return Array.from({ length: total }, (_, at) => at).filter((at) => (this.bytes[start + (at >> 3)] >> (at & 7)) & 1);
  }
}

const zoneOf = (byte) => ZONES.find(({ first }) => byte >= first);

// Where the pair stands that is so many places before the one of an entry, if they are of one run.
function before(entry, places) {
  const byte = entry % 256;
  const { first, size } = zoneOf(byte);
  return entry - byte + first + ((((byte - first - places) % size) + size) % size);
}

// The entries of a pair in one segment of a shard, as document * 256 + the byte that says where in it.
function entriesOf(reader, key, first) {
  let value = 0;
  let found = [];
  for (let left = reader.number(); left > 0; left -= 1) {
    value += reader.number();
    const count = reader.number();
    if (value === key) {
      const at = reader.gaps(count);
      found = at.map((document, nth) => (first + document) * 256 + reader.bytes[reader.at + nth]);
    } else {
      reader.skip(count);
    }
    reader.at += count;
  }
  return found;
}

function* wordsIn(reader, total) {
  for (let left = reader.number(); left > 0; left -= 1) {
    const end = reader.number() + reader.at;
    let word = "";
    while (reader.at < end) word += String.fromCharCode(reader.bytes[reader.at++] & 127);
    yield { word, everywhere: reader.documents(total), titles: reader.documents(total) };
  }
}

// The part of a text to show around a place, from one word's beginning to another's end; Latin letters are narrow.
function around(text, place, length) {
  const latin = (text.slice(place, place + length).match(/[\x20-\x7e]/g) ?? []).length > length / 2;
  const size = latin ? length * 2 : length;
  let start = Math.max(0, place - Math.floor(size / 3));
  let end = Math.min(text.length, start + size);
  if (start > 0) start += /^[a-z]*/i.exec(text.slice(start, place))[0].length;
  if (end < text.length) end -= /[a-z]*$/i.exec(text.slice(place, end))[0].length;
  return [start, Math.max(end, place)];
}

// --- the index ------------------------------------------------------------------------------------------------------------

class Stale extends Error {}

async function fetched(address, form, options = {}) {
  const response = await fetch(address, { credentials: "same-origin", ...options });
  if (!response.ok) throw new Stale(`${response.status} ${address}`);
  return response[form]();
}

class Index {
  constructor(base, said) {
    this.base = base;
    this.generation = said.generation;
    this.shards = said.shards;
    this.kinds = said.kinds;
    this.languages = said.languages;
    this.simplified = new Map([...said.simplified.matchAll(/(.)(.)\d/gu)].map(([, from, to]) => [from, to]));
    this.segments = [];
    this.kind = [];
    this.language = [];
    this.group = []; // the first document of the same notice
    this.piece = []; // [file of excerpts, its first document]
    this.year = [];
    this.held = new Map();
    for (const { name, table, years } of said.segments) this.add(name, table, years);
  }

  add(name, table, years) {
    const first = this.kind.length;
    const ahead = [...years];
    const layout = crc32(table).toString(16); // of another table, other files
    let [piece, year] = [["", first], 0];
    for (let at = 0; at < table.length; at += 2) {
      const bits = BASE64.indexOf(table[at]) * 64 + BASE64.indexOf(table[at + 1]);
      const document = this.kind.length;
      if (ahead.length && ahead[0][1] === document - first) [year] = ahead.shift();
      if (bits & 4) piece = [`${name}/${document - first}.json?${layout}`, document];
      this.kind.push(this.kinds[bits >> 7]);
      this.language.push(this.languages[(bits >> 4) & 7]);
      this.group.push(bits & 8 ? this.group[document - 1] : document);
      this.piece.push(piece);
      this.year.push(year);
    }
    this.segments.push({ first, total: this.kind.length - first });
  }

  get years() {
    return [...new Set(this.year)].filter(Boolean).sort((one, other) => other - one);
  }

  once(name, form) {
    if (!this.held.has(name)) {
      const answer = fetched(`${this.base}${name}`, form);
      answer.catch(() => this.held.delete(name));
      this.held.set(name, answer);
    }
    return this.held.get(name);
  }

  file(key) {
    const number = (crc32(key) & (this.shards - 1)) >>> 0;
    return this.once(`${number}.bin?${this.generation}`, "arrayBuffer");
  }

  async shard(key) {
    const data = await this.file(key);
    const view = new DataView(data);
    if (view.getUint32(0) !== MAGIC || view.getUint32(4) !== parseInt(this.generation, 16)) {
      throw new Stale(`shard of ${key}`);
    }
    let start = 8 + 4 * this.segments.length;
    return this.segments.map((segment, at) => {
      const size = view.getUint32(8 + 4 * at);
      const bytes = new Uint8Array(data, start, size);
      start += size;
      return { ...segment, bytes };
    });
  }

  async entries(pair) {
    const key = Math.floor(crc32(pair) / this.shards);
    const found = [];
    for (const { first, bytes } of await this.shard(pair)) {
      if (bytes.length) for (const entry of entriesOf(new Reader(bytes), key, first)) found.push(entry);
    }
    return found;
  }

  // Documents to the best that is known of the part in them.
  async holding(part) {
    const best = new Map();
    const note = (document, score) => best.set(document, Math.max(best.get(document) ?? 0, score));
    if (part.word) {
      for (const { first, total, bytes } of await this.shard(part.word.slice(0, WORD_KEY))) {
        if (!bytes.length) continue;
        const reader = new Reader(bytes);
        entriesOf(reader, -1, 0);
        for (const { word, everywhere, titles } of wordsIn(reader, total)) {
          if (part.word.length < WORD_KEY ? word !== part.word : !word.includes(part.word)) continue;
          const whole = word === part.word ? SCORE.whole : 0;
          for (const at of everywhere) note(first + at, SCORE.body + whole);
          for (const at of titles) note(first + at, SCORE.title + whole);
        }
      }
      return best;
    }
    const starts = await Promise.all(part.pairs.map(async ({ pair, place }) =>
      (await this.entries(pair)).map((entry) => before(entry, place))));
    const common = starts.slice(1).reduce((left, list) => {
      const there = new Set(list);
      return left.filter((entry) => there.has(entry));
    }, starts[0]);
    for (const entry of common) note(Math.floor(entry / 256), SCORE[zoneOf(entry % 256).of]);
    return best;
  }

  // The parts of a question with as many pairs as may be fetched for it: on most boards with all. With fewer, nothing is
  // missed, and a little more is found; least where most of them are of the longest run.
  async within(parts) {
    const lists = parts.map((part) => (part.word ? [{ pair: part.word.slice(0, WORD_KEY) }] : narrowing(part.pairs)));
    const [longest] = [...lists].sort((one, other) => other.length - one.length);
    const turns = Array.from({ length: longest.length }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1)));
    const wanted = [...new Set([...longest.slice(0, AT_ONCE - 1), ...turns.flat()])];
    const sizes = await Promise.all(wanted.slice(0, AT_ONCE).map(async ({ pair }) => (await this.file(pair)).byteLength));
    const left = ENOUGH - sizes.reduce((sum, size) => sum + size, 0);
    const taken = new Set(wanted.slice(0, AT_ONCE + Math.max(0, Math.floor(left / Math.max(...sizes)))));
    return parts
      .map((part) => (part.word ? part : { ...part, pairs: part.pairs.filter((pair) => taken.has(pair)) }))
      .filter((part, nth) => lists[nth].some((one) => taken.has(one)));
  }

  // What has every part of the question; where nothing has, what comes close.
  async scores({ parts: all, whole }) {
    const parts = await this.within(all);
    const every = await Promise.all(parts.map((part) => this.holding(part)));
    const scores = new Map();
    for (const document of every[0]?.keys() ?? []) {
      const found = every.map((one) => one.get(document));
      if (!found.includes(undefined)) scores.set(document, found.reduce((sum, score) => sum + score, 0));
    }
    if (/\d/.test(whole)) {
      for (const entry of await this.entries(`=${whole}`)) {
        const document = Math.floor(entry / 256);
        scores.set(document, (scores.get(document) ?? 0) + SCORE.itself);
      }
    }
    return scores.size ? { scores, close: false } : { scores: await this.nearby(parts), close: true };
  }

  async nearby(parts) {
    const pieces = parts.flatMap((part) => (part.word || part.single ? [part] : part.pairs.map(({ pair }) => ({ pairs: [{ pair, place: 0 }] }))));
    const scores = new Map();
    if (pieces.length < 2) return scores;
    const every = await Promise.all(pieces.map((part) => this.holding(part)));
    for (const one of every) for (const document of one.keys()) scores.set(document, (scores.get(document) ?? 0) + 1);
    for (const [document, score] of scores) if (score / pieces.length < CLOSE) scores.delete(document);
    return scores;
  }

  // The documents that answer, best first: those in the reader's language, then by score, then the newest.
  async find(text, { language, kind = "", year = "", only = "" } = {}) {
    const question = asked(text, this.simplified);
    if (!question.parts.length) return { question, documents: [], close: false };
    const { scores, close } = await this.scores(question);
    const own = (document) => (this.language[document] === language ? 1 : 0);
    const chosen = new Map();
    for (const document of scores.keys()) {
      if (kind && this.kind[document] !== kind) continue;
      if (year && this.year[document] !== Number(year)) continue;
      if (only && this.language[document] !== only) continue;
      const other = chosen.get(this.group[document]);
      if (other === undefined || own(document) > own(other)) chosen.set(this.group[document], document);
    }
    const documents = [...chosen.values()].sort((one, other) =>
      own(other) - own(one) || scores.get(other) - scores.get(one) || other - one);
    return { question, documents, close };
  }

  // What is shown of a document: its place, title, number, day, and the text around what was asked for.
  async show(document, question) {
    const [file, first] = this.piece[document];
    const said = (await this.once(file, "json"))[document - first];
    if (!said) throw new Stale(file);
    const { u, t, x, n = "", d = "" } = said;
    return {
      path: u, number: this.marked(n, question), day: d, kind: this.kind[document], language: this.language[document],
      title: this.marked(t, question), excerpt: this.marked(x, question, 90),
    };
  }

  // A text as [words, whether they were asked for] in turn; with a length, only the part where it first answers.
  marked(text, { runs }, length = 0) {
    const plain = text.normalize("NFC").replace(/\n/g, " ");
    const { characters, places } = folded(text.normalize("NFC"), this.simplified);
    const there = characters.join("");
    const offsets = []; // by UTF-16 unit of `there`
    characters.forEach((character, at) => { for (let unit = 0; unit < character.length; unit += 1) offsets.push(places[at]); });
    const spans = [];
    for (const run of runs.filter((one) => one.length > 1 || runs.length === 1)) {
      for (let at = there.indexOf(run); at >= 0; at = there.indexOf(run, at + run.length)) {
        const last = offsets[at + run.length - 1];
        spans.push([offsets[at], last + String.fromCodePoint(plain.codePointAt(last)).length]);
      }
    }
    spans.sort(([one], [other]) => one - other);
    const [start, end] = length ? around(plain, spans[0]?.[0] ?? 0, length) : [0, plain.length];
    const parts = [];
    let at = start;
    for (const [from, to] of spans) {
      if (from < at || from >= end) continue;
      if (from > at) parts.push([plain.slice(at, from), false]);
      parts.push([plain.slice(from, to), true]);
      at = to;
    }
    if (at < end) parts.push([plain.slice(at, end), false]);
    if (start > 0) parts.unshift(["… ", false]);
    if (end < plain.length) parts.push([" …", false]);
    return parts;
  }
}

// The index below an address; `again` asks the host even where the browser has kept one.
export async function open(base, again = false) {
  return new Index(base, await fetched(`${base}index.json`, "json", again ? { cache: "reload" } : {}));
}

export { Stale };
