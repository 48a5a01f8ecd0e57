// Adapters that options name: how modules become adapters, how the server calls them, and adapters of the Parse
// community from npm.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';

import { makeApp, Server } from './server.mjs';

const SHAPES = {
  'a class': `module.exports = class { constructor(options) { this.given = options.x; } hello() { return this.given; } };`,
  'a constructor function': `module.exports = function (options) { this.given = options.x; }; module.exports.prototype.hello = function () { return this.given; };`,
  'a factory': `module.exports = options => ({ given: options.x, hello() { return this.given; } });`,
  'an object': `module.exports = { given: 5, hello() { return this.given; } };`,
  'a compiled ES module': `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = class { constructor(options) { this.given = options.x; } hello() { return this.given; } };`,
  'an instance as default export': `class A { constructor() { this.given = 5; } hello() { return this.given; } } module.exports = { default: new A(), __esModule: true };`,
};

test('modules become adapters', async t => {
  const files = { 'esm.mjs': `export default class { constructor(options) { this.given = options.x; } hello() { return this.given; } }` };
  Object.values(SHAPES).forEach((text, index) => (files[`adapters/${index}.js`] = text));
  const root = makeApp(t, files);
  const modules = [...Object.keys(SHAPES).map((_, index) => `./adapters/${index}.js`), './adapters/0', `${root}/adapters/2.js`, './esm.mjs'];
  const adapters = modules.map((module, index) => ({ path: `auth.p${index}`, module, options: { x: 5 } }));
  const server = await Server.start(t, { root, initialize: { adapters } });
  for (const [index, described] of server.initialized.adapters.entries()) {
    assert.deepEqual([described.path, described.kind, described.methods, described.data], [`auth.p${index}`, 'object', ['hello'], { given: 5 }], modules[index]);
    assert.deepEqual(await server.request('callback.call', { ref: described.path, path: described.path, method: 'hello', args: [] }), { value: 5 });
  }
});

test('calls of adapters', async t => {
  const adapter = `module.exports = {
    policy: 'solo', hidden: new Map(), get computed() { return 7; },
    echo: (...given) => given,
    kinds: (date, bytes, regexp, file, object, query, nothing) => [date.getTime(), Buffer.isBuffer(bytes), regexp.test('XA'), file.name(), object.get('x'), query.className, nothing === undefined],
    give: () => ({ date: new Date(0), bytes: Buffer.from('abc'), nan: NaN, none: undefined, object: new Parse.Object('A', { x: 1 }), map: new Map([[1, 2]]), f: () => 1 }),
    own: function () { return this.policy; },
    validateAuthData: authData => { if (authData.token !== 'valid') throw new Parse.Error(102, 'no'); },
    refuse: () => { throw new Error('refused'); },
    logs: request => { request.log.info('from adapter'); return [request.triggerName, request.user.id, request.master]; },
    knows: given => typeof given.echo,
    cycle: () => { const a = {}; a.a = a; return a; },
    never: () => new Promise(() => {}),
  };`;
  const root = makeApp(t, { 'adapter.js': adapter });
  const server = await Server.start(t, { root, initialize: { adapters: [{ path: 'auth.my', module: './adapter.js', options: null }] } });
  const call = async (method, ...args) => (await server.request('callback.call', { ref: 'auth.my', path: 'auth.my', method, args })).value;
  assert.deepEqual(server.initialized.adapters[0].data, { policy: 'solo', computed: 7 });
  assert.deepEqual(await call('echo', 1, 'x', null, [true]), [1, 'x', null, [true]]);
  assert.deepEqual(await call('kinds', { $date: '1970-01-01T00:00:00.005Z' }, { $bytes: 'YWJj' }, { $regexp: ['a', 'i'] }, { $file: { name: 'f', metadata: {}, tags: {} } }, { $object: { className: 'A', data: { x: 1 } } }, { $query: { className: 'Q', json: {} } }, { $undefined: true }), [5, true, true, 'f', 1, 'Q', true]);
  assert.deepEqual(await call('give'), {
    date: { $date: '1970-01-01T00:00:00.000Z' }, bytes: { $bytes: 'YWJj' }, nan: { $number: 'NaN' }, none: { $undefined: true },
    object: { $object: { className: 'A', existed: false, data: {}, ops: { x: 1 } } }, map: {},
  });
  assert.equal(await call('own'), 'solo');
  assert.equal(await call('validateAuthData', { token: 'valid' }), undefined);
  await assert.rejects(call('validateAuthData', {}), error => error.thrown.code === 102);
  await assert.rejects(call('refuse'), error => error.thrown.message === 'refused');
  await assert.rejects(call('cycle'), error => error.rpc.code === -32000);
  assert.deepEqual(await call('logs', { triggerName: 'beforeSave', master: true, user: { $object: { className: '_User', objectId: 'u', data: {} } } }), ['beforeSave', 'u', true]);
  await server.note((method, { args }) => method === 'log' && args[0] === 'from adapter');
  assert.equal(await call('knows', { $host: 'auth.my' }), 'function');
  assert.equal(await call('knows', { $host: 'auth.my', kind: 'object', path: 'auth.my' }), 'function');
  assert.deepEqual(await call('echo', { $plain: { $host: 'auth.my' } }), [{ $plain: { $host: 'auth.my' } }]);
  await assert.rejects(call('missing'), error => error.rpc.code === -32004);
  await assert.rejects(call('constructor'), error => error.rpc.code === -32004);
  await assert.rejects(call('toString'), error => error.rpc.code === -32004);
});

