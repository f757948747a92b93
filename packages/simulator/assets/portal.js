// @ts-check
// The portal's one script. Pages and forms work without it; it keeps them up to date, counts down, and copies.

/** Changes that come close together are shown together, in milliseconds. */
const TOGETHER_MS = 60;
/** How long "Copied" stands. */
const COPIED_MS = 1600;

// ---- The clock ----

/** The simulated time, and how fast it goes, when the page was last brought up to date. */
let clock = readClock();

function readClock() {
  const { now = "0", speed = "0" } = document.getElementById("clock")?.dataset ?? {};
  return { now: Number(now), speed: Number(speed), at: performance.now() };
}

function tick() {
  const now = clock.now + (performance.now() - clock.at) * clock.speed;
  const date = new Date(now);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
  for (const element of document.querySelectorAll("[data-tick]")) setText(element, time);
  for (const element of document.querySelectorAll("[data-due]")) {
    const left = Number(element instanceof HTMLElement ? element.dataset["due"] : 0) - now;
    setText(element, left <= 0 ? "now" : `in ${formatSpan(left)}`);
  }
}

/** @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {number} milliseconds */
function formatSpan(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    `${Math.floor(seconds / 86_400)} d`,
    `${Math.floor((seconds % 86_400) / 3600)} h`,
    `${Math.floor((seconds % 3600) / 60)} min`,
    `${seconds % 60} s`,
  ];
  const first = parts.findIndex((part) => !part.startsWith("0 "));
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter((part) => !part.startsWith("0 "))
    .join(" ");
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, "0");
}

// ---- Live: the server says that something changed, and the page is asked for again ----

/** @type {EventSource | undefined} */
let source;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let isRefreshing = false;
let isStale = false;

function connect() {
  source?.close();
  source = new EventSource("/api/events");
  source.addEventListener("ready", () => {
    showConnection("Live", true);
    refreshSoon();
  });
  source.addEventListener("change", refreshSoon);
  source.addEventListener("error", () => showConnection("Not connected: is the simulator running?", false));
}

/** @param {string} text @param {boolean} isOn */
function showConnection(text, isOn) {
  const element = document.getElementById("live");
  if (!element) return;
  element.hidden = false;
  element.classList.toggle("is-on", isOn);
  setText(element, text);
}

function refreshSoon() {
  timer ??= setTimeout(() => {
    timer = undefined;
    void refresh();
  }, TOGETHER_MS);
}

async function refresh() {
  if (isRefreshing) {
    isStale = true;
    return;
  }
  isRefreshing = true;
  isStale = false;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    /** @type {string[]} */
    const news = [];
    for (const region of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(region.id);
      if (next?.hasAttribute("data-live")) morph(region, next, news);
    }
    clock = readClock();
    showHidden();
    tick();
    if (news.length > 0) announce(news);
  } catch {
    // The next change, or the connection's coming back, asks again.
  } finally {
    isRefreshing = false;
    if (isStale) refreshSoon();
  }
}

/**
 * Makes an element like another, keeping what is the same, so that focus, open details and typed words stay.
 *
 * @param {Element} element
 * @param {Element} next
 * @param {string[]} news what to tell a screen reader
 */
function morph(element, next, news) {
  morphAttributes(element, next, news);
  const byId = new Map([...element.children].filter(({ id }) => id !== "").map((child) => [child.id, child]));
  /** @type {ChildNode | null} */
  let at = element.firstChild;
  for (const child of next.childNodes) {
    const id = child instanceof Element ? child.id : "";
    while (
      at instanceof Element &&
      at.id !== "" &&
      at.id !== id &&
      !next.querySelector(`#${CSS.escape(at.id)}`)
    ) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    const known = id === "" ? at : (byId.get(id) ?? null);
    if (known && isAlike(known, child)) {
      if (known === at) at = at.nextSibling;
      else element.insertBefore(known, at);
      if (known instanceof Element && child instanceof Element) morph(known, child, news);
      else if (known.nodeValue !== child.nodeValue) known.nodeValue = child.nodeValue;
    } else {
      const added = document.importNode(child, true);
      element.insertBefore(added, at);
      if (added instanceof Element) arrive(added, news);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** @param {ChildNode} known @param {ChildNode} child */
function isAlike(known, child) {
  if (known.nodeName !== child.nodeName) return false;
  return !(known instanceof Element && child instanceof Element) || known.id === child.id;
}

/** @param {Element} element @param {Element} next @param {string[]} news */
function morphAttributes(element, next, news) {
  // What a person has opened or closed stays so; what was filled in does, too: attributes are only its default.
  for (const { name, value } of next.attributes) {
    if (name === "open" || name === "hidden" || element.getAttribute(name) === value) continue;
    element.setAttribute(name, value);
    if (name === "data-announce") news.push(value);
  }
  for (const name of element.getAttributeNames()) {
    if (name !== "open" && name !== "data-busy" && !next.hasAttribute(name)) element.removeAttribute(name);
  }
}

/** @param {Element} element @param {string[]} news */
function arrive(element, news) {
  const tellers = [element, ...element.querySelectorAll("[data-announce]")];
  for (const teller of tellers) {
    const text = teller.getAttribute("data-announce");
    if (text === null) continue;
    teller.classList.add("is-new");
    news.push(text);
  }
}

/** @param {string[]} news */
function announce(news) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = [...new Set(news)].slice(0, 3).join(". ");
}

// ---- Copying ----

/** Shows the buttons that would do nothing without this script. */
function showHidden() {
  for (const button of document.querySelectorAll("button[data-copy]")) button.removeAttribute("hidden");
}

/** @param {HTMLElement} control */
async function copy(control) {
  const { copy: id } = control.dataset;
  const text =
    id === undefined
      ? await (await fetch(control.getAttribute("href") ?? "")).text()
      : (document.getElementById(id)?.textContent ?? "");
  await navigator.clipboard.writeText(text);
  const label = control.querySelector(".label") ?? control;
  const before = control.dataset["label"] ?? label.textContent ?? "";
  control.dataset["label"] = before;
  label.textContent = "Copied";
  control.classList.add("is-copied");
  announce(["Copied"]);
  setTimeout(() => {
    label.textContent = before;
    control.classList.remove("is-copied");
  }, COPIED_MS);
}

document.addEventListener("click", (event) => {
  const control =
    event.target instanceof Element ? event.target.closest("[data-copy], [data-copy-url]") : null;
  if (!(control instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void copy(control);
});

// ---- Forms ----

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
  // A second click would send it twice.
  if (form.dataset["busy"] !== undefined) event.preventDefault();
  form.dataset["busy"] = "";
});

// ---- Start ----

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy]")) form.removeAttribute("data-busy");
});
document.addEventListener("visibilitychange", () => {
  // Browsers allow few connections to one server: pages that nobody sees give theirs back.
  if (document.hidden) source?.close();
  else connect();
});

// A notice is for once: not for the next reload, nor for a bookmark.
const address = new URL(location.href);
if (address.searchParams.has("notice")) {
  address.searchParams.delete("notice");
  history.replaceState(null, "", address);
}
// Where the navigation is wider than the screen. Not by scrollIntoView: the first Tab would start from there.
const current = document.querySelector("nav [aria-current]");
const navigation = current?.closest("nav");
if (current && navigation) {
  const { left, width } = current.getBoundingClientRect();
  navigation.scrollLeft += left + width / 2 - window.innerWidth / 2;
}
showHidden();
tick();
setInterval(tick, 1000);
if (!document.hidden) connect();
