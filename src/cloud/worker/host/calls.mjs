// Calls of the server: builds what user code gets, runs it, encodes what came of it.

import { decodeAny, decodeFile, decodeQuery, decodeConfig, encodeAny, encodeFile, thrownError } from './values.mjs';
import { changesOfObject, fullJSON, fullValue, objectFromState, storedData } from './objects.mjs';
import { RpcError, CODES } from './connection.mjs';

/**
 * The methods that the server may call. `host` has `registry`, `references`, `link()`, `application()` and `running`,
 * the AsyncLocalStorage that knows which call user code runs in.
 */
export function callMethods(host) {
  return {
    'function.call': params => runFunction(host, params),
    'job.run': params => runJob(host, params),
    'trigger.run': params => runTrigger(host, params),
    'validator.run': params => runValidator(host, params),
    'callback.call': params => runCallback(host, params),
  };
}

function handlerOf(host, id) {
  const handler = host.registry.handler(id);
  if (!handler) {
    throw new RpcError(CODES.unknownHandler, `Unknown handler ${JSON.stringify(id)}.`);
  }
  return handler;
}

async function runFunction(host, { handler: id, request }) {
  const handler = handlerOf(host, id);
  const { request: given } = functionRequest(host, request);
  const result = await userCode(() => handler(given));
  return encodeResult(result);
}

// Only the encoding of objects needs the SDK.
function encodeResult(result) {
  if (result === null || typeof result !== 'object') {
    return { value: result };
  }
  return { value: sync(() => globalThis.Parse._encode(result)) };
}

function functionRequest(host, request) {
  const given = commonRequest(host, request);
  given.params = sync(() => decodeParams(request.params ?? {}, host.encodesObjects()));
  given.functionName = request.functionName;
  return { request: given };
}

/** Dates, files and, if wanted, pointers become objects of the SDK; all other values stay as the client sent them. */
function decodeParams(params, decodesPointers) {
  const decoded = {};
  for (const key of Object.keys(params)) {
    decoded[key] = decodeParam(params[key], decodesPointers);
  }
  return decoded;
}

function decodeParam(value, decodesPointers) {
  const Parse = globalThis.Parse;
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(member => decodeParam(member, decodesPointers));
  }
  switch (value.__type) {
    case 'Date':
      return Object.assign(new Date(value.iso), { __type: 'Date', iso: value.iso });
    case 'File':
      return Parse.File.fromJSON(value);
    case 'Pointer':
      return decodesPointers && typeof value.className === 'string' ? pointerOf(Parse, value) : value;
    default:
      return decodeParams(value, decodesPointers);
  }
}

// Only what a pointer is: further members would be fields that the client says the object has.
const pointerOf = (Parse, { className, objectId }) => Parse.Object.fromJSON({ __type: 'Pointer', className, objectId });

async function runJob(host, { handler: id, request }) {
  const handler = handlerOf(host, id);
  const given = commonRequest(host, request);
  given.params = decodeParams(request.params ?? {}, host.encodesObjects());
  given.jobName = request.jobName;
  given.jobId = request.jobId;
  given.message = async message => {
    await host.link().request('job.message', { jobId: request.jobId, message: await encodeAny(message) });
  };
  const value = await userCode(() => handler(given));
  return value === undefined ? {} : { value: await encodeUser(value) };
}

// -------------------------------------------------------------------------------------------------------- triggers

async function runTrigger(host, params) {
  const handler = handlerOf(host, params.handler);
  const trigger = sync(() => triggerRequest(host, params.type, params.className, params.request));
  const value = await userCode(() => handler(trigger.request));
  return triggerResult(params, trigger, value);
}

async function runValidator(host, params) {
  const validator = handlerOf(host, params.handler);
  if (params.kind !== 'trigger') {
    const { request } = functionRequest(host, params.request);
    await userCode(() => validator(request));
    return {};
  }
  const trigger = sync(() => triggerRequest(host, params.type, params.className, params.request));
  await userCode(() => validator(trigger.request));
  return triggerResult(params, trigger, undefined);
}

/** `{request, ...}`: what the trigger gets, and what is needed to tell afterwards what it changed. */
function triggerRequest(host, type, className, request) {
  const given = commonRequest(host, request);
  given.triggerName = request.triggerName ?? type;
  const trigger = { request: given };
  if (className === '@Config') {
    given.object = decodeConfig(request.object?.attributes);
    if (request.original) {
      given.original = decodeConfig(request.original.attributes);
    }
  } else {
    addObjects(given, request, trigger);
  }
  if (request.file) {
    given.file = decodeFile(request.file);
    trigger.file = { source: given.file._source, data: given.file._data };
  }
  if (request.query) {
    given.query = decodeQuery(request.query);
  }
  if (request.objects) {
    given.objects = request.objects.map(objectFromState);
  }
  return trigger;
}

function addObjects(given, request, trigger) {
  if (request.object) {
    given.object = objectFromState(request.object);
    trigger.before = storedData(given.object);
  }
  if (request.original) {
    given.original = objectFromState(request.original);
  }
}

