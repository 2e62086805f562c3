// Remembers opened codes on this device, if asked to: the key as the browser keeps it, which no script can read out, the
// name of the index, and until when. No code, no title and no client's name is stored.

import { HERE } from "./address.js";

const DAY = 86_400_000;
// From the last opening on. A monthly reader stays known; a phone put away for good knows nothing after a month.
export const DAYS = 30;
const BASE = `duenotice ${HERE.pathname}`; // several portals may share an origin
const STORE = "codes";

/** The browser keeps nothing here: private browsing, or storage is switched off or full. */
export class Unkept extends Error {}

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode, work) {
  let base;
  try {
    const opening = window.indexedDB.open(BASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "name" });
    base = await settled(opening);
    const transaction = base.transaction(STORE, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await work(transaction.objectStore(STORE));
    await done;
    return result;
  } catch {
    throw new Unkept();
  } finally {
    base?.close();
  }
}

/** Remembers a code's key for DAYS from `now` (milliseconds). Throws Unkept. */
export const remember = ({ name, code }, now) =>
  store("readwrite", (codes) => settled(codes.put({ name, code, until: now + DAYS * DAY })));

/** What is remembered and still may be used, and how many were deleted because their time was over. Throws Unkept. */
export const remembered = (now) =>
  store("readwrite", async (codes) => {
    const all = await settled(codes.getAll());
    // A clock that was set back must not lengthen the time.
    const [live, over] = [[], []];
    for (const entry of all) (entry.until > now && entry.until <= now + DAYS * DAY ? live : over).push(entry);
    for (const { name } of over) codes.delete(name);
    return { live, expired: over.length };
  });

/** Forgets one code. Throws Unkept. */
export const forget = (name) => store("readwrite", (codes) => settled(codes.delete(name)));

/** Forgets every code on this device. Throws Unkept. */
export const forgetAll = () => store("readwrite", (codes) => settled(codes.clear()));
