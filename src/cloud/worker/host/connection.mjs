// One connection of the cloud host protocol: JSON-RPC 2.0, one object per line, over a Unix domain socket.
//
// Outgoing lines of one turn of the event loop leave in one write. A peer that does not read makes them wait here, in
// order; only console lines are given up then, because a program that prints in a loop must not fill the memory.

const NEWLINE = 10;

// What the bytes of a line must hold to be able to name a dangerous key, be it written plainly or with escapes.
const DANGEROUS_KEYS = ['__proto__', 'constructor', 'prototype'];
const ESCAPE = '\\u00';

const WAITING_BYTES_MAX_FOR_CONSOLE = 16 * 1024 * 1024;

export const CODES = {
  parse: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  thrown: -32000,
  closed: -32001,
  version: -32003,
  unknownHandler: -32004,
  cancelled: -32800,
};

/** An error that leaves as the JSON-RPC error `{code, message, data}`. */
export class RpcError extends Error {
  #isOurs = true;

  /** Unlike `instanceof`, this never runs code of the value, which may be a proxy of user code. */
  static is(value) {
    return value !== null && typeof value === 'object' && #isOurs in value;
  }

  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * `JSON.parse` of a line whose result has no key that could reach a prototype when user code copies or merges it.
 * The bytes are searched first, so that the usual message is not walked a second time.
 */
export function parseLine(line) {
  const message = JSON.parse(line.toString('utf8'));
  if (line.includes(ESCAPE) || DANGEROUS_KEYS.some(key => line.includes(key))) {
    dropDangerousKeys(message);
  }
  return message;
}

// Without recursion: the depth is the sender's choice.
function dropDangerousKeys(root) {
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (value === null || typeof value !== 'object') {
      continue;
    }
    if (!Array.isArray(value)) {
      delete value.__proto__;
      delete value.constructor;
      delete value.prototype;
    }
    for (const key of Object.keys(value)) {
      if (value[key] !== null && typeof value[key] === 'object') {
        waiting.push(value[key]);
      }
    }
  }
}

export class Connection {
  #socket;
  #answer;
  #note;
  #ended;
  #pieces = [];
  #lines = [];
  #waitingBytes = 0;
  #flushing = false;
  #blocked = false;
  #dropped = 0;
  #nextId = 1;
  #asked = new Map();
  #answering = new Map();

  /**
   * `answer(method, params, call)` gives the result of a request or throws; `call` is `{id, controller, connection}`.
   * `note(method, params)` takes a notification, `ended()` is told when the connection is gone.
   */
  constructor(socket, { answer, note, ended }) {
    this.#socket = socket;
    this.#answer = answer;
    this.#note = note;
    this.#ended = ended;
    socket.on('data', chunk => this.#receive(chunk));
    socket.on('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#close());
  }

  get isOpen() {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** How many requests of the peer have no answer yet and are not given up. */
  get running() {
    return [...this.#answering.values()].filter(controller => !controller.isAborted).length;
  }

  /** Sends a request. `signal` gives it up, which the peer is told. */
  request(method, params, signal) {
    if (!this.isOpen) {
      return Promise.reject(new RpcError(CODES.closed, 'The connection to the server is closed.'));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#send({ jsonrpc: '2.0', id, method, params });
      this.#asked.set(id, { resolve, reject });
      signal?.addEventListener('abort', () => {
        if (this.#asked.delete(id)) {
          this.notify('$/cancel', { id });
          reject(new RpcError(CODES.cancelled, 'The request was cancelled.'));
        }
      });
    });
  }

  notify(method, params) {
    if (this.isOpen) {
      this.#send({ jsonrpc: '2.0', method, params });
    }
  }

  /** A line of the console: the only message that is given up when the peer does not read. */
  console(stream, text) {
    if (this.#waitingBytes > WAITING_BYTES_MAX_FOR_CONSOLE) {
      this.#dropped += 1;
      return;
    }
    this.notify('console', { stream, text });
  }

  /** Ends the connection when everything has been handed to the system; resolves then, or after `milliseconds`. */
  finish(milliseconds) {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds);
      this.#flush();
      this.#socket.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #send(message) {
    const line = wellFormed(JSON.stringify(message)) + '\n';
    this.#lines.push(line);
    this.#waitingBytes += line.length;
    if (!this.#flushing) {
      this.#flushing = true;
      // After the promises of this turn, so that calls that finished together leave together.
      process.nextTick(() => this.#flush());
    }
  }

  #flush() {
    this.#flushing = false;
    if (this.#blocked || this.#lines.length === 0 || !this.isOpen) {
      return;
    }
    const lines = this.#lines;
    this.#lines = [];
    this.#waitingBytes = 0;
    if (this.#dropped > 0) {
      const text = `${this.#dropped} lines of console output were left out.`;
      this.#dropped = 0;
      this.notify('console', { stream: 'stderr', text });
    }
    // A text has a greatest length, and a line of many megabytes should not be copied to be joined.
    let joined = '';
    for (const line of lines) {
      if (joined.length + line.length > 1024 * 1024) {
        if (joined) {
          this.#write(joined);
        }
        joined = '';
        if (line.length > 1024 * 1024) {
          this.#write(line);
          continue;
        }
      }
      joined += line;
    }
    if (joined) {
      this.#write(joined);
    }
  }

  #write(text) {
    if (!this.#socket.write(text)) {
      this.#blocked = true;
    }
  }

  #receive(chunk) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      let line = chunk.subarray(start, end);
      if (this.#pieces.length > 0) {
        this.#pieces.push(line);
        line = Buffer.concat(this.#pieces);
        this.#pieces = [];
      }
      start = end + 1;
      this.#handle(line);
    }
    if (start < chunk.length) {
      this.#pieces.push(start === 0 ? chunk : chunk.subarray(start));
    }
  }

