// Configurations written in JavaScript, and an existing index.js: what is told to the server, and that its references
// lead to the live functions in a worker.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';

import { HOST, makeApp, Server } from './server.mjs';

/** Evaluates a file as the server does: `{code, found, errors}`. */
function evaluate(root, kind, file) {
  const child = spawn(process.execPath, [path.join(HOST, 'main.mjs'), kind, file], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', data => (output += data));
  child.stderr.on('data', data => (errors += data));
  return new Promise(resolve => child.on('close', code => resolve({ code, found: code === 0 ? JSON.parse(output) : undefined, output, errors })));
}

const reference = (path, more = {}) => ({ $host: path, kind: 'function', path, ...more });
const object = (path, methods, data = {}) => ({ $host: path, kind: 'object', path, methods, data });

const FORMS = {
  'an object': [`module.exports = { appId: 'a' };`, 'config.js'],
  'a function': [`module.exports = () => ({ appId: 'a' });`, 'config.js'],
  'an async function': [`module.exports = async () => ({ appId: 'a' });`, 'config.cjs'],
  'a promise': [`module.exports = Promise.resolve({ appId: 'a' });`, 'config.js'],
  'a default export': [`export default { appId: 'a' };`, 'config.mjs'],
  'a function as default export': [`export default async () => { await null; return { appId: 'a' }; };`, 'config.mjs'],
  'what prints': [`console.log('{"noise":1}'); process.stdout.write('more'); module.exports = { appId: 'a' };`, 'config.js'],
};

for (const [what, [text, file]] of Object.entries(FORMS)) {
  test(`a configuration: ${what}`, async t => {
    const { code, found, errors } = await evaluate(makeApp(t, { [file]: text }), '--configuration', file);
    assert.equal(code, 0, errors);
    assert.deepEqual(found, { port: null, mountPath: null, graphQL: null, liveQueryServer: false, warnings: [], options: { appId: 'a' } });
  });
}

const EVERYTHING = `
const { AuthAdapter, S3Adapter, RedisCacheAdapter } = require('parse-server');
class My extends AuthAdapter { constructor() { super(); this.policy = 'additional'; } validateLogin() { return { response: 'my' }; } }
class Push { getValidPushTypes() { return ['ios']; } send() { return []; } }
const calls = [];
module.exports = {
  appId: 'a', port: 1400, mountPath: '/api', masterKey: () => 'm', absent: undefined, none: null, list: [1, 'x', true],
  verifyUserEmails: request => request.x === 1,
  passwordPolicy: { validatorPattern: /^a/i, validatorCallback: password => password.length > 3, maxPasswordAge: 5 },
  emailAdapter: { sendMail: mail => { calls.push(mail); return calls.length; }, from: 'x' },
  auth: { my: new My(), other: { module: { validateAuthData: () => ({}) }, appIds: ['1'] }, named: { module: './named.js', option: 1 }, google: { clientId: 'g' } },
  push: { adapter: new Push() }, filesAdapter: new S3Adapter({ bucket: 'b' }), cacheAdapter: new RedisCacheAdapter({ url: 'redis://x' }),
  loggerAdapter: { module: './logger.js', options: { file: 'x' } },
  pages: { customRoutes: [{ method: 'GET', path: 'x', handler: async request => ({ file: request.name }) }] },
  liveQuery: { classNames: ['A', /^B/] }, since: new Date(0), cloud: Parse => { Parse.Cloud.define('fromFunction', () => 'yes'); },
};`;

test('a configuration with everything in it, and a worker that loads it', async t => {
  const root = makeApp(t, { 'config.js': EVERYTHING });
  const { found, errors } = await evaluate(root, '--configuration', 'config.js');
  assert.ok(found, errors);
  assert.deepEqual([found.port, found.mountPath], [1400, '/api']);
  assert.deepEqual(found.options, {
    appId: 'a', port: 1400, mountPath: '/api', masterKey: 'm', none: null, list: [1, 'x', true],
    verifyUserEmails: reference('verifyUserEmails'),
    passwordPolicy: { validatorPattern: { $regexp: ['^a', 'i'] }, validatorCallback: reference('passwordPolicy.validatorCallback'), maxPasswordAge: 5 },
    emailAdapter: object('emailAdapter', ['sendMail'], { from: 'x' }),
    auth: {
      my: object('auth.my', ['validateLogin'], { policy: 'additional' }),
      other: { module: object('auth.other.module', ['validateAuthData']), appIds: ['1'] },
      named: { module: './named.js', option: 1 },
      google: { clientId: 'g' },
    },
    push: { adapter: object('push.adapter', ['getValidPushTypes', 'send']) },
    filesAdapter: { module: '@parse/s3-files-adapter', options: { bucket: 'b' } },
    cacheAdapter: { module: 'RedisCacheAdapter', options: { url: 'redis://x' } },
    loggerAdapter: { module: './logger.js', options: { file: 'x' } },
    pages: { customRoutes: [{ method: 'GET', path: 'x', handler: reference('pages.customRoutes[0].handler') }] },
    liveQuery: { classNames: ['A', { $regexp: ['^B', ''] }] },
    since: { $date: '1970-01-01T00:00:00.000Z' },
    cloud: reference('cloud'),
  });

  const server = await Server.start(t, { root, settings: { configuration: path.join(root, 'config.js') } });
  const call = async (ref, method, ...args) => (await server.request('callback.call', { ref, path: ref, method, args })).value;
  assert.equal(await call('verifyUserEmails', undefined, { x: 1 }), true);
  assert.equal(await call('passwordPolicy.validatorCallback', undefined, 'abc'), false);
  assert.deepEqual([await call('emailAdapter', 'sendMail', {}), await call('emailAdapter', 'sendMail', {})], [1, 2]);
  assert.deepEqual(await call('auth.my', 'validateLogin'), { response: 'my' });
  assert.deepEqual(await call('push.adapter', 'getValidPushTypes'), ['ios']);
  assert.deepEqual(await call('pages.customRoutes[0].handler', undefined, { name: 'n' }), { file: 'n' });
  assert.equal(await server.call('fromFunction'), 'yes');
});

test('cloud code that a configuration imports', async t => {
  const root = makeApp(t, { 'config.mjs': `export default { appId: 'a', cloud: () => import('./cloud/main.mjs') };`, 'cloud/main.mjs': `Parse.Cloud.define('hello', () => 'Hello');` });
  const server = await Server.start(t, { root, settings: { configuration: path.join(root, 'config.mjs') } });
  assert.equal(await server.call('hello'), 'Hello');
});

const PROGRAM = `
const express = require('express');
const { createServer } = require('node:http');
const { ParseServer, ParseGraphQLServer } = require('parse-server');
console.log('starting');
const app = express();
app.use('/public', express.static(__dirname));
app.use(express.json());
app.use(function audit(request, response, next) { next(); });
app.get('/hello', (request, response) => response.send('hello'));
app.use('/admin', express());
const api = new ParseServer({ appId: 'a', masterKey: 'm', serverURL: 'http://localhost:1999/api', databaseURI: 'postgres://x', cloud: __dirname + '/cloud/main.js', verifyUserEmails: () => true });
app.use('/api', api.app);
const graphql = new ParseGraphQLServer(api, { graphQLPath: '/gq', playgroundPath: '/play', graphQLCustomTypeDefs: 'extend type Query { a: Int }' });
graphql.applyGraphQL(app);
graphql.applyPlayground(app);
(async () => {
  await api.start();
  const server = createServer(app);
  server.listen(1999, () => console.log('running on', server.address().port));
  await ParseServer.createLiveQueryServer(server);
  Parse.Cloud.define('inIndex', () => 'index');
  await new Parse.Query('A').find();
  throw new Error('not reached before the server answers');
})();
`;

test('an index.js on Express', async t => {
  const root = makeApp(t, { 'index.js': PROGRAM, 'cloud/main.js': `Parse.Cloud.define('hello', () => 'Hello');` }, 'parse', ['express']);
  const { code, found, errors } = await evaluate(root, '--index', 'index.js');
  assert.equal(code, 0, errors);
  assert.match(errors, /starting[^]*running on 1999/);
  const { options, warnings, ...rest } = found;
  assert.deepEqual(rest, {
    port: 1999, host: null, mountPath: '/api', liveQueryServer: true,
    graphQL: { graphQLPath: '/gq', playgroundPath: '/play', schema: 'extend type Query { a: Int }' },
  });
  assert.deepEqual(options, {
    appId: 'a', masterKey: 'm', serverURL: 'http://localhost:1999/api', databaseURI: 'postgres://x', cloud: path.join(root, 'cloud/main.js'), verifyUserEmails: reference('verifyUserEmails'),
  });
  assert.deepEqual(warnings, ['static files', 'the middleware audit', 'the route GET /hello', 'another Express application'].map(what => `your index.js also has ${what}: Parsimony does not serve it`));

  const server = await Server.start(t, { root, settings: { index: path.join(root, 'index.js') } });
  const registered = new Promise(resolve => {
    server.methods['cloud.register'] = params => resolve(params) ?? {};
  });
  const asked = new Promise(resolve => {
    server.methods['api.request'] = params => resolve(params) ?? { status: 200, body: { results: [] } };
  });
  assert.equal(await server.call('hello'), 'Hello');
  assert.deepEqual(await server.request('callback.call', { ref: 'verifyUserEmails', args: [] }), { value: true });
  assert.equal((await registered).registrations[0].name, 'inIndex');
  assert.equal((await asked).path, '/classes/A');
  assert.equal(await server.call('inIndex'), 'index');
});

const OTHER_PROGRAMS = {
  'startApp': [{ 'index.js': `require('parse-server').ParseServer.startApp({ appId: 'a', port: 1401, mountPath: '/p' });` }, 'index.js', { port: 1401, mountPath: '/p' }],
  'ES modules': [{ 'package.json': '{"type":"module"}', 'index.js': `import express from 'express'; import { ParseServer } from 'parse-server'; const app = express(); const server = new ParseServer({ appId: 'a' }); await server.start(); app.use('/parse', server.app); app.listen(process.env.PORT || 1337);` }, 'index.js', { port: 1337, mountPath: '/parse' }],
  'the default import': [{ 'index.mjs': `import express from 'express'; import parse from 'parse-server'; const app = express(); app.use('/x', parse.ParseServer.app({ appId: 'a' })); app.listen({ port: '1402', host: '127.0.0.1' });` }, 'index.mjs', { port: 1402, mountPath: '/x', host: '127.0.0.1' }],
  'the server itself as middleware': [{ 'index.js': `const express = require('express'); const { ParseServer } = require('parse-server'); const api = ParseServer({ appId: 'a' }); const app = express(); app.use('/parse', api.app); require('https').createServer({}, app).listen(1403, '0.0.0.0');` }, 'index.js', { port: 1403, host: '0.0.0.0' }],
  'a nested application': [{ 'index.js': `const express = require('express'); const { ParseServer } = require('parse-server'); const inner = express(); const app = express(); app.use('/v1', inner); inner.use('/parse', new ParseServer({ appId: 'a' }).app); app.listen(1404);` }, 'index.js', { port: 1404, mountPath: '/v1/parse' }],
  'a router': [{ 'index.js': `const express = require('express'); const { ParseServer } = require('parse-server'); const router = express.Router(); router.use('/inner', new ParseServer({ appId: 'a', serverURL: 'http://h/outer/inner' }).app); const app = express(); app.use('/outer', router); app.listen(1405);` }, 'index.js', { port: 1405, mountPath: '/outer/inner' }],
};

for (const [what, [files, file, expected]] of Object.entries(OTHER_PROGRAMS)) {
  test(`an index.js with ${what}`, async t => {
    const { code, found, errors } = await evaluate(makeApp(t, files, 'parse', ['express']), '--index', file);
    assert.equal(code, 0, errors);
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(found[name], value, name);
    }
    assert.equal(found.options.appId, 'a');
  });
}

