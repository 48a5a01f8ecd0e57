// The options of a JavaScript configuration as JSON. What has no JSON form - functions, instances of classes, objects
// with methods in the place of an adapter - stays here under its path, and a reference with its description goes out.

import { makeAdapter } from './references.mjs';

// Options that hold an adapter: an instance, a class, a factory, or `{module | class | adapter, options}`.
const ADAPTERS = new Set([
  'analyticsAdapter', 'cacheAdapter', 'databaseAdapter', 'emailAdapter', 'filesAdapter', 'loggerAdapter', 'push.adapter',
  'liveQuery.pubSubAdapter', 'liveQueryServerOptions.pubSubAdapter', 'queueAdapter', 'push.queueOptions.messageQueueAdapter',
]);

// Texts that a function may compute. It is asked once, when the server starts.
const COMPUTED = new Set(['masterKey', 'publicServerURL']);

const AUTH_PROVIDER = /^auth\.[^.[]+$/;
const AUTH_MODULE = /^auth\.[^.[]+\.module$/;

export class OptionsEncoder {
  #references;
  #load;

  /** `load(name)` loads a module that an adapter names beside options which only JavaScript can hold. */
  constructor(references, load) {
    this.#references = references;
    this.#load = load;
  }

  encode(options) {
    return this.#members(options, '', [options]);
  }

  async #value(value, path, parents) {
    if (isSlot(path, value)) {
      return this.#adapter(value, path, parents);
    }
    if (typeof value === 'function' && COMPUTED.has(path)) {
      return this.#value(await value(), path, parents);
    }
    switch (typeof value) {
      case 'function':
        return this.#references.describe(path, value);
      case 'bigint':
        return Number(value);
      case 'number':
        return Number.isFinite(value) ? value : null;
      case 'object':
        return this.#object(value, path, parents);
      default:
        return value;
    }
  }

  async #object(value, path, parents) {
    if (value === null) {
      return null;
    }
    if (value instanceof RegExp) {
      return { $regexp: [value.source, value.flags] };
    }
    if (value instanceof Date) {
      return { $date: value.toISOString() };
    }
    if (ArrayBuffer.isView(value)) {
      return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
    }
    if (value.builtIn) {
      return value.builtIn;
    }
    if (parents.includes(value)) {
      throw new Error(`The option ${path} contains itself.`);
    }
    const inner = [...parents, value];
    if (Array.isArray(value)) {
      return Promise.all(value.map((member, index) => this.#value(member, `${path}[${index}]`, inner)));
    }
    return isRecord(value) ? this.#members(value, path, inner) : this.#references.describe(path, value);
  }

  async #members(record, path, parents) {
    const encoded = {};
    for (const name of Object.keys(record)) {
      if (record[name] !== undefined && name !== '__proto__') {
        encoded[name] = await this.#value(record[name], path ? `${path}.${name}` : name, parents);
      }
    }
    return encoded;
  }

  async #adapter(value, path, parents) {
    if (value.builtIn) {
      return value.builtIn;
    }
    // The server has these modules loaded by name, in every worker.
    if (isRecord(value) && isJSON(value)) {
      return this.#members(value, path, [...parents, value]);
    }
    const adapter = await makeAdapter(value, undefined, this.#load);
    return this.#references.describe(path, adapter);
  }
}

function isSlot(path, value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
    return false;
  }
  if (ADAPTERS.has(path) || AUTH_MODULE.test(path)) {
    return true;
  }
  // A provider is an adapter itself unless it is settings around a module.
  return AUTH_PROVIDER.test(path) && !value.module && (!isRecord(value) || !isJSON(value));
}

function isRecord(value) {
  if (typeof value !== 'object' || Array.isArray(value)) {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isForeignRecord(prototype);
}

// The namespace of an ES module has no prototype; objects of another realm have their own `Object.prototype`.
const isForeignRecord = prototype => Object.getPrototypeOf(prototype) === null && prototype.constructor?.name === 'Object';

function isJSON(value, parents = []) {
  if (value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)) {
    return true;
  }
  if (typeof value !== 'object' || parents.includes(value)) {
    return false;
  }
  const inner = [...parents, value];
  if (Array.isArray(value)) {
    return value.every(member => isJSON(member, inner));
  }
  return isRecord(value) && Object.values(value).every(member => isJSON(member, inner));
}
