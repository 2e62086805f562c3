// Opens what portal/sealing seals. The contract between the two is docs/sealed-format.md; the names are the same.

const MAGIC = "duen";
const VERSIONS = { I: 1, N: 1, R: 1, A: 2 };
const HEADER = 6;
const EPOCH = 4;
const SALT = 32;
const TAG = 16;
const BLOCK = 4096;
const CHUNK = 65536;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS = 28;
const NO_SALT = new Uint8Array(0);
const NONCE = new Uint8Array(12); // constant: no key ever seals a second message

/** Full-width forms of ASCII; they lie as far from it as this. */
const WIDE = /[\uff01-\uff5e]/g;
const WIDER_BY = 0xfee0;

/** Spaces, dashes and dots of every kind, and what programs put in invisibly. The same in portal/sealing/codes.py. */
const IGNORED =
  /[\t-\r\x1c-\x20\x85\xa0\xad\u034f\u061c\u1680\u180e\u2000-\u2015\u2028-\u202f\u2043\u205f-\u2064\u2066-\u2069\u2212\u2500\u2501\u2e3a\u2e3b\u3000\u3002\u30fc\ufe00-\ufe0f\ufe31\ufe32\ufe58\ufe63\ufeff\uff61\uff70._-]+/g;

/** What was typed is no code. */
export class Mistyped extends Error {}

/** A sealed file that this key does not open: damaged, swapped, truncated, or another's. */
export class Unopenable extends Error {}

// --- codes and keys: bytes go into a CryptoKey that can be used and not be read ------------------------------------

/** A code as people type it (any case, spacing and width; O for 0, I and L for 1) to its 16 bytes. Throws Mistyped. */
export async function readCode(text) {
  const narrow = text.replace(WIDE, (wide) => String.fromCharCode(wide.charCodeAt(0) - WIDER_BY));
  const symbols = narrow.replace(IGNORED, "");
  if (symbols.length !== SYMBOLS || !/^[0-9A-Za-z]*$/.test(symbols)) throw new Mistyped();
  const values = Array.from(symbols.toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1"), (symbol) => ALPHABET.indexOf(symbol));
  if (values.includes(-1)) throw new Mistyped();
  const bits = values.map((value) => value.toString(2).padStart(5, "0")).join("");
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8), 2));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", fields(utf8("duenotice v1 code checksum"), bytes)));
  if (parseInt(bits.slice(128), 2) !== ((digest[0] << 4) | (digest[1] >> 4))) throw new Mistyped();
  return bytes;
}

/** The 16 bytes of a code as what the functions below take; it may be kept in IndexedDB. Throws Mistyped. */
export async function importCode(bytes) {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 16) throw new Mistyped();
  return imported(bytes);
}

