// What to say of a failure.

import { Offline, Unavailable, Unknown } from "./fetching.js";
import { Unkept } from "./remembering.js";
import { Mistyped, Unopenable } from "./unseal.js";

const REASONS = new Map([
  [Mistyped, "mistyped"],
  [Unknown, "unknown"],
  [Offline, "offline"],
  [Unavailable, "unavailable"],
  [Unopenable, "damaged"],
  [Unkept, "unkept"],
]);

/** The key of the words for a failure. Any other error is our own, and thrown on. */
export function reason(error) {
  const key = REASONS.get(error.constructor);
  if (!key) throw error;
  return key;
}

/** The same where a notice or an attachment does not come: that it is not there is no fault of the code. */
export const missing = (error) => (error instanceof Unknown ? "unavailable" : reason(error));

/** Why this browser cannot decrypt here, or "". */
export const UNFIT = !window.isSecureContext ? "insecure" : !window.crypto?.subtle ? "old" : "";
