// Shows openapi.json and sends requests from it. The token stays in this page's memory.
'use strict';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Makes an element; children that are texts are only ever shown as text. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A text in which what stands between backticks is code. */
function prose(text = '') {
  return text.split('`').map((part, at) => (at % 2 ? element('code', {}, part) : part));
}

function resolve(api, schema) {
  const name = schema?.$ref?.split('/').pop();
  return name ? api.components.schemas[name] : schema ?? {};
}

/** A value that has the schema's form, to start from. */
function sample(api, given) {
  const schema = resolve(api, given);
  const choice = (schema.oneOf ?? schema.anyOf ?? schema.allOf)?.find((one) => one.type !== 'null');
  if (choice) return sample(api, choice);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  const types = [schema.type ?? 'object'].flat();
  if (types.includes('object')) {
    const wanted = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(wanted.map(([name, property]) => [name, sample(api, property)]));
  }
  if (types.includes('array')) return [];
  if (types.includes('boolean')) return false;
  return types.includes('integer') ? 0 : '';
}

function inputsFor(parameters) {
  return parameters.map((parameter) => {
    const input = element('input', { placeholder: parameter.description ?? '', required: parameter.required });
    const about = parameter.in === 'path' ? '' : ` (${parameter.in})`;
    return { parameter, input, label: element('label', {}, `${parameter.name}${about} `, input) };
  });
}

function request(method, path, inputs, body, mediaType) {
  const query = new URLSearchParams();
  const headers = {};
  let url = path;
  for (const { parameter, input } of inputs) {
    if (input.value === '') continue;
    if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    if (parameter.in === 'query') query.append(parameter.name, input.value);
    if (parameter.in === 'header') headers[parameter.name] = input.value;
  }
  const token = document.getElementById('token').value.trim();
  if (token) headers['X-API-KEY'] = token;
  if (body) headers['Content-Type'] = mediaType;
  const search = query.size ? `?${query}` : '';
  return fetch(url + search, { method: method.toUpperCase(), headers, body: body?.value, cache: 'no-store' });
}

/** Shows an answer as it arrives, since some of them never end. */
async function show(answer, into) {
  into.textContent = `${answer.status} ${answer.statusText}\n\n`;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) into.append(part.value);
}

function tryIt(api, method, path, operation) {
  const inputs = inputsFor(operation.parameters ?? []);
  const [mediaType, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const isJson = mediaType === 'application/json';
  const value = isJson ? JSON.stringify(sample(api, content.schema), null, 2) : '';
  const body = mediaType && element('textarea', { value, spellcheck: false, ariaLabel: `Body, ${mediaType}` });
  const output = element('pre', { hidden: true });
  const send = element('button', { type: 'button' }, 'Send');
  send.addEventListener('click', async () => {
    output.hidden = false;
    output.textContent = '…';
    try {
      await show(await request(method, path, inputs, body, mediaType), output);
    } catch (error) {
      output.append(`\n${error}`);
    }
  });
  return [...inputs.map(({ label }) => label), ...(body ? [body] : []), send, output];
}

function responses(operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) =>
    element('tr', {}, element('td', {}, element('code', {}, status)), element('td', {}, ...prose(response.description))));
  return element('table', {}, element('tbody', {}, ...rows));
}

function operationElement(api, method, path, operation) {
  const security = (operation.security ?? []).flatMap((one) => Object.keys(one));
  const summary = element('summary', {},
    element('span', { className: 'method' }, method.toUpperCase()), element('code', {}, path), ` ${operation.summary ?? ''}`);
  const body = element('div', { className: 'body' });
  const details = element('details', {}, summary, body);
  details.addEventListener('toggle', () => {
    if (!details.open || body.hasChildNodes()) return;
    if (operation.description) body.append(element('p', { className: 'about' }, ...prose(operation.description)));
    body.append(element('p', {}, security.length ? `Credentials: ${security.join(' or ')}` : 'No credentials'));
    body.append(element('h3', {}, 'Answers'), responses(operation));
    body.append(element('h3', {}, 'Try it'), ...tryIt(api, method, path, operation));
  });
  return details;
}

function sections(api) {
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => [method, path, item[method]]));
  return api.tags.flatMap((tag) => {
    const own = operations.filter(([, , operation]) => operation.tags?.includes(tag.name));
    return own.length
      ? [element('h2', {}, tag.name, ' ', element('small', {}, tag.description)), ...own.map((one) => operationElement(api, ...one))]
      : [];
  });
}

async function main() {
  const place = document.getElementById('operations');
  try {
    const api = await (await fetch('/api/openapi.json')).json();
    document.getElementById('version').textContent = api.info.version;
    place.replaceChildren(element('p', { className: 'about' }, ...prose(api.info.description)), ...sections(api));
  } catch (error) {
    place.textContent = `The document cannot be read: ${error}`;
  }
}

main();
