// Triggers and validators: objects before and after the handler, queries, files, config, LiveQuery.

import assert from 'node:assert/strict';
import test from 'node:test';

import { makeApp, SDKS, Server } from './server.mjs';

const CLOUD = `
let seen;
Parse.Cloud.define('seen', () => seen);
const look = object => ({ keys: object.dirtyKeys().sort(), isNew: object.isNew(), existed: object.existed(), id: object.id, data: object.toJSON() });
const act = {
  nothing: () => {},
  look: ({ object, original }) => { seen = { object: look(object), original: original && look(original) }; },
  modify: ({ object }) => { object.set('added', 'x'); object.increment('counter', 5); object.addUnique('tags', 'hooked'); object.unset('gone'); },
  revert: ({ object }) => object.revert('x'),
  undef: ({ object }) => object.set('u', undefined),
  dotted: ({ object }) => object.set('o.k', 7),
  deeper: ({ object }) => { object.get('o').k = 2; object.get('arr').push(5); },
  id: ({ object }) => { object.id = 'customid01'; },
  acl: ({ object }) => object.setACL(new Parse.ACL({ '*': { read: true } })),
  relation: ({ object }) => { const other = new Parse.Object('B'); other.id = 'b'; object.relation('r').add(other); },
  saves: async ({ object }) => { await object.save(null, { useMasterKey: true }); object.set('after', 1); },
  fetches: async ({ object }) => { await object.fetch({ useMasterKey: true }); },
  unsaved: ({ object }) => object.set('p', new Parse.Object('New')),
  callable: ({ object }) => object.set('f', () => 1),
  replaced: request => { request.object = 5; },
  context: request => { request.context.more = new Date(0); },
  newContext: request => { request.context = { other: true }; },
  returns: () => ({ a: 1, d: new Date(0), $date: 'x' }),
  returnsTagged: () => ({ $date: 'x' }),
  returnsObject: () => new Parse.Object('A', { q: 1 }),
};
for (const type of ['beforeSave', 'afterSave', 'beforeDelete', 'afterDelete']) Parse.Cloud[type]('A', request => act[request.context.act](request));
Parse.Cloud.beforeFind('A', request => {
  const { value } = request.query.toJSON().where;
  if (value === 'rewrite') request.query.equalTo('value', 'other').descending('x').exclude('secret');
  if (value === 'replace') { const query = new Parse.Query('A'); query.limit(1); return query; }
  if (value === 'assign') { request.query = new Parse.Query('A').equalTo('z', 1); }
  if (value === 'answer') return [new Parse.Object('A', { fake: 1 })];
  if (value === 'preference') request.readPreference = 'SECONDARY';
});
Parse.Cloud.afterFind('A', request => {
  const mode = request.objects[0] && request.objects[0].get('mode');
  const first = request.objects[0];
  if (mode === 'change') { first.set('at', new Date(0)); first.increment('n'); first.unset('mode'); first.get('p').set('y', 2); }
  if (mode === 'plain') return [{ a: 1, at: new Date(0) }, 5, null];
  if (mode === 'other') return [new Parse.Object('Zoo', { z: 1, child: new Parse.Object('Q', { a: 1 }) })];
  if (mode === 'empty') request.objects = [];
  if (mode === 'cut') request.objects.length = 0;
  if (mode === 'bad') return 'text';
  if (mode === 'promise') return Promise.resolve([first]);
  if (mode === 'self') { first.set('me', first); return; }
});
Parse.Cloud.beforeSave(Parse.File, async request => {
  seen = { name: request.file.name(), size: request.fileSize, type: request.file._source && request.file._source.type, data: await request.file.getData(), tags: request.file.tags(), metadata: request.file.metadata() };
  if (request.context.act === 'rename') return new Parse.File('renamed.txt', { base64: 'ZGVm' }, 'text/plain', { m: 1 });
  if (request.context.act === 'stored') { const file = new Parse.File('stored.txt'); file._url = 'http://x/stored.txt'; return file; }
  if (request.context.act === 'tag') request.file.addTag('t', 'u');
  if (request.context.act === 'bytes') return new Parse.File('bytes.bin', [1, 2, 3]);
});
Parse.Cloud.afterFind(Parse.File, request => { request.forceDownload = true; request.responseHeaders['X-More'] = '1'; });
Parse.Cloud.beforeSave(Parse.Config, request => {
  seen = [request.object.get('a'), request.original && request.original.get('a')];
  if (request.context.act === 'return') { const config = new Parse.Config(); config.attributes = { a: 9 }; return config; }
  request.object.attributes.b = 2;
});
Parse.Cloud.beforeLogin(request => { seen = [request.object.get('username'), request.object instanceof Parse.User, request.triggerName]; });
Parse.Cloud.afterLogout(request => { seen = [request.object.className, request.object.get('sessionToken')]; });
Parse.Cloud.beforeConnect(request => { seen = [request.event, request.clients, request.sessionToken]; });
Parse.Cloud.beforeSubscribe('A', request => { request.query.equalTo('mine', true); });
Parse.Cloud.afterLiveQueryEvent('A', request => { request.object.set('x', 2); if (request.original) request.sendEvent = false; });
Parse.Cloud.onLiveQueryEvent(request => { seen = [request.event, request.clients, request.error]; request.log.info('live'); });
Parse.Cloud.beforeSave('V', () => {}, request => { if (request.object.get('bad')) throw 'validator says no'; request.object.set('checked', true); });
Parse.Cloud.define('v', () => {}, request => { if (!request.params.pass) throw new Parse.Error(9001, 'no'); });
`;

