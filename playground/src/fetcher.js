import { appId, graphqlPath } from './keys.js';

/// Sends one operation. What the developer wrote into the header editor wins over what the page adds. A subscription is
/// answered as server-sent events, for as long as GraphiQL listens.
export function createFetcher(masterKey) {
  return async (params, options) => {
    const headers = new Headers({ 'content-type': 'application/json', 'X-Parse-Application-Id': appId });
    if (masterKey) headers.set('X-Parse-Master-Key', masterKey);
    for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);
    const request = { method: 'POST', headers, body: JSON.stringify(params) };
    if (isSubscription(params, options?.documentAST)) return events(request);
    const response = await fetch(graphqlPath, request);
    return answer(response);
  };
}

function isSubscription({ operationName }, document) {
  const operations = (document?.definitions ?? []).filter(({ kind }) => kind === 'OperationDefinition');
  const meant = operationName ? operations.find(({ name }) => name?.value === operationName) : operations[0];
  return meant?.operation === 'subscription';
}

async function answer(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `HTTP ${response.status}: ${text.slice(0, 500) || response.statusText}` }] };
  }
}

/// The answers of a subscription, one after the other.
async function* events(request) {
  const hangUp = new AbortController();
  try {
    request.headers.set('accept', 'text/event-stream');
    const response = await fetch(graphqlPath, { ...request, signal: hangUp.signal });
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      yield await answer(response);
      return;
    }
    for await (const { event, data } of messages(response.body)) {
      if (event === 'complete') return;
      if (event === 'next') yield JSON.parse(data);
    }
    yield { errors: [{ message: 'The server has ended the subscription.' }] };
  } finally {
    hangUp.abort();
  }
}

/// The messages of an event stream. They are parted by empty lines; comments have no event.
async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (text + value).split('\n\n');
    text = parts.pop();
    for (const part of parts) {
      const message = {};
      for (const line of part.split('\n')) {
        const colon = line.indexOf(':');
        if (colon > 0) message[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '');
      }
      if (message.event) yield message;
    }
  }
}
