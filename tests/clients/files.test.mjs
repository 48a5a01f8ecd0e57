// Files with the official JavaScript SDK, unmodified.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { startServer } from './server.mjs';

let server;
before(async () => {
  server = await startServer();
  Parse.initialize(server.appId, undefined, server.masterKey);
  Parse.serverURL = server.rest;
  Parse.CoreManager.set('REQUEST_ATTEMPT_LIMIT', 1);
});
after(() => server?.stop());

const MASTER = { useMasterKey: true };
const read = async file => Buffer.from(await (await fetch(file.url())).arrayBuffer());
const refused = (promise, code) => assert.rejects(promise, error => error instanceof Parse.Error && error.code === code);

describe('files', () => {
  const content = Buffer.from('content of a file');

  test('every kind of source is saved and read back', async () => {
    const sources = {
      base64: { base64: content.toString('base64') },
      'data uri': { base64: `data:text/plain;base64,${content.toString('base64')}` },
      bytes: [...content],
      typed: new Uint8Array(content),
      buffer: content,
    };
    for (const [kind, source] of Object.entries(sources)) {
      const file = new Parse.File('a file.txt', source, 'text/plain');
      await file.save(MASTER);
      assert.match(file.name(), /^[0-9a-f]{32}_a file\.txt$/, kind);
      assert.equal((await read(file)).toString(), content.toString(), kind);
    }
  });

  test('a file without an extension gets that of its type', async () => {
    const file = new Parse.File('logo', [1, 2, 3], 'image/png');
    await file.save(MASTER);
    assert.match(file.name(), /_logo\.png$/);
    assert.equal((await fetch(file.url())).headers.get('content-type'), 'image/png');
  });

  test('metadata and tags come along', async () => {
    const file = new Parse.File('a.txt', [...content], 'text/plain', { by: 'ann' }, { kind: 'test' });
    await file.save(MASTER);
    const url = file.url().replace(`/${server.appId}/`, `/${server.appId}/metadata/`);
    assert.deepEqual(await (await fetch(url)).json(), { metadata: { by: 'ann' }, tags: { kind: 'test' } });
  });

  test('objects hold files', async () => {
    const file = await new Parse.File('photo.png', [...content], 'image/png').save(MASTER);
    const user = await Parse.User.signUp('holder', 'secret');
    const holder = await new Parse.Object('Holder').save(
      { file, list: [file], inside: { file } }, { sessionToken: user.getSessionToken() });
    const again = await new Parse.Query('Holder').get(holder.id);
    for (const known of [again.get('file'), again.get('list')[0], again.get('inside').file]) {
      assert.ok(known instanceof Parse.File);
      assert.equal(known.name(), file.name());
      assert.equal(known.url(), file.url());
    }
    assert.equal(Buffer.from(await again.get('file').getData(), 'base64').toString(), content.toString());
    assert.equal((await new Parse.Query('Holder').equalTo('file', file).find()).length, 1);
    again.unset('file');
    await again.save();
    assert.equal((await read(file)).toString(), content.toString());
  });

  test('only whom the options name may upload, only the master may destroy', async () => {
    const make = () => new Parse.File('a.txt', [...content], 'text/plain');
    await refused(make().save(), 130);
    const user = await Parse.User.signUp('uploader', 'secret');
    const file = await make().save({ sessionToken: user.getSessionToken() });
    await assert.rejects(file.destroy({ useMasterKey: false }));
    assert.equal((await fetch(file.url())).status, 200);
    await file.destroy(MASTER);
    assert.equal((await fetch(file.url())).status, 404);
    await refused(new Parse.File('page.html', [...content], 'text/html').save({ sessionToken: user.getSessionToken() }), 130);
    await refused(new Parse.File('bad/name.txt', [...content], 'text/plain').save(MASTER), 122);
  });

  test('a body streams up and down', async () => {
    const piece = Buffer.alloc(1 << 20, 'x');
    const pieces = 15;
    const body = new ReadableStream({
      start(controller) { this.left = pieces; },
      pull(controller) { if (this.left-- > 0) controller.enqueue(piece); else controller.close(); },
    });
    const headers = {
      'X-Parse-Application-Id': server.appId, 'X-Parse-Master-Key': server.masterKey,
      'X-Parse-Upload-Mode': 'stream', 'Content-Type': 'application/octet-stream',
    };
    const sent = await fetch(`${server.rest}/files/long.bin`, { method: 'POST', headers, body, duplex: 'half' });
    assert.equal(sent.status, 201);
    const expected = createHash('sha256');
    for (let at = 0; at < pieces; at++) expected.update(piece);
    const got = createHash('sha256');
    for await (const part of (await fetch((await sent.json()).url)).body) got.update(part);
    assert.equal(got.digest('hex'), expected.digest('hex'));
  });
});
