// An app with cloud code, as its users and its operator see it: everything through the official JavaScript SDK.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { graphql, rest, runJob, startServer } from './server.mjs';

const CLOUD = `
const { nameOf } = require('./names.js');

Parse.Cloud.define('hello', ({ params }) => \`Hello \${nameOf(params)}!\`);
Parse.Cloud.define('who', ({ user, master }) => ({ name: user?.get('username'), master, hasSession: Boolean(user?.getSessionToken()) }));
Parse.Cloud.define('echo', ({ params }) => params);
Parse.Cloud.define('nothing', () => {});
Parse.Cloud.define('fails', ({ params }) => {
  if (params.how === 'parse') throw new Parse.Error(1234, 'own code');
  if (params.how === 'error') throw new TypeError('own text');
  throw 'own words';
});
Parse.Cloud.define('members', () => 'for members', { requireUser: true });
Parse.Cloud.define('checked', ({ params }) => params.size * 2, {
  fields: { size: { type: Number, required: true, options: size => size > 0, error: 'a size is positive' } },
});
Parse.Cloud.define('titles', async ({ params }) => {
  const found = await new Parse.Query('Song').containedIn('title', params.titles).ascending('title').find({ useMasterKey: true });
  return found.map(song => song.get('title'));
});
Parse.Cloud.define('songs', () => new Parse.Query('Song').ascending('title').find({ useMasterKey: true }));
Parse.Cloud.define('mine', ({ user }) => new Parse.Query('Secret').find({ sessionToken: user.getSessionToken() }));
Parse.Cloud.define('nested', ({ params }) => Parse.Cloud.run('hello', params));

Parse.Cloud.beforeSave('Song', async ({ object, original, context }) => {
  if (object.isNew() && (await new Parse.Query('Song').equalTo('title', object.get('title')).first({ useMasterKey: true }))) {
    throw new Parse.Error(Parse.Error.DUPLICATE_VALUE, 'there is such a song');
  }
  if (original && object.dirty('title')) object.addUnique('formerTitles', original.get('title'));
  for (const [field, value] of Object.entries({ plays: 0, isHidden: false })) {
    if (!object.has(field)) object.set(field, value);
  }
  if (context.note) object.set('note', context.note);
});
Parse.Cloud.afterSave('Song', async ({ object, original }) => {
  await new Parse.Object('Entry').save({ song: object, event: original ? 'changed' : 'made' }, { useMasterKey: true });
});
Parse.Cloud.beforeDelete('Song', ({ object }) => {
  if (object.get('plays') > 0) throw 'it is played';
});
Parse.Cloud.beforeFind('Song', ({ query, master }) => {
  if (!master) query.notEqualTo('isHidden', true);
});
Parse.Cloud.afterFind('Entry', ({ objects }) => objects.map(object => object.set('told', true)));
Parse.Cloud.beforeSave(Parse.User, ({ object }) => {
  if (object.get('username') === 'root') throw new Parse.Error(Parse.Error.USERNAME_TAKEN, 'not that name');
});
Parse.Cloud.beforeLogin(({ object }) => {
  if (object.get('isBanned')) throw new Parse.Error(Parse.Error.VALIDATION_ERROR, 'go away');
});

Parse.Cloud.job('count', async ({ params, message }) => {
  await message('counting');
  if (params.fails) throw new Error('no counting');
  return \`\${await new Parse.Query('Song').count({ useMasterKey: true })} songs\`;
});
`;

const NAMES = `exports.nameOf = ({ name }) => name ?? 'world';`;

let server;
before(async () => {
  server = await startServer({
    options: { cloud: './main.js', cloudWorkers: 2 },
    files: { 'main.js': CLOUD, 'names.js': NAMES },
  });
  Parse.initialize(server.appId, undefined, server.masterKey);
  Parse.serverURL = server.rest;
  // A 5xx answer is a failure here, not a reason to try again.
  Parse.CoreManager.set('REQUEST_ATTEMPT_LIMIT', 1);
});
after(() => server?.stop());

const MASTER = { useMasterKey: true };
const refused = (promise, code, text) =>
  assert.rejects(promise, error => {
    assert.deepEqual([error.code, error.message], [code, text]);
    return true;
  });

let made = 0;
const song = (fields, options) => new Parse.Object('Song').save({ title: `Song ${++made}`, ...fields }, options);
const signUp = fields => new Parse.User().signUp({ username: `user-${++made}`, password: 'Secret-1', ...fields });
const as = user => ({ sessionToken: user.getSessionToken() });

