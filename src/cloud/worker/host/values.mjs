// Values between the server and user code: "any" values (section 3.5 of the protocol), thrown values, files, queries.
//
// Everything that comes in was cleaned of dangerous keys by `parseLine`; here only the shapes are translated.

import { objectFromState, stateOfObject } from './objects.mjs';
import { RpcError, CODES } from './connection.mjs';

/** The tags of one-key objects. An object of user code that looks like one of them is sent below `$plain`. */
const TAGS = new Set([
  '$undefined', '$number', '$date', '$regexp', '$bytes', '$object', '$query', '$file', '$acl', '$config', '$error',
  '$host', '$plain', '$rest',
]);

const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype']);

/** Turns a value of user code into an "any" value. Streams and unsaved data of files are read, hence the promise. */
export async function encodeAny(value) {
  const files = [];
  const encoded = encode(value, [], files);
  for (const { holder, file } of files) {
    holder.$file = await encodeFile(file);
  }
  return encoded;
}

/** The same at once; files go without their data. */
export function encodeNow(value) {
  const files = [];
  const encoded = encode(value, [], files);
  for (const { holder, file } of files) {
    holder.$file = { name: file.name(), url: file.url() };
  }
  return encoded;
}

function encode(value, parents, files) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) };
    case 'undefined':
    case 'function':
    case 'symbol':
      return { $undefined: true };
    case 'bigint':
      throw new TypeError('A BigInt can not be sent to the server.');
  }
  if (value === null) {
    return null;
  }
  const special = encodeSpecial(value, files);
  if (special !== undefined) {
    return special;
  }
  if (parents.includes(value)) {
    throw new TypeError('A value that contains itself can not be sent to the server.');
  }
  parents.push(value);
  const encoded = encodeContainer(value, parents, files);
  parents.pop();
  return encoded;
}

function encodeContainer(value, parents, files) {
  if (Array.isArray(value)) {
    return value.map(member => encode(member, parents, files));
  }
  if (typeof value.toJSON === 'function') {
    return encode(value.toJSON(), parents, files);
  }
  const encoded = {};
  const keys = Object.keys(value);
  for (const key of keys) {
    const member = value[key];
    if (!DANGEROUS.has(key) && typeof member !== 'function' && typeof member !== 'symbol') {
      encoded[key] = encode(member, parents, files);
    }
  }
  return keys.length === 1 && TAGS.has(keys[0]) ? { $plain: encoded } : encoded;
}

function encodeSpecial(value, files) {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? { $number: 'NaN' } : { $date: value.toISOString() };
  }
  if (ArrayBuffer.isView(value)) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  if (value instanceof ArrayBuffer) {
    return { $bytes: Buffer.from(value).toString('base64') };
  }
  if (value instanceof RegExp) {
    return { $regexp: [value.source, value.flags] };
  }
  return encodeOfSdk(value, files);
}

function encodeOfSdk(value, files) {
  const Parse = globalThis.Parse;
  if (Parse && value.constructor !== Object && value.constructor !== Array) {
    if (value instanceof Parse.Object) {
      return { $object: stateOfObject(value) };
    }
    if (value instanceof Parse.Query) {
      return { $query: { className: value.className, json: value.toJSON() } };
    }
    if (value instanceof Parse.File) {
      const holder = { $file: null };
      files.push({ holder, file: value });
      return holder;
    }
    if (value instanceof Parse.ACL) {
      return { $acl: value.toJSON() };
    }
    if (value instanceof Parse.Config) {
      return { $config: Parse._encode(value.attributes) };
    }
    if (isRestValue(value, Parse)) {
      return { $rest: value.toJSON() };
    }
  }
  return value instanceof Error || isParseError(value) ? { $error: encodeThrown(value) } : undefined;
}

function isRestValue(value, Parse) {
  return (
    value instanceof Parse.GeoPoint || value instanceof Parse.Polygon || value instanceof Parse.Relation ||
    isOperation(value, Parse)
  );
}

function isOperation(value, Parse) {
  return Object.values(Parse.Op).some(Operation => value instanceof Operation);
}

/** Turns an "any" value into a value for user code. `resolve` gives what a `$host` reference leads to. */
export function decodeAny(value, resolve) {
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(member => decodeAny(member, resolve));
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && TAGS.has(keys[0])) {
    return decodeTagged(keys[0], value[keys[0]], resolve);
  }
  // A reference with its description: `$host` beside `kind`, `path`, `methods`.
  if (typeof value.$host === 'string' && resolve) {
    return resolve(value.$host);
  }
  const decoded = {};
  for (const key of keys) {
    decoded[key] = decodeAny(value[key], resolve);
  }
  return decoded;
}