const CLASSES = `
class Own extends Parse.Object { constructor() { super('Own'); } shout() { return this.get('x').toUpperCase(); } }
Parse.Object.registerSubclass('Own', Own);
const kinds = { _User: Parse.User, _Role: Parse.Role, _Installation: Parse.Installation, Own };
let seen;
Parse.Cloud.define('seen', () => seen);
for (const [name, Kind] of Object.entries(kinds)) Parse.Cloud.beforeSave(name, ({ object }) => { seen = [object instanceof Kind, object.className, object.dirtyKeys().sort(), object.shout ? object.shout() : null]; });
Parse.Cloud.afterLogout(({ object }) => { seen = [object instanceof Parse.Session, object.className, object.dirtyKeys(), null]; });
`;

const stored = { createdAt: '2015-06-21T18:02:52.249Z', updatedAt: '2015-06-21T18:02:52.249Z' };

for (const sdk of SDKS) {
  test(`triggers with ${sdk}`, async t => {
    const root = makeApp(t, { 'cloud/main.js': CLOUD }, sdk);
    const server = await Server.start(t, { root, cloud: 'cloud/main.js' });
    const save = (act, object, more = {}) => server.trigger('beforeSave', 'A', { object: { className: 'A', ...object }, context: { act }, ...more });
    const ops = async (act, object) => (await save(act, object)).object.ops;

    await t.test('what a handler sees of a create', async () => {
      await save('look', { data: {}, ops: { x: 1, d: { __type: 'Date', iso: '2020-01-01T00:00:00.000Z' } } });
      const { object, original } = await server.call('seen');
      assert.deepEqual([object.keys, object.isNew, object.existed, original], [['d', 'x'], true, false, undefined]);
    });

    await t.test('what a handler sees of an update', async () => {
      const data = { ...stored, a: 1, arr: [1], o: { k: 1, l: 1 }, p: { __type: 'Pointer', className: '_User', objectId: 'u' } };
      const update = {
        a: { __op: 'Increment', amount: 2 }, arr: { __op: 'Add', objects: [2] }, 'o.k': 5, zz: { __op: 'Delete' },
        rel: { __op: 'AddRelation', objects: [{ __type: 'Pointer', className: '_User', objectId: 'u' }] },
      };
      const answer = await save('look', { objectId: 'i', data, ops: update }, { original: { className: 'A', objectId: 'i', data } });
      const { object, original } = await server.call('seen');
      assert.deepEqual([object.keys, object.isNew, object.existed, object.id], [['a', 'arr', 'o', 'rel', 'zz'], false, true, 'i']);
      assert.deepEqual(object.data.o, { k: 5, l: 1 });
      assert.deepEqual([original.keys, original.data.o], [[], { k: 1, l: 1 }]);
      assert.deepEqual(answer, { object: { objectId: 'i', ops: update }, context: { act: 'look' } });
    });

    await t.test('what a handler changes', async () => {
      const fresh = { data: {}, ops: { mode: 'm', gone: 'x', counter: 1, tags: ['own'], x: 1, o: { k: 1 }, arr: [1] } };
      assert.deepEqual(await ops('modify', fresh), { ...fresh.ops, added: 'x', counter: 6, tags: ['own', 'hooked'], gone: { __op: 'Delete' } });
      assert.deepEqual(await ops('revert', fresh), (({ x, ...rest }) => rest)(fresh.ops));
      assert.deepEqual((await ops('undef', fresh)).u, { $undefined: true });
      assert.deepEqual(await ops('deeper', fresh), { ...fresh.ops, o: { k: 2 }, arr: [1, 5] });
      assert.deepEqual((await ops('acl', fresh)).ACL, { '*': { read: true } });
      assert.equal((await save('id', fresh)).object.objectId, 'customid01');
      assert.equal((await ops('dotted', { objectId: 'i', data: { ...stored, o: { k: 1 } }, ops: {} }))['o.k'], 7);
      assert.deepEqual((await ops('relation', { objectId: 'i', data: stored, ops: {} })).r, { __op: 'AddRelation', objects: [{ __type: 'Pointer', className: 'B', objectId: 'b' }] });
      assert.deepEqual(await ops('nothing', { objectId: 'i', data: { ...stored, x: 1 }, ops: { 'o.k': { __op: 'Increment', amount: 1 } } }), { 'o.k': { __op: 'Increment', amount: 1 } });
    });

    await t.test('a change beneath a dotted update takes its place', async () => {
      const answer = await ops('deeper', { objectId: 'i', data: { ...stored, o: { k: 1, l: 1 }, arr: [] }, ops: { 'o.l': 3 } });
      assert.deepEqual(answer, { o: { k: 2, l: 3 }, arr: [5] });
    });

    await t.test('what the handler itself stored is data', async () => {
      server.methods['api.request'] = ({ body }) => ({ status: 200, body: body._method === 'PUT' ? { updatedAt: '2020-01-01T00:00:00.000Z' } : { objectId: 'i', x: 5, y: 6, ...stored } });
      const saved = await save('saves', { objectId: 'i', data: { ...stored, x: 1 }, ops: { y: 2 } });
      assert.deepEqual(saved.object, { objectId: 'i', ops: { after: 1 }, data: { y: 2, updatedAt: '2020-01-01T00:00:00.000Z' } });
      const fetched = await save('fetches', { objectId: 'i', data: { ...stored, x: 1 }, ops: {} });
      assert.deepEqual(fetched.object, { objectId: 'i', ops: {}, data: { x: 5, y: 6 } });
    });

    await t.test('what can not be stored is an error of this call', async () => {
      for (const act of ['unsaved', 'callable', 'replaced']) {
        await assert.rejects(save(act, { data: {}, ops: {} }), error => error.rpc.code === -32000 && error.thrown.message.length > 0, act);
      }
    });

    await t.test('context and returned values', async () => {
      assert.deepEqual((await save('context', { data: {} })).context, { act: 'context', more: { $date: '1970-01-01T00:00:00.000Z' } });
      assert.deepEqual((await save('newContext', { data: {} })).context, { other: true });
      assert.deepEqual((await save('returns', { data: {} })).value, { a: 1, d: { $date: '1970-01-01T00:00:00.000Z' }, $date: 'x' });
      assert.deepEqual((await save('returnsTagged', { data: {} })).value, { $plain: { $date: 'x' } });
      assert.deepEqual((await save('returnsObject', { data: {} })).value, { $object: { className: 'A', existed: false, data: {}, ops: { q: 1 } } });
    });

    await t.test('afterSave sees a created object as new', async () => {
      const answer = await server.trigger('afterSave', 'A', { object: { className: 'A', objectId: 'i', existed: false, data: { ...stored, x: 1 } }, context: { act: 'look' } });
      assert.deepEqual(answer.object, { objectId: 'i', ops: {} });
      const { object } = await server.call('seen');
      assert.deepEqual([object.existed, object.isNew, object.keys], [false, false, []]);
    });

    await t.test('beforeFind', async () => {
      const find = (value, json = {}) => server.trigger('beforeFind', 'A', { query: { className: 'A', json: { where: { value }, ...json } }, isGet: false, count: true });
      assert.deepEqual((await find('same', { limit: 0, skip: 2, keys: 'a,b', include: 'p', order: '-a', excludeKeys: 'c' })).query.json, { where: { value: 'same' }, limit: 0, skip: 2, keys: 'a,b', include: 'p', order: '-a', excludeKeys: 'c' });
      assert.deepEqual((await find('rewrite')).query.json, { where: { value: 'other' }, order: '-x', excludeKeys: 'secret' });
      assert.deepEqual((await find('replace')).value, { $query: { className: 'A', json: { where: {}, limit: 1 } } });
      assert.deepEqual((await find('assign')).query.json, { where: { z: 1 } });
      assert.deepEqual((await find('answer')).objects, [{ fake: 1, className: 'A' }]);
      assert.equal((await find('preference')).readPreference, 'SECONDARY');
    });

    await t.test('afterFind', async () => {
      const p = { __type: 'Object', className: 'P', objectId: 'p', y: 1 };
      // What has to come back as it was.
      const kept = {
        nil: null, text: '', no: false, list: [1, null, { a: [] }], file: { __type: 'File', name: 'f.txt' }, geo: { __type: 'GeoPoint', latitude: 1.5, longitude: -2 },
        area: { __type: 'Polygon', coordinates: [[0, 0], [0, 1], [1, 1]] }, date: { __type: 'Date', iso: '2015-06-21T18:02:52.249Z' }, relation: { __type: 'Relation', className: 'B' },
        pointer: { __type: 'Pointer', className: 'B', objectId: 'b' }, ACL: { '*': { read: true }, 'role:x': { write: true } }, deep: { b: { __type: 'Pointer', className: 'B', objectId: 'b' } },
      };
      const find = async mode => (await server.trigger('afterFind', 'A', { objects: [{ className: 'A', objectId: 'i', data: { ...stored, mode, n: 1, p, bytes: { __type: 'Bytes', base64: 'YWJj' }, ...kept } }] })).objects;
      const same = { objectId: 'i', className: 'A', n: 1, p, bytes: { __type: 'Bytes', base64: 'YWJj' }, ...stored, ...kept };
      assert.deepEqual(await find('same'), [{ ...same, mode: 'same' }]);
      assert.deepEqual(await find('promise'), [{ ...same, mode: 'promise' }]);
      assert.deepEqual(await find('change'), [{ ...same, n: 2, at: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' }, p: { ...p, y: 2 } }]);
      assert.deepEqual(await find('plain'), [{ a: 1, at: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' } }, {}, {}]);
      assert.deepEqual(await find('other'), [{ className: 'Zoo', z: 1, child: { __type: 'Object', className: 'Q', a: 1 } }]);
      assert.deepEqual(await find('empty'), []);
      assert.deepEqual(await find('cut'), []);
      assert.deepEqual((await find('self'))[0].me, { __type: 'Pointer', className: 'A', objectId: 'i' });
      await assert.rejects(find('bad'), error => /array/.test(error.thrown.message));
      assert.deepEqual((await server.trigger('afterFind', 'A', { objects: [] })).objects, []);
    });

    await t.test('files', async () => {
      const file = { name: 'a.txt', base64: 'YWJj', contentType: 'text/plain', metadata: { m: 0 }, tags: { t: 0 } };
      const upload = act => server.trigger('beforeSave', '@File', { file, fileSize: 3, context: { act } });
      const same = await upload('none');
      assert.deepEqual(same.file, { name: 'a.txt', contentType: 'text/plain', metadata: { m: 0 }, tags: { t: 0 } });
      assert.deepEqual(await server.call('seen'), { name: 'a.txt', size: 3, type: 'text/plain', data: 'YWJj', tags: { t: 0 }, metadata: { m: 0 } });
      assert.deepEqual((await upload('rename')).value, { $file: { name: 'renamed.txt', base64: 'ZGVm', contentType: 'text/plain', metadata: { m: 1 }, tags: {} } });
      assert.deepEqual((await upload('stored')).value, { $file: { name: 'stored.txt', url: 'http://x/stored.txt', metadata: {}, tags: {} } });
      assert.deepEqual((await upload('tag')).file.tags, { t: 'u' });
      assert.equal((await upload('bytes')).value.$file.base64, 'AQID');
      const found = await server.trigger('afterFind', '@File', { file, forceDownload: false, responseHeaders: { 'X-Content-Type-Options': 'nosniff' } });
      assert.equal(found.forceDownload, true);
      assert.deepEqual(found.responseHeaders, { 'X-Content-Type-Options': 'nosniff', 'X-More': '1' });
    });

    await t.test('config', async () => {
      const change = act => server.trigger('beforeSave', '@Config', { object: { className: '@Config', attributes: { a: 1 } }, original: { className: '@Config', attributes: { a: 0 } }, context: { act } });
      assert.deepEqual((await change('none')).config, { a: 1, b: 2 });
      assert.deepEqual(await server.call('seen'), [1, 0]);
      assert.deepEqual((await change('return')).value, { $config: { a: 9 } });
    });

    await t.test('log in, log out', async () => {
      await server.trigger('beforeLogin', '_User', { object: { className: '_User', objectId: 'u', data: { username: 'ann' } } });
      assert.deepEqual(await server.call('seen'), ['ann', true, 'beforeLogin']);
      await server.trigger('afterLogout', '_Session', { object: { className: '_Session', objectId: 's', data: { sessionToken: 'r:1' } } });
      assert.deepEqual(await server.call('seen'), ['_Session', 'r:1']);
    });

    await t.test('LiveQuery', async () => {
      await server.trigger('beforeConnect', '@Connect', { event: 'connect', clients: 2, sessionToken: 'r:1' });
      assert.deepEqual(await server.call('seen'), ['connect', 2, 'r:1']);
      const subscribed = await server.trigger('beforeSubscribe', 'A', { requestId: 1, query: { className: 'A', json: { where: { x: 1 } } } });
      assert.deepEqual(subscribed.query.json.where, { x: 1, mine: true });
      const event = { object: { className: 'A', objectId: 'i', data: { x: 1 } }, sendEvent: true, event: 'create' };
      const changed = await server.trigger('afterEvent', 'A', event);
      assert.deepEqual([changed.object.json, changed.sendEvent], [{ className: 'A', objectId: 'i', x: 2 }, true]);
      const silenced = await server.trigger('afterEvent', 'A', { ...event, original: { className: 'A', objectId: 'i', data: { x: 0 } } });
      assert.deepEqual([silenced.original.json.x, silenced.sendEvent], [0, false]);
      server.notify('liveQuery.event', { handler: 'liveQueryEvent:0', request: { event: 'ws_disconnect_error', clients: 1, error: { $error: { kind: 'error', name: 'Error', message: 'e' } } } });
      await server.note((method, { args }) => method === 'log' && args[0] === 'live');
      assert.equal((await server.call('seen'))[0], 'ws_disconnect_error');
    });

    await t.test('validators', async () => {
      const validate = bad => server.request('validator.run', { handler: 'validator:trigger:beforeSave:V', kind: 'trigger', type: 'beforeSave', className: 'V', request: { object: { className: 'V', data: {}, ops: { bad } } } });
      assert.deepEqual((await validate(false)).object.ops, { bad: false, checked: true });
      await assert.rejects(validate(true), error => error.thrown.value === 'validator says no');
      const check = params => server.request('validator.run', { handler: 'validator:function:v', kind: 'function', name: 'v', request: { functionName: 'v', params } });
      assert.deepEqual(await check({ pass: true }), {});
      await assert.rejects(check({}), error => error.thrown.code === 9001);
    });
  });
}

for (const sdk of SDKS) {
  test(`objects of system classes and of the app's own with ${sdk}`, async t => {
    const server = await Server.start(t, { root: makeApp(t, { 'main.js': CLASSES }, sdk), cloud: 'main.js' });
    const changed = { username: 'ann', name: 'Boss', deviceType: 'ios', installationId: 'x', deviceToken: 't', x: 'loud', user: { __type: 'Pointer', className: '_User', objectId: 'u' } };
    for (const className of ['_User', '_Role', '_Installation', 'Own']) {
      const { object } = await server.trigger('beforeSave', className, { object: { className, objectId: 'i', data: stored, ops: changed } });
      assert.deepEqual(object, { objectId: 'i', ops: changed }, className);
      assert.deepEqual(await server.call('seen'), [true, className, Object.keys(changed).sort(), className === 'Own' ? 'LOUD' : null]);
    }
    const data = { ...stored, ...changed };
    await server.trigger('afterLogout', '_Session', { object: { className: '_Session', objectId: 'i', data } });
    assert.deepEqual(await server.call('seen'), [true, '_Session', [], null]);
  });
}
