// Plays the scenarios of live-scenarios.mjs against parse-server and writes down what it says over WebSockets:
//
//   node record-live.mjs <directory of tests/live> [scenario...]
//
// PARSIMONY_TEST_POSTGRES names a PostgreSQL server; each scenario gets an empty database there. `tests/live.rs` replays
// what comes out. How a conversation is to be read stands there.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import express from 'express';
import parse from 'parse-server';
import pg from 'pg';
import WebSocket from 'ws';
import { MARKER, MARKER_ID, scenarios } from './live-scenarios.mjs';

const { ParseServer } = parse;
const [directory, ...wanted] = process.argv.slice(2);
const postgres = new pg.Client(process.env.PARSIMONY_TEST_POSTGRES);
// parse-server does things after it has answered. Long enough for a loopback, and nobody waits for a recording.
const QUIET_MS = 300;
const quiet = () => new Promise(done => setTimeout(done, QUIET_MS));

const TIMESTAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const TOKEN = /r:[0-9a-f]{32}/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

/// Generated values and their placeholders, numbered as they appear.
class Placeholders {
  #known = new Map();
  #counts = {};

  /// `given` is all that the scenario itself says: nothing in it is generated.
  constructor(given, port) {
    this.given = given;
    this.#known.set(`http://127.0.0.1:${port}/parse`, '<serverURL>');
    this.#known.set(`http://127.0.0.1:${port}`, '<origin>');
  }

  learn(value) {
    JSON.stringify(value, (key, inner) => {
      if (key === 'objectId' && /^[A-Za-z0-9]{10}$/.test(inner)) this.#add('objectId', inner);
      if (typeof inner === 'string') {
        for (const token of inner.match(TOKEN) ?? []) this.#add('sessionToken', token);
        for (const time of inner.match(TIMESTAMP) ?? []) this.#add('timestamp', time);
        for (const id of inner.match(UUID) ?? []) this.#add('clientId', id);
      }
      return inner;
    });
  }

  #add(kind, value) {
    if (this.#known.has(value) || this.given.includes(value)) return;
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#known.set(value, `<${kind}:${this.#counts[kind]}>`);
  }

  of(value) {
    if (value === undefined) return undefined;
    let text = JSON.stringify(value);
    for (const [known, placeholder] of this.#known) text = text.replaceAll(known, placeholder);
    return JSON.parse(text);
  }
}

class Player {
  #sockets = new Map();
  #saved = {};
  #markers = 0;

  constructor(port, placeholders) {
    this.port = port;
    this.placeholders = placeholders;
  }

  /// `{{name.member}}` stands for what an earlier answer said.
  #resolved(value) {
    if (value === undefined) return undefined;
    const text = JSON.stringify(value).replace(/\{\{(\w+)\.(\w+)\}\}/g, (whole, name, member) => {
      if (this.#saved[name]?.[member] === undefined) throw new Error(`${whole} is not known`);
      return this.#saved[name][member];
    });
    return JSON.parse(text);
  }

