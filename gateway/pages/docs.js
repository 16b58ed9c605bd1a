"use strict";

// Shows the OpenAPI document. Text goes into text nodes only, so nothing in it can become markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function resolve(document_, object) {
  let current = object;
  for (let i = 0; current && current.$ref && i < 8; i++) {
    current = current.$ref.slice(2).split("/").reduce((at, key) => at && at[key], document_);
  }
  return current || {};
}

function refName(schema) {
  return schema && schema.$ref ? schema.$ref.split("/").pop() : "";
}

function typeText(document_, schema) {
  if (!schema) {
    return "";
  }
  if (schema.$ref) {
    return refName(schema);
  }
  const variants = schema.oneOf || schema.anyOf || schema.allOf;
  if (variants) {
    return variants.map((variant) => typeText(document_, variant)).join(" or ");
  }
  const types = Array.isArray(schema.type) ? schema.type : [schema.type || "any"];
  const text = types.map((type) => (type === "array" ? "list of " + typeText(document_, schema.items) : type)).join(" or ");
  const format = schema.format ? " (" + schema.format + ")" : "";
  const values = schema.enum ? ": " + schema.enum.join(", ") : "";
  return text + format + values;
}

function schemaLink(document_, schema) {
  const name = refName(schema) || refName(schema && schema.items);
  return name ? make("a", { href: "#schema-" + name }, typeText(document_, schema)) : typeText(document_, schema);
}

function table(heads, rows) {
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}

function properties(document_, schema) {
  const required = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).map(([name, property]) => {
    const notes = [];
    if (required.has(name)) {
      notes.push("required");
    }
    for (const flag of ["readOnly", "writeOnly"]) {
      if (property[flag]) {
        notes.push(flag === "readOnly" ? "read only" : "write only");
      }
    }
    if (property.maxLength) {
      notes.push("at most " + property.maxLength);
    }
    const text = [property.description, notes.join(", ")].filter(Boolean).join("\n");
    return [make("code", {}, name), schemaLink(document_, property), make("p", {}, text)];
  });
}

function contentOf(object) {
  const entries = Object.entries((object && object.content) || {});
  return entries.length ? entries[0] : null;
}

function exampleValue(document_, schema, depth) {
  const whole = resolve(document_, schema);
  if (whole.example !== undefined) {
    return whole.example;
  }
  if (whole.enum) {
    return whole.enum[0];
  }
  const variants = whole.oneOf || whole.anyOf || whole.allOf;
  if (variants) {
    return exampleValue(document_, variants[0], depth);
  }
  const type = Array.isArray(whole.type) ? whole.type[0] : whole.type;
  if (type === "object" || whole.properties) {
    return depth > 2 ? {} : exampleObject(document_, whole, depth);
  }
  if (type === "array") {
    return [exampleValue(document_, whole.items || {}, depth + 1)];
  }
  return { integer: 1, number: 1, boolean: true }[type] || (whole.format === "date-time" ? "2030-01-31T12:00:00Z" : "...");
}

function exampleObject(document_, schema, depth) {
  const value = {};
  const required = new Set(schema.required || []);
  for (const [name, property] of Object.entries(schema.properties || {})) {
    const wanted = required.size === 0 || required.has(name);
    if (wanted && !resolve(document_, property).readOnly && !property.readOnly) {
      value[name] = exampleValue(document_, property, depth + 1);
    }
  }
  return value;
}

function isAnonymous(operation) {
  return Array.isArray(operation.security) && (operation.security.length === 0 ||
    operation.security.every((entry) => Object.keys(entry).length === 0));
}

function curl(document_, path, method, operation) {
  const lines = ["curl"];
  if (method !== "get") {
    lines[0] += " -X " + method.toUpperCase();
  }
  if (!isAnonymous(operation)) {
    lines.push("-H 'Authorization: Token <key>'");
  }
  const body = contentOf(resolve(document_, operation.requestBody));
  if (body) {
    lines.push("-H 'Content-Type: application/json'");
    lines.push("-d '" + JSON.stringify(exampleValue(document_, body[1].schema, 0)) + "'");
  }
  lines.push("'" + location.origin + path.replace(/\{[^}]+\}/g, "1") + "'");
  return lines.join(" \\\n  ");
}

