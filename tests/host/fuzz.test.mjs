// Messages of any shape: each request gets an answer, and the worker goes on. The seed is fixed, so a failure comes again.

import assert from 'node:assert/strict';
import test from 'node:test';

import { makeApp, Server } from './server.mjs';

const CLOUD = `
Parse.Cloud.define('f', request => request.params, () => {});
Parse.Cloud.job('j', request => request.message(request.params));
for (const type of ['beforeSave', 'afterSave', 'beforeDelete', 'afterDelete', 'beforeFind', 'afterFind', 'beforeSubscribe', 'afterLiveQueryEvent']) {
  for (const name of ['A', Parse.File, Parse.Config]) Parse.Cloud[type](name, request => { request.context.x = request.object || request.objects || request.file || request.query; });
}
Parse.Cloud.beforeLogin(request => request.object);
Parse.Cloud.onLiveQueryEvent(request => request.error.message);
Parse.Cloud.define('rules', () => {}, { fields: { a: { options: value => value } } });
`;

const ROUNDS = 3_000;

// A small generator of pseudo-random numbers (mulberry32).
function random(seed) {
  let state = seed;
  return most => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
  };
}

const KEYS = [
  '__type', 'className', 'objectId', 'data', 'ops', '__op', 'objects', 'amount', 'iso', 'base64', 'name', 'url', 'coordinates', 'latitude', 'longitude', 'where', 'limit',
  'order', 'include', 'keys', '$date', '$regexp', '$bytes', '$object', '$query', '$file', '$acl', '$config', '$error', '$host', '$plain', '$undefined', '$number', '$rest',
  'kind', 'code', 'message', 'json', 'attributes', 'metadata', 'tags', 'existed', 'ACL', 'createdAt', 'a.b', '__proto__', 'constructor', 'toString', 'length', 'then', 'toJSON',
];
const TEXTS = ['', 'A', '_User', 'Pointer', 'Object', 'Date', 'File', 'GeoPoint', 'Polygon', 'Bytes', 'Relation', 'Increment', 'Add', 'AddUnique', 'Remove', 'Delete', 'AddRelation', 'Batch', 'Unknown', '2020-01-01T00:00:00.000Z', 'x', '@File', '(', 'parse', 'error', 'value', '-x,y', 'emailAdapter', '\u0000', '😀'];

function anything(pick, depth = 0) {
  switch (pick(depth > 5 ? 5 : 9)) {
    case 0:
      return null;
    case 1:
      return pick(2) === 0;
    case 2:
      return [0, -1, 5, 1.5, 1e300, 2 ** 53][pick(6)];
    case 3:
    case 4:
      return TEXTS[pick(TEXTS.length)];
    case 5:
      return Array.from({ length: pick(4) }, () => anything(pick, depth + 1));
    default: {
      const made = {};
      for (let count = pick(5); count > 0; count -= 1) {
        Object.defineProperty(made, KEYS[pick(KEYS.length)], { value: anything(pick, depth + 1), enumerable: true, configurable: true });
      }
      return made;
    }
  }
}

const TYPES = ['beforeSave', 'afterSave', 'beforeDelete', 'afterDelete', 'beforeFind', 'afterFind', 'beforeSubscribe', 'afterEvent', 'beforeLogin', 'no such'];
const CLASSES = ['A', '@File', '@Config', '_User', 'B'];
const MEMBERS = ['object', 'original', 'objects', 'query', 'file', 'user', 'context', 'params', 'headers', 'error', 'config', 'log', 'forceDownload'];

function message(pick) {
  const request = {};
  for (const member of MEMBERS) {
    if (pick(3) === 0) {
      request[member] = anything(pick);
    }
  }
  if (pick(3) > 0) {
    request.object = { className: 'A', objectId: 'i', data: anything(pick, 3), ops: anything(pick, 3) };
  }
  const type = TYPES[pick(TYPES.length)];
  const className = CLASSES[pick(CLASSES.length)];
  switch (pick(8)) {
    case 0:
      return ['function.call', { handler: 'function:f', name: 'f', request: { ...request, params: anything(pick) } }];
    case 1:
      return ['job.run', { handler: 'job:j', request }];
    case 2:
      return ['validator.run', { handler: 'validator:function:f', kind: ['function', 'trigger', 5][pick(3)], type, className, request }];
    case 3:
      return ['callback.call', { ref: 'rules:function:rules.fields.a.options', method: pick(3) === 0 ? anything(pick) : undefined, args: pick(5) === 0 ? anything(pick) : [anything(pick)] }];
    case 4:
      return ['trigger.run', anything(pick)];
    default:
      return ['trigger.run', { handler: `trigger:${type}:${className}`, type, className, request: pick(10) === 0 ? anything(pick) : request }];
  }
}

for (const seed of [1, 2]) {
  test(`any message, seed ${seed}`, async t => {
    const server = await Server.start(t, { root: makeApp(t, { 'main.js': CLOUD }), cloud: 'main.js' });
    server.methods['job.message'] = () => ({});
    const pick = random(seed);
    let well = 0;
    for (let round = 0; round < ROUNDS; round += 50) {
      const messages = Array.from({ length: 50 }, () => message(pick));
      const answers = await Promise.allSettled(messages.map(([method, params]) => server.request(method, params)));
      answers.forEach(({ status, reason }, index) => {
        well += status === 'fulfilled' ? 1 : 0;
        assert.ok(status === 'fulfilled' || reason.rpc, `${JSON.stringify(messages[index])}: ${reason?.message} ${server.output}`);
      });
      server.notify('liveQuery.event', { handler: 'liveQueryEvent:0', request: anything(pick) });
      server.notify('$/cancel', anything(pick));
    }
    assert.deepEqual(await server.request('ping', {}), {});
    assert.ok(well > ROUNDS / 20, `only ${well} messages were taken`);
    assert.equal(Object.getOwnPropertyNames(Object.prototype).length, 12);
  });
}
