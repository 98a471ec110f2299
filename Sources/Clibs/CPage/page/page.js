"use strict";
// The page of a gateway. All that it shows comes from the gateway; a button shows what was asked until it is read back.
const words = {
  en: { now: "Now", faults: "Faults", system: "System", login: "Log in", logout: "Log out", password: "Password",
    enter: "Log in", cancel: "Cancel", wrong: "Not accepted: ", lost: "Connection lost. Values are as of ",
    simulated: "Hardware of this gateway is simulated", none: "No active faults", on: "on", off: "off",
    release: "Release", asked: "asked: ", no: "no value yet", good: "", stale: "stale", bad: "bad", ago: " ago",
    by: "by ", overridden: "overridden by ", until: " until ", node: "Node", kind: "Fault", since: "Since",
    detail: "Detail", link: "Link", state: "State", value: "Value", links: "Links", gateway: "Gateway",
    version: "Version", uptime: "Up for", clock: "Clock", sync: "synchronised", nosync: "not synchronised",
    disk: "Disk free", records: "Records", backlog: "Backlog", confirm: "Switch it?" },
  de: { now: "Jetzt", faults: "Störungen", system: "System", login: "Anmelden", logout: "Abmelden", password: "Passwort",
    enter: "Anmelden", cancel: "Abbrechen", wrong: "Nicht angenommen: ", lost: "Verbindung verloren. Werte vom Stand ",
    simulated: "Geräte dieses Gateways sind simuliert", none: "Keine aktiven Störungen", on: "ein", off: "aus",
    release: "Freigeben", asked: "angefordert: ", no: "noch kein Wert", good: "", stale: "veraltet", bad: "ungültig",
    ago: " her", by: "durch ", overridden: "übersteuert durch ", until: " bis ", node: "Knoten", kind: "Störung",
    since: "Seit", detail: "Einzelheit", link: "Verbindung", state: "Zustand", value: "Wert", links: "Verbindungen",
    gateway: "Gateway", version: "Version", uptime: "Läuft seit", clock: "Uhr", sync: "synchronisiert",
    nosync: "nicht synchronisiert", disk: "Platz frei", records: "Aufzeichnungen", backlog: "Rückstand",
    confirm: "Schalten?" },
};
const language = (navigator.language || "en").startsWith("de") ? "de" : "en";
const t = (word) => words[language][word] ?? word;
document.documentElement.lang = language;
const byId = (id) => document.getElementById(id);
const views = ["now", "faults", "system"];
// How long nothing may come before what is shown counts as old; the status comes every 10 s.
const silence = 25000;

let nodes = [], values = new Map(), faults = [], status = {}, session = { rights: [], proof: null, login: false };
let rows = new Map(), asked = new Map(), source = null, heard = 0, isLost = false;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return s + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  return s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " d";
}

// Bytes are the only numbers that grow so long.
function number(value, symbol) {
  const steps = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]];
  const step = symbol === "B" && steps.find(([size]) => Math.abs(value) >= size);
  return step ? (value / step[0]).toPrecision(3) + " " + step[1] : value + (symbol ? " " + symbol : "");
}

async function api(path, options) {
  const answer = await fetch("api/v1/" + path, { credentials: "same-origin", cache: "no-store", ...options });
  const body = await answer.json().catch(() => ({}));
  return { ok: answer.ok, status: answer.status, body };
}

function send(path, method, body) {
  const headers = { "Content-Type": "application/json" };
  if (session.proof) headers["X-Tidegate-Proof"] = session.proof;
  return api(path, { method, headers, body: JSON.stringify(body) });
}

// ---- Now

function buildNow() {
  const now = byId("now");
  now.replaceChildren();
  rows.clear();
  for (const node of nodes) {
    const card = make("article", "card");
    card.append(make("h2", "", node.title));
    const hint = make("p", "small");
    hint.hidden = true;
    for (const channel of node.channels) {
      const row = make("div", "row");
      const left = make("div"), name = node.channels.length > 1 ? channel.name : channel.source;
      left.append(make("div", "", name));
      const note = make("div", "small"), value = make("div", "value", "–");
      left.append(note);
      row.append(left, value);
      card.append(row);
      rows.set(channel.name, { row, note, value, channel });
    }
    card.append(hint);
    if (node.kind === "relay") card.append(buttons(node));
    rows.set("node " + node.name, { hint });
    now.append(card);
  }
  showAll();
}