describe('functions', () => {
  test('answer with values of every kind', async () => {
    assert.equal(await Parse.Cloud.run('hello', { name: 'Ann' }), 'Hello Ann!');
    assert.equal(await Parse.Cloud.run('hello'), 'Hello world!');
    assert.equal(await Parse.Cloud.run('nothing'), undefined);
    const date = new Date('2026-01-02T03:04:05.678Z');
    const params = { text: 'ä 🎵', list: [1, 2.5, null, [true]], map: { deep: { er: 1 } }, date };
    assert.deepEqual(await Parse.Cloud.run('echo', params), params);
  });

  test('know who asks', async () => {
    const user = await signUp();
    assert.deepEqual(await Parse.Cloud.run('who', {}, as(user)), { name: user.getUsername(), master: false, hasSession: true });
    assert.deepEqual(await Parse.Cloud.run('who', {}, MASTER), { master: true, hasSession: false });
  });

  test('throw what their callers read', async () => {
    await refused(Parse.Cloud.run('fails', { how: 'parse' }), 1234, 'own code');
    await refused(Parse.Cloud.run('fails', { how: 'error' }), 141, 'own text');
    await refused(Parse.Cloud.run('fails', { how: 'words' }), 141, 'own words');
    await refused(Parse.Cloud.run('unknown'), 141, 'Invalid function: "unknown"');
  });

  test('are asked only if their validators agree', async () => {
    await refused(Parse.Cloud.run('members'), 142, 'Validation failed. Please login to continue.');
    assert.equal(await Parse.Cloud.run('members', {}, as(await signUp())), 'for members');
    await refused(Parse.Cloud.run('checked', { size: -1 }), 142, 'a size is positive');
    assert.equal(await Parse.Cloud.run('checked', { size: 21 }), 42);
  });

  test('find and give objects', async () => {
    const [one, two] = [await song(), await song()];
    const titles = [one.get('title'), two.get('title')].sort();
    assert.deepEqual(await Parse.Cloud.run('titles', { titles }), titles);
    const all = await Parse.Cloud.run('songs');
    const found = all.find(({ id }) => id === one.id);
    assert.ok(found instanceof Parse.Object);
    assert.equal(found.get('title'), one.get('title'));
    assert.ok(found.createdAt instanceof Date);
  });

  test('see what the user may see whose session they pass on', async () => {
    const [ann, bob] = [await signUp(), await signUp()];
    const secret = new Parse.Object('Secret', { text: 'hush' });
    secret.setACL(new Parse.ACL(ann));
    await secret.save(null, as(ann));
    assert.equal((await Parse.Cloud.run('mine', {}, as(ann))).length, 1);
    assert.equal((await Parse.Cloud.run('mine', {}, as(bob))).length, 0);
  });

  test('call each other', async () => {
    assert.equal(await Parse.Cloud.run('nested', { name: 'Bob' }), 'Hello Bob!');
  });

  test('answer over GraphQL, too', async () => {
    const call = 'mutation ($params: Object) { callCloudCode(input: { functionName: hello, params: $params }) { result } }';
    const { body } = await graphql(server, call, { params: { name: 'Ann' } });
    assert.deepEqual(body, { data: { callCloudCode: { result: 'Hello Ann!' } } });
  });

  test('many at once are answered, each with its own', async () => {
    const names = Array.from({ length: 200 }, (_, at) => `n${at}`);
    const answers = await Promise.all(names.map(name => Parse.Cloud.run('nested', { name })));
    assert.deepEqual(answers, names.map(name => `Hello ${name}!`));
  });
});

describe('triggers', () => {
  test('change what is saved, and the SDK knows', async () => {
    const saved = await song({}, { context: { note: 'from afar' } });
    assert.deepEqual([saved.get('plays'), saved.get('note')], [0, 'from afar']);
    const before = saved.get('title');
    await saved.save({ title: `${before}, again` });
    assert.deepEqual(saved.get('formerTitles'), [before]);
    const stored = await new Parse.Query('Song').get(saved.id);
    assert.deepEqual(stored.toJSON().formerTitles, [before]);
  });

  test('refuse', async () => {
    const first = await song({ plays: 3 });
    await refused(song({ title: first.get('title') }), Parse.Error.DUPLICATE_VALUE, 'there is such a song');
    await refused(first.destroy(), 141, 'it is played');
    await refused(signUp({ username: 'root' }), Parse.Error.USERNAME_TAKEN, 'not that name');
    const banned = await signUp({ isBanned: true });
    await refused(Parse.User.logIn(banned.getUsername(), 'Secret-1'), Parse.Error.VALIDATION_ERROR, 'go away');
  });

  test('make other objects, which others see', async () => {
    const saved = await song();
    await saved.save({ plays: 1 });
    const entries = await new Parse.Query('Entry').equalTo('song', saved).ascending('createdAt').find();
    assert.deepEqual(entries.map(entry => [entry.get('event'), entry.get('told')]), [['made', true], ['changed', true]]);
  });

  test('hide from all but the master', async () => {
    const hidden = await song({ isHidden: true });
    const query = () => new Parse.Query('Song').equalTo('objectId', hidden.id);
    assert.equal(await query().count(), 0);
    assert.equal(await query().first(), undefined);
    assert.equal((await query().first(MASTER)).id, hidden.id);
  });

  test('see each object of a batch', async () => {
    const songs = [1, 2, 3].map(() => new Parse.Object('Song', { title: `Song ${++made}` }));
    await Parse.Object.saveAll(songs);
    assert.deepEqual(songs.map(saved => saved.get('plays')), [0, 0, 0]);
    songs.push(new Parse.Object('Song', { title: songs[0].get('title') }));
    await refused(Parse.Object.saveAll(songs), Parse.Error.DUPLICATE_VALUE, 'there is such a song');
  });
});

describe('jobs', () => {
  test('run after the answer, and their status says how', async () => {
    const ended = await runJob(server, 'count');
    assert.equal(ended.status, 'succeeded');
    assert.match(ended.message, /^\d+ songs$/);
    assert.ok(ended.finishedAt.iso);
  });

  test('may fail', async () => {
    const { status, message } = await runJob(server, 'count', { fails: true });
    assert.deepEqual([status, message], ['failed', 'no counting']);
  });

  test('are for the master, who sees which there are', async () => {
    await refused(Parse.Cloud.startJob('unknown', {}), 141, 'Invalid job.');
    const { jobs } = await rest(server, 'GET', '/cloud_code/jobs/data');
    assert.deepEqual(jobs, ['count']);
  });
});
