// Cloud functions and jobs: what they get, what they return, what they throw.

import assert from 'node:assert/strict';
import test from 'node:test';

import { makeApp, SDKS, Server } from './server.mjs';

const CLOUD = `
const results = {
  text: () => 'Hello world!',
  nothing: () => {},
  nil: () => null,
  number: () => 42,
  no: () => false,
  notANumber: () => NaN,
  date: () => new Date('2015-06-21T18:02:52.249Z'),
  list: () => [1, 'two', { three: 3, gone: undefined }, undefined],
  geo: () => new Parse.GeoPoint(1, 2),
  polygon: () => new Parse.Polygon([[0, 0], [0, 1], [1, 1]]),
  acl: () => new Parse.ACL({ '*': { read: true } }),
  file: () => Parse.File.fromJSON({ __type: 'File', name: 'a.txt', url: 'http://x/a.txt' }),
  regexp: () => /a/g,
  map: () => new Map([[1, 2]]),
  instance: () => new (class { constructor() { this.x = 1; } get y() { return 2; } })(),
  callable: () => () => 1,
  inside: () => ({ f() {}, s: Symbol('s'), x: 1 }),
  pointer: () => Parse.Object.fromJSON({ className: 'A', objectId: 'abc' }),
  object: () => ({ made: stored(), list: [stored()] }),
  nested: () => Parse.Object.fromJSON({ className: 'A', objectId: 'a', x: 1, b: { __type: 'Object', className: 'B', objectId: 'b', y: 2 } }),
  changed: () => { const object = stored(); object.set('a', 2); return object; },
  halves: () => ['\\ud83d', 'a\\udc00b', '😀', '\\\\ud83d'],
  thenable: () => ({ then(resolve) { resolve(5); } }),
};
const stored = () => Parse.Object.fromJSON({ className: 'Made', objectId: 'm', a: 1, createdAt: '2015-06-21T18:02:52.249Z', updatedAt: '2015-06-21T18:02:52.249Z' });
for (const [name, make] of Object.entries(results)) Parse.Cloud.define(name, make);
const impossible = {
  cycle: () => { const a = {}; a.a = a; return a; },
  big: () => 10n,
  bigInside: () => [{ x: 10n }],
  badDate: () => new Date(NaN),
  unsaved: () => new Parse.Object('A', { x: 1 }),
  unsavedFile: () => new Parse.File('a.txt', [1, 2]),
  badJSON: () => ({ toJSON() { throw new Error('in toJSON'); } }),
  badGetter: () => ({ get x() { throw new Error('in getter'); } }),
  deep: () => { let a = []; for (let i = 0; i < 100000; i++) a = [a]; return a; },
};
for (const [name, make] of Object.entries(impossible)) Parse.Cloud.define(name, make);
const thrown = {
  undefined: () => { throw undefined; },
  nil: () => Promise.reject(null),
  text: () => { throw 'a plain string'; },
  number: () => Promise.reject(5),
  object: () => { throw { code: 77, message: 'an object', extra: true }; },
  error: () => { throw new Error('a plain error'); },
  coded: () => { throw Object.assign(new Error('m'), { code: 'ENOENT' }); },
  parse: () => { throw new Parse.Error(1234, 'custom code'); },
  parseOfClass: () => { throw new (class extends Parse.Error {})(9002, 'sub'); },
  frozen: () => { throw Object.freeze(new Error('fz')); },
  getter: () => { throw { get message() { throw new Error('in getter'); } }; },
  errorGetter: () => { throw Object.defineProperty(new Error(), 'message', { get() { throw 1; } }); },
  symbol: () => { throw Symbol('s'); },
  big: () => { throw 10n; },
  callable: () => { throw () => 1; },
  cycle: () => { const a = {}; a.a = a; throw a; },
  proxy: () => { throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } }); },
  parseObject: () => { throw new Parse.Object('A', { x: 1 }); },
};
for (const [name, make] of Object.entries(thrown)) Parse.Cloud.define('throw.' + name, make);
Parse.Cloud.define('echo', request => request.params);
Parse.Cloud.define('kinds', ({ params }) => ({
  date: Object.prototype.toString.call(params.date), iso: params.date.iso,
  file: params.file instanceof Parse.File && params.file.url(),
  pointer: params.pointer instanceof Parse.Object && params.pointer.id,
  nested: params.nested.list[0].getTime(), full: params.full instanceof Parse.Object, geo: params.geo instanceof Parse.GeoPoint,
}));
Parse.Cloud.define('request', request => ({ ...request, log: typeof request.log.info, user: request.user && [request.user.get('username'), request.user.getSessionToken()], config: request.config.appId }));
Parse.Cloud.define('logs', request => { request.log.warn('careful', { at: new Date(0) }, new Error('e')); request.log.log('info', 1); console.log('out %d', 5); console.error('err'); process.stdout.write('half '); process.stdout.write('line\\n'); });
Parse.Cloud.job('job', async request => { await request.message('working'); request.log.info('in job'); return { done: request.params.n, id: request.jobId }; });
Parse.Cloud.job('silent', () => {});
Parse.Cloud.job('failing', () => { throw new Parse.Error(99, 'job failed'); });
`;