function decodeTagged(tag, content, resolve) {
  const Parse = globalThis.Parse;
  switch (tag) {
    case '$undefined':
      return undefined;
    case '$number':
      return Number(content);
    case '$date':
      return new Date(content);
    case '$regexp':
      return new RegExp(content[0], content[1]);
    case '$bytes':
      return Buffer.from(content, 'base64');
    case '$object':
      return objectFromState(content);
    case '$query':
      return decodeQuery(content);
    case '$file':
      return decodeFile(content);
    case '$acl':
      return new Parse.ACL(content);
    case '$config':
      return decodeConfig(content);
    case '$error':
      return decodeThrown(content);
    case '$host':
      return resolve ? resolve(content) : { $host: content };
    case '$rest':
      return Parse._decode(null, content);
    default:
      return content;
  }
}

// ------------------------------------------------------------------------------------------------ queries, config

export function decodeQuery({ className, json }) {
  const Parse = globalThis.Parse;
  const query = new Parse.Query(className);
  query.withJSON(textLists(json ?? {}));
  // `withJSON` takes a limit of 0 for none, and keeps what it does not know beside the fields that it does know.
  if (json?.limit === 0) {
    query.limit(0);
  }
  if (query._extraOptions) {
    delete query._extraOptions.excludeKeys;
    delete query._extraOptions.watch;
  }
  return query;
}

const LISTS = ['include', 'keys', 'excludeKeys', 'order', 'watch'];

function textLists(json) {
  const copy = { ...json };
  for (const name of LISTS) {
    if (Array.isArray(copy[name])) {
      copy[name] = copy[name].join(',');
    }
  }
  return copy;
}

export function decodeConfig(attributes) {
  const config = new globalThis.Parse.Config();
  config.attributes = attributes ?? {};
  return config;
}

// ------------------------------------------------------------------------------------------------------- files

export function decodeFile({ name, url, base64, contentType, uri, metadata, tags }) {
  const Parse = globalThis.Parse;
  const data = base64 !== undefined ? { base64 } : uri !== undefined ? { uri } : undefined;
  const file = new Parse.File(name, data, contentType, metadata, tags);
  if (url) {
    file._url = url;
  }
  return file;
}

/** What the server needs of a file. With `unchanged`, data that are still the same as there are left out. */
export async function encodeFile(file, unchanged) {
  const source = file._source;
  const encoded = { name: file.name(), metadata: file._metadata ?? {}, tags: file._tags ?? {} };
  if (file._url) {
    encoded.url = file._url;
  }
  if (source?.type) {
    encoded.contentType = source.type;
  }
  if (unchanged && source === unchanged.source && file._data === unchanged.data) {
    return encoded;
  }
  if (file._data) {
    encoded.base64 = file._data;
  } else if (source?.format === 'uri') {
    encoded.uri = source.uri;
  } else if (source && !file._url) {
    encoded.base64 = (await bytesOf(source)).toString('base64');
  }
  return encoded;
}

async function bytesOf(source) {
  switch (source.format) {
    case 'base64':
      return Buffer.from(source.base64, 'base64');
    case 'buffer':
      return source.buffer;
    case 'file':
      return Buffer.from(await source.file.arrayBuffer());
    default: {
      const chunks = [];
      for await (const chunk of source.stream) {
        chunks.push(Buffer.from(chunk));
      }
      return Buffer.concat(chunks);
    }
  }
}

// ---------------------------------------------------------------------------------------------------- thrown values

function isParseError(value) {
  const ParseError = globalThis.Parse?.Error;
  return typeof ParseError === 'function' && value instanceof ParseError;
}

/** Describes whatever user code threw. Never throws itself: a thrown thing may have getters that do. */
export function encodeThrown(thrown) {
  try {
    return describeThrown(thrown);
  } catch {
    return { kind: 'error', name: 'Error', message: 'Script failed.' };
  }
}

function describeThrown(thrown) {
  if (thrown === undefined) {
    return { kind: 'value' };
  }
  if (isParseError(thrown)) {
    return { kind: 'parse', code: jsonOf(thrown.code), message: jsonOf(thrown.message) };
  }
  if (thrown instanceof Error) {
    const { name, message, stack } = thrown;
    return {
      kind: 'error',
      name: String(name),
      message: jsonOf(message),
      code: ['string', 'number'].includes(typeof thrown.code) ? thrown.code : undefined,
      stack: typeof stack === 'string' ? stack : undefined,
    };
  }
  return { kind: 'value', value: jsonOf(thrown) };
}

// As JSON sees it; what has no JSON form becomes its text.
function jsonOf(value) {
  if (typeof value === 'symbol' || typeof value === 'bigint') {
    return value.toString();
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

/** The error of user code, ready to be sent. */
export function thrownError(thrown) {
  if (RpcError.is(thrown)) {
    return thrown;
  }
  const described = encodeThrown(thrown);
  const message = typeof described.message === 'string' ? described.message : 'User code threw a value.';
  return new RpcError(CODES.thrown, message, { thrown: described });
}

export function decodeThrown({ kind, code, message, name, stack, value }) {
  const Parse = globalThis.Parse;
  if (kind === 'value') {
    return value;
  }
  if (kind === 'parse') {
    return new Parse.Error(code, message);
  }
  const error = new Error(message);
  Object.assign(error, name && { name }, code !== undefined && { code }, stack && { stack });
  return error;
}
