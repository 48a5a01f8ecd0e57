// Loads the user's files and packages: CommonJS and ES modules alike.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { hookImports } from './resolve.mjs';

const EXTENSIONS = ['', '.js', '.mjs', '.cjs', '.ts', '/index.js', '/index.mjs', '/index.cjs'];

/** The file that a path without extension, or a directory, means. */
export function findFile(given, root) {
  const file = path.resolve(root, given);
  for (const extension of EXTENSIONS) {
    if (existsSync(file + extension) && statSync(file + extension).isFile()) {
      return file + extension;
    }
  }
  return undefined;
}

/** Runs a file and gives what it exports. */
export async function loadFile(file) {
  if (isModule(file)) {
    return importFile(file);
  }
  try {
    return createRequire(file)(file);
  } catch (error) {
    // A file without a type of its own that is written as an ES module, or that waits at its top.
    if (['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'].includes(error?.code) || isModuleSyntax(error)) {
      return importFile(file);
    }
    throw error;
  }
}

async function importFile(file) {
  await hookImports();
  return import(pathToFileURL(file).href);
}

/** Loads a module that an option names: a file relative to `root`, or a package of one of `places`. */
export async function loadNamed(name, root, places) {
  if (name.startsWith('.') || path.isAbsolute(name)) {
    const file = findFile(name, root);
    if (!file) {
      throw new Error(`Cannot find the module ${name} (looked in ${root}).`);
    }
    return loadFile(file);
  }
  let lost;
  for (const place of places) {
    const require = createRequire(path.join(place, 'index.js'));
    try {
      return require(name);
    } catch (error) {
      if (error?.code === 'ERR_REQUIRE_ESM' || error?.code === 'ERR_REQUIRE_ASYNC_MODULE' || error?.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
        const entry = packageEntry(require, name, place);
        if (entry) {
          return importFile(entry);
        }
      }
      if (error?.code !== 'MODULE_NOT_FOUND' || !String(error.message).includes(`'${name}'`)) {
        throw error;
      }
      lost = error;
    }
  }
  const inFile = findFile(name, root);
  if (inFile) {
    return loadFile(inFile);
  }
  throw new Error(`Cannot find the module ${name}: run \`npm install ${name}\` in ${places[0]}.`, { cause: lost });
}

function packageEntry(require, name, place) {
  for (const folder of require.resolve.paths(name) ?? [path.join(place, 'node_modules')]) {
    const manifest = path.join(folder, name, 'package.json');
    if (existsSync(manifest)) {
      const { exports, module, main } = JSON.parse(readFileSync(manifest, 'utf8'));
      const entry = entryOf(exports) ?? module ?? main ?? 'index.js';
      return path.join(folder, name, entry);
    }
  }
  return undefined;
}

function entryOf(exports) {
  if (typeof exports === 'string') {
    return exports;
  }
  const main = exports?.['.'] ?? exports;
  return typeof main === 'string' ? main : entryOfConditions(main);
}

function entryOfConditions(conditions) {
  for (const name of ['node', 'import', 'default']) {
    const found = conditions?.[name];
    if (found) {
      return typeof found === 'string' ? found : entryOfConditions(found);
    }
  }
  return undefined;
}

/** `default` of an ES module, or of a CommonJS module that was compiled from one; otherwise the exports themselves. */
export function defaultExport(exports) {
  const isObject = exports !== null && (typeof exports === 'object' || typeof exports === 'function');
  if (!isObject || exports.default === undefined) {
    return exports;
  }
  const { default: main } = exports;
  // `import()` of a compiled CommonJS module wraps it once more.
  return main?.__esModule && main.default !== undefined ? main.default : main;
}

function isModule(file) {
  if (file.endsWith('.mjs') || file.endsWith('.mts')) {
    return true;
  }
  if (file.endsWith('.cjs')) {
    return false;
  }
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json');
    if (existsSync(manifest)) {
      try {
        return JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
      } catch {
        return false;
      }
    }
    if (folder === path.dirname(folder)) {
      return false;
    }
  }
}

function isModuleSyntax(error) {
  return (
    error instanceof SyntaxError &&
    /Cannot use import statement|Unexpected token 'export'|import\.meta|await is only valid/.test(error.message)
  );
}
