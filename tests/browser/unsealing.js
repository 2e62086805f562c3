// What test_unseal.py asks the shipped unseal.js to do, in a page that has nothing else.

import { Mistyped, Unopenable, importCode, indexName, objectName, readCode, readKey, unseal, unsealIndex, unsealStream } from "./unseal.js";

const SOME_KEY = "A".repeat(43);
const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

async function outcome(attempt) {
  try {
    return await attempt();
  } catch (error) {
    return error instanceof Mistyped ? "mistyped" : error instanceof Unopenable ? "unopenable" : `crash: ${error}`;
  }
}

/** A stream that hands a file out in pieces of a size that fits no border. */
const trickle = (bytes, size = 50_021) =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
      controller.close();
    },
  });

/** Codes as lists of UTF-16 units, for no transport carries every text: each to its bits and index, or what is wrong. */
const codes = (typed) =>
  Promise.all(typed.map((units) => outcome(async () => {
    const bytes = await readCode(String.fromCharCode(...units));
    return [Array.from(bytes), await indexName(await importCode(bytes))];
  })));

/** The units that may stand between the two halves of a code, which is read to the same bits each time. */
async function fitting(before, after) {
  const found = {};
  for (let unit = 0; unit < 0x10000; unit += 1) {
    const read = await outcome(() => readCode(before + String.fromCharCode(unit) + after));
    if (read !== "mistyped") found[unit] = typeof read === "string" ? read : hex(read);
  }
  return found;
}

/** Sealed files, with letter and key or code: each to size, hash and name, or what is wrong. */
const files = (all) =>
  Promise.all(all.map(({ letter, key, code, file }) => outcome(async () => {
    const data = bytesOf(file);
    if (letter === "I") {
      const opener = await importCode(await readCode(code));
      const { epoch, content } = await unsealIndex(opener, data);
      return { epoch, size: content.length, digest: await digest(content), name: await indexName(opener) };
    }
    const opener = await readKey(key);
    const text = letter === "A"
      ? new Uint8Array(await (await unsealStream(opener, trickle(data))).arrayBuffer())
      : await unseal(opener, letter, data);
    return { size: text.length, digest: await digest(text), name: await objectName(opener) };
  })));

/** What is no code, no key and no file at all. */
async function misuse() {
  const key = await readKey(SOME_KEY);
  const attempts = [
    () => importCode(new Uint8Array(15)),
    () => importCode(new Uint8Array(32)),
    () => importCode("x".repeat(16)),
    () => readKey(undefined),
    () => readKey([SOME_KEY]),
    () => readKey(`${SOME_KEY}=`),
    () => unsealStream(key, new Response(null)),
    () => unsealStream(key, new Response("")),
    () => unseal(key, "N", undefined),
    () => unseal(key, "N", "duenN"),
  ];
  return Promise.all(attempts.map(outcome));
}

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Keeps a code in IndexedDB, opens an index with what comes back, and tries to read code and keys out. */
async function kept(typed, file) {
  const code = await importCode(await readCode(typed));
  const opening = indexedDB.open("kept", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("codes");
  const database = await done(opening);
  const store = () => database.transaction("codes", "readwrite").objectStore("codes");
  await done(store().put(code, "code"));
  const back = await done(store().get("code"));
  const { content } = await unsealIndex(back, bytesOf(file));
  const found = [];
  for (const key of [code, back, await readKey(SOME_KEY)]) {
    found.push(key.extractable, key.usages.join());
    for (const form of ["raw", "jwk"]) found.push(await crypto.subtle.exportKey(form, key).then(() => "read", () => "refused"));
  }
  return { name: await indexName(back), text: new TextDecoder().decode(content), found };
}

/** Opens an attachment from a response; then a forged stream without end; then one that breaks off half-way. */
async function streamed(text, file) {
  const [key, data] = [await readKey(text), bytesOf(file)];
  const blob = await unsealStream(key, new Response(data), "application/pdf");
  const said = { type: blob.type, size: blob.size, digest: await digest(await blob.arrayBuffer()), pulls: 0, cancelled: false };
  const endless = new ReadableStream({
    pull(controller) {
      said.pulls += 1;
      controller.enqueue(new Uint8Array(65552));
    },
    cancel() {
      said.cancelled = true;
    },
  }, { highWaterMark: 0 });
  said.forged = await outcome(() => unsealStream(key, endless));
  let begun = false;
  const broken = new ReadableStream({
    pull(controller) {
      if (begun) controller.error(new TypeError("network"));
      else controller.enqueue(data.slice(0, 150_000));
      begun = true;
    },
  }, { highWaterMark: 0 });
  said.broken = await outcome(() => unsealStream(key, broken));
  return said;
}

Object.assign(window, { unsealing: { codes, fitting, files, misuse, kept, streamed } });
