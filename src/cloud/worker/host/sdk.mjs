// The Parse SDK of the app itself: `parse/node` from its node_modules.

import { createRequire } from 'node:module';
import path from 'node:path';

/** Finds and loads `parse/node`, seen from the first of `places` that has it. */
export function loadSdk(places) {
  for (const place of places) {
    const require = createRequire(path.join(place, 'index.js'));
    try {
      return require('parse/node');
    } catch (error) {
      const isMissing = error?.code === 'MODULE_NOT_FOUND' && /'parse\/node'/.test(error.message);
      if (!isMissing) {
        throw error;
      }
    }
  }
  throw new Error(`Cloud code needs the Parse SDK: run \`npm install parse\` in ${places[places.length - 1]}.`);
}

/** Sets the SDK up for this server, as often as the configuration changes. */
export function initializeSdk(Parse, application) {
  const { appId, javascriptKey, masterKey, maintenanceKey, serverURL } = application;
  Parse.initialize(appId, javascriptKey || 'unused', masterKey);
  if (!javascriptKey) {
    Parse.CoreManager.set('JAVASCRIPT_KEY', null);
  }
  Parse.CoreManager.set('MAINTENANCE_KEY', maintenanceKey ?? null);
  Parse.serverURL = serverURL;
  globalThis.Parse = Parse;
}

/** What `Parse.Server` and `request.config` show of the server. */
export function serverView(application, options) {
  return Object.freeze({
    ...options,
    ...application,
    applicationId: application.appId,
    mount: application.serverURL,
    RateLimitZone: Object.freeze({ global: 'global', session: 'session', user: 'user', ip: 'ip' }),
  });
}