  #handle(line) {
    if (line.length === 0) {
      return;
    }
    let message;
    try {
      message = parseLine(line);
    } catch (error) {
      this.#send({ jsonrpc: '2.0', id: null, error: { code: CODES.parse, message: String(error?.message) } });
      return;
    }
    if (message === null || typeof message !== 'object' || Array.isArray(message)) {
      this.#send({ jsonrpc: '2.0', id: null, error: { code: CODES.invalidRequest, message: 'not a JSON-RPC object' } });
    } else if (typeof message.method !== 'string') {
      this.#takeAnswer(message);
    } else if (message.id === undefined) {
      this.#takeNote(message);
    } else {
      this.#takeRequest(message);
    }
  }

  #takeAnswer({ id, result, error }) {
    const asked = this.#asked.get(id);
    if (!asked) {
      return;
    }
    this.#asked.delete(id);
    if (error) {
      asked.reject(new RpcError(error.code, error.message, error.data));
    } else {
      asked.resolve(result);
    }
  }

  #takeNote({ method, params }) {
    if (method === '$/cancel') {
      this.#answering.get(params?.id)?.abort(new RpcError(CODES.cancelled, 'The server gave up this call.'));
      return;
    }
    try {
      this.#note(method, params ?? {});
    } catch (error) {
      console.error(error);
    }
  }

  async #takeRequest({ id, method, params }) {
    const controller = new LazyAbort();
    this.#answering.set(id, controller);
    let answer;
    try {
      const result = await this.#answer(method, params ?? {}, { id, controller, connection: this });
      answer = { jsonrpc: '2.0', id, result: result ?? {} };
    } catch (error) {
      answer = { jsonrpc: '2.0', id, error: rpcErrorOf(error) };
    }
    this.#answering.delete(id);
    if (!this.isOpen) {
      return;
    }
    try {
      this.#send(answer);
    } catch (error) {
      // The result can not be written as JSON: a cycle, a BigInt, a toJSON that throws, more than a text can hold.
      const thrown = { kind: 'error', name: 'TypeError', message: unwritable(error) };
      this.#send({ jsonrpc: '2.0', id, error: { code: CODES.thrown, message: thrown.message, data: { thrown } } });
    }
  }

  #close() {
    for (const { reject } of this.#asked.values()) {
      reject(new RpcError(CODES.closed, 'The connection to the server was closed.'));
    }
    this.#asked.clear();
    for (const controller of this.#answering.values()) {
      controller.abort(new RpcError(CODES.closed, 'The connection to the server was closed.'));
    }
    this.#ended();
  }
}

// Half of a surrogate pair is no text for anybody but JavaScript; JSON has it as an escape.
function wellFormed(json) {
  if (!json.includes('\\ud')) {
    return json;
  }
  return json.replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, found => (found === '\\\\' ? found : '\\ufffd'));
}

// An AbortController that exists only when somebody asks for it: most calls never look at their signal.
class LazyAbort {
  #controller;
  #reason;

  get isAborted() {
    return this.#reason !== undefined;
  }

  get signal() {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  abort(reason) {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

function rpcErrorOf(error) {
  if (RpcError.is(error)) {
    return { code: error.code, message: error.message, data: error.data };
  }
  return { code: CODES.internal, message: unwritable(error) };
}

function unwritable(error) {
  try {
    const text = error?.message;
    return typeof text === 'string' ? text.split('\n')[0] : 'The value can not be written as JSON.';
  } catch {
    return 'The value can not be written as JSON.';
  }
}
