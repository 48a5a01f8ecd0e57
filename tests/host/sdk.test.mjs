// Requests of the Parse SDK in cloud code: they go to the server as `api.request`, with what the SDK's own controller
// would send.

import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';

import { APPLICATION, makeApp, SDKS, Server } from './server.mjs';

const CLOUD = `
const functions = {
  find: () => new Parse.Query('A').equalTo('x', 1).limit(3).find(),
  asMaster: () => new Parse.Query('A').find({ useMasterKey: true }),
  asUser: () => new Parse.Query('A').find({ sessionToken: 'r:1' }),
  asUserOf: r => new Parse.Query('A').find({ sessionToken: r.user.getSessionToken() }),
  inContext: () => new Parse.Object('A').save({ x: 1 }, { context: { 'ä': '\\u2028 "x"' }, installationId: 'i' }),
  save: async () => { const object = new Parse.Object('A'); await object.save({ x: 1 }); return [object.id, object.createdAt instanceof Date, object.get('extra')]; },
  update: async () => { const object = Parse.Object.createWithoutData('i'); object.className = 'A'; await object.save({ x: { __op: 'Increment', amount: 1 } }, { useMasterKey: true }); return object.get('x'); },
  saveAll: () => Parse.Object.saveAll([new Parse.Object('A', { x: 1 }), new Parse.Object('A', { x: 2 })], { useMasterKey: true }).then(list => list.map(one => one.id)),
  destroy: () => { const object = new Parse.Object('A'); object.id = 'i'; return object.destroy({ useMasterKey: true }).then(() => 'gone'); },
  count: () => new Parse.Query('A').count(),
  run: () => Parse.Cloud.run('other', { d: new Date(0) }),
  runMissing: () => Parse.Cloud.run('missing'),
  job: () => Parse.Cloud.startJob('j', { a: 1 }),
  jobs: () => Parse.Cloud.getJobsData(),
  config: () => Parse.Config.get({ useMasterKey: true }).then(config => config.get('a')),
  logIn: () => Parse.User.logIn('ann', 'pw').then(user => user.getSessionToken()),
  signUp: () => { const user = new Parse.User(); user.set('username', 'bob'); user.set('password', 'pw'); return user.signUp().then(() => user.id); },
  file: async () => { const file = new Parse.File('a.txt', [97, 98, 99], 'text/plain', { m: 1 }, { t: 2 }); await file.save({ useMasterKey: true }); const name = file.name(); await file.destroy(); return name; },
  abort: async () => { const query = new Parse.Query('Slow'); const found = query.find(); await new Promise(resolve => setImmediate(resolve)); query.cancel(); return (await found).length; },
  headers: () => { Parse.CoreManager.set('REQUEST_HEADERS', { 'X-Own': 'yes' }); return new Parse.Query('A').find().finally(() => Parse.CoreManager.set('REQUEST_HEADERS', {})); },
  idempotent: () => { Parse.idempotency = true; return new Parse.Object('A').save().then(() => 'ok').finally(() => { Parse.idempotency = false; }); },
  email: () => Parse.Cloud.sendEmail({ to: 'a@b.c', when: new Date(0) }),
  elsewhere: async r => { const own = Parse.serverURL; Parse.serverURL = r.params.url; try { return (await new Parse.Query('A').find()).map(one => one.id); } finally { Parse.serverURL = own; } },
  options: () => [Parse.applicationId, Parse.masterKey, Parse.serverURL, Parse.Server.appId, Parse.Server.masterKey, Parse.Server.databaseURI, Parse.Server.RateLimitZone.user],
  nested: async () => { await Promise.all([new Parse.Query('A').find(), new Promise(resolve => setTimeout(resolve, 1)).then(() => new Parse.Query('B').find())]); },
  http: async r => { const answer = await Parse.Cloud.httpRequest({ url: r.params.url, method: 'POST', params: { q: 'a b' }, body: { x: 1 } }); return [answer.status, answer.data, answer.headers['x-there'], answer.cookies.c.value]; },
  httpError: r => Parse.Cloud.httpRequest({ url: r.params.url + '/missing' }).then(() => 'found', answer => [answer.status, answer.text]),
};
for (const [name, run] of Object.entries(functions)) Parse.Cloud.define(name, run);
`;

