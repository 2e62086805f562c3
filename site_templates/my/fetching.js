// Asks the host for files. Every failure has its own name, for each asks something else of the reader.

import { HERE } from "./address.js";

/** No file stands there: the code was replaced, or access has ended. */
export class Unknown extends Error {
  constructor(gone) {
    super();
    /** Whether the host was clear about it: 403 is what some storage says of no file, and what a firewall says. */
    this.gone = gone;
  }
}

/** The host could not be reached. */
export class Offline extends Error {}

/** The host answered, but not with the file. */
export class Unavailable extends Error {}

async function answer(path) {
  let response;
  try {
    response = await fetch(new URL(path, HERE), { cache: "no-cache", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new Offline();
  }
  if ([403, 404, 410].includes(response.status)) throw new Unknown(response.status !== 403);
  if (!response.ok) throw new Unavailable();
  return response;
}

/** A sealed file. Throws Unknown, Offline or Unavailable. */
export async function fetched(name) {
  const response = await answer(`s/${name}`);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new Offline();
  }
}

/** A sealed file as it comes in, a stream that breaks off with Offline; `arrived` is told how many bytes came so far. */
export async function streamed(name, arrived) {
  const reader = (await answer(`s/${name}`)).body.getReader();
  let bytes = 0;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return;
        }
        bytes += value.length;
        arrived(bytes);
        controller.enqueue(value);
      } catch {
        controller.error(new Offline());
      }
    },
    cancel: () => reader.cancel(),
  });
}

/** The moment that the site says it was built for, or null where it does not say. */
export async function builtAt() {
  try {
    const built = new Date((await (await answer("../build.json")).json()).time);
    return Number.isNaN(built.getTime()) ? null : built;
  } catch {
    return null; // what is not told is not wrong
  }
}
