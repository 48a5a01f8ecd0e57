// Makes `parse-server` mean the shim, for `require` and for `import`. An app does not need the package installed.

import Module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const SHIM = fileURLToPath(new URL('./shim.cjs', import.meta.url));

export const shim = createRequire(import.meta.url)('./shim.cjs');

export function resolveParseServerToShim() {
  const resolveFilename = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    return request === 'parse-server' ? SHIM : resolveFilename.call(this, request, ...rest);
  };
}

let hooked = false;

/** To be called before the first ES module of the user is loaded: older versions of Node start a thread for it. */
export async function hookImports() {
  if (hooked) {
    return;
  }
  hooked = true;
  if (Module.registerHooks) {
    const { shortCut } = await import('./import-hooks.mjs');
    Module.registerHooks({ resolve: (specifier, context, nextResolve) => shortCut(specifier) ?? nextResolve(specifier, context) });
  } else {
    Module.register('./import-hooks.mjs', import.meta.url);
  }
}
