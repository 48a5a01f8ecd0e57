// Runs an existing index.js that starts Parse Server on Express, and understands what it would have served. Nothing
// listens: the server that asks will.

import net from 'node:net';

import { loadFile } from './load.mjs';
import { shim } from './resolve.mjs';

// How long an index.js may take until it has made its server, and how long to look on after it listens.
const MAKING_MILLISECONDS = 60_000;
const LOOKING_ON_MILLISECONDS = 150;

/**
 * Runs the program. With `settle` it is watched until it listens; without, only until there is a `ParseServer`,
 * because in a worker the rest of it may wait for the server to run.
 */
export async function runProgram(file, settle) {
  const { program } = shim;
  const listeners = [];
  interceptListen(listeners, () => program.changed.emit('changed'));
  const failed = loadFile(file).then(() => new Promise(() => {}), error => Promise.reject(error));
  const made = changed(program, () => program.servers.length > 0, MAKING_MILLISECONDS);
  const idle = programIdle();
  await Promise.race([failed, made, idle]);
  if (program.servers.length === 0) {
    throw new Error('It makes no ParseServer.');
  }
  if (settle) {
    const serves = () => program.startApp || (listeners.length > 0 && program.servers.some(server => server.mountPath));
    await Promise.race([failed, changed(program, serves, MAKING_MILLISECONDS), idle]);
    await new Promise(resolve => setTimeout(resolve, LOOKING_ON_MILLISECONDS));
  }
  return describe(program, listeners);
}

// Resolves with whether `wanted` came true in time.
function changed(program, wanted, milliseconds) {
  return new Promise(resolve => {
    const end = answer => {
      clearTimeout(timer);
      program.changed.off('changed', look);
      resolve(answer);
    };
    const look = () => wanted() && end(true);
    const timer = setTimeout(end, milliseconds, false);
    timer.unref();
    program.changed.on('changed', look);
    look();
  });
}

// Nothing is left to do for this process: the program will not get any further.
function programIdle() {
  return new Promise(resolve => process.once('beforeExit', () => resolve(true)));
}

function interceptListen(listeners, changed) {
  net.Server.prototype.listen = function (...given) {
    const callback = given.findLast(argument => typeof argument === 'function');
    const { port, host } = portOf(given);
    listeners.push({ port, host, server: this });
    this.address = () => ({ address: host ?? '::', family: host?.includes('.') ? 'IPv4' : 'IPv6', port });
    if (callback) {
      this.once('listening', callback);
    }
    process.nextTick(() => {
      this.emit('listening');
      changed();
    });
    return this;
  };
}

function portOf([first, second]) {
  if (first !== null && typeof first === 'object') {
    return { port: numberOf(first.port), host: first.host };
  }
  return { port: numberOf(first), host: typeof second === 'string' ? second : undefined };
}

const numberOf = port => (port === undefined || port === null || Number.isNaN(Number(port)) ? null : Number(port));

function describe(program, listeners) {
  const server = program.servers.find(one => one.mountPath) ?? program.servers[0];
  const warnings = [];
  if (program.servers.length > 1) {
    warnings.push('your index.js makes more than one ParseServer: Parsimony serves only one of them');
  }
  const listener = listeners.find(({ server: one }) => appOf(one) === topOf(server.mountedOn)) ?? listeners[0];
  const app = topOf(server.mountedOn) ?? appOf(listener?.server);
  // One of the sub-applications is the server itself.
  const routes = routesOf(app);
  const own = routes.indexOf(SUB_APPLICATION);
  if (own >= 0) {
    routes.splice(own, 1);
  }
  warnings.push(...routes.map(route => `your index.js also has ${route}: Parsimony does not serve it`));
  const live = withLiveQuery(program, server.config, listeners, listener);
  for (const other of listeners) {
    if (other.server !== program.liveQueryServer && other !== listener && appOf(other.server) !== app) {
      warnings.push(`your index.js also listens on port ${other.port}: Parsimony does not`);
    }
  }
  if (!server.mountPath && !live.mountPath) {
    warnings.push('your index.js does not mount the server on an Express app that was seen: the path of serverURL is taken');
  }
  return {
    live,
    port: (program.startApp ? numberOf(live.port) : listener?.port) ?? null,
    host: listener?.host ?? null,
    mountPath: server.mountPath ?? live.mountPath ?? pathOf(live.serverURL),
    graphQL: graphQLOf(program, server),
    liveQueryServer: program.liveQuery || Boolean(live.startLiveQueryServer),
    warnings,
  };
}

/** What `createLiveQueryServer` is given belongs to the options; and so does the port of a server of its own. */
function withLiveQuery(program, live, listeners, main) {
  const own = listeners.find(({ server }) => server === program.liveQueryServer);
  const port = own && own !== main && own.port ? { port: own.port } : {};
  const given = { ...program.liveQueryOptions, ...port };
  if (!program.liveQuery || Object.keys(given).length === 0) {
    return live;
  }
  return { ...live, liveQueryServerOptions: { ...live.liveQueryServerOptions, ...given } };
}

const appOf = server => server?.listeners?.('request').find(listener => listener.use && listener.set);

function topOf(app) {
  let top = app;
  while (top?.parent) {
    top = top.parent;
  }
  return top;
}

function pathOf(url) {
  try {
    return new URL(url).pathname;
  } catch {
    return null;
  }
}

function graphQLOf(program, server) {
  const found = program.graphQL.find(({ parseServer, applied }) => parseServer === server && (applied.graphQL || applied.playground));
  if (!found) {
    return null;
  }
  const { graphQLPath, playgroundPath, graphQLCustomTypeDefs, ...config } = found.config;
  return {
    ...Object.fromEntries(Object.entries(config).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))),
    graphQLPath: found.applied.graphQL ? graphQLPath ?? '/graphql' : null,
    playgroundPath: found.applied.playground ? playgroundPath ?? '/playground' : null,
    schema: sdlOf(graphQLCustomTypeDefs) ?? null,
  };
}

// A text, or a document that graphql-js parsed from one.
const sdlOf = given => (typeof given === 'string' ? given : given?.loc?.source?.body);

// Of Express 4 and 5. Middleware that only decodes requests is nothing that anybody would miss.
const SUB_APPLICATION = 'another Express application';
const NO_LOSS = new Set(['query', 'expressInit', 'jsonParser', 'urlencodedParser', 'textParser', 'rawParser', 'bodyParser']);

function routesOf(app) {
  const stack = (app?._router ?? app?.router)?.stack ?? [];
  return stack.flatMap(layer => {
    if (layer.route) {
      const methods = Object.keys(layer.route.methods ?? {}).map(method => method.toUpperCase().replace('_ALL', 'ALL'));
      return [`the route ${methods.join(' and ')} ${layer.route.path}`];
    }
    switch (layer.name) {
      case 'serveStatic':
        return ['static files'];
      case 'mounted_app':
        return [SUB_APPLICATION];
      case 'router':
        return ['an Express router'];
      default:
        return NO_LOSS.has(layer.name) ? [] : [`the middleware ${layer.name}`];
    }
  });
}
