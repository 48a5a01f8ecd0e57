// No key of any message reaches a prototype, wherever it stands and however it is written.

import assert from 'node:assert/strict';
import test from 'node:test';

import { makeApp, SDKS, Server } from './server.mjs';

// Merges as careless user code does.
const CLOUD = `
const merge = (into, from) => { for (const key in from) { if (from[key] && typeof from[key] === 'object') { into[key] = into[key] || {}; merge(into[key], from[key]); } else { into[key] = from[key]; } } return into; };
const clean = () => {
  const own = name => Object.getOwnPropertyNames(Object.prototype).includes(name);
  return ({}).polluted === undefined && [].polluted === undefined && (() => {}).polluted === undefined && !own('polluted');
};
Parse.Cloud.define('clean', clean);
Parse.Cloud.define('merge', r => { merge({}, r.params); merge({}, r.context); merge({}, r.headers); const p = r.params; return [clean(), p.polluted === undefined, p.nested === undefined || p.nested.polluted === undefined, Object.getPrototypeOf(p) === Object.prototype]; });
const look = r => { merge({}, r.object.toJSON()); merge({}, r.object.attributes); merge({}, r.context); if (r.original) merge({}, r.original.toJSON()); };
Parse.Cloud.beforeSave('A', look);
Parse.Cloud.afterFind('A', r => { r.objects.forEach(object => merge({}, object.toJSON())); });
Parse.Cloud.beforeFind('A', r => { merge({}, r.query.toJSON()); });
Parse.Cloud.beforeSave(Parse.File, r => { merge({}, r.file.metadata()); merge({}, r.file.tags()); });
Parse.Cloud.beforeSave(Parse.Config, r => { merge({}, r.object.attributes); });
Parse.Cloud.define('callback', () => {}, { fields: { a: { options: value => { merge({}, { value }); return clean(); } } } });
Parse.Cloud.define('asks', async () => { const found = await new Parse.Query('A').find(); found.forEach(object => merge({}, object.toJSON())); return clean(); });
Parse.Cloud.define('returns', () => JSON.parse('{"__proto__":{"x":1},"constructor":{"x":1},"prototype":{"x":1},"ok":1}'));
`;

const ATTACKS = [
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"nested":{"__proto__":{"polluted":1}}}',
  '{"nested":{"constructor":{"prototype":{"polluted":1}}}}',
  '{"list":[{"__proto__":{"polluted":1}},{"constructor":{"prototype":{"polluted":1}}}]}',
  '{"\\u005f_proto__":{"polluted":1}}',
  '{"\\u0063onstructor":{"\\u0070rototype":{"polluted":1}}}',
  '{"\\u005F\\u005F\\u0070\\u0072\\u006F\\u0074\\u006F\\u005F\\u005F":{"polluted":1}}',
  '{"__type":"Object","className":"B","__proto__":{"polluted":1}}',
  '{"__type":"Date","iso":"2020-01-01T00:00:00.000Z","__proto__":{"polluted":1}}',
  '{"__type":"File","name":"x","constructor":{"prototype":{"polluted":1}}}',
];

for (const sdk of SDKS) {
  test(`prototypes stay as they are with ${sdk}`, async t => {
    const root = makeApp(t, { 'main.js': CLOUD }, sdk);
    const server = await Server.start(t, { root, cloud: 'main.js' });
    let id = 100_000;
    // The text of the attack goes out as it is: an encoder would drop it or write it in another way.
    const ask = (method, params) => {
      const started = server.start('ping', {});
      server.raw(`{"jsonrpc":"2.0","id":${(id += 1)},"method":${JSON.stringify(method)},"params":${params}}\n`);
      return started.answer;
    };
    server.methods['api.request'] = () => ({ status: 200, body: { results: [] } });

    for (const attack of ATTACKS) {
      await ask('function.call', `{"handler":"function:merge","request":{"params":${attack},"context":${attack},"headers":${attack},"user":{"className":"_User","data":${attack}}}}`);
      await ask('trigger.run', `{"handler":"trigger:beforeSave:A","type":"beforeSave","className":"A","request":{"object":{"className":"A","objectId":"i","data":${attack},"ops":${attack}},"original":{"className":"A","data":{"x":${attack}}},"context":${attack}}}`);
      await ask('trigger.run', `{"handler":"trigger:beforeSave:A","type":"beforeSave","className":"A","request":{"object":{"className":"A","data":{},"ops":{"x":${attack},"y":{"__op":"Add","objects":[${attack}]},"__proto__.polluted":1,"constructor.prototype.polluted":1}},"context":{"$plain":${attack}}}}`);
      await ask('trigger.run', `{"handler":"trigger:afterFind:A","type":"afterFind","className":"A","request":{"objects":[{"className":"A","objectId":"i","data":{"x":${attack}}}]}}`);
      await ask('trigger.run', `{"handler":"trigger:beforeFind:A","type":"beforeFind","className":"A","request":{"query":{"className":"A","json":${attack}}}}`);
      await ask('trigger.run', `{"handler":"trigger:beforeFind:A","type":"beforeFind","className":"A","request":{"query":{"className":"A","json":{"where":${attack}}}}}`);
      await ask('trigger.run', `{"handler":"trigger:beforeSave:@File","type":"beforeSave","className":"@File","request":{"file":{"name":"a","base64":"","metadata":${attack},"tags":${attack}}}}`);
      await ask('trigger.run', `{"handler":"trigger:beforeSave:@Config","type":"beforeSave","className":"@Config","request":{"object":{"className":"@Config","attributes":${attack}}}}`);
      await ask('callback.call', `{"ref":"rules:function:callback.fields.a.options","args":[${attack},{"$object":{"className":"A","data":${attack}}},{"$plain":${attack}}]}`);
      await ask('function.call', `{"handler":"function:merge","__proto__":{"polluted":1},"request":${attack}}`);
      assert.equal(await server.call('clean'), true, attack);
      assert.deepEqual(await server.call('merge', JSON.parse(attack)), [true, true, true, true], attack);
    }
    // Answers of the server may hold what somebody stored.
    server.methods['api.request'] = () => ({ status: 200, body: { results: [JSON.parse('{"objectId":"i","x":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}')] } });
    assert.equal(await server.call('asks'), true);
    const returned = await server.call('returns');
    assert.deepEqual([returned.ok, Object.hasOwn(returned, '__proto__')], [1, false]);
  });
}
