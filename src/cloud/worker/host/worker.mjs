// The life of a worker: listens on its socket, loads cloud code when the server introduces itself, answers its calls,
// and goes when the server is gone.

import { AsyncLocalStorage } from 'node:async_hooks';
import net from 'node:net';
import path from 'node:path';

import { callMethods, liveQueryEvent } from './calls.mjs';
import { installCloud, Registry } from './cloud.mjs';
import { evaluate } from './configuration.mjs';
import { Connection, CODES, RpcError } from './connection.mjs';
import { ConsoleCapture } from './console.mjs';
import { loadError } from './load-error.mjs';
import { findFile, loadFile } from './load.mjs';
import { loadAdapters, References } from './references.mjs';
import { resolveParseServerToShim, shim } from './resolve.mjs';
import { installRestController } from './rest.mjs';
import { initializeSdk, loadSdk, serverView } from './sdk.mjs';
import { encodeNow, encodeThrown } from './values.mjs';
import { watchParent } from './watchdog.mjs';

const PROTOCOL_VERSION = 1;
const VERSION = '1.0.0';

// How long a worker without a server lives, and how long a shutdown waits for handlers.
const ORPHANED_MILLISECONDS = 30_000;
const SHUTDOWN_MILLISECONDS = 5_000;

export class Worker {
  references = new References();
  registry = new Registry(this.references);
  running = new AsyncLocalStorage();
  log = makeLog((level, args) => this.#log(level, args));

  #settings;
  #console = new ConsoleCapture();
  #connections = new Set();
  #server;
  #application;
  #view;
  #encodesObjects = true;
  #loading;
  #adapters = [];
  #started;
  #orphaned;
  #listener;

  constructor(settings) {
    this.#settings = settings;
  }

  /** The connection over which this process asks the server. */
  link = () => {
    if (!this.#server) {
      throw new RpcError(CODES.closed, 'The connection to the server is closed.');
    }
    return this.#server;
  };

  server = () => this.#view;

  get #orphanedMilliseconds() {
    return this.#settings.orphanedMilliseconds ?? ORPHANED_MILLISECONDS;
  }

  encodesObjects = () => this.#encodesObjects;

