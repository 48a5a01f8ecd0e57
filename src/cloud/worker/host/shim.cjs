// What `require('parse-server')` and `import ... from 'parse-server'` give in this process. Nothing here serves
// anything: the classes remember what an index.js or an adapter hands to them.
'use strict';

const { EventEmitter } = require('node:events');

/** What was made, in order: `program.servers`, `program.graphQL`, `program.liveQuery`. Read by index.mjs. */
const program = {
  servers: [],
  graphQL: [],
  liveQuery: false,
  liveQueryServer: undefined,
  liveQueryOptions: undefined,
  startApp: false,
  changed: new EventEmitter(),
  started: Promise.resolve(),
};

// Express asks a sub-application for `handle` and `set`, and tells it by `mount` where it is.
function mountable(owner) {
  const app = (request, response, next) => (next ? next() : response.end?.());
  const events = new EventEmitter();
  Object.assign(app, {
    handle: app,
    set: () => app,
    get: () => undefined,
    use: () => app,
    emit: (...given) => events.emit(...given),
    on: (...given) => events.on(...given),
  });
  events.on('mount', parent => {
    owner.mountedOn = parent;
    owner.mountPath = pathBelow(app, parent);
    program.changed.emit('changed');
  });
  return app;
}

function pathBelow(app, parent) {
  const own = Array.isArray(app.mountpath) ? app.mountpath[0] : app.mountpath;
  const above = typeof parent?.mountpath === 'string' && parent.mountpath !== '/' ? parent.mountpath : '';
  return above + own;
}

class ParseServer {
  constructor(options = {}) {
    this.config = options;
    this.app = mountable(this);
    program.servers.push(this);
    program.changed.emit('changed');
  }

  get handle() {
    return this.app.handle;
  }

  start() {
    return program.started.then(() => this);
  }

  async startApp(options = this.config) {
    Object.assign(this.config, options);
    program.startApp = true;
    this.mountPath = this.config.mountPath ?? '/parse';
    program.changed.emit('changed');
    await program.started;
    return this;
  }

  handleShutdown() {
    return Promise.resolve();
  }

  verifyServerUrl() {
    return Promise.resolve(true);
  }

  static app(options) {
    return new ParseServer(options).app;
  }

  static startApp(options) {
    return new ParseServer(options).startApp();
  }

  static createLiveQueryServer(httpServer, options) {
    program.liveQuery = true;
    // With a port of its own it does not use the server that it is given.
    program.liveQueryServer = options?.port ? undefined : httpServer;
    program.liveQueryOptions = options;
    program.changed.emit('changed');
    return Promise.resolve({ shutdown: () => Promise.resolve() });
  }

  static verifyServerUrl() {
    return Promise.resolve(true);
  }
}

// The package's own `ParseServer` may be called without `new`.
const callable = new Proxy(ParseServer, {
  apply: (Target, self, given) => new Target(...given),
});

class ParseGraphQLServer {
  constructor(parseServer, config = {}) {
    this.parseServer = parseServer;
    this.config = config;
    this.applied = { graphQL: false, playground: false };
    program.graphQL.push(this);
    program.changed.emit('changed');
  }

  applyGraphQL() {
    this.applied.graphQL = true;
    program.changed.emit('changed');
  }

  applyPlayground() {
    this.applied.playground = true;
    program.changed.emit('changed');
  }

  createSubscriptions() {}

  setGraphQLConfig() {
    return Promise.resolve({ response: { result: true } });
  }

  handler(request, response, next) {
    next?.();
  }
}

/** The class from which adapters of authentication derive. Methods that stay as they are here count as absent. */
class AuthAdapter {
  constructor() {
    this.policy = 'default';
  }
  validateAppId() {
    return Promise.resolve({});
  }
  validateAuthData() {
    return Promise.resolve({});
  }
  validateSetUp() {
    return Promise.resolve({});
  }
  validateLogin() {
    return Promise.resolve({});
  }
  validateUpdate() {
    return Promise.resolve({});
  }
  beforeFind() {}
  challenge() {
    return Promise.resolve({});
  }
  afterFind() {
    return Promise.resolve({});
  }
  validateOptions() {}
}

// Adapters that the package brings: in options they stand for a module and its options, which the server knows itself.
function builtIn(module) {
  return class {
    constructor(...given) {
      Object.defineProperty(this, 'builtIn', { value: { module, options: given.length > 1 ? given : given[0] ?? {} } });
    }
  };
}

class CLP {
  static allow(permissions) {
    const rights = {};
    for (const [who, operations] of Object.entries(permissions)) {
      for (const operation of operations) {
        rights[operation] ??= {};
        rights[operation][who] = true;
      }
    }
    return rights;
  }
}

const LEVELS = ['error', 'warn', 'info', 'verbose', 'debug', 'silly'];
const logger = { log: (level, ...given) => console.log(...given) };
for (const level of LEVELS) {
  logger[level] = (...given) => (level === 'error' || level === 'warn' ? console.error(...given) : console.log(...given));
}

const unsupported = name => () => {
  throw new Error(`${name} is part of the tests of parse-server and does nothing here.`);
};

module.exports = {
  program,
  default: callable,
  ParseServer: callable,
  ParseGraphQLServer,
  AuthAdapter,
  FileSystemAdapter: builtIn('@parse/fs-files-adapter'),
  S3Adapter: builtIn('@parse/s3-files-adapter'),
  GCSAdapter: builtIn('@parse/gcs-files-adapter'),
  InMemoryCacheAdapter: builtIn('InMemoryCacheAdapter'),
  LRUCacheAdapter: builtIn('LRUCacheAdapter'),
  NullCacheAdapter: builtIn('NullCacheAdapter'),
  RedisCacheAdapter: builtIn('RedisCacheAdapter'),
  PushWorker: class PushWorker {},
  SchemaMigrations: { CLP, makeSchema: (className, schema) => Object.assign(schema, { className }) },
  TestUtils: { destroyAllDataPermanently: unsupported('TestUtils.destroyAllDataPermanently') },
  logger,
};
Object.defineProperty(module.exports, '__esModule', { value: true });
Object.defineProperty(module.exports, 'program', { enumerable: false, value: program });
