// How imports are resolved; older versions of Node load this into a thread of its own. `import ... from 'parse-server'`
// leads to the shim.

const SHIM = new URL('./shim.cjs', import.meta.url).href;

export function shortCut(specifier) {
  return specifier === 'parse-server' ? { url: SHIM, format: 'commonjs', shortCircuit: true } : undefined;
}

export async function resolve(specifier, context, nextResolve) {
  return shortCut(specifier) ?? nextResolve(specifier, context);
}
