// Where a file of the user went wrong when it was loaded, in one line.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { findFile } from './load.mjs';

/** The error to tell when `file` could not be loaded: its message is `file:line: what`, its stack has user code only. */
export function loadError(file, error) {
  const told = new Error(describe(file, error), { cause: error });
  const frames = error instanceof Error ? String(error.stack).split('\n').filter(line => !/\(?node:/.test(line) && !line.includes(HERE)) : [];
  told.stack = [told.message, ...frames].join('\n');
  return told;
}

function describe(file, error) {
  const isError = error instanceof Error;
  const what = isError ? `${error.name}: ${error.message.split('\n')[0]}` : describeValue(error);
  const where = isError ? placeOf(error) ?? (error instanceof SyntaxError ? placeOfSyntaxError(file) : undefined) : undefined;
  return `${where ?? file}: ${what}`;
}

function describeValue(value) {
  if (typeof value === 'string') {
    return value;
  }
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'a value was thrown';
  }
}

const HERE = path.dirname(fileURLToPath(import.meta.url));

// The first place outside of Node and of this program. A syntax error has it on the first line of its stack, the
// others on the lines that begin with "at".
function placeOf(error) {
  for (const line of String(error.stack).split('\n')) {
    const found = line.match(/(?:^|[\s(]|file:\/\/)(\/[^():]+):(\d+)(?::\d+)?\)?$/);
    if (found && !found[1].startsWith(HERE)) {
      return `${decodeURI(found[1])}:${found[2]}`;
    }
  }
  return undefined;
}

const FILES_CHECKED_MAX = 100;
const IMPORT = /(?:^|[\s;}])(?:import|export)\s*(?:[^'"()]*?\sfrom\s*)?['"](\.[^'"]+)['"]/g;

// The error of an ES module does not say where: Node is asked about each file that is imported by path.
function placeOfSyntaxError(file) {
  const files = new Set([file]);
  for (const next of files) {
    const { status, stderr } = spawnSync(process.execPath, ['--check', next], { encoding: 'utf8' });
    const found = status === 0 ? undefined : stderr.match(/^(?:file:\/\/)?(\/.+):(\d+)$/m);
    if (found) {
      return `${decodeURI(found[1])}:${found[2]}`;
    }
    for (const [, name] of readFileSync(next, 'utf8').matchAll(IMPORT)) {
      const imported = findFile(name, path.dirname(next));
      if (imported && files.size < FILES_CHECKED_MAX) {
        files.add(imported);
      }
    }
  }
  return undefined;
}