// What follows the API in an index.js, and the options that come of it.
const LIVE_QUERY = {
  'at the port of the API': ['await ParseServer.createLiveQueryServer(main);', undefined],
  'with settings': [`await ParseServer.createLiveQueryServer(main, { keyPairs: { javascriptKey: 'J' }, websocketTimeout: 5 });`, { keyPairs: { javascriptKey: 'J' }, websocketTimeout: 5 }],
  'at a port that it opens itself': [`await ParseServer.createLiveQueryServer(undefined, { port: 1407 });`, { port: 1407 }],
  'at another server': [`const other = createServer(express()); other.listen(1408); await ParseServer.createLiveQueryServer(other);`, { port: 1408 }],
};

for (const [what, [program, expected]] of Object.entries(LIVE_QUERY)) {
  test(`an index.js with LiveQuery ${what}`, async t => {
    const files = {
      'index.js': `
const express = require('express');
const { createServer } = require('node:http');
const { ParseServer } = require('parse-server');
const app = express();
const main = createServer(app);
(async () => {
  const api = new ParseServer({ appId: 'a', liveQuery: { classNames: ['A'] } });
  await api.start();
  app.use('/parse', api.app);
  main.listen(1406);
  ${program}
})();`,
    };
    const { code, found, errors } = await evaluate(makeApp(t, files, 'parse', ['express']), '--index', 'index.js');
    assert.equal(code, 0, errors);
    assert.equal(found.port, 1406);
    assert.equal(found.liveQueryServer, true);
    assert.deepEqual(found.options.liveQueryServerOptions, expected);
    assert.deepEqual(found.warnings, []);
  });
}

