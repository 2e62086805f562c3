// The board's filters without a page load. Every choice is a link to a plain list, which works where this does not.
(() => {
  "use strict";

  const board = document.querySelector("[data-dn-board]");
  const { home, lists: address, cards, page: size, said } = JSON.parse(board.dataset.dnFilters);
  const links = [...board.querySelectorAll("a[data-dn-way]")];
  const results = board.querySelector(".dn-results");
  const heading = results.querySelector("#dn-list");
  const total = results.querySelector(".dn-total");
  const filter = board.querySelector(".dn-filter");
  const WAYS = [...new Set(links.map((link) => link.dataset.dnWay))];

  // What the page was when it came: shown again where the reader goes back to it.
  const first = { url: location.pathname, title: document.title, heading: heading.textContent, total: total.textContent, nodes: [...results.children].slice(1) };
  const plain = new Map(links.map((link) => [link.pathname, link]));
  let known; // what lists.json says, as soon as somebody is about to filter
  let shown = 0; // counts what was asked for, so that a slow answer to an older question is dropped

  const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const counted = (n) => filled(n === 1 ? said.one : said.many, { n: n.toLocaleString(document.documentElement.lang) });

  function element(name, className, text = "") {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  }

  // --- which notices -----------------------------------------------------------------------------------------------

  async function read(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${url}`);
    return response.json();
  }

  // Lists come as steps between positions, and as they stood when the site was built.
  function opened({ total: count, piece, lists, turns }) {
    const sets = {};
    for (const [way, values] of Object.entries(lists)) {
      sets[way] = {};
      for (const [value, steps] of Object.entries(values)) {
        let at = 0;
        sets[way][value] = new Set(steps.map((step) => (at += step)));
      }
    }
    for (const [position, ahead] of turns) {
      const turned = ahead.filter(([at]) => Date.parse(at) <= Date.now()).pop();
      if (!turned) continue;
      for (const [value, positions] of Object.entries(sets.state)) positions[value === turned[1] ? "add" : "delete"](position);
    }
    const years = Object.entries(lists.year).map(([year, steps]) => ({ year, from: steps[0], count: steps.length }));
    return { count, piece, sets, years };
  }

  function load() {
    known ??= read(address).then(opened).catch((error) => {
      known = undefined;
      throw error;
    });
    return known;
  }

  // A selection is { way: [value, …] }: any of a way's values, of every way.
  function selectionOf(url) {
    const { pathname, searchParams } = new URL(url, location.href);
    const list = plain.get(pathname);
    if (list) return { [list.dataset.dnWay]: [list.dataset.dnValue] };
    const selection = {};
    for (const way of WAYS) {
      const asked = (searchParams.get(way) ?? "").split(",");
      const values = links.filter((link) => link.dataset.dnWay === way && asked.includes(link.dataset.dnValue));
      if (values.length) selection[way] = values.map((link) => link.dataset.dnValue);
    }
    return selection;
  }

  function urlOf(selection) {
    const parts = WAYS.filter((way) => selection[way]?.length)
      .map((way) => `${way}=${selection[way].map(encodeURIComponent).join(",")}`);
    return parts.length ? `${home}?${parts.join("&")}` : home;
  }

  function pathOf(url) {
    const { pathname, search } = new URL(url, location.href);
    return pathname + search;
  }

  function toggled(selection, { dnWay: way, dnValue: value }) {
    const values = selection[way] ?? [];
    const next = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
    return { ...selection, [way]: next };
  }

  function matching({ count, sets }, selection, except) {
    const asked = WAYS.filter((way) => way !== except && selection[way]?.length).map((way) => selection[way].map((value) => sets[way][value]));
    const found = [];
    for (let position = count - 1; position >= 0; position -= 1) {
      if (asked.every((values) => values.some((positions) => positions?.has(position)))) found.push(position);
    }
    return found;
  }

  // --- their items -------------------------------------------------------------------------------------------------

  const pieces = new Map();

  // A year's notices follow each other.
  function placeOf(position, { years, piece }) {
    const { year, from } = years.find((one) => one.from <= position && position < one.from + one.count);
    return { name: `${year}-${Math.floor((position - from) / piece)}.json`, index: (position - from) % piece };
  }

  async function itemsAt(positions, lists) {
    return Promise.all(positions.map(async (position) => {
      const { name, index } = placeOf(position, lists);
      if (!pieces.has(name)) pieces.set(name, read(cards + name));
      const holder = document.createElement("template");
      try {
        holder.innerHTML = (await pieces.get(name))[index];
      } catch (error) {
        pieces.delete(name);
        throw error;
      }
      return holder.content.firstElementChild;
    }));
  }

  // --- on the page -------------------------------------------------------------------------------------------------

  function mark(selection, lists) {
    const others = Object.fromEntries(WAYS.map((way) => [way, matching(lists, selection, way)]));
    for (const link of links) {
      const { dnWay: way, dnValue: value } = link.dataset;
      const chosen = selection[way]?.includes(value);
      link.href = urlOf(toggled(selection, link.dataset));
      link.toggleAttribute("aria-current", false);
      if (chosen) link.setAttribute("aria-current", "true");
      const inside = others[way].filter((position) => lists.sets[way][value]?.has(position)).length;
      let number = link.querySelector("small");
      if (!number) link.append(" ", (number = element("small", "")));
      number.textContent = inside;
      link.classList.toggle("dn-none", !inside);
    }
  }

  // On a phone the results stand below all the choices.
  function tellHowMany(n) {
    let button = filter.querySelector(".dn-filter__see");
    if (!button) {
      button = element("button", "dn-filter__see");
      button.type = "button";
      button.addEventListener("click", () => {
        filter.open = false;
        heading.focus({ preventScroll: true });
        results.scrollIntoView();
      });
      filter.querySelector("nav").append(button);
    }
    button.textContent = filled(said.see, { count: counted(n) });
  }

  function chosen(selection) {
    const list = element("ul", "dn-chosen");
    for (const link of links.filter(({ dataset }) => selection[dataset.dnWay]?.includes(dataset.dnValue))) {
      const name = link.firstChild.textContent.trim();
      const remove = element("a", "", name);
      remove.href = urlOf(toggled(selection, link.dataset));
      remove.setAttribute("aria-label", filled(said.remove, { name }));
      list.append(element("li", ""));
      list.lastChild.append(remove);
    }
    const clear = element("a", "dn-chosen__clear", said.clear);
    clear.href = home;
    list.append(element("li", ""));
    list.lastChild.append(clear);
    for (const link of list.querySelectorAll("a")) link.dataset.dnFilter = "";
    return list;
  }

  function shareButton() {
    const button = element("button", "dn-copy dn-copy--view", said.share);
    button.type = "button";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href);
      button.textContent = said.copied;
      setTimeout(() => { button.textContent = said.share; }, 2000);
    });
    return button;
  }

  function moreButton(list, found, lists) {
    const button = element("button", "dn-more");
    button.type = "button";
    const label = () => { button.textContent = filled(said.more, { n: Math.min(size, found.length - list.children.length) }); };
    button.addEventListener("click", async () => {
      const from = list.children.length;
      button.disabled = true;
      try {
        add(list, await itemsAt(found.slice(from, from + size), lists));
      } finally {
        button.disabled = false;
      }
      list.children[from].querySelector("a").focus();
      if (list.children.length < found.length) label();
      else button.remove();
    });
    label();
    return button;
  }

  function add(list, items) {
    list.append(...items);
    for (const item of items) item.dispatchEvent(new CustomEvent("duenotice:shown", { bubbles: true }));
  }

  function name(selection) {
    const names = links.filter(({ dataset }) => selection[dataset.dnWay]?.includes(dataset.dnValue)).map((link) => link.firstChild.textContent.trim());
    return names.join(" · ") || said.list;
  }

  function replace(nodes) {
    while (results.children.length > 1) results.lastElementChild.remove();
    results.append(...nodes);
  }

  async function show(url) {
    const asked = (shown += 1);
    const selection = selectionOf(url);
    const lists = await load();
    const found = matching(lists, selection);
    const isFirst = pathOf(url) === first.url;
    const items = isFirst ? [] : await itemsAt(found.slice(0, size), lists);
    if (asked !== shown) return;
    mark(selection, lists);
    const narrowed = Object.values(selection).some((values) => values.length);
    board.classList.toggle("dn-board--narrowed", narrowed && !isFirst);
    tellHowMany(found.length);
    filter.querySelector("summary").dataset.dnChosen = narrowed ? Object.values(selection).flat().length : "";
    if (isFirst) {
      heading.textContent = first.heading;
      total.textContent = first.total || counted(found.length);
      document.title = first.title;
      replace(first.nodes);
      return;
    }
    const list = element("ol", "dn-list");
    const nodes = [...(narrowed ? [chosen(selection)] : []), list];
    if (!found.length) nodes.push(element("p", "dn-empty", said.no_result));
    if (found.length > items.length) nodes.push(moreButton(list, found, lists));
    if (narrowed && navigator.clipboard) nodes.push(shareButton());
    heading.textContent = name(selection);
    total.textContent = counted(found.length);
    document.title = `${name(selection)} - ${first.title.split(" - ").pop()}`;
    replace(nodes);
    add(list, items);
  }

  // Where the lists cannot be read, a choice is a link as any other.
  async function go(link) {
    const before = link.getBoundingClientRect().top;
    const choice = link.dataset.dnWay ? urlOf(toggled(selectionOf(location.href), link.dataset)) : link.href;
    const href = new URL(choice, location.href).href;
    try {
      if (pathOf(href) === home && first.url !== home) throw new Error("home shows more than a list");
      await show(href);
    } catch {
      location.assign(known ? href : link.href);
      return;
    }
    history.pushState(null, "", href);
    if (link.isConnected) window.scrollBy(0, link.getBoundingClientRect().top - before);
    else heading.focus({ preventScroll: true });
    if (results.getBoundingClientRect().top < 0) results.scrollIntoView();
  }

  heading.tabIndex = -1;
  board.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dn-way], a[data-dn-filter]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link);
  });
  window.addEventListener("popstate", () => show(location.href).catch(() => location.reload()));
  for (const moment of ["pointerenter", "focusin"]) filter.addEventListener(moment, () => load().then((lists) => mark(selectionOf(location.href), lists)).catch(() => {}), { once: true });
  if (location.search && Object.keys(selectionOf(location.href)).length) show(location.href).catch(() => {});
})();
