// The keys a developer works with. The server fills in the application id; the master key is typed by the
// developer, stays in this browser tab (sessionStorage) and is never part of the page.

const STORED_AS = 'parsimony:master-key';

const meta = name => document.querySelector(`meta[name="${name}"]`)?.content ?? '';

export const appId = meta('parse-app-id');
export const graphqlPath = meta('parse-graphql-path') || '/graphql';

export function readMasterKey() {
  try {
    return sessionStorage.getItem(STORED_AS) ?? '';
  } catch {
    return ''; // Storage may be switched off; the key then lives as long as the page.
  }
}

export function keepMasterKey(key) {
  try {
    if (key) sessionStorage.setItem(STORED_AS, key);
    else sessionStorage.removeItem(STORED_AS);
  } catch {
    // See readMasterKey.
  }
}
