// What cloud code registers, how it is refused, and how it is loaded.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { makeApp, SDKS, Server } from './server.mjs';

const ONLY_USERS = 'Only the _User class is allowed for the beforeLogin, afterLogin, and beforePasswordResetRequest triggers';

// Each entry: code, and the text that Parse Server 9.10 throws for it.
const REFUSED = [
  [`Parse.Cloud.beforeSave('_PushStatus', run)`, 'Only afterSave is allowed on _PushStatus'],
  [`Parse.Cloud.beforeSave('_Session', run)`, 'Only the afterLogout trigger is allowed for the _Session class.'],
  [`Parse.Cloud.afterFind(Parse.Session, run)`, 'Only the afterLogout trigger is allowed for the _Session class.'],
  [`Parse.Cloud.beforeLogin('Foo', run)`, ONLY_USERS],
  [`Parse.Cloud.afterLogin(Parse.Session, run)`, ONLY_USERS],
  [`Parse.Cloud.beforePasswordResetRequest('_Role', run)`, ONLY_USERS],
  [`Parse.Cloud.afterLogout('_User', run)`, 'Only the _Session class is allowed for the afterLogout trigger.'],
  [`Parse.Cloud.define('x', run, 'x')`, '0 is not a supported parameter for Cloud Function validations.'],
  [`Parse.Cloud.define('x', run, { foo: 1 })`, 'foo is not a supported parameter for Cloud Function validations.'],
  [`Parse.Cloud.define('x', run, { requireUser: 'x' })`, 'Invalid type for Cloud Function validation key requireUser. Expected boolean, actual string'],
  [`Parse.Cloud.define('x', run, { fields: 'x' })`, 'Invalid type for Cloud Function validation key fields. Expected array|object, actual string'],
  [`Parse.Cloud.define('x', run, { fields: { a: 'x' } })`, '0 is not a supported parameter for Cloud Function validations.'],
  [`Parse.Cloud.define('x', run, { fields: { a: { foo: 1 } } })`, 'foo is not a supported parameter for Cloud Function validations.'],
  [`Parse.Cloud.define('x', run, { fields: { a: { required: 'x' } } })`, 'Invalid type for Cloud Function validation key required. Expected boolean, actual string'],
  [`Parse.Cloud.define('x', run, { fields: { a: { error: 5 } } })`, 'Invalid type for Cloud Function validation key error. Expected string, actual number'],
  [`Parse.Cloud.define('x', run, { requireAnyUserRoles: 'x' })`, 'Invalid type for Cloud Function validation key requireAnyUserRoles. Expected array|function, actual string'],
  [`Parse.Cloud.define('x', run, { requireUserKeys: { a: { foo: 1 } } })`, 'foo is not a supported parameter for Cloud Function validations.'],
  [`Parse.Cloud.define('x', run, { rateLimit: 'x' })`, 'Invalid type for Cloud Function validation key rateLimit. Expected object, actual string'],
  [`Parse.Cloud.beforeSave('A', run, { rateLimit: { foo: 1 } })`, 'Invalid rate limit option "foo"'],
];

test('registrations that are refused', async t => {
  const cloud = `const run = () => {}; const texts = [];
    ${REFUSED.map(([code]) => `try { ${code}; texts.push('taken'); } catch (error) { texts.push(error); }`).join('\n')}
    Parse.Cloud.define('texts', () => texts);`;
  const root = makeApp(t, { 'main.js': cloud });
  const server = await Server.start(t, { root, cloud: 'main.js' });
  assert.deepEqual(await server.call('texts'), REFUSED.map(([, text]) => text));
});

