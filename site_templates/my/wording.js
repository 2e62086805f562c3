// What the page says, in the reader's language.

const DATA = JSON.parse(document.getElementById("words").textContent);

export const languages = DATA.languages;

/** The language spoken now. */
export let language = preferred();

function preferred() {
  const wanted = (navigator.languages || [navigator.language]).map((tag) => String(tag).toLowerCase().split("-")[0]);
  return wanted.find((tag) => languages.includes(tag)) || languages[0];
}

/** Speaks another language from now on, if the page knows it. */
export function speak(wanted) {
  if (languages.includes(wanted)) language = wanted;
}

/** The words of a key, with its {fields} filled in. */
export function say(key, values = {}) {
  return DATA.words[language][key].replace(/\{(\w+)\}/g, (field, name) => (name in values ? values[name] : field));
}

/** A group of words: kinds, states, or the patterns that duenotice.js fills. */
export const group = (name) => DATA.words[language][name];

/** The firm's name, and the address of its board, as seen from here. */
export const firm = () => ({ name: DATA.firms[language], home: DATA.homes[language] });

const locale = () => (language === "zh" ? "zh-CN" : language === "en" ? "en-GB" : language);

/** An ISO day in words. */
export const day = (iso) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${iso}T00:00:00Z`));

/** A moment in words, on the reader's clock. */
export const moment = (date) => new Intl.DateTimeFormat(locale(), { dateStyle: "long", timeStyle: "short" }).format(date);

/** A number of bytes in words. */
export function size(bytes) {
  const [unit, of] = bytes < 1e3 ? ["byte", 1] : bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const value = bytes / of;
  return new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}