const BROKEN = {
  'a syntax error': ['--configuration', { 'config.js': 'module.exports = {\n  a: ,\n};' }, 'config.js', /config\.js:2: SyntaxError/],
  'an error': ['--configuration', { 'config.mjs': `\nthrow new Error('boom');` }, 'config.mjs', /config\.mjs:2: Error: boom/],
  'a rejection': ['--configuration', { 'config.js': `module.exports = (async () => {\n  await null;\n  throw new Error('boom');\n})();` }, 'config.js', /config\.js:3: Error: boom/],
  'no object': ['--configuration', { 'config.js': `module.exports = 5;` }, 'config.js', /must be an object/],
  'no file': ['--configuration', {}, 'config.js', /does not exist/],
  'a cycle': ['--configuration', { 'config.js': `const a = { b: {} }; a.b.c = a; module.exports = a;` }, 'config.js', /b\.c contains itself/],
  'an error in index.js': ['--index', { 'index.js': `\nrequire('not-there');` }, 'index.js', /index\.js:2: Error: Cannot find module/],
  'an index.js without a server': ['--index', { 'index.js': `process.on('exit', () => {});` }, 'index.js', /no ParseServer/],
};

for (const [what, [kind, files, file, message]] of Object.entries(BROKEN)) {
  test(`says what is wrong: ${what}`, async t => {
    const { code, output, errors } = await evaluate(makeApp(t, files, 'parse', ['express']), kind, file);
    assert.deepEqual([code, output], [1, '']);
    assert.match(errors, message);
  });
}
