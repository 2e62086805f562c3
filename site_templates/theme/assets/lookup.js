// Is a notice still current? Answered from the register's dates, at the reader's moment and in the firm's zone.
(() => {
  "use strict";

  const root = document.querySelector("[data-dn-register]");
  const { said, states } = JSON.parse(root.dataset.dnAnswers);
  const form = root.querySelector("form");
  const answer = root.querySelector(".dn-lookup__answer");
  const language = document.documentElement.lang;
  const locale = language === "en" ? "en-GB" : language;
  let register;

  // People type 澄砚[2026]15号 for 澄砚〔2026〕15号, and full-width or spaced letters.
  const folded = (text) => text.normalize("NFKC").toLowerCase().replace(/[[\]()（）【】〔〕［］〈〉<>《》\s]/g, "");

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  function day(value) {
    const form = { dateStyle: "long" };
    return value.length === 10
      ? new Intl.DateTimeFormat(locale, { ...form, timeZone: "UTC" }).format(new Date(`${value}T00:00Z`))
      : new Intl.DateTimeFormat(locale, { ...form, timeZone: register.timezone }).format(new Date(value));
  }

  function worded(key, values) {
    return said[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  function today() {
    const parts = new Intl.DateTimeFormat("en-CA", {
      timeZone: register.timezone, year: "numeric", month: "2-digit", day: "2-digit",
    }).formatToParts(new Date());
    const { year, month, day: number } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    return `${year}-${month}-${number}`;
  }

  const passed = (moment) => Boolean(moment) && Date.parse(moment) <= Date.now();
  const lastDay = ({ expires, effective = {} }) => [expires, effective.until].filter(Boolean).sort()[0];

  // The order of portal/states.py.
  function state(notice) {
    const { from, transition_until: transition } = notice.effective ?? {};
    const last = lastDay(notice);
    if (passed(notice.withdrawn)) return "withdrawn";
    if (passed(notice.superseded_by?.since)) return "superseded";
    if (last && today() > last) return "expired";
    if (from && today() < from) return "upcoming";
    if (transition && today() <= transition) return "in-transition";
    return "in-force";
  }

  // What was typed: a number, an id, or the address of a notice or of one of its versions.
  function asked(text) {
    const address = /notices\/([^/?#\s]+)(?:\/v(\d+))?/.exec(text);
    return address ? { key: folded(address[1]), version: Number(address[2] ?? 0) } : { key: folded(text), version: 0 };
  }

  function names({ id, number = "", redirects = [] }) {
    return [id, number, ...redirects].filter(Boolean).map(folded);
  }

  function link(notice) {
    const title = notice.titles[language] ?? notice.titles[notice.language];
    const made = element("a", "", title);
    made.href = new URL(notice.urls[language]).pathname; // the board may be read from another host, as in a preview
    if (!(language in notice.titles)) made.lang = notice.language;
    return made;
  }

  function told(notice, version) {
    const now = state(notice);
    const { superseded_by: succession, effective = {} } = notice;
    const latest = notice.versions.at(-1);
    const values = {
      from: effective.from && day(effective.from),
      transition: effective.transition_until && day(effective.transition_until),
      last: lastDay(notice) && day(lastDay(notice)),
      since: succession && day(succession.since),
      withdrawn: notice.withdrawn && day(notice.withdrawn),
    };
    const badge = element("span", `dn-badge dn-badge--${now}`, states[now]);
    const parts = [
      element("h2", "", link(notice)),
      element("p", "dn-lookup__state", badge, " ", worded(now, values)),
    ];
    const successor = succession && register.notices.find(({ id }) => id === succession.id);
    if (successor && now !== "withdrawn" && now !== "expired") {
      parts.push(element("p", "", worded(now === "superseded" ? "successor" : "ahead", values), link(successor)));
    }
    if (version && version < latest.version) parts.push(element("p", "", worded("earlier", { number: version })));
    parts.push(element("p", "dn-quiet", `${notice.number ?? notice.id} · `,
      worded("version", { number: latest.version, on: day(latest.on) })));
    return element("article", `dn-act dn-act--${["upcoming", "in-transition", "in-force"].includes(now) ? "none" : "over"}`,
      element("div", "", ...parts));
  }

  function similar(key) {
    const close = key.length < 2 ? [] : register.notices.filter((notice) => names(notice).some((name) => name.includes(key)));
    if (!close.length) return [];
    const list = element("ul", "", ...close.slice(0, 5).map((notice) =>
      element("li", "", `${notice.number ?? notice.id} `, link(notice))));
    return [element("p", "", said.similar), list];
  }

  async function look(text) {
    const { key, version } = asked(text);
    if (!key) return;
    try {
      register ??= await fetch(root.dataset.dnRegister).then((response) => {
        if (!response.ok) throw new Error(response.statusText);
        return response.json();
      });
    } catch {
      answer.replaceChildren(element("p", "", said.failed));
      return;
    }
    const found = register.notices.filter((notice) => names(notice).includes(key));
    answer.replaceChildren(...(found.length
      ? found.map((notice) => told(notice, version))
      : [element("p", "dn-lookup__unknown", said.unknown), ...similar(key)]));
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = form.elements.q.value;
    history.replaceState(null, "", `?q=${encodeURIComponent(text)}`);
    look(text);
  });
  const given = new URLSearchParams(location.search).get("q");
  if (given) {
    form.elements.q.value = given;
    look(given);
  }
})();
