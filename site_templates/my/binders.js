// Opens what is sealed: a contact's index, and the notices, redlines and attachments whose keys it leads to.

import { fetched, streamed } from "./fetching.js";
import { indexName, objectName, readKey, unseal, unsealIndex, unsealStream } from "./unseal.js";

/** Contents that were opened already, by key: what a key opens never changes. */
const read = new Map();

const json = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/** What a code opens: {name, code, client, contact, language, changed, sheets}. Throws as fetched and unseal do. */
export async function openBinder(code) {
  const name = await indexName(code);
  const { content } = await unsealIndex(code, await fetched(name));
  return { ...json(content), name, code };
}

/** A notice ("N") or a redline ("R"). Throws as fetched and unseal do. */
export async function opened(text, letter) {
  if (!read.has(text)) {
    const key = await readKey(text);
    read.set(text, json(await unseal(key, letter, await fetched(await objectName(key)))));
  }
  return read.get(text);
}

/** The newest version of a notice. */
export const latest = ({ versions }) => versions[versions.length - 1];

/** What was opened before under a key, or undefined. */
export const already = (text) => read.get(text);

/** An attachment as a Blob, in constant memory; `arrived` is told how many bytes came so far. Throws as streamed and unseal do. */
export async function openedFile(text, type, arrived = () => {}) {
  const key = await readKey(text);
  return unsealStream(key, await streamed(await objectName(key), arrived), type);
}

/** Lets go of everything that was opened. */
export const closeAll = () => read.clear();
