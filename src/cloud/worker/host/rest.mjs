// The REST controller of the Parse SDK in this process: what the SDK would send over HTTP goes to the server as
// `api.request` on the connection that is there anyway. Requests to another server keep going over HTTP.

import { randomUUID } from 'node:crypto';

import { RpcError, CODES } from './connection.mjs';

// Requests of cloud code carry this in place of an installation, as in Parse Server.
const INSTALLATION = 'cloud';

/**
 * Replaces the SDK's REST controller. `link()` is the connection in use, `call()` the call that is running here,
 * `serverURL()` the URL that means this server.
 */
export function installRestController(Parse, { link, call, serverURL }) {
  const core = Parse.CoreManager;
  const overHttp = core.getRESTController();
  const isThisServer = sameServer(() => core.get('SERVER_URL'), serverURL);

  function request(method, path, data, options = {}) {
    if (!isThisServer()) {
      return overHttp.request(method, path, data, options);
    }
    return send(method, path, data, options ?? {}).catch(error => Promise.reject(parseError(error)));
  }

  async function send(method, path, data, options) {
    const headers = headersOf(core, options, method);
    const token = options.sessionToken ?? (await currentSessionToken(core));
    if (typeof token === 'string') {
      headers['x-parse-session-token'] = token;
    }
    const body = data && typeof data === 'object' ? { ...data } : {};
    if (method !== 'POST') {
      // The form in which every Parse SDK sends reads: their parameters are members of the body.
      body._method = method;
    }
    const answer = await ask({ method: 'POST', path: withSlash(path), headers, body }, options);
    if (answer.aborted) {
      return { results: [] };
    }
    const response = succeeded(answer);
    if (!options.returnStatus) {
      return response;
    }
    return { ...response, _status: answer.status, _headers: titleCase(answer.headers) };
  }

  async function ask(params, options) {
    const parent = call();
    const controller = new AbortController();
    if (typeof options.requestTask === 'function') {
      options.requestTask(controller);
    }
    try {
      const answer = await link().request('api.request', parent === undefined ? params : { ...params, parent }, controller.signal);
      if (typeof options.progress === 'function') {
        options.progress(null, null, null);
      }
      return answer;
    } catch (error) {
      if (controller.signal.aborted) {
        return { aborted: true };
      }
      throw error;
    }
  }

  // Called by the SDK for files only: their deletion, and uploads of binary data.
  async function ajax(method, url, body, headers = {}, options = {}) {
    const base = trimSlash(core.get('SERVER_URL'));
    const isStream = body && typeof body === 'object' && !ArrayBuffer.isView(body);
    if (!isThisServer() || !url.startsWith(base + '/') || isStream) {
      return overHttp.ajax(method, url, body, headers, options ?? {});
    }
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
    const type = lower['content-type'];
    delete lower['content-type'];
    lower['x-parse-installation-id'] ??= INSTALLATION;
    const params = { method, path: url.slice(base.length), headers: lower };
    if (ArrayBuffer.isView(body)) {
      params.body = uploadBody(body, type, lower);
    } else if (typeof body === 'string' && body !== '') {
      params.body = JSON.parse(body);
    }
    const answer = await ask(params, options ?? {});
    if (answer.aborted) {
      return { response: { results: [] }, status: 0 };
    }
    return { response: succeeded(answer), status: answer.status, headers: titleCase(answer.headers) };
  }

  const handleError = error => Promise.reject(parseError(error));

  function parseError(error) {
    if (error instanceof Parse.Error) {
      return error;
    }
    if (RpcError.is(error)) {
      const text = error.code === CODES.closed ? 'Unable to connect to the Parse API' : error.message;
      return new Parse.Error(Parse.Error.CONNECTION_FAILED, `XMLHttpRequest failed: ${JSON.stringify(text)}`);
    }
    if (error && (error.code || error.error || error.message)) {
      return new Parse.Error(error.code, error.error || error.message);
    }
    return new Parse.Error(Parse.Error.CONNECTION_FAILED, `XMLHttpRequest failed: ${JSON.stringify(error)}`);
  }

  core.setRESTController({ request, ajax, handleError });
}

