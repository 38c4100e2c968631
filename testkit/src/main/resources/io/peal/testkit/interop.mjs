// WebSocket clients that others wrote, in JavaScript, and a browser, all on one server at once.
//
//   node interop.mjs URL PACKAGES MESSAGES LONG
//
// URL is where the server is, PACKAGES a folder in whose node_modules 'ws' and 'undici' are, MESSAGES how many the server
// publishes once it has all clients: 0, 1LONG, 2, 3LONG and so on. It answers what a client says with 'you ' before it, and
// closes with 4001 and 'goodbye' who says 'bye'. Prints 'clients N' first, and a line for each client that got all it should.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const [url, packages, messages, long] = process.argv.slice(2);
const require = createRequire(join(packages, 'any.js'));
const ws = require('ws');
const undici = require('undici');

// Everything a client does, in terms that all of them share. It runs in the browser too, so it uses nothing from outside.
async function talk(open, messages, long) {
  const socket = open();
  const received = [];
  const answers = [];
  let wake = () => {};
  let closed = null;
  socket.onmessage = event => { received.push(event.data); wake(); };
  socket.onclose = event => { closed = event; wake(); };
  const next = async () => {
    while (received.length === 0 && closed === null) await new Promise(resolve => { wake = resolve; });
    if (received.length === 0) throw new Error(`closed with ${closed.code} '${closed.reason}' after ${answers.length} answers`);
    return received.shift();
  };
  const expect = (what, actual, expected) => {
    if (actual !== expected) throw new Error(`${what}: '${String(actual).slice(0, 80)}', not '${String(expected).slice(0, 80)}'`);
  };
  for (let i = 0; i < messages; i++) expect(`message ${i}`, await next(), i + (i % 2 ? long : ''));
  for (const text of ['', 'Jürgen 🔔', ...[125, 126, 65535, 65536].map(length => 'x'.repeat(length))]) {
    socket.send(text);
    answers.push(await next());
    expect('answer', answers.at(-1), 'you ' + text);
  }
  socket.send('bye');
  while (closed === null) await new Promise(resolve => { wake = resolve; });
  expect('code of the close', closed.code, 4001);
  expect('reason of the close', closed.reason, 'goodbye');
  expect('clean', closed.wasClean, true);
  return socket.extensions;
}

// The browser loads a page from here, and tells what came of it.
async function inBrowser(command, messages, long) {
  const profile = mkdtempSync(join(tmpdir(), 'interop-'));
  let told;
  const result = new Promise(resolve => { told = resolve; });
  const page = `<script type="module">
    const result = await (${talk})(() => new WebSocket('${url}'), ${messages}, '${long}').then(
      extensions => ({ extensions }), failure => ({ failure: String(failure) }));
    await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
  </script>`;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', part => { body += part; });
    request.on('end', () => {
      response.setHeader('Content-Type', 'text/html');
      response.end(request.url === '/' ? page : '');
      if (request.url === '/result') told(JSON.parse(body));
    });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const browser = spawn(command, ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`,
    `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore' });
  const ended = new Promise(resolve => browser.on('exit', resolve));
  try {
    const { extensions, failure } = await Promise.race([result, ended.then(code => ({ failure: `it ended with ${code}` }))]);
    if (failure) throw new Error(failure);
    return extensions;
  } finally {
    browser.kill('SIGKILL');
    await ended;
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

const browser = process.env.PATH.split(delimiter).map(folder => join(folder, 'chromium')).find(existsSync);
const clients = {
  'ws': () => talk(() => new ws.WebSocket(url, { perMessageDeflate: false }), messages, long),
  'ws, deflate': () => talk(() => new ws.WebSocket(url), messages, long),
  'undici': () => talk(() => new undici.WebSocket(url), messages, long),
};
if (globalThis.WebSocket) clients['Node'] = () => talk(() => new WebSocket(url), messages, long);
if (browser) clients['Chromium'] = () => inBrowser(browser, messages, long);

console.log(`clients ${Object.keys(clients).length}`);
await Promise.all(Object.entries(clients).map(async ([name, run]) => {
  try {
    console.log(`done ${name}: ${(await run()) || 'plain'}`);
  } catch (failure) {
    console.log(`FAILED ${name}: ${failure.message}`);
    process.exitCode = 1;
  }
}));
