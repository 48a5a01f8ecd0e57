import { appId, graphqlPath } from './keys.js';

/// Sends one operation. What the developer wrote into the header editor wins over what the page adds.
export function createFetcher(masterKey) {
  return async (params, options) => {
    const headers = new Headers({ 'content-type': 'application/json', 'X-Parse-Application-Id': appId });
    if (masterKey) headers.set('X-Parse-Master-Key', masterKey);
    for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);
    const response = await fetch(graphqlPath, { method: 'POST', headers, body: JSON.stringify(params) });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${response.status}: ${text.slice(0, 500) || response.statusText}` }] };
    }
  };
}
