// `node main.mjs --configuration <file>` and `--index <file>`: evaluates a configuration written in JavaScript and
// prints it as one JSON object. What the user's code prints goes to the standard error.

import path from 'node:path';

import { Registry, installCloud } from './cloud.mjs';
import { evaluate } from './configuration.mjs';
import { References } from './references.mjs';
import { resolveParseServerToShim } from './resolve.mjs';
import { loadSdk } from './sdk.mjs';

export async function describe(kind, given) {
  const print = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const root = process.cwd();
  const file = path.resolve(root, given);
  const places = [...new Set([path.dirname(file), root])];
  const references = new References();
  resolveParseServerToShim();
  provideParse(places, references);
  const { live, ...found } = await evaluate(file, { root, places, references, isProgram: kind === 'index', settle: true });
  await new Promise(resolve => print(JSON.stringify(found) + '\n', resolve));
}

// There is no server yet. Cloud code may register, which is for the workers to tell; a question gets no answer.
function provideParse(places, references) {
  let Parse;
  try {
    Parse = loadSdk(places);
  } catch {
    // The workers say what to install, if they need it.
    return;
  }
  const never = () => new Promise(() => {});
  Parse.CoreManager.setRESTController({ request: never, ajax: never, handleError: never });
  installCloud(Parse, new Registry(references), () => ({ request: never }));
  globalThis.Parse = Parse;
}