for (const sdk of SDKS) {
  test(`functions with ${sdk}`, async t => {
    const root = makeApp(t, { 'cloud/main.js': CLOUD }, sdk);
    const server = await Server.start(t, { root, cloud: 'cloud/main.js' });

    await t.test('results', async () => {
      const made = { __type: 'Object', className: 'Made', objectId: 'm', a: 1, createdAt: '2015-06-21T18:02:52.249Z', updatedAt: '2015-06-21T18:02:52.249Z' };
      const expected = {
        text: 'Hello world!',
        nothing: undefined,
        nil: null,
        number: 42,
        no: false,
        notANumber: null,
        date: { __type: 'Date', iso: '2015-06-21T18:02:52.249Z' },
        list: [1, 'two', { three: 3 }, null],
        geo: { __type: 'GeoPoint', latitude: 1, longitude: 2 },
        polygon: { __type: 'Polygon', coordinates: [[0, 0], [0, 1], [1, 1]] },
        acl: { '*': { read: true } },
        file: { __type: 'File', name: 'a.txt', url: 'http://x/a.txt' },
        regexp: 'a',
        map: {},
        instance: { x: 1 },
        callable: undefined,
        inside: { x: 1 },
        pointer: { __type: 'Pointer', className: 'A', objectId: 'abc' },
        object: { made, list: [made] },
        nested: { __type: 'Object', className: 'A', objectId: 'a', x: 1, b: { __type: 'Object', className: 'B', objectId: 'b', y: 2 } },
        changed: { __type: 'Pointer', className: 'Made', objectId: 'm' },
        halves: ['\ufffd', 'a\ufffdb', '😀', '\\ud83d'],
        thenable: 5,
      };
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(await server.call(name), value, name);
      }
    });

    await t.test('results that can not be sent are an error of that call alone', async () => {
      const calls = ['cycle', 'big', 'bigInside', 'badDate', 'unsaved', 'unsavedFile', 'badJSON', 'badGetter', 'deep'];
      const answers = await Promise.allSettled(calls.map(name => server.call(name)));
      answers.forEach(({ status, reason }, index) => {
        assert.equal(status, 'rejected', calls[index]);
        assert.equal(reason.rpc.code, -32000, calls[index]);
        assert.ok(reason.thrown.message, calls[index]);
      });
      assert.equal(await server.call('text'), 'Hello world!');
    });

    await t.test('whatever is thrown is described', async () => {
      const expected = {
        undefined: { kind: 'value' },
        nil: { kind: 'value', value: null },
        text: { kind: 'value', value: 'a plain string' },
        number: { kind: 'value', value: 5 },
        object: { kind: 'value', value: { code: 77, message: 'an object', extra: true } },
        error: { kind: 'error', name: 'Error', message: 'a plain error' },
        coded: { kind: 'error', name: 'Error', message: 'm', code: 'ENOENT' },
        parse: { kind: 'parse', code: 1234, message: 'custom code' },
        parseOfClass: { kind: 'parse', code: 9002, message: 'sub' },
        frozen: { kind: 'error', name: 'Error', message: 'fz' },
        getter: { kind: 'error', name: 'Error', message: 'Script failed.' },
        errorGetter: { kind: 'error', name: 'Error', message: 'Script failed.' },
        symbol: { kind: 'value', value: 'Symbol(s)' },
        big: { kind: 'value', value: '10' },
        callable: { kind: 'value' },
        cycle: { kind: 'error', name: 'Error', message: 'Script failed.' },
        proxy: { kind: 'error', name: 'Error', message: 'Script failed.' },
        parseObject: { kind: 'value', value: { x: 1 } },
      };
      for (const [name, description] of Object.entries(expected)) {
        const error = await server.call(`throw.${name}`).then(() => assert.fail(name), reason => reason);
        assert.equal(error.rpc.code, -32000, name);
        const { stack, ...thrown } = error.thrown;
        assert.deepEqual(thrown, description, name);
      }
    });

    await t.test('parameters', async () => {
      const params = {
        date: { __type: 'Date', iso: '2015-06-21T18:02:52.249Z' },
        file: { __type: 'File', name: 'x.txt', url: 'http://x/x.txt' },
        pointer: { __type: 'Pointer', className: 'A', objectId: 'abc' },
        nested: { list: [{ __type: 'Date', iso: '1970-01-01T00:00:00.005Z' }] },
        full: { __type: 'Object', className: 'A', objectId: 'abc' },
        geo: { __type: 'GeoPoint', latitude: 1, longitude: 2 },
        nil: null,
        text: 'x',
      };
      assert.deepEqual(await server.call('kinds', params), {
        date: '[object Date]', iso: '2015-06-21T18:02:52.249Z', file: 'http://x/x.txt', pointer: 'abc', nested: 5, full: false, geo: false,
      });
      assert.deepEqual(await server.call('echo', params), params);
      assert.deepEqual(await server.call('echo', {}), {});
    });

    await t.test('the request', async () => {
      const request = await server.call('request', {}, {
        master: true,
        installationId: 'i',
        headers: { 'x-custom': 'yes' },
        ip: '10.0.0.1',
        context: { $plain: { k: { $host: 'no' } } },
        user: { className: '_User', objectId: 'u', data: { username: 'ann', sessionToken: 'r:1' } },
      });
      assert.deepEqual(request, {
        master: true, isReadOnly: false, log: 'function', installationId: 'i', headers: { 'x-custom': 'yes' }, ip: '10.0.0.1', functionName: 'request',
        params: {}, context: { k: { $host: 'no' } }, user: ['ann', 'r:1'], config: 'app',
      });
    });

    await t.test('logging', async () => {
      await server.call('logs');
      const warned = await server.note((method, { level }) => method === 'log' && level === 'warn');
      assert.deepEqual(warned.args.slice(0, 2), ['careful', { at: { $date: '1970-01-01T00:00:00.000Z' } }]);
      assert.equal(warned.args[2].$error.message, 'e');
      await server.note((method, { text }) => method === 'console' && text === 'half line');
      const printed = server.notes.filter(([method]) => method === 'console').map(([, params]) => params);
      assert.deepEqual(printed.slice(-3), [{ stream: 'stdout', text: 'out 5' }, { stream: 'stderr', text: 'err' }, { stream: 'stdout', text: 'half line' }]);
    });

    await t.test('jobs', async () => {
      const messages = [];
      server.methods['job.message'] = params => messages.push(params) && {};
      const run = (name, params) => server.request('job.run', { handler: `job:${name}`, name, request: { jobName: name, jobId: 'j1', params } });
      assert.deepEqual(await run('job', { n: 3 }), { value: { done: 3, id: 'j1' } });
      assert.deepEqual(messages, [{ jobId: 'j1', message: 'working' }]);
      assert.deepEqual(await run('silent'), {});
      await assert.rejects(run('failing'), error => error.thrown.code === 99);
    });
  });
}

test('a pointer among the parameters brings no fields', async t => {
  const root = makeApp(t, { 'main.js': `Parse.Cloud.define('fields', r => [r.params.p.get('isAdmin') === undefined, r.params.p.id, r.params.d.getTime(), r.params.q]);` });
  const server = await Server.start(t, { root, cloud: 'main.js' });
  const params = {
    p: { __type: 'Pointer', className: 'A', objectId: 'i', isAdmin: true },
    d: { __type: 'Date', iso: '1970-01-01T00:00:00.005Z', getTime: 5 },
    q: { __type: 'Pointer', className: {}, objectId: 'i' },
  };
  assert.deepEqual(await server.call('fields', params), [true, 'i', 5, params.q]);
});

test('pointers stay as they were sent if the server says so', async t => {
  const root = makeApp(t, { 'main.js': `Parse.Cloud.define('plain', r => r.params.pointer.objectId + (r.params.pointer instanceof Parse.Object));` });
  const server = await Server.start(t, { root, cloud: 'main.js', initialize: { encodeParseObjectInCloudFunction: false } });
  assert.equal(await server.call('plain', { pointer: { __type: 'Pointer', className: 'A', objectId: 'abc' } }), 'abcfalse');
});
