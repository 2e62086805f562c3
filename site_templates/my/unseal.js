// Opens what portal/sealing.py seals. The contract between the two is docs/sealed-format.md; the names are the same.

const BLOCK = 4096;
const MAGIC = "duen";
const VERSION = 1;
const HEADER = 6;
const EPOCH = 4;
const SALT = 32;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS = 28;
const NO_SALT = new Uint8Array(0);
const NONCE = new Uint8Array(12); // constant: no key ever seals a second message

/** What was typed is no code. */
export class Mistyped extends Error {}

/** A sealed file that this key does not open: damaged, swapped, truncated, or another's. */
export class Unopenable extends Error {}

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

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

async function derive(key, label, length, salt = NO_SALT) {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const info = fields(utf8(`duenotice v1 ${label}`));
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, material, 8 * length));
}

/** A code as people type it (any case, spacing and width; O for 0, I and L for 1) to its 16 bytes. Throws Mistyped. */
export async function readCode(text) {
  const symbols = text
    .normalize("NFKC")
    .replace(/[\s\u0085\u001c-\u001f\u00ad\u200b-\u200d\u2060\ufeff\u2010-\u2015\u2212\u30fc_.-]+/g, "")
    .toUpperCase()
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
  const values = Array.from(symbols, (symbol) => ALPHABET.indexOf(symbol));
  if (values.length !== SYMBOLS || values.includes(-1)) throw new Mistyped();
  const bits = values.map((value) => value.toString(2).padStart(5, "0")).join("");
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8), 2));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", fields(utf8("duenotice v1 code checksum"), bytes)));
  const checksum = (digest[0] << 4) | (digest[1] >> 4);
  if (parseInt(bits.slice(128), 2) !== checksum) throw new Mistyped();
  return bytes;
}

/** The file name of a code's index. */
export const indexName = async (code) => hex(await derive(code, "index name", 16));

/** The file name of the object that a key opens. */
export const objectName = async (key) => hex(await derive(key, "object name", 16));

/** Opens an index: its epoch and its bytes. Throws Unopenable. */
export async function unsealIndex(code, data) {
  const header = knownHeader(data, "I");
  const rest = data.subarray(HEADER + EPOCH);
  const mask = await derive(code, "index epoch", EPOCH);
  const epoch = data.slice(HEADER, HEADER + EPOCH).map((byte, i) => byte ^ mask[i]);
  const key = await derive(await derive(code, "index secret", 32), "index key", 32, rest.subarray(0, SALT));
  const bound = fields(header, utf8(await indexName(code)), epoch);
  const content = unpad(await decrypt(key, rest.subarray(SALT), bound));
  return { epoch: new DataView(epoch.buffer).getUint32(0), content };
}

/** Opens a notice ("N") or an attachment ("A") to its bytes. Throws Unopenable. */
export async function unseal(key, letter, data) {
  const bound = fields(knownHeader(data, letter), utf8(await objectName(key)));
  return unpad(await decrypt(await derive(key, "object key", 32), data.subarray(HEADER), bound));
}

function knownHeader(data, letter) {
  const header = joined(utf8(MAGIC + letter), Uint8Array.of(VERSION));
  if (data.length === 0 || data.length % BLOCK || header.some((byte, i) => byte !== data[i])) throw new Unopenable();
  return header;
}

async function decrypt(key, sealed, bound) {
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: NONCE, additionalData: bound }, imported, sealed));
  } catch {
    throw new Unopenable();
  }
}

function unpad(padded) {
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end -= 1;
  if (padded[end - 1] !== 0x80) throw new Unopenable();
  return padded.subarray(0, end - 1);
}

/** A key as an index writes it (base64url without padding) to its 32 bytes. */
export function readKey(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
