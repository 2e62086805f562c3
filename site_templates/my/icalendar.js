// Dates of notices as an iCalendar file (RFC 5545), made here because no host may see them.

const OCTETS = 75; // of a line, without its end (section 3.1)
const DAY = 86_400_000;

/** A line folded between characters: a continuation begins with a space. */
function line(text) {
  const lines = [];
  let part = "";
  let octets = 0;
  for (const symbol of text) {
    const size = new TextEncoder().encode(symbol).length;
    if (octets + size > OCTETS) {
      lines.push(part);
      part = " ";
      octets = 1;
    }
    part += symbol;
    octets += size;
  }
  return [...lines, part].join("\r\n");
}

/** A TEXT value (section 3.3.11). */
const text = (value) =>
  value
    .replace(/\r\n?/g, "\n")
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "") // eslint-disable-line no-control-regex
    .replace(/[\\;,]/g, "\\$&")
    .replace(/\n/g, "\\n");

const digits = (iso) => iso.replace(/[-:]/g, "");
const utc = (date) => `${digits(date.toISOString().slice(0, 19))}Z`;

const dated = (name, iso) => (iso.length === 10 ? `${name};VALUE=DATE:${digits(iso)}` : `${name}:${utc(new Date(iso))}`);

const dayAfter = (iso) => new Date(Date.parse(`${iso}T00:00:00Z`) + DAY).toISOString().slice(0, 10);

function event({ uid, summary, start, end, about, sequence }, stamp) {
  const until = end ?? (start.length === 10 ? dayAfter(start) : null); // exclusive (section 3.6.1)
  return [
    "BEGIN:VEVENT",
    `UID:${text(uid)}`,
    `DTSTAMP:${utc(stamp)}`,
    `SEQUENCE:${sequence}`,
    dated("DTSTART", start),
    until && dated("DTEND", until),
    `SUMMARY:${text(summary)}`,
    `DESCRIPTION:${text(about)}`,
    "CLASS:PRIVATE",
    "STATUS:CONFIRMED",
    "TRANSP:TRANSPARENT",
    "END:VEVENT",
  ].filter(Boolean);
}

/**
 * A calendar of events {uid, summary, start, end?, about, sequence}. `start` and `end` are ISO days or instants with an
 * offset; of days, `end` is the first one after. `stamp` is when the file was made.
 */
export const calendar = (events, stamp) =>
  ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Duenotice//Duenotice//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    .concat(...events.map((one) => event(one, stamp)), "END:VCALENDAR")
    .map((one) => `${line(one)}\r\n`)
    .join("");

/** Whether an event is still to come or going on, for somebody whose day is `today` (ISO). */
export const ahead = ({ start, end }, today) => (end ? end > today : start >= today);