test('a module that is not there is named, with its option', async t => {
  const root = makeApp(t, { 'broken.js': 'null.x' });
  const start = module => Server.start(t, { root, initialize: { adapters: [{ path: 'emailAdapter', module, options: {} }] } });
  await assert.rejects(start('./missing.js'), error => /emailAdapter.*\.\/missing\.js/.test(error.thrown.message));
  await assert.rejects(start('not-installed'), error => /npm install not-installed/.test(error.thrown.message));
  await assert.rejects(start('./broken.js'), error => /emailAdapter.*null/.test(error.thrown.message));
});

test('adapters work without cloud code', async t => {
  const root = makeApp(t, { 'a.js': `module.exports = { hello: () => Parse.applicationId };` });
  const server = await Server.start(t, { root, initialize: { adapters: [{ path: 'emailAdapter', module: './a.js' }] } });
  assert.deepEqual(await server.request('callback.call', { ref: 'emailAdapter', method: 'hello', args: [] }), { value: 'app' });
});

test('an adapter that derives from AuthAdapter of parse-server', async t => {
  const root = makeApp(t, { 'a.js': `const { AuthAdapter } = require('parse-server'); module.exports = class extends AuthAdapter { validateLogin() { return { response: 1 }; } };` });
  const server = await Server.start(t, { root, initialize: { adapters: [{ path: 'auth.my', module: './a.js' }] } });
  assert.deepEqual([server.initialized.adapters[0].methods, server.initialized.adapters[0].data], [['validateLogin'], { policy: 'default' }]);
});

test('@parse/fs-files-adapter', async t => {
  const root = makeApp(t, {}, 'parse', ['@parse/fs-files-adapter']);
  const server = await Server.start(t, { root, initialize: { adapters: [{ path: 'filesAdapter', module: '@parse/fs-files-adapter', options: { filesSubDirectory: 'sub' } }] } });
  const call = async (method, ...args) => (await server.request('callback.call', { ref: 'filesAdapter', path: 'filesAdapter', method, args })).value;
  assert.ok(server.initialized.adapters[0].methods.includes('createFile'));
  await call('createFile', 'a.txt', { $bytes: 'YWJj' }, 'text/plain', {});
  assert.deepEqual(readdirSync(path.join(root, 'files/sub')), ['a.txt']);
  assert.deepEqual(await call('getFileData', 'a.txt'), { $bytes: 'YWJj' });
  assert.equal(await call('getFileLocation', { applicationId: 'app', mount: 'http://h/parse' }, 'a.txt'), 'http://h/parse/files/app/a.txt');
  await call('deleteFile', 'a.txt');
  await assert.rejects(call('getFileData', 'a.txt'), error => error.thrown.code === 'ENOENT' || /ENOENT/.test(error.thrown.message));
});

test('parse-server-simple-mailgun-adapter', async t => {
  const root = makeApp(t, {}, 'parse', ['parse-server-simple-mailgun-adapter']);
  const options = { apiKey: 'k', domain: 'd.example', fromAddress: 'from@d.example' };
  const server = await Server.start(t, { root, initialize: { adapters: [{ path: 'emailAdapter', module: 'parse-server-simple-mailgun-adapter', options }] } });
  assert.ok(server.initialized.adapters[0].methods.includes('sendMail'));
  await assert.rejects(Server.start(t, { root: makeApp(t, {}, 'parse', ['parse-server-simple-mailgun-adapter']), initialize: { adapters: [{ path: 'emailAdapter', module: 'parse-server-simple-mailgun-adapter', options: {} }] } }));
});

test('parse-server-api-mail-adapter, from a configuration in JavaScript', async t => {
  const sent = [];
  const api = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    sent.push(JSON.parse(text));
    response.end('{}');
  });
  await new Promise(resolve => api.listen(0, '127.0.0.1', resolve));
  t.after(() => api.close());
  const configuration = `
    import { ApiPayloadConverter } from 'parse-server-api-mail-adapter';
    const template = name => ({ subjectPath: './mails/' + name + '_subject.txt', textPath: './mails/' + name + '.txt' });
    export default {
      appId: 'app',
      emailAdapter: {
        module: 'parse-server-api-mail-adapter',
        options: {
          sender: 'from@d.example',
          templates: { passwordResetEmail: template('reset'), verificationEmail: template('verify') },
          apiCallback: async ({ payload }) => { await fetch('http://127.0.0.1:${api.address().port}', { method: 'POST', body: JSON.stringify(payload) }); },
        },
      },
    };`;
  const mails = { 'mails/reset_subject.txt': 'Reset', 'mails/reset.txt': 'Hello {{username}}: {{{link}}}', 'mails/verify_subject.txt': 'Verify', 'mails/verify.txt': '{{link}}' };
  const root = makeApp(t, { 'config.mjs': configuration, ...mails }, 'parse', ['parse-server-api-mail-adapter']);
  const server = await Server.start(t, { root, settings: { configuration: path.join(root, 'config.mjs') } });
  const user = { $object: { className: '_User', objectId: 'u', data: { username: 'ann', email: 'ann@d.example' } } };
  await server.request('callback.call', { ref: 'emailAdapter', path: 'emailAdapter', method: 'sendPasswordResetEmail', args: [{ link: 'http://link', appName: 'app', user }] });
  assert.equal(sent.length, 1);
  assert.deepEqual([sent[0].to, sent[0].subject, sent[0].text], ['ann@d.example', 'Reset', 'Hello ann: http://link']);
});