  async play({ save, ...step }) {
    const { name, open, send, request, close } = this.#resolved(step);
    const played = { name };
    if (open) Object.assign(played, { open, opened: await this.#open(open) });
    if (send) Object.assign(played, { send }, await this.#send(send));
    if (request) Object.assign(played, { request }, await this.#request(request, save));
    if (close) {
      played.close = close;
      this.#sockets.get(close).close();
      this.#sockets.delete(close);
      await quiet();
    }
    return this.placeholders.of(played);
  }

  #open({ socket, path: at = '/', protocols = [] }) {
    return new Promise((done, failed) => {
      const opened = new WebSocket(`ws://127.0.0.1:${this.port}${at}`, protocols);
      opened.inbox = [];
      opened.on('message', data => opened.inbox.push(JSON.parse(data)));
      opened.on('open', () => done({ protocol: opened.protocol || null }));
      opened.on('error', failed);
      this.#sockets.set(socket, opened);
    });
  }

  async #send({ socket, message, text, base64 }) {
    const to = this.#sockets.get(socket);
    to.send(base64 ? Buffer.from(base64, 'base64') : (text ?? JSON.stringify(message)));
    await quiet();
    const messages = to.inbox.splice(0);
    if (messages.some(({ op }) => op === 'connected') && !to.isMarked) {
      to.isMarked = true;
      to.send(JSON.stringify({ op: 'subscribe', requestId: MARKER_ID, query: { className: MARKER, where: {} } }));
      await quiet();
      const answer = to.inbox.splice(0);
      if (answer[0]?.op !== 'subscribed') throw new Error(`no marker: ${JSON.stringify(answer)}`);
    }
    this.placeholders.learn(messages);
    return { messages: { [socket]: messages } };
  }

  async #request({ method, path: at, headers, body }, save) {
    const response = await fetch(`http://127.0.0.1:${this.port}/parse${at}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    const answer = { status: response.status, body: await response.json() };
    if (save) this.#saved[save] = { ...this.#saved[save], ...answer.body };
    this.placeholders.learn(answer);
    return { response: answer, messages: await this.#settle() };
  }

  /// All that the sockets hear up to a marker.
  async #settle() {
    await quiet();
    const number = ++this.#markers;
    await fetch(`http://127.0.0.1:${this.port}/parse/classes/${MARKER}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Parse-Application-Id': 'app' },
      body: JSON.stringify({ number }),
    });
    const heard = {};
    for (const [name, socket] of this.#sockets) {
      if (!socket.isMarked) continue;
      while (!socket.inbox.some(({ requestId }) => requestId === MARKER_ID)) await quiet();
      const messages = socket.inbox.splice(0).filter(({ requestId }) => requestId !== MARKER_ID);
      // Which subscription is told first says nothing.
      messages.sort((one, other) => one.requestId - other.requestId);
      if (messages.length > 0) heard[name] = messages;
      this.placeholders.learn(messages);
    }
    return heard;
  }

  end() {
    for (const socket of this.#sockets.values()) socket.terminate();
  }
}

async function record(scenario) {
  const { name, about, options, steps } = scenario;
  const database = `live_recording_${process.pid}`;
  await postgres.query(`CREATE DATABASE ${database}`);
  const app = express();
  const server = http.createServer(app);
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  const at = new URL(process.env.PARSIMONY_TEST_POSTGRES);
  at.pathname = database;
  const config = { ...structuredClone(options), serverURL: `http://127.0.0.1:${port}/parse`, databaseURI: at.href, logsFolder: null, silent: true };
  if (config.cloud) config.cloud = path.resolve(directory, config.cloud);
  const parseServer = new ParseServer(config);
  await parseServer.start();
  app.use('/parse', parseServer.app);
  await ParseServer.createLiveQueryServer(server, structuredClone(options.liveQueryServerOptions ?? {}), config);

  const player = new Player(port, new Placeholders(JSON.stringify(scenario), port));
  const played = [];
  for (const step of steps) {
    if (played.some(earlier => earlier.name === step.name)) throw new Error(`two steps are named ${step.name}`);
    played.push(await player.play(step));
  }
  player.end();
  const conversation = { name, about, recordedFrom: 'parse-server 9.10.0', options, steps: played };
  fs.writeFileSync(path.join(directory, 'conversations', `${name}.json`), `${readable(conversation)}\n`);
  server.closeAllConnections();
  server.close();
  await postgres.query(`DROP DATABASE ${database} WITH (FORCE)`);
}

/// JSON with what fits on a line on one.
function readable(value, indent = '') {
  const line = JSON.stringify(value);
  if (line.length + indent.length <= 118 || value === null || typeof value !== 'object') return line;
  const deeper = `${indent}  `;
  const entries = Array.isArray(value)
    ? value.map(element => readable(element, deeper))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${JSON.stringify(key)}: ${readable(member, deeper)}`);
  const [first, last] = Array.isArray(value) ? '[]' : '{}';
  return `${first}\n${entries.map(entry => deeper + entry).join(',\n')}\n${indent}${last}`;
}

await postgres.connect();
process.on('uncaughtException', error => {
  // Ending the database under the server is noticed by its pool.
  if (/terminating connection|Connection terminated/.test(error.message)) return;
  console.error(error);
  process.exit(1);
});
for (const scenario of scenarios) {
  if (wanted.length > 0 && !wanted.includes(scenario.name)) continue;
  if (wanted.length !== 1) {
    // parse-server keeps things per process: one process for each.
    const { status } = spawnSync(process.execPath, [process.argv[1], directory, scenario.name], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
    continue;
  }
  await record(scenario);
  console.log(`${scenario.name}: ${scenario.steps.length} steps`);
}
process.exit(0);