  listen() {
    this.#listener = net.createServer(socket => this.#accept(socket));
    // Private from its creation on, not only after a `chmod`.
    const before = process.umask(0o177);
    this.#listener.listen(this.#settings.socket);
    process.umask(before);
    this.#listener.on('error', error => {
      console.error(error);
      process.exit(1);
    });
    this.#waitForServer();
  }

  #accept(socket) {
    const methods = {
      ...callMethods(this),
      initialize: (params, call) => this.running.exit(() => this.#initialize(params, call.connection)),
      ping: () => ({}),
      shutdown: () => this.#shutdown(),
    };
    const connection = new Connection(socket, {
      answer: (method, params, call) => this.#answer(methods, method, params, call),
      note: (method, params) => this.#note(method, params),
      ended: () => this.#ended(connection),
    });
    this.#connections.add(connection);
    clearTimeout(this.#orphaned);
  }

  #answer(methods, method, params, call) {
    if (!Object.hasOwn(methods, method)) {
      throw new RpcError(CODES.unknownMethod, `Unknown method ${JSON.stringify(method)}.`);
    }
    if (!this.#application && method !== 'initialize' && method !== 'ping' && method !== 'shutdown') {
      throw new RpcError(CODES.invalidRequest, 'The host is not initialized.');
    }
    return this.running.run(call, () => methods[method](params, call));
  }

  #note(method, params) {
    if (method === 'liveQuery.event') {
      this.running.run(undefined, () => liveQueryEvent(this, params)).catch(error => console.error(error));
    }
  }

  #ended(connection) {
    this.#connections.delete(connection);
    if (this.#server === connection) {
      this.#server = undefined;
      this.#console.detach();
    }
    if (this.#connections.size === 0) {
      this.#waitForServer();
    }
  }

  #waitForServer() {
    clearTimeout(this.#orphaned);
    this.#orphaned = setTimeout(() => process.exit(0), this.#orphanedMilliseconds);
  }

  // ------------------------------------------------------------------------------------------------- initialize

  async #initialize(params, connection) {
    if (params.protocolVersion !== PROTOCOL_VERSION) {
      throw new RpcError(CODES.version, `This host speaks version ${PROTOCOL_VERSION} of the protocol, the server ${params.protocolVersion}.`);
    }
    const answer = { protocolVersion: PROTOCOL_VERSION, host: { name: 'parsimony-node', version: VERSION } };
    if (params.role === 'callbacks') {
      return { ...answer, registrations: [], adapters: [] };
    }
    this.#server = connection;
    this.#console.attach(connection);
    this.#application = params.application;
    this.#view = serverView(params.application, params.options);
    this.#encodesObjects = params.encodeParseObjectInCloudFunction !== false;
    try {
      if (globalThis.Parse?.CoreManager) {
        initializeSdk(globalThis.Parse, this.#application);
      }
      if (!this.#loading) {
        this.#loading = this.#load(params);
        // Its thread is not what anybody waits for while this starts.
        setImmediate(() => watchParent(this.#orphanedMilliseconds));
      }
      await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw startupError(error);
    }
    setImmediate(this.#started);
    return { ...answer, registrations: this.registry.registrations, adapters: this.#adapters };
  }

  async #load({ application, adapters }) {
    const { cloud, root } = this.#settings;
    const places = this.#places();
    resolveParseServerToShim();
    // An index.js that waits for its server to start goes on when this worker has been introduced to it.
    shim.program.started = new Promise(resolve => (this.#started = resolve));
    const Parse = loadSdk(places);
    initializeSdk(Parse, application);
    installRestController(Parse, {
      link: this.link,
      call: () => this.#runningCall(),
      serverURL: () => this.#application.serverURL,
    });
    installCloud(Parse, this.registry, this.link);
    Object.defineProperty(Parse, 'Server', { configurable: true, get: this.server, set: () => {} });
    const options = await this.#configured();
    this.#adapters = await loadAdapters(adapters, this.references, root, places);
    await loadCloud(Parse, cloud ?? options?.cloud, root);
    this.registry.onRegister = registrations => this.#tell('cloud.register', { registrations });
    this.registry.onRemoveAll = () => this.#tell('cloud.unregister', { all: true });
  }

  // The id of the call that user code runs in, if it means anything on the connection to the server.
  #runningCall() {
    const call = this.running.getStore();
    return call?.connection === this.#server ? call?.id : undefined;
  }

  // Where packages are looked for: beside the cloud file, then in the app's directory.
  #places() {
    const { cloud, configuration, index, root } = this.#settings;
    const files = [cloud, configuration, index].filter(Boolean).map(file => path.dirname(path.resolve(root, file)));
    return [...new Set([...files, root])];
  }

  // The options of a JavaScript configuration, whose functions and objects get their references by this.
  async #configured() {
    const { configuration, index, root } = this.#settings;
    if (!configuration && !index) {
      return undefined;
    }
    const settings = { root, places: this.#places(), references: this.references, isProgram: !configuration };
    return (await evaluate(configuration ?? index, settings)).live;
  }

  #tell(method, params) {
    this.#server?.request(method, params).catch(error => console.error(error));
  }

  #log(level, args) {
    let encoded;
    try {
      encoded = args.map(encodeNow);
    } catch {
      encoded = ['a log entry of cloud code could not be written'];
    }
    this.#server?.notify('log', { level, args: encoded });
  }

  // --------------------------------------------------------------------------------------------------- shutdown

  async #shutdown() {
    this.#listener.close();
    const deadline = Date.now() + SHUTDOWN_MILLISECONDS;
    // The shutdown itself is one of the requests that have no answer yet.
    const others = () => [...this.#connections].reduce((sum, connection) => sum + connection.running, 0) - 1;
    while (others() > 0 && Date.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    setImmediate(async () => {
      await Promise.all([...this.#connections].map(connection => connection.finish(1_000)));
      process.exit(0);
    });
    return {};
  }

  /** Last words: what is on its way to the server goes out, then the process ends. */
  async fail(error) {
    complain(error);
    await Promise.all([...this.#connections].map(connection => connection.finish(200)));
    process.exit(1);
  }
}

async function loadCloud(Parse, cloud, root) {
  if (typeof cloud === 'function') {
    await cloud(Parse);
    return;
  }
  if (typeof cloud !== 'string') {
    return;
  }
  const file = findFile(cloud, root);
  if (!file) {
    throw new Error(`The cloud code file ${path.resolve(root, cloud)} does not exist.`);
  }
  try {
    await loadFile(file);
  } catch (error) {
    throw loadError(file, error);
  }
}

function startupError(error) {
  const thrown = encodeThrown(error);
  const message = typeof thrown.message === 'string' ? thrown.message : `Cloud code could not be loaded: ${JSON.stringify(thrown.value)}`;
  return new RpcError(CODES.thrown, message, { thrown });
}

/** Prints what may be anything, even something that can not be printed. */
export function complain(...words) {
  try {
    console.error(...words);
  } catch {
    console.error('Cloud code threw a value that can not be printed.');
  }
}

const LEVELS = ['error', 'warn', 'info', 'verbose', 'debug', 'silly'];

function makeLog(write) {
  const log = { log: (level, ...args) => write(LEVELS.includes(level) ? level : 'info', args) };
  for (const level of LEVELS) {
    log[level] = (...args) => write(level, args);
  }
  return Object.freeze(log);
}