function parameterRows(document_, parameters) {
  return parameters.map((reference) => {
    const parameter = resolve(document_, reference);
    const notes = parameter.in + (parameter.required ? ", required" : "");
    return [make("code", {}, parameter.name), typeText(document_, parameter.schema), notes,
      make("p", {}, parameter.description || "")];
  });
}

function responseRows(document_, responses) {
  return Object.entries(responses || {}).map(([status, reference]) => {
    const response = resolve(document_, reference);
    const content = contentOf(response);
    return [make("code", {}, status), make("p", {}, response.description || ""),
      content ? schemaLink(document_, content[1].schema) : ""];
  });
}

function operationView(document_, path, method, item) {
  const operation = item[method];
  const id = operation.operationId || method + path;
  const parameters = [...(item.parameters || []), ...(operation.parameters || [])];
  const body = contentOf(resolve(document_, operation.requestBody));
  const heading = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()),
    make("h3", {}, make("code", {}, path)), make("span", { class: "summary" }, operation.summary || ""));
  const view = make("details", { id: "op-" + id }, heading, make("p", {}, operation.description || ""));
  if (parameters.length) {
    view.append(make("h4", {}, "Parameters"),
      table(["Name", "Type", "Where", ""], parameterRows(document_, parameters)));
  }
  if (body) {
    const rows = properties(document_, resolve(document_, body[1].schema));
    view.append(make("h4", {}, "Body, ", make("code", {}, body[0])), schemaLink(document_, body[1].schema),
      rows.length ? table(["Field", "Type", ""], rows) : "");
  }
  view.append(make("h4", {}, "Answers"), table(["Status", "", "Body"], responseRows(document_, operation.responses)));
  view.append(make("h4", {}, "Example"), make("pre", {}, curl(document_, path, method, operation)));
  view.dataset.text = [method, path, id, operation.summary, operation.description].join(" ").toLowerCase();
  return { id, view, label: method.toUpperCase() + " " + path };
}

function groupsOf(document_) {
  const groups = new Map((document_.tags || []).map((tag) => [tag.name, { tag, operations: [] }]));
  for (const [path, item] of Object.entries(document_.paths || {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const name = (item[method].tags || ["Other"])[0];
      if (!groups.has(name)) {
        groups.set(name, { tag: { name }, operations: [] });
      }
      groups.get(name).operations.push(operationView(document_, path, method, item));
    }
  }
  return [...groups.values()].filter((group) => group.operations.length);
}

function schemaView(document_, name, schema) {
  const rows = properties(document_, schema);
  return make("details", { id: "schema-" + name }, make("summary", {}, make("h3", {}, make("code", {}, name))),
    make("p", {}, schema.description || ""), rows.length ? table(["Field", "Type", ""], rows) : typeText(document_, schema));
}

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") {
    target.open = true;
    target.scrollIntoView();
  }
}

function show(document_) {
  const content = document.getElementById("content");
  const index = document.getElementById("index");
  const info = document_.info || {};
  content.replaceChildren(make("p", {}, info.description || ""),
    make("p", { class: "dim" }, "Version " + (info.version || "") + ", OpenAPI " + document_.openapi));
  for (const group of groupsOf(document_)) {
    content.append(make("h2", {}, group.tag.name), make("p", { class: "dim" }, group.tag.description || ""),
      ...group.operations.map((operation) => operation.view));
    index.append(make("strong", {}, group.tag.name), make("ul", {}, ...group.operations.map((operation) =>
      make("li", {}, make("a", { href: "#op-" + operation.id, title: operation.label }, operation.label)))));
  }
  const schemas = Object.entries((document_.components && document_.components.schemas) || {});
  content.append(make("h2", {}, "Schemas"), ...schemas.map(([name, schema]) => schemaView(document_, name, schema)));
  document.getElementById("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const view of content.querySelectorAll("details[data-text]")) {
      view.hidden = !words.every((word) => view.dataset.text.includes(word));
    }
  });
  addEventListener("hashchange", openTarget);
  openTarget();
}

async function start() {
  try {
    const answer = await fetch("/docs/api/openapi.json", { credentials: "omit" });
    if (!answer.ok) {
      throw new Error("status " + answer.status);
    }
    show(await answer.json());
  } catch (error) {
    document.getElementById("state").textContent = "The document could not be read: " + error.message;
  }
}

start();