function buttons(node) {
  const box = make("div", "buttons");
  const isSwitch = node.channels[0] && node.channels[0].unit === "onOff";
  const add = (label, body) => {
    const button = make("button", "", label);
    button.type = "button";
    button.addEventListener("click", () => command(node, label, body));
    box.append(button);
    return button;
  };
  const made = { box, on: null, off: null };
  if (isSwitch) {
    made.on = add(t("on"), { value: "on" });
    made.off = add(t("off"), { value: "off" });
  }
  add(t("release"), { release: true });
  rows.set("buttons " + node.name, made);
  return box;
}

async function command(node, label, body) {
  if (!confirm(`${node.title}: ${label}. ${t("confirm")}`)) return;
  const id = [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");
  asked.set(node.name, t("asked") + label);
  showNode(node);
  let why = "";
  try {
    const answer = await send(`nodes/${node.name}/commands`, "POST", { ...body, id });
    if (answer.status === 401) return logInFirst();
    if (!answer.ok || answer.body.outcome !== "confirmed") why = answer.body.detail || answer.body.outcome || answer.status;
  } catch { why = t("lost"); } finally {
    asked.delete(node.name);
    if (why) asked.set(node.name, t("wrong") + why);
    refreshNode(node.name);
  }
}

async function refreshNode(name) {
  const answer = await api("nodes/" + name);
  const index = nodes.findIndex((node) => node.name === name);
  if (!answer.ok || index < 0) return;
  nodes[index] = answer.body;
  for (const value of answer.body.values) take(value);
  showNode(answer.body);
}

function take(value) { values.set(value.channel, value); showValue(value.channel); }

function showValue(name) {
  const row = rows.get(name), value = values.get(name);
  if (!row) return;
  if (!value) { row.note.textContent = t("no"); return; }
  const isOn = value.state === "on";
  row.value.textContent = value.state ? t(value.state) : value.value === null ? "–" : number(value.value, row.channel.symbol);
  row.value.classList.toggle("on", isOn);
  row.note.classList.toggle("bad", value.quality !== "good");
  row.row.classList.toggle("old", isLost || value.quality !== "good");
  const quality = t(value.quality);
  row.note.textContent = (quality ? quality + ", " : "") + age(Date.now() - Date.parse(value.iso)) + t("ago");
  for (const node of nodes) {
    const pair = rows.get("buttons " + node.name);
    if (!pair || !pair.on || node.channels[0].name !== name) continue;
    pair.on.setAttribute("aria-pressed", String(isOn));
    pair.off.setAttribute("aria-pressed", String(value.state === "off"));
  }
}

function showNode(node) {
  const pair = rows.get("buttons " + node.name), hint = rows.get("node " + node.name).hint;
  if (pair) pair.box.hidden = !session.rights.includes("switch");
  const own = faults.filter((fault) => fault.node === node.name).map((fault) => fault.detail);
  const control = node.control || {};
  const lines = [asked.get(node.name),
    control.overriddenBy && t("overridden") + control.overriddenBy
      + (control.overrideUntil ? t("until") + new Date(control.overrideUntil).toLocaleTimeString() : ""),
    !control.overriddenBy && control.controller && t("by") + control.controller, ...own].filter(Boolean);
  hint.textContent = lines.join(" · ");
  hint.hidden = lines.length === 0;
  hint.classList.toggle("bad", own.length > 0);
}

// ---- Faults and system

function table(caption, head, lines) {
  const element = make("table");
  element.append(make("caption", "", caption));
  const top = make("tr");
  for (const word of head) { const cell = make("th", "", word); cell.scope = "col"; top.append(cell); }
  element.append(top);
  for (const line of lines) {
    const row = make("tr");
    for (const text of line) row.append(make("td", "", text));
    element.append(row);
  }
  return element;
}

function showFaults() {
  document.querySelector('nav a[href="#faults"]').textContent =
    t("faults") + (faults.length ? ` (${faults.length})` : "");
  const lines = faults.map((f) => [f.channel || f.node, f.kind, new Date(f.iso).toLocaleString(), f.detail]);
  byId("faults").replaceChildren(lines.length
    ? table(t("faults"), [t("node"), t("kind"), t("since"), t("detail")], lines) : make("p", "card", t("none")));
}

function showSystem() {
  const gigabytes = (bytes) => (bytes / 1e9).toFixed(1) + " GB";
  const { disk, journal, clock } = status;
  const facts = [[t("gateway"), status.gateway], [t("state"), status.state], [t("version"), status.version],
    [t("uptime"), status.uptime === undefined ? "" : age(status.uptime * 1000)],
    [t("clock"), clock ? t(clock.synchronised ? "sync" : "nosync") : ""],
    [t("disk"), disk ? `${gigabytes(disk.available)} / ${gigabytes(disk.size)}` : ""],
    [t("records"), journal ? String(journal.records) : ""]].filter((line) => line[1]);
  const backlog = new Map((journal ? journal.upstreams : []).map((upstream) => [upstream.name, upstream.backlog]));
  const links = (status.links || []).map((link) =>
    [link.name, link.state + (link.cause ? ": " + link.cause : ""), String(backlog.get(link.name) ?? "–")]);
  byId("system").replaceChildren(table(t("system"), ["", t("value")], facts),
    table(t("links"), [t("link"), t("state"), t("backlog")], links));
}

function showAll() {
  for (const name of rows.keys()) if (!name.includes(" ")) showValue(name);
  for (const node of nodes) showNode(node);
  showFaults();
  showSystem();
}

// ---- Live

function connect() {
  if (source) source.close();
  source = new EventSource("api/v1/stream");
  const on = (event, handle) => source.addEventListener(event, (message) => {
    heard = Date.now();
    setLost(false);
    handle(JSON.parse(message.data));
  });
  on("hello", (hello) => {
    byId("name").textContent = document.title = hello.gateway;
    byId("simulated").hidden = !hello.simulated;
  });
  on("snapshot", (all) => {
    status = all;
    faults = all.faults;
    values.clear();
    for (const value of all.channels) values.set(value.channel, value);
    loadNodes();
  });
  on("birth", loadNodes);
  on("status", (some) => { Object.assign(status, some); showSystem(); });
  on("faults", (some) => { faults = some.faults; showFaults(); nodes.forEach(showNode); });
  on("live", take);
  source.onerror = () => {
    setLost(true);
    // An answer other than a stream ends it for good: a login is over, or the gateway starts.
    if (source.readyState === EventSource.CLOSED) setTimeout(start, 3000);
  };
}

async function loadNodes() {
  const answer = await api("nodes");
  if (!answer.ok) return;
  nodes = answer.body.nodes;
  for (const node of nodes) for (const value of node.values) values.set(value.channel, value);
  buildNow();
}

function setLost(now) {
  if (now === isLost) return;
  isLost = now;
  byId("banner").hidden = !now;
  if (now) byId("banner").textContent = t("lost") + new Date(heard || Date.now()).toLocaleTimeString();
  showAll();
}

// ---- Login

async function start() {
  if (document.hidden) return;
  try {
    const answer = await api("session");
    session = answer.body;
  } catch { setLost(true); setTimeout(start, 3000); return; }
  byId("login").hidden = !session.login;
  byId("login").textContent = t(session.proof ? "logout" : "login");
  if (session.rights.includes("read")) connect(); else if (session.login) logInFirst();
}

function logInFirst() { byId("wrong").textContent = ""; if (!byId("dialog").open) byId("dialog").showModal(); }

byId("login").addEventListener("click", async () => {
  if (!session.proof) return logInFirst();
  await send("session", "DELETE", {});
  location.reload();
});

byId("dialog").addEventListener("close", async () => {
  const password = byId("password").value;
  byId("password").value = "";
  if (byId("dialog").returnValue !== "enter") return;
  const answer = await send("session", "POST", { password });
  if (answer.ok) return start();
  logInFirst();
  byId("wrong").textContent = t("wrong") + (answer.body.detail || answer.status);
});

// ---- Views

function show() {
  const wanted = views.includes(location.hash.slice(1)) ? location.hash.slice(1) : "now";
  for (const view of views) {
    byId(view).hidden = view !== wanted;
    const link = document.querySelector(`nav a[href="#${view}"]`);
    if (view === wanted) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    if (view !== "faults") link.textContent = t(view);
  }
}

for (const [id, word] of [["asks", "password"], ["enter", "enter"], ["cancel", "cancel"], ["simulated", "simulated"]])
  byId(id).textContent = t(word);
addEventListener("hashchange", show);
// A browser has six connections for all its tabs: one that is not seen gives its own back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { if (source) source.close(); } else start();
});
setInterval(() => {
  if (!document.hidden && source && heard && Date.now() - heard > silence) setLost(true);
  for (const name of rows.keys()) if (!name.includes(" ")) showValue(name);
}, 1000);
show();
showFaults();
start();