for (const sdk of SDKS) {
  test(`registrations with ${sdk}`, async t => {
    const cloud = `
      const run = () => {};
      class Own extends Parse.Object { constructor() { super('Own'); } }
      Parse.Object.registerSubclass('Own', Own);
      for (const name of ['a b', '1a', 'a.b', 'toString', '__proto__', 'constructor', 'ä']) Parse.Cloud.define(name, () => name);
      Parse.Cloud.define('nothing'); Parse.Cloud.define('none', undefined, null);
      Parse.Cloud.define('twice', () => 1); Parse.Cloud.define('twice', () => 2);
      Parse.Cloud.job('job', run);
      Parse.Cloud.beforeSave(Parse.User, run); Parse.Cloud.afterSave('_PushStatus', run); Parse.Cloud.beforeSave(Parse.File, run);
      Parse.Cloud.afterSave(Parse.Config, run); Parse.Cloud.beforeDelete(Own, run); Parse.Cloud.afterDelete({ className: 'Obj' }, run);
      Parse.Cloud.afterFind(Parse.Object.extend('Sub'), run);
      Parse.Cloud.beforeLogin(run, { requireMaster: true }); Parse.Cloud.afterLogin(Parse.User, run); Parse.Cloud.afterLogout(run);
      Parse.Cloud.beforePasswordResetRequest(run); Parse.Cloud.beforeConnect(run); Parse.Cloud.beforeSubscribe('A', run);
      Parse.Cloud.afterLiveQueryEvent('A', run); Parse.Cloud.onLiveQueryEvent(run); Parse.Cloud.onLiveQueryEvent(run);
      Parse.Cloud.define('ruled', run, {
        requireUser: true, requireAnyUserRoles: () => ['Boss'], requireUserKeys: ['nick'],
        fields: { a: { type: String, required: true }, b: { type: Date, default: new Date(0) }, c: { options: value => value < 10, error: 'c' }, d: { options: [/x/i, 'y'] }, e: null },
        rateLimit: { requestCount: 5, requestTimeWindow: 1000, zone: Parse.Server.RateLimitZone.ip },
      });
      Parse.Cloud.define('checked', run, () => {}); Parse.Cloud.define('empty', run, {}); Parse.Cloud.define('listed', run, { fields: ['a'] });
      Parse.Cloud.define('late', () => { Parse.Cloud.define('one', () => 1); Parse.Cloud.beforeSave('B', run); });
      Parse.Cloud.define('removeAll', () => Parse.Cloud._removeAllHooks());`;
    const root = makeApp(t, { 'cloud/main.js': cloud }, sdk);
    const server = await Server.start(t, { root, cloud: 'cloud/main.js' });
    const { registrations } = server.initialized;
    const triggers = registrations.filter(({ kind }) => kind === 'trigger').map(({ type, className }) => `${type} ${className}`);
    assert.deepEqual(triggers, [
      'beforeSave _User', 'afterSave _PushStatus', 'beforeSave @File', 'afterSave @Config', 'beforeDelete Own', 'afterDelete Obj', 'afterFind Sub',
      'beforeLogin _User', 'afterLogin _User', 'afterLogout _Session', 'beforePasswordResetRequest _User', 'beforeConnect @Connect', 'beforeSubscribe A', 'afterEvent A',
    ]);
    const functions = registrations.filter(({ kind }) => kind === 'function').map(({ name }) => name);
    assert.deepEqual(functions, ['a b', '1a', 'a.b', 'toString', '__proto__', 'constructor', 'ä', 'twice', 'ruled', 'checked', 'empty', 'listed', 'late', 'removeAll']);
    assert.equal(registrations.filter(({ kind }) => kind === 'liveQueryEvent').length, 2);
    assert.equal(new Set(registrations.map(({ handler }) => handler)).size, registrations.length);
    for (const name of ['a b', 'a.b', 'toString', '__proto__', 'ä']) {
      assert.equal(await server.call(name), name);
    }
    assert.equal(await server.call('twice'), 2);
    assert.ok(server.notes.some(([method, { text }]) => method === 'console' && /Duplicate/.test(text)));

    const { validator } = registrations.find(({ name }) => name === 'ruled');
    const reference = ref => ({ $host: ref, kind: 'function', path: ref });
    assert.deepEqual(validator.rules, {
      requireUser: true,
      requireAnyUserRoles: reference('rules:function:ruled.requireAnyUserRoles'),
      requireUserKeys: ['nick'],
      fields: {
        a: { type: { $type: 'String' }, required: true },
        b: { type: { $type: 'Date' }, default: { __type: 'Date', iso: '1970-01-01T00:00:00.000Z' } },
        c: { options: reference('rules:function:ruled.fields.c.options'), error: 'c' },
        d: { options: [{ $regexp: ['x', 'i'] }, 'y'] },
        e: null,
      },
      rateLimit: { requestCount: 5, requestTimeWindow: 1000, zone: 'ip' },
    });
    const ask = (ref, ...args) => server.request('callback.call', { ref, path: ref, args });
    assert.deepEqual(await ask('rules:function:ruled.fields.c.options', 5), { value: true });
    assert.deepEqual(await ask('rules:function:ruled.requireAnyUserRoles'), { value: ['Boss'] });
    assert.deepEqual(registrations.find(({ name }) => name === 'checked').validator, { handler: 'validator:function:checked' });
    assert.equal(registrations.find(({ name }) => name === 'empty').validator, undefined);

    const told = [];
    server.methods['cloud.register'] = params => told.push(params) && {};
    server.methods['cloud.unregister'] = params => told.push(params) && {};
    await server.call('late');
    await server.call('removeAll');
    await server.request('ping', {});
    assert.deepEqual(told, [
      { registrations: [{ kind: 'function', name: 'one', handler: 'function:one' }, { kind: 'trigger', type: 'beforeSave', className: 'B', handler: 'trigger:beforeSave:B' }] },
      { all: true },
    ]);
    await assert.rejects(server.call('unknown'), error => error.rpc.code === -32004);
    await assert.rejects(ask('unknown'), error => error.rpc.code === -32004);
  });
}

