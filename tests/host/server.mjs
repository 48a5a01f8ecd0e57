// A server as a worker sees it: starts the worker on a directory of files, introduces itself, asks and answers.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export const HOST = path.join(process.env.PARSIMONY_TEST_ROOT ?? path.resolve(import.meta.dirname, '../..'), 'src/cloud/worker/host');
export const PACKAGES = process.env.PARSIMONY_TEST_HOST ?? import.meta.dirname;

export const APPLICATION = {
  appId: 'app',
  masterKey: 'master',
  maintenanceKey: 'maintenance',
  javascriptKey: null,
  serverURL: 'http://127.0.0.1:1/parse',
};

/** The packages under which the tests find the Parse SDK: the newest, and an old one. */
export const SDKS = ['parse', 'parse-5'];

/** Makes an app of `{path: text}`, with the given package as its `parse`. Removed when the test `t` ends. */
export function makeApp(t, files, sdk = 'parse', packages = []) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'parsimony-host-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  const modules = path.join(root, 'node_modules');
  mkdirSync(modules, { recursive: true });
  if (sdk) {
    symlinkSync(path.join(PACKAGES, 'node_modules', sdk), path.join(modules, 'parse'));
  }
  for (const name of packages) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(path.join(PACKAGES, 'node_modules', name), path.join(modules, name));
  }
  return root;
}

export class Server {
  /** What the worker told by notifications: `[method, params]`. */
  notes = [];
  /** Answers requests of the worker: `{method: params => result}`. */
  methods = {};
  /** Numbers of the lines in each read, to see what left together. */
  reads = [];

  #asked = new Map();
  #nextId = 1;
  #pieces = [];
  #watchers = [];

  static async start(t, { root, cloud, initialize = {}, settings = {}, nodeArguments = [] }) {
    const server = new Server();
    server.root = root;
    server.socketPath = path.join(root, 'w.sock');
    await server.spawn(t, { socket: server.socketPath, cloud: cloud ? path.join(root, cloud) : null, root, configuration: null, index: null, ...settings }, nodeArguments);
    t.after(() => server.stop());
    await server.connect();
    server.initialized = await server.request('initialize', {
      protocolVersion: 1,
      role: 'server',
      server: { name: 'test', version: '1' },
      application: APPLICATION,
      encodeParseObjectInCloudFunction: true,
      ...initialize,
    });
    return server;
  }

  async spawn(t, settings, nodeArguments) {
    this.child = spawn(process.execPath, [...nodeArguments, path.join(HOST, 'main.mjs')], {
      cwd: settings.root,
      env: { ...process.env, PARSIMONY_HOST: JSON.stringify(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.output = '';
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', data => (this.output += data));
    }
    this.exited = new Promise(resolve => this.child.on('exit', (code, signal) => resolve(code ?? signal)));
  }

  async connect() {
    for (let wait = 10; ; wait = Math.min(wait * 2, 1000)) {
      try {
        this.socket = await new Promise((resolve, reject) => {
          const socket = net.connect(this.socketPath, () => resolve(socket));
          socket.once('error', reject);
        });
        break;
      } catch (error) {
        if (this.child?.exitCode !== null && this.child?.exitCode !== undefined) {
          throw new Error(`the worker ended with ${this.child.exitCode}: ${this.output}`, { cause: error });
        }
        await new Promise(resolve => setTimeout(resolve, wait));
      }
    }
    this.socket.on('error', () => {});
    this.socket.on('data', chunk => this.#receive(chunk));
    this.socket.on('close', () => {
      for (const { reject } of this.#asked.values()) {
        reject(new Error('connection closed'));
      }
      this.#asked.clear();
    });
  }

  #receive(chunk) {
    let lines = 0;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#pieces.push(chunk.subarray(start, end));
      const line = Buffer.concat(this.#pieces).toString('utf8');
      this.#pieces = [];
      start = end + 1;
      lines += 1;
      this.#handle(JSON.parse(line));
    }
    this.#pieces.push(chunk.subarray(start));
    this.reads.push(lines);
  }

  #handle(message) {
    if (message.method && message.id !== undefined) {
      this.#answer(message);
    } else if (message.method) {
      this.notes.push([message.method, message.params]);
      for (const watcher of this.#watchers) {
        watcher();
      }
    } else {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      if (message.error) {
        asked?.reject(Object.assign(new Error(message.error.message), { rpc: message.error, thrown: message.error.data?.thrown }));
      } else {
        asked?.resolve(message.result);
      }
    }
  }

  async #answer({ id, method, params }) {
    try {
      const result = await this.methods[method](params, id);
      this.socket.write(JSON.stringify({ jsonrpc: '2.0', id, result: result ?? {} }) + '\n');
    } catch (error) {
      this.socket.write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: error.code ?? -32603, message: error.message } }) + '\n');
    }
  }

  request(method, params) {
    return this.start(method, params).answer;
  }

  /** A request whose id is known before its answer: `{id, answer}`. */
  start(method, params) {
    const id = this.#nextId++;
    const answer = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.socket.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n');
    return { id, answer };
  }

  notify(method, params) {
    this.socket.write(JSON.stringify({ jsonrpc: '2.0', method, params }) + '\n');
  }

  raw(text) {
    this.socket.write(text);
  }

  /** Waits for a notification that `wanted` accepts. */
  note(wanted) {
    return new Promise(resolve => {
      const look = () => {
        const found = this.notes.find(([method, params]) => wanted(method, params));
        if (found) {
          this.#watchers = this.#watchers.filter(watcher => watcher !== look);
          resolve(found[1]);
        }
      };
      this.#watchers.push(look);
      look();
    });
  }

  async stop() {
    this.socket?.destroy();
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await this.exited;
    }
  }

  // ------------------------------------------------------------------------------------------------------ shortcuts

  /** Calls a function and gives its result. */
  async call(name, params = {}, more = {}) {
    const { value } = await this.request('function.call', { handler: `function:${name}`, name, request: { functionName: name, params, ...more } });
    return value;
  }

  trigger(type, className, request) {
    return this.request('trigger.run', { handler: `trigger:${type}:${className}`, type, className, request: { triggerName: type, ...request } });
  }
}
