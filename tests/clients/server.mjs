// Starts the built server for one suite: its own process, its own empty database in memory, a free port.
// PARSIMONY_TEST_BIN names the binary (default: target/debug/parsimony of this checkout).
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Holds for tests/clients and for its copy in target/clients.
export const root = process.env.PARSIMONY_TEST_ROOT ?? resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = process.env.PARSIMONY_TEST_BIN ?? join(root, 'target/debug/parsimony');

/// Where npm has put what package.json names.
const packages = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');

const APP_ID = 'client-tests';
const MASTER_KEY = 'client-tests-master-key';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

// A suite that is broken off takes its server along.
const running = new Set();
process.on('exit', () => running.forEach(child => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/// Starts schema-examples/<name> as its README says, but on a database in memory.
export function startExample(name) {
  const example = join(root, 'schema-examples', name);
  const options = JSON.parse(readFileSync(join(example, 'config.json'), 'utf8'));
  return startServer({ example, appId: options.appId, masterKey: options.masterKey });
}

/// `command` is `dev` or nothing, `options` are server options by their name, `example` is a directory with a config.json.
/// `files` are those of an app with cloud code, by their name; what npm has installed lies beside them.
export async function startServer({ command = [], options = {}, example, files, appId = APP_ID, masterKey = MASTER_KEY } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'parsimony-clients-'));
  const config = join(directory, 'config.json');
  if (example) {
    cpSync(example, directory, { recursive: true, filter: path => !path.includes('node_modules') });
    symlinkSync(packages, join(directory, 'node_modules'));
  } else {
    if (files) symlinkSync(packages, join(directory, 'node_modules'));
    for (const [name, text] of Object.entries(files ?? {})) writeFileSync(join(directory, name), text);
    writeFileSync(config, JSON.stringify({ allowClientClassCreation: true, mountGraphQL: true, ...options }));
  }
  const fixed = ['--appId', appId, '--masterKey', masterKey, '--databaseURI', 'sqlite::memory:', '--port', '0'];
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
    appId,
    masterKey,
    headers: { 'X-Parse-Application-Id': appId },
    masterHeaders: { 'X-Parse-Application-Id': appId, 'X-Parse-Master-Key': masterKey },
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

/// A job from its start to its end: its status.
export async function runJob(server, name, params = {}) {
  const started = await fetch(`${server.rest}/jobs/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...server.masterHeaders },
    body: JSON.stringify(params),
  });
  if (!started.ok) throw new Error(`${name}: ${started.status} ${await started.text()}`);
  const id = started.headers.get('x-parse-job-status-id');
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end; ) {
    const status = await rest(server, 'GET', `/classes/_JobStatus/${id}`);
    if (status.status !== 'running') return status;
  }
  throw new Error(`${name} did not end`);
}

/// Signs somebody up; the headers of his requests.
export async function signUp(server, username) {
  const query = 'mutation ($fields: CreateUserFieldsInput) { signUp(input: { fields: $fields }) { viewer { sessionToken } } }';
  const { body } = await graphql(server, query, { fields: { username, password: `${username}'s password` } });
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return { ...server.headers, 'X-Parse-Session-Token': body.data.signUp.viewer.sessionToken };
}

function later(milliseconds, value) {
  let timer;
  const promise = new Promise(done => (timer = setTimeout(done, milliseconds, value)));
  return { promise, cancel: () => clearTimeout(timer) };
}