const HELLO = `Parse.Cloud.define('hello', () => 'Hello');`;

// Each entry: files, the name of the cloud file.
const LOADABLE = {
  CommonJS: [{ 'cloud/main.js': `require('./other');`, 'cloud/other.js': HELLO }, 'cloud/main.js'],
  'an ES module by its name': [{ 'main.mjs': `import './other.mjs'; await null;`, 'other.mjs': HELLO }, 'main.mjs'],
  'ES modules by package.json': [{ 'package.json': '{"type":"module"}', 'main.js': `import { hello } from './other.js'; hello();`, 'other.js': `export const hello = () => { ${HELLO} };` }, 'main.js'],
  'CommonJS by its name among ES modules': [{ 'package.json': '{"type":"module"}', 'main.cjs': `require('node:path'); ${HELLO}` }, 'main.cjs'],
  'module syntax without a type': [{ 'main.js': `import path from 'node:path'; ${HELLO} export default path;` }, 'main.js'],
  'no extension': [{ 'cloud/main.js': HELLO }, 'cloud/main'],
  'a directory': [{ 'cloud/index.js': HELLO }, 'cloud'],
  'the SDK by its name': [{ 'main.js': `const Parse = require('parse/node'); ${HELLO}` }, 'main.js'],
  'what waits before it registers': [{ 'main.mjs': `await new Promise(resolve => setImmediate(resolve)); ${HELLO}` }, 'main.mjs'],
};

for (const [what, [files, cloud]] of Object.entries(LOADABLE)) {
  test(`loads ${what}`, async t => {
    const server = await Server.start(t, { root: makeApp(t, files), cloud });
    assert.equal(await server.call('hello'), 'Hello');
  });
}

// Each entry: files, the name of the cloud file, what the error says.
const BROKEN = {
  'a syntax error': [{ 'cloud/main.js': `const a = 1;\nconst b = ;\n` }, 'cloud/main.js', /main\.js:2: SyntaxError: Unexpected token ';'$/],
  'a syntax error in an ES module': [{ 'main.mjs': `const a = 1;\nconst b = ;\n` }, 'main.mjs', /main\.mjs:2: SyntaxError: Unexpected token ';'$/],
  'an error while it runs': [{ 'main.js': `require('./other');`, 'other.js': `\n\nnull.x;` }, 'main.js', /other\.js:3: TypeError: Cannot read properties of null/],
  'a syntax error in an imported module': [{ 'main.mjs': `import './a.mjs';`, 'a.mjs': `import path from 'node:path';\nexport * from './b.mjs';`, 'b.mjs': '\n\n;;)' }, 'main.mjs', /b\.mjs:3: SyntaxError: Unexpected token '\)'$/],
  'an error in an ES module': [{ 'main.mjs': `\nthrow new Error('on purpose');` }, 'main.mjs', /main\.mjs:2: Error: on purpose$/],
  'a refused registration': [{ 'main.js': `Parse.Cloud.beforeLogin('Foo', () => {});` }, 'main.js', /main\.js: Only the _User class is allowed/],
  'nothing thrown': [{ 'main.js': `throw undefined;` }, 'main.js', /main\.js: undefined$/],
  'a module that is not there': [{ 'main.js': `require('not-there');` }, 'main.js', /main\.js:1: Error: Cannot find module 'not-there'/],
  'no file': [{}, 'cloud/main.js', /cloud\/main\.js does not exist/],
};

for (const [what, [files, cloud, message]] of Object.entries(BROKEN)) {
  test(`says where: ${what}`, async t => {
    const root = makeApp(t, files);
    await assert.rejects(Server.start(t, { root, cloud }), error => {
      assert.equal(error.rpc.code, -32000);
      assert.match(error.thrown.message, message);
      return true;
    });
  });
}

test('says what to install when the SDK is not there', async t => {
  const root = makeApp(t, { 'main.js': HELLO }, null);
  await assert.rejects(Server.start(t, { root, cloud: 'main.js' }), error => error.thrown.message.includes(`run \`npm install parse\` in ${root}`));
});

test('finds the SDK beside the cloud file', async t => {
  const app = makeApp(t, { 'main.js': HELLO });
  const root = makeApp(t, {}, null);
  const server = await Server.start(t, { root, settings: { cloud: path.join(app, 'main.js') } });
  assert.equal(await server.call('hello'), 'Hello');
});
