// `Parse.Cloud.httpRequest`, which apps written for hosted Parse use: `{url, method, params, headers, body,
// followRedirects}`; resolves with `{status, headers, buffer, text, data, cookies}` and rejects with the same thing
// for a status of 400 and above.

const TIMEOUT_MILLISECONDS = 30_000;

export async function httpRequest(options) {
  const given = typeof options === 'string' ? { url: options } : options ?? {};
  const { url, method = 'GET', params, headers = {}, body, followRedirects } = given;
  const request = {
    method: String(method).toUpperCase(),
    headers: new Headers(headers),
    redirect: followRedirects ? 'follow' : 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  };
  if (body !== undefined && request.method !== 'GET' && request.method !== 'HEAD') {
    request.body = encodeBody(body, request.headers);
  }
  let response;
  try {
    response = await fetch(withParams(url, params), request);
  } catch (error) {
    if (error?.name === 'TimeoutError') {
      throw new globalThis.Parse.Error(124, 'The HTTP request timed out.');
    }
    throw error?.cause ?? error;
  }
  const answer = new HttpResponse(response, Buffer.from(await response.arrayBuffer()));
  if (answer.status >= 400) {
    throw answer;
  }
  return answer;
}

class HttpResponse {
  constructor(response, buffer) {
    this.status = response.status;
    this.headers = Object.fromEntries(response.headers);
    this.cookies = cookiesOf(response.headers);
    this.buffer = buffer;
  }

  get text() {
    return this.buffer.toString('utf8');
  }

  /** The body as JSON, or as form fields; undefined if it is neither. */
  get data() {
    try {
      if ((this.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) {
        return Object.fromEntries(new URLSearchParams(this.text));
      }
      return JSON.parse(this.text);
    } catch {
      return undefined;
    }
  }
}

function cookiesOf(headers) {
  const cookies = {};
  for (const cookie of headers.getSetCookie()) {
    const [pair] = cookie.split(';');
    const at = pair.indexOf('=');
    const value = { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
    Object.defineProperty(cookies, value.name, { value, enumerable: true });
  }
  return cookies;
}

function withParams(url, params) {
  if (!params) {
    return url;
  }
  const query = typeof params === 'string' ? params : new URLSearchParams(pairs(params)).toString();
  return query ? url + (url.includes('?') ? '&' : '?') + query : url;
}

function encodeBody(body, headers) {
  if (typeof body === 'string' || ArrayBuffer.isView(body)) {
    return body;
  }
  const type = headers.get('content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return new URLSearchParams(pairs(body)).toString();
  }
  if (!type) {
    headers.set('content-type', 'application/json');
  }
  return JSON.stringify(body);
}

function pairs(values) {
  return Object.entries(values).flatMap(([key, value]) => [value].flat().map(one => [key, String(one)]));
}
