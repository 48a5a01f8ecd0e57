// Starts the built server for one suite: its own process, its own empty database in memory, a free port.
// PARSIMONY_TEST_BIN names the binary (default: target/debug/parsimony of this checkout).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Holds for tests/clients and for its copy in target/clients.
export const root = process.env.PARSIMONY_TEST_ROOT ?? resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.PARSIMONY_TEST_BIN ?? join(root, 'target/debug/parsimony');

const APP_ID = 'client-tests';
const MASTER_KEY = 'client-tests-master-key';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

// A suite that is broken off takes its server along.
const running = new Set();
process.on('exit', () => running.forEach(child => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/// `command` is `dev` or nothing, `options` are server options by their name.
export async function startServer({ command = [], options = {} } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'parsimony-clients-'));
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify({ allowClientClassCreation: true, mountGraphQL: true, ...options }));
  const fixed = ['--appId', APP_ID, '--masterKey', MASTER_KEY, '--databaseURI', 'sqlite::memory:', '--port', '0'];
  const child = spawn(binary, [...command, ...fixed, config], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.on('exit', () => running.delete(child));
  const exited = new Promise(done => {
    child.on('exit', (code, signal) => done({ code, signal }));
    child.on('error', error => done({ error }));
  });

  const output = [];
  createInterface({ input: child.stderr }).on('line', line => output.push(line));
  const mounted = {};
  const ready = new Promise(done => {
    createInterface({ input: child.stdout }).on('line', line => {
      output.push(line);
      const [, name, url] = /^(\w+) (https?:\/\/\S+)$/.exec(line) ?? [];
      if (name) mounted[name] = url;
      if (name === 'ready') done('ready');
    });
  });

  const clean = () => rmSync(directory, { recursive: true, force: true });
  const tooLate = later(START_TIMEOUT_MS, 'late');
  const outcome = await Promise.race([ready, exited, tooLate.promise]);
  tooLate.cancel();
  if (outcome !== 'ready') {
    child.kill('SIGKILL');
    clean();
    throw new Error(`${binary} did not get ready (${JSON.stringify(outcome)})\n${output.join('\n')}`);
  }

  return {
    ...mounted,
    url: mounted.ready,
    appId: APP_ID,
    masterKey: MASTER_KEY,
    headers: { 'X-Parse-Application-Id': APP_ID },
    masterHeaders: { 'X-Parse-Application-Id': APP_ID, 'X-Parse-Master-Key': MASTER_KEY },
    /// Asks the server to stop and insists that it does so by itself and without complaint.
    async stop() {
      child.kill('SIGTERM');
      const patience = later(STOP_TIMEOUT_MS, 'late');
      const end = await Promise.race([exited, patience.promise]);
      patience.cancel();
      if (end === 'late') child.kill('SIGKILL');
      clean();
      if (end.code !== 0) throw new Error(`the server ended with ${JSON.stringify(end)}\n${output.join('\n')}`);
    },
  };
}

/// One GraphQL request; the answer's status and body.
export async function graphql(server, query, variables, headers = server.headers) {
  const response = await fetch(server.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: await response.json() };
}

/// One REST request with the master key; throws unless the status is 2xx.
export async function rest(server, method, path, body) {
  const response = await fetch(server.rest + path, {
    method,
    headers: { 'content-type': 'application/json', ...server.masterHeaders },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

function later(milliseconds, value) {
  let timer;
  const promise = new Promise(done => (timer = setTimeout(done, milliseconds, value)));
  return { promise, cancel: () => clearTimeout(timer) };
}
