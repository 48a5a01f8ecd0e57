// A configuration written in JavaScript: evaluated once to tell the server its options, and again in each worker,
// where its functions and objects live.

import { loadError } from './load-error.mjs';
import { defaultExport, findFile, loadFile, loadNamed } from './load.mjs';
import { OptionsEncoder } from './options.mjs';
import { runProgram } from './program.mjs';
import { hookImports } from './resolve.mjs';

/**
 * Evaluates a configuration file, or with `isProgram` an index.js that starts Parse Server. Gives `{live, options,
 * port, mountPath, graphQL, liveQueryServer, warnings}`; `live` are the options as they are in this process.
 */
export async function evaluate(given, { root, places, references, isProgram, settle }) {
  const file = findFile(given, root);
  if (!file) {
    throw new Error(`The file ${given} does not exist.`);
  }
  await hookImports();
  let found;
  try {
    found = isProgram ? await runProgram(file, settle) : { live: await configurationOf(file) };
  } catch (error) {
    throw loadError(file, error);
  }
  if (found.live === null || typeof found.live !== 'object') {
    throw new Error(`${file}: a configuration must be an object, or a function that gives one.`);
  }
  const encoder = new OptionsEncoder(references, name => loadNamed(name, root, places));
  return {
    port: found.live.port ?? null,
    mountPath: found.live.mountPath ?? null,
    graphQL: null,
    liveQueryServer: false,
    warnings: [],
    ...found,
    options: await encoder.encode(found.live),
  };
}

async function configurationOf(file) {
  const exported = await defaultExport(await loadFile(file));
  return typeof exported === 'function' ? defaultExport(await exported()) : exported;
}