async function triggerResult({ type, className }, trigger, value) {
  const { request } = trigger;
  const result = {};
  if (type === 'afterFind' && className !== '@File') {
    result.objects = sync(() => foundObjects(value ?? request.objects, request.objects));
  } else if (type === 'beforeFind' && Array.isArray(value)) {
    // The trigger answers the query itself.
    result.objects = sync(() => foundObjects(value));
  } else if (value !== undefined) {
    result.value = await encodeUser(value);
  }
  if (trigger.before && type !== 'afterEvent') {
    result.object = sync(() => changesOfTriggerObject(type, request, trigger));
  }
  if (trigger.file) {
    result.file = await encodeChangedFile(request.file, trigger.file);
  }
  if (className === '@Config' && request.object) {
    result.config = sync(() => globalThis.Parse._encode(request.object.attributes));
  }
  if (request.query instanceof globalThis.Parse.Query) {
    result.query = { className: request.query.className, json: request.query.toJSON() };
  }
  for (const name of ['readPreference', 'includeReadPreference', 'subqueryReadPreference', 'forceDownload', 'responseHeaders']) {
    if (request[name] !== undefined) {
      result[name] = request[name];
    }
  }
  if (type === 'afterEvent') {
    addEventObjects(result, request);
  }
  const context = await encodeContext(request.context);
  if (context) {
    result.context = context;
  }
  return result;
}

function changesOfTriggerObject(type, request, { before }) {
  if (!(request.object instanceof globalThis.Parse.Object)) {
    throw new TypeError(`The ${type} trigger replaced request.object by something that is not a Parse.Object.`);
  }
  return changesOfObject(request.object, before);
}

// What is no Parse object any more stays as it was, as in Parse Server.
function addEventObjects(result, request) {
  result.sendEvent = Boolean(request.sendEvent);
  if (typeof request.event === 'string') {
    result.event = request.event;
  }
  for (const name of ['object', 'original']) {
    if (request[name] instanceof globalThis.Parse.Object) {
      result[name] = { json: sync(() => fullJSON(request[name])) };
    }
  }
}

function foundObjects(value, given) {
  const found = value || given;
  if (!Array.isArray(found)) {
    throw new TypeError('An afterFind trigger must return an array of objects, or nothing.');
  }
  return found.map(object => {
    if (object instanceof globalThis.Parse.Object) {
      return fullJSON(object);
    }
    return object !== null && typeof object === 'object' && !Array.isArray(object) ? fullValue(object) : {};
  });
}

async function encodeChangedFile(file, unchanged) {
  try {
    return await encodeFile(file, unchanged);
  } catch (error) {
    throw thrownError(error);
  }
}

async function encodeContext(context) {
  if (context === undefined || context === null || (typeof context === 'object' && Object.keys(context).length === 0)) {
    return undefined;
  }
  return encodeUser(context);
}

// ------------------------------------------------------------------------------------------------------- callbacks

async function runCallback(host, { ref, method, args = [] }) {
  const target = host.references.find(ref);
  const callable = method === undefined || method === null ? target : methodOf(target, ref, method);
  const given = sync(() => args.map(argument => decodeArgument(host, argument)));
  const value = await userCode(() => callable.apply(method ? target : undefined, given));
  return value === undefined ? {} : { value: await encodeUser(value) };
}

function methodOf(target, ref, method) {
  const found = target?.[method];
  if (typeof found !== 'function' || method in Object.prototype) {
    throw new RpcError(CODES.unknownHandler, `${ref} has no method ${method}.`);
  }
  return found;
}

function decodeArgument(host, argument) {
  const decoded = decodeAny(argument, path => host.references.find(path));
  if (decoded !== null && typeof decoded === 'object' && typeof decoded.triggerName === 'string') {
    decoded.log ??= host.log;
  }
  return decoded;
}

/** A LiveQuery event: nobody waits for what the handler does. */
export async function liveQueryEvent(host, { handler: id, request }) {
  const handler = host.registry.handler(id);
  if (handler) {
    const { error, ...rest } = request ?? {};
    const given = commonRequest(host, rest);
    if (error !== undefined) {
      given.error = decodeAny(error);
    }
    await handler(given);
  }
}

// --------------------------------------------------------------------------------------------------------- common

const DECODED = new Set(['user', 'context', 'object', 'original', 'objects', 'query', 'file', 'params']);

/** What user code gets as its argument. */
class CloudRequest {
  #host;
  #call;
  master = false;
  isReadOnly = false;

  constructor(host) {
    this.#host = host;
    this.#call = host.running.getStore();
    this.log = host.log;
  }

  /** The server, with its keys: not a member, so that a request that is logged or returned does not show them. */
  get config() {
    return this.#host.server();
  }

  /** Aborted when nobody waits for the answer any more. */
  get signal() {
    return this.#call?.controller.signal;
  }
}

function commonRequest(host, request) {
  const given = new CloudRequest(host);
  for (const name of Object.keys(request)) {
    if (!DECODED.has(name)) {
      given[name] = request[name];
    }
  }
  given.user = request.user ? objectFromState(request.user) : undefined;
  given.context = request.context === undefined ? {} : decodeAny(request.context);
  return given;
}

/** Runs user code; whatever it throws becomes the error of this call alone. */
async function userCode(run) {
  try {
    return await run();
  } catch (error) {
    throw thrownError(error);
  }
}

/** Runs our own code on values of user code, whose getters, `toJSON` and cycles may throw. */
function sync(run) {
  try {
    return run();
  } catch (error) {
    throw thrownError(error);
  }
}

async function encodeUser(value) {
  try {
    return await encodeAny(value);
  } catch (error) {
    throw thrownError(error);
  }
}