for (const sdk of SDKS) {
  test(`requests with ${sdk}`, async t => {
    const root = makeApp(t, { 'cloud/main.js': CLOUD }, sdk);
    const server = await Server.start(t, { root, cloud: 'cloud/main.js', initialize: { options: { databaseURI: 'sqlite:' } } });
    let asked = [];
    let answer = () => ({ status: 200, body: { results: [] } });
    server.methods['api.request'] = params => asked.push(params) && answer(params);

    // Calls the function and gives `[its result, the only request that it made]`.
    const ask = async (name, given, more) => {
      asked = [];
      answer = given;
      return [await server.call(name, more?.params ?? {}, more), asked[0]];
    };
    const found = { status: 200, headers: {}, body: { results: [{ objectId: 'i', x: 1 }] } };

    await t.test('reads', async () => {
      const [value, request] = await ask('find', () => found);
      assert.deepEqual(value, [{ __type: 'Object', className: 'A', objectId: 'i', x: 1 }]);
      assert.equal(request.method, 'POST');
      assert.equal(request.path, '/classes/A');
      assert.deepEqual(request.body, { where: { x: 1 }, limit: 3, _method: 'GET' });
      assert.equal(typeof request.parent, 'number');
      const { 'x-parse-client-version': version, ...headers } = request.headers;
      assert.match(version, /^js\d/);
      assert.deepEqual(headers, { 'content-type': 'application/json', 'x-parse-application-id': 'app', 'x-parse-installation-id': 'cloud' });
      assert.equal((await ask('count', () => ({ status: 200, body: { results: [], count: 7 } })))[0], 7);
    });

    await t.test('who asks', async () => {
      assert.equal((await ask('asMaster', () => found))[1].headers['x-parse-master-key'], 'master');
      assert.equal((await ask('asUser', () => found))[1].headers['x-parse-session-token'], 'r:1');
      const user = { className: '_User', objectId: 'u', data: { sessionToken: 'r:2' } };
      assert.equal((await ask('asUserOf', () => found, { user }))[1].headers['x-parse-session-token'], 'r:2');
      const [, request] = await ask('inContext', () => ({ status: 201, body: { objectId: 'i' } }));
      assert.deepEqual(JSON.parse(request.headers['x-parse-cloud-context']), { ä: '\u2028 "x"' });
      assert.match(request.headers['x-parse-cloud-context'], /^[\x20-\x7e]+$/);
      assert.equal(request.headers['x-parse-installation-id'], 'i');
      assert.equal((await ask('headers', () => found))[1].headers['x-own'], 'yes');
      assert.match((await ask('idempotent', () => ({ status: 201, body: { objectId: 'i' } })))[1].headers['x-parse-request-id'], /^[0-9a-f-]{36}$/);
    });

    await t.test('writes', async () => {
      const [saved, create] = await ask('save', () => ({ status: 201, body: { objectId: 'i', createdAt: '2015-06-21T18:02:52.249Z', extra: 1 } }));
      assert.deepEqual(saved, ['i', true, 1]);
      assert.deepEqual([create.path, create.body], ['/classes/A', { x: 1 }]);
      const [all, batch] = await ask('saveAll', ({ body }) => ({ status: 200, body: body.requests.map((_, index) => ({ success: { objectId: `i${index}` } })) }));
      assert.deepEqual([all, batch.path, batch.body.requests[1].path, batch.body.requests[1].body], [['i0', 'i1'], '/batch', '/parse/classes/A', { x: 2 }]);
      const [gone, destroy] = await ask('destroy', () => ({ status: 200, body: {} }));
      assert.deepEqual([gone, destroy.path, destroy.body], ['gone', '/classes/A/i', { _method: 'DELETE' }]);
    });

    await t.test('errors', async () => {
      const refuse = (status, body) => () => ({ status, body });
      await assert.rejects(ask('save', refuse(400, { code: 119, error: 'Permission denied' })), error => error.thrown.code === 119 && error.thrown.message === 'Permission denied');
      await assert.rejects(ask('save', refuse(403, { error: 'unauthorized' })), error => error.thrown.kind === 'parse' && error.thrown.message === 'unauthorized');
      await assert.rejects(ask('save', refuse(500, { code: 1, message: 'Internal server error.' })), error => error.thrown.code === 1);
      await assert.rejects(ask('save', () => { throw new Error('refused'); }), error => error.thrown.code === 100);
      await assert.rejects(ask('runMissing', refuse(400, { code: 141, error: 'Invalid function: "missing"' })), error => error.thrown.code === 141);
    });

    await t.test('functions, jobs, config, users', async () => {
      const [ran, run] = await ask('run', () => ({ status: 200, body: { result: { d: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' } } } }));
      assert.deepEqual([ran, run.path, run.body], [{ d: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' } }, '/functions/other', { d: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' } }]);
      const [job, start] = await ask('job', () => ({ status: 200, headers: { 'x-parse-job-status-id': 'J' }, body: {} }));
      assert.deepEqual([job, start.path, start.headers['x-parse-master-key']], ['J', '/jobs/j', 'master']);
      assert.deepEqual((await ask('jobs', () => ({ status: 200, body: { jobs: ['a'] } })))[0], { jobs: ['a'] });
      assert.equal((await ask('config', () => ({ status: 200, body: { params: { a: 5 } } })))[0], 5);
      assert.equal((await ask('logIn', () => ({ status: 200, body: { objectId: 'u', sessionToken: 'r:3' } })))[0], 'r:3');
      assert.equal((await ask('signUp', () => ({ status: 201, body: { objectId: 'u', sessionToken: 'r:3', createdAt: '2015-06-21T18:02:52.249Z' } })))[0], 'u');
    });

    await t.test('files', async () => {
      const [name] = await ask('file', ({ method }) => (method === 'DELETE' ? { status: 200, body: {} } : { status: 201, body: { name: 'n_a.txt', url: 'http://x/n_a.txt' } }));
      assert.equal(name, 'n_a.txt');
      assert.deepEqual(asked[0].body, { base64: 'YWJj', fileData: { metadata: { m: 1 }, tags: { t: 2 } }, _ContentType: 'text/plain' });
      assert.deepEqual([asked[1].method, asked[1].path, asked[1].headers['x-parse-master-key']], ['DELETE', '/files/n_a.txt', 'master']);
    });

    await t.test('a request that is given up is cancelled', async () => {
      const [length] = await ask('abort', () => new Promise(() => {}));
      assert.equal(length, 0);
      assert.ok(server.notes.some(([method]) => method === '$/cancel'));
    });

    await t.test('every request names the call that makes it', async () => {
      asked = [];
      answer = () => found;
      const calls = [1, 2, 3].map(() => server.start('function.call', { handler: 'function:nested', name: 'nested', request: { functionName: 'nested' } }));
      await Promise.all(calls.map(call => call.answer));
      const parents = asked.map(({ parent }) => parent).sort();
      assert.deepEqual(parents, calls.flatMap(({ id }) => [id, id]).sort());
    });

    await t.test('a call that came over another connection is not named', async () => {
      asked = [];
      answer = () => found;
      const callbacks = new Server();
      callbacks.socketPath = server.socketPath;
      await callbacks.connect();
      t.after(() => callbacks.stop());
      await callbacks.call('find');
      assert.deepEqual(asked.map(({ parent }) => parent), [undefined]);
    });

    await t.test('mail', async () => {
      server.methods['email.send'] = ({ message }) => ({ value: { to: message.to, at: message.when } });
      assert.deepEqual(await server.call('email'), { to: 'a@b.c', at: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' } });
    });

    await t.test('what the SDK knows of the server', async () => {
      assert.deepEqual(await server.call('options'), ['app', 'master', APPLICATION.serverURL, 'app', 'master', 'sqlite:', 'user']);
    });

    await t.test('another server is asked over HTTP, and so are pages', async () => {
      const there = http.createServer((request, response) => {
        const missing = request.url.endsWith('/missing');
        response.writeHead(missing ? 404 : 200, { 'content-type': 'application/json', 'x-there': request.url, 'set-cookie': 'c=d; Path=/' });
        response.end(missing ? 'nothing' : JSON.stringify({ results: [{ objectId: 'there' }] }));
      });
      await new Promise(resolve => there.listen(0, '127.0.0.1', resolve));
      t.after(() => there.close());
      const url = `http://127.0.0.1:${there.address().port}`;
      asked = [];
      assert.deepEqual(await server.call('elsewhere', { url }), ['there']);
      assert.equal(asked.length, 0);
      assert.deepEqual(await server.call('http', { url: `${url}/page` }), [200, { results: [{ objectId: 'there' }] }, '/page?q=a+b', 'd']);
      assert.deepEqual(await server.call('httpError', { url }), [404, 'nothing']);
    });
  });
}

test('another name of this machine is this server', async t => {
  const root = makeApp(t, { 'main.js': `Parse.Cloud.define('f', r => { Parse.serverURL = r.params.url; return new Parse.Query('A').find().then(() => 'asked', error => error.message); });` });
  const server = await Server.start(t, { root, cloud: 'main.js' });
  server.methods['api.request'] = () => ({ status: 200, body: { results: [] } });
  for (const url of ['http://localhost:1/parse', 'http://127.0.0.1:1/parse/', 'http://[::1]:1/parse']) {
    assert.equal(await server.call('f', { url }), 'asked', url);
  }
  for (const url of ['http://127.0.0.1:2/parse', 'http://127.0.0.1:1/other', 'no url']) {
    assert.notEqual(await server.call('f', { url }), 'asked', url);
  }
});

test('a stream is uploaded over HTTP, piece by piece', async t => {
  const root = makeApp(t, { 'main.js': `const { Readable } = require('node:stream'); Parse.Cloud.define('up', async () => { const file = new Parse.File('a.bin', Readable.from([Buffer.from('abc'), Buffer.from('def')]), 'text/plain'); await file.save({ useMasterKey: true }); return file.url(); });` });
  const there = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) {
      body += chunk;
    }
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ name: 'n', url: `${request.url} ${body} ${request.headers['x-parse-master-key']}` }));
  });
  await new Promise(resolve => there.listen(0, '127.0.0.1', resolve));
  t.after(() => there.close());
  const serverURL = `http://127.0.0.1:${there.address().port}/parse`;
  const server = await Server.start(t, { root, cloud: 'main.js', initialize: { application: { ...APPLICATION, serverURL } } });
  assert.equal(await server.call('up'), '/parse/files/a.bin abcdef master');
});

test('a Buffer is uploaded over the connection', async t => {
  const root = makeApp(t, { 'main.js': `Parse.Cloud.define('up', async () => { const file = new Parse.File('a.bin', Buffer.from('abc'), 'text/plain'); await file.save({ useMasterKey: true }); return file.url(); });` });
  const server = await Server.start(t, { root, cloud: 'main.js' });
  server.methods['api.request'] = ({ path, body }) => ({ status: 201, body: { name: 'n', url: `${path} ${body.base64} ${body._ContentType}` } });
  assert.equal(await server.call('up'), '/files/a.bin YWJj text/plain');
});
