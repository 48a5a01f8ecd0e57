// Functions and objects of user code that the server calls by name: adapters, callbacks of options, functions in
// validators. A reference is the path of the option, so it means the same in every worker and after every restart.

import { encodeAny } from './values.mjs';
import { RpcError, CODES } from './connection.mjs';
import { defaultExport, loadNamed } from './load.mjs';

export class References {
  #targets = new Map();

  /** Keeps `target` under `path` and gives its description, which stands in for it in JSON. */
  refer(path, target) {
    this.#targets.set(path, target);
    return { $host: path, kind: typeof target === 'function' ? 'function' : 'object', path };
  }

  /** As `refer`, with the methods and plain members of an object. */
  async describe(path, target) {
    const description = this.refer(path, target);
    if (target !== null && typeof target === 'object') {
      description.methods = methodsOf(target);
    }
    const data = await plainMembers(target);
    if (description.kind === 'object' || Object.keys(data).length > 0) {
      description.data = data;
    }
    return description;
  }

  find(path) {
    if (!this.#targets.has(path)) {
      throw new RpcError(CODES.unknownHandler, `Unknown reference ${JSON.stringify(path)}.`);
    }
    return this.#targets.get(path);
  }

  has(path) {
    return this.#targets.has(path);
  }
}

/** The names of all methods of an object, of its class and of the classes above. */
export function methodsOf(object) {
  const names = new Set();
  for (let level = object; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    // The base class of authentication adapters answers nothing; what is left of it means "not there".
    if (level.constructor?.name === 'AuthAdapter' && Object.getPrototypeOf(level) === Object.prototype && level !== object) {
      break;
    }
    for (const name of Object.getOwnPropertyNames(level)) {
      const { value } = Object.getOwnPropertyDescriptor(level, name);
      if (typeof value === 'function' && name !== 'constructor' && !name.startsWith('__')) {
        names.add(name);
      }
    }
  }
  return [...names];
}

// Members that have a JSON form, with getters of the class: adapters keep settings such as `policy` there. A member
// that can not be sent (a client, a socket, a cycle) is nobody's business outside.
async function plainMembers(target) {
  const data = {};
  for (const name of memberNames(target)) {
    try {
      const value = target[name];
      if (isPlain(value)) {
        data[name] = await encodeAny(value);
      }
    } catch {
      continue;
    }
  }
  return data;
}

function memberNames(target) {
  const names = new Set(Object.keys(target));
  const isOfUser = level => level && level !== Object.prototype && level !== Function.prototype;
  for (let level = Object.getPrototypeOf(target); isOfUser(level); level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (Object.getOwnPropertyDescriptor(level, name).get) {
        names.add(name);
      }
    }
  }
  names.delete('__proto__');
  return names;
}

const DEPTH_MAX = 8;

function isPlain(value, depth = 0) {
  if (value === null || ['string', 'boolean', 'number'].includes(typeof value)) {
    return true;
  }
  if (typeof value !== 'object' || depth > DEPTH_MAX) {
    return false;
  }
  if (Array.isArray(value)) {
    return value.every(member => isPlain(member, depth + 1));
  }
  const prototype = Object.getPrototypeOf(value);
  const isRecord = prototype === Object.prototype || prototype === null;
  return isRecord && Object.values(value).every(member => isPlain(member, depth + 1));
}

/**
 * Makes an adapter of what a module exports or an option holds, in the ways that Parse Server understands: an
 * instance, a class, a constructor function, a factory, or an object `{module | class | adapter, options}` around one.
 */
export async function makeAdapter(given, options, load) {
  const main = defaultExport(given);
  if (typeof main === 'function') {
    return construct(main, options);
  }
  if (typeof main === 'string') {
    return makeAdapter(await load(main), options, load);
  }
  for (const key of ['module', 'class', 'adapter']) {
    if (main?.[key] !== undefined && main?.[key] !== null) {
      return makeAdapter(main[key], main.options ?? options, load);
    }
  }
  return main;
}

function construct(Maker, options) {
  if (/^class\b/.test(Function.prototype.toString.call(Maker))) {
    return new Maker(options);
  }
  try {
    const made = Maker(options);
    if (made !== undefined && made !== null) {
      return made;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) {
      throw error;
    }
  }
  return new Maker(options);
}

/** Loads the modules that options name and keeps them under their paths. */
export async function loadAdapters(named, references, root, places) {
  const described = [];
  const load = name => loadNamed(name, root, places);
  for (const { path, module, options } of named ?? []) {
    try {
      const adapter = await makeAdapter(await load(module), options ?? undefined, load);
      const { kind, methods, data } = await references.describe(path, adapter);
      described.push({ path, kind, methods: methods ?? [], data: data ?? {} });
    } catch (error) {
      throw new Error(`The option ${path} names the module ${module}, which could not be loaded: ${error?.message ?? error}`, { cause: error });
    }
  }
  return described;
}