// Cloud code may set the address itself: another name of this machine is still this server.
function sameServer(current, own) {
  let compared = [];
  let answer;
  return () => {
    if (compared[0] !== current() || compared[1] !== own()) {
      compared = [current(), own()];
      answer = plainAddress(compared[0]) === plainAddress(compared[1]);
    }
    return answer;
  };
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0']);

function plainAddress(url) {
  try {
    const { protocol, hostname, port, pathname } = new URL(url);
    return `${protocol}//${LOOPBACK.has(hostname) ? 'localhost' : hostname}:${port}${trimSlash(pathname)}`;
  } catch {
    return url;
  }
}

function headersOf(core, options, method) {
  const headers = {
    'content-type': 'application/json',
    'x-parse-application-id': core.get('APPLICATION_ID'),
    'x-parse-client-version': core.get('VERSION'),
    'x-parse-installation-id': typeof options.installationId === 'string' ? options.installationId : INSTALLATION,
  };
  const useMasterKey = options.useMasterKey ?? core.get('USE_MASTER_KEY');
  if (useMasterKey) {
    if (!core.get('MASTER_KEY')) {
      throw new Error('Cannot use the Master Key, it has not been provided.');
    }
    headers['x-parse-master-key'] = core.get('MASTER_KEY');
  } else if (core.get('JAVASCRIPT_KEY')) {
    headers['x-parse-javascript-key'] = core.get('JAVASCRIPT_KEY');
  }
  const maintenanceKey = options.useMaintenanceKey && core.get('MAINTENANCE_KEY');
  if (maintenanceKey) {
    headers['x-parse-maintenance-key'] = maintenanceKey;
  }
  if (options.context !== undefined) {
    headers['x-parse-cloud-context'] = asciiJSON(options.context);
  }
  if (core.get('FORCE_REVOCABLE_SESSION')) {
    headers['x-parse-revocable-session'] = '1';
  }
  if (core.get('IDEMPOTENCY') && (method === 'POST' || method === 'PUT')) {
    headers['x-parse-request-id'] = randomUUID();
  }
  const added = core.get('REQUEST_HEADERS');
  for (const name of Object.keys(added ?? {})) {
    headers[name.toLowerCase()] = String(added[name]);
  }
  return headers;
}

async function currentSessionToken(core) {
  const users = core.getUserController();
  const user = users ? await users.currentUserAsync() : null;
  return user ? user.getSessionToken() : null;
}

function succeeded({ status, body }) {
  if (status >= 200 && status < 300) {
    return body ?? {};
  }
  throw body !== null && typeof body === 'object' ? body : { message: `The server answered with status ${status}.` };
}

function uploadBody(bytes, type, headers) {
  const body = { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
  if (type) {
    body._ContentType = type;
  }
  const fileData = {};
  for (const [header, name] of [['x-parse-file-metadata', 'metadata'], ['x-parse-file-tags', 'tags']]) {
    if (headers[header]) {
      fileData[name] = JSON.parse(headers[header]);
      delete headers[header];
    }
  }
  if (headers['x-parse-file-directory']) {
    fileData.directory = headers['x-parse-file-directory'];
    delete headers['x-parse-file-directory'];
  }
  delete headers['x-parse-upload-mode'];
  if (Object.keys(fileData).length > 0) {
    body.fileData = fileData;
  }
  return body;
}

// Header values are ASCII.
function asciiJSON(value) {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, unit => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

// The SDK looks for `X-Parse-Job-Status-Id`, the server's names are in lower case.
function titleCase(headers) {
  const cased = {};
  for (const name of Object.keys(headers ?? {})) {
    cased[name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase())] = headers[name];
  }
  return cased;
}

const withSlash = path => (path.startsWith('/') ? path : '/' + path);
const trimSlash = url => (url.endsWith('/') ? url.slice(0, -1) : url);