/** A key as an index writes it, base64url of 32 bytes without padding, as what `unseal` takes. Throws Unopenable. */
export async function readKey(text) {
  // Of the last of 43 symbols two bits are left over and zero: one way to write each key.
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text)) throw new Unopenable();
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return imported(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

/** The file name of a code's index. */
export const indexName = async (code) => hex(await derive(code, "index name", 16));

/** The file name of the object that a key opens. */
export const objectName = async (key) => hex(await derive(key, "object name", 16));

// --- opening -------------------------------------------------------------------------------------------------------

/** Opens an index, given the code and the file: its epoch and its bytes. Throws Unopenable. */
export async function unsealIndex(code, data) {
  const header = knownHeader(data, "I");
  const rest = data.subarray(HEADER + EPOCH);
  const mask = await derive(code, "index epoch", EPOCH);
  const epoch = data.slice(HEADER, HEADER + EPOCH).map((byte, i) => byte ^ mask[i]);
  const secret = await imported(await derive(code, "index secret", 32));
  const key = await decrypting(await derive(secret, "index key", 32, rest.subarray(0, SALT)));
  const bound = fields(header, utf8(await indexName(code)), epoch);
  const content = unpad(await decrypt(key, NONCE, bound, rest.subarray(SALT)));
  return { epoch: new DataView(epoch.buffer).getUint32(0), content };
}

/** Opens a notice ("N") or a redline ("R"), given its key and the file, to its bytes. Throws Unopenable. */
export async function unseal(key, letter, data) {
  const bound = fields(knownHeader(data, letter), utf8(await objectName(key)));
  return unpad(await decrypt(await decrypting(await derive(key, "object key", 32)), NONCE, bound, data.subarray(HEADER)));
}

/**
 * Opens an attachment of any size, given its key and a Response or ReadableStream of the file, to a Blob of `type`.
 * One chunk is in memory at a time, and the Blob is there only when the last one has proved to be the last.
 * Throws Unopenable, and whatever the stream throws.
 */
export async function unsealStream(key, source, type = "") {
  const header = headerOf("A");
  const bound = fields(header, utf8(await objectName(key)));
  const chunkKey = await decrypting(await derive(key, "stream key", 32));
  const parts = [];
  let size = 0;
  let end = 0; // of the text and its 0x80; only zeros may follow
  let marked = false;
  let number = -1; // the header comes before chunk 0
  for await (const [piece, last] of pieces(source instanceof Response ? source.body : source)) {
    if (number < 0) {
      if (last || !alike(piece, header)) throw new Unopenable();
    } else {
      const chunk = await decrypt(chunkKey, chunkNonce(number, last), bound, piece);
      const place = lastNonZero(chunk);
      if (place >= 0) [end, marked] = [size + place + 1, chunk[place] === 0x80];
      size += chunk.length;
      parts.push(new Blob([chunk]));
    }
    number += 1;
  }
  if (!marked) throw new Unopenable();
  return new Blob(parts).slice(0, end - 1, type);
}

/** A stream as [bytes, whether they are the last]: the header, then sealed chunks, each full but the last. */
async function* pieces(stream) {
  if (!stream) throw new Unopenable();
  const reader = stream.getReader();
  const chunk = new Uint8Array(CHUNK + TAG); // one for all: what was handed on has been used when the next is asked for
  let held = new Uint8Array(HEADER);
  let filled = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      for (let at = 0; at < read.value.length; ) {
        if (filled === held.length) {
          yield [held, false];
          held = chunk;
          filled = 0;
        }
        const taken = Math.min(held.length - filled, read.value.length - at);
        held.set(read.value.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
    }
    yield [held.subarray(0, filled), true];
  } finally {
    void reader.cancel().catch(() => {}); // what does not open is not read to its end
  }
}

/** 11 bytes of counter and a byte that says whether this chunk is the last (STREAM, as age has it). */
function chunkNonce(counter, last) {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, counter);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

const headerOf = (letter) => joined(utf8(MAGIC + letter), Uint8Array.of(VERSIONS[letter]));

/** The header of a file that can be what it should be: of this format, and of whole blocks. */
function knownHeader(data, letter) {
  const header = headerOf(letter);
  if (!(data instanceof Uint8Array) || !data.length || data.length % BLOCK || !alike(data.subarray(0, HEADER), header)) {
    throw new Unopenable();
  }
  return header;
}

function unpad(padded) {
  const place = lastNonZero(padded);
  if (place < 0 || padded[place] !== 0x80) throw new Unopenable();
  return padded.subarray(0, place);
}

function lastNonZero(bytes) {
  let place = bytes.length - 1;
  while (place >= 0 && bytes[place] === 0) place -= 1;
  return place;
}

// --- the browser's cryptography -------------------------------------------------------------------------------------

const imported = (bytes) => crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);

const decrypting = (bytes) => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]);

async function derive(key, label, length, salt = NO_SALT) {
  const info = fields(utf8(`duenotice v1 ${label}`));
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, 8 * length));
}

async function decrypt(key, iv, additionalData, sealed) {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed));
  } catch {
    throw new Unopenable();
  }
}

// --- bytes ----------------------------------------------------------------------------------------------------------

const utf8 = (text) => new TextEncoder().encode(text);

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function number(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

const fields = (...parts) => joined(...parts.flatMap((part) => [number(part.length), part]));

const alike = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
