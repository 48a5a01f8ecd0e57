// The life of a worker, and what it stands: broken lines, large lines, many calls, errors outside of calls.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import net from 'node:net';
import test from 'node:test';

import { APPLICATION, makeApp, Server } from './server.mjs';

const CLOUD = `
let release; const gate = new Promise(resolve => { release = resolve; });
Parse.Cloud.define('hello', () => 'Hello');
Parse.Cloud.define('length', r => r.params.text.length);
Parse.Cloud.define('echo', r => r.params);
Parse.Cloud.define('wait', () => gate);
Parse.Cloud.define('release', () => { release('released'); });
Parse.Cloud.define('forever', () => new Promise(() => {}));
Parse.Cloud.define('reject', () => { Promise.reject(new Error('nobody waits')); Promise.reject(); Promise.reject({ [Symbol.for('nodejs.util.inspect.custom')]() { throw 1; } }); return 'fine'; });
Parse.Cloud.define('crash', () => new Promise(() => setTimeout(() => { throw new Error('out of reach'); })));
let aborted; Parse.Cloud.define('aborted', () => aborted);
Parse.Cloud.define('listens', request => new Promise(() => request.signal.addEventListener('abort', () => { aborted = request.signal.reason.message; })));
Parse.Cloud.define('exit', () => process.exit(7));
Parse.Cloud.define('environment', () => [process.env.PARSIMONY_HOST === undefined, process.cwd()]);
Parse.Cloud.define('chatter', () => { for (let i = 0; i < 300000; i++) console.log('x'.repeat(100)); return 'done'; });
Parse.Cloud.define('asks', () => new Parse.Query('A').find());
`;

const start = (t, more = {}) => Server.start(t, { root: makeApp(t, { 'main.js': CLOUD }), cloud: 'main.js', ...more });

test('the socket is private, the environment clean', async t => {
  const server = await start(t);
  assert.equal(statSync(server.socketPath).mode & 0o777, 0o600);
  assert.deepEqual(await server.call('environment'), [true, server.root]);
});

test('calls run at the same time, answers come in any order', async t => {
  const server = await start(t);
  const waiting = server.call('wait');
  assert.equal(await server.call('hello'), 'Hello');
  await server.call('release');
  assert.equal(await waiting, 'released');
});

test('calls that finish together leave together', async t => {
  const server = await start(t);
  server.reads = [];
  const line = id => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping', params: {} }) + '\n';
  server.raw(Array.from({ length: 200 }, (_, index) => line(10_000 + index)).join(''));
  await server.request('ping', {});
  assert.ok(server.reads.some(lines => lines >= 100), `lines of each read: ${server.reads}`);
});

test('what is not a request is refused, and nothing else suffers', async t => {
  const server = await start(t);
  server.raw('not json\n[]\n5\n\n{"jsonrpc":"2.0","id":999,"result":{}}\n{"jsonrpc":"2.0","method":"unknown"}\n');
  await assert.rejects(server.request('no.such', {}), error => error.rpc.code === -32601);
  await assert.rejects(server.request('toString', {}), error => error.rpc.code === -32601);
  await assert.rejects(server.request('function.call', {}), error => error.rpc.code === -32004);
  await assert.rejects(server.request('trigger.run', { handler: 'trigger:beforeSave:Nope' }), error => error.rpc.code === -32004);
  assert.equal(await server.call('hello'), 'Hello');
});

test('another version of the protocol is refused', async t => {
  await assert.rejects(start(t, { initialize: { protocolVersion: 2 } }), error => error.rpc.code === -32003);
});

test('a message may come in any pieces', async t => {
  const server = await start(t);
  const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 5000, method: 'function.call', params: { handler: 'function:echo', name: 'echo', request: { params: { text: 'ä€😀\n' } } } }) + '\n');
  const socket = net.connect(server.socketPath);
  t.after(() => socket.destroy());
  socket.setNoDelay();
  const answered = new Promise(resolve => {
    let text = '';
    socket.on('data', chunk => (text += chunk).includes('\n') && resolve(JSON.parse(text)));
  });
  for (const byte of bytes) {
    await new Promise(resolve => socket.write(Buffer.of(byte), resolve));
  }
  assert.equal((await answered).result.value.text, 'ä€😀\n');
});

test('fifty megabytes there and back', async t => {
  const server = await start(t);
  const text = 'x'.repeat(50 * 1024 * 1024);
  assert.equal(await server.call('length', { text }), text.length);
  assert.equal((await server.call('echo', { text })).text.length, text.length);
});

test('a server that does not read stops nothing, and console output is left out', async t => {
  const server = await start(t);
  server.socket.pause();
  const chatter = server.call('chatter');
  const hello = server.call('hello');
  server.socket.resume();
  assert.deepEqual(await Promise.all([chatter, hello]), ['done', 'Hello']);
  assert.equal(await server.call('hello'), 'Hello');
  const left = await server.note((method, { text }) => method === 'console' && /lines of console output were left out/.test(text));
  assert.equal(left.stream, 'stderr');
});

test('a rejection that nobody waits for is logged', async t => {
  const server = await start(t);
  assert.equal(await server.call('reject'), 'fine');
  await server.note((method, { stream, text }) => method === 'console' && stream === 'stderr' && /nobody waits/.test(text));
  assert.equal(await server.call('hello'), 'Hello');
});

test('an exception outside of calls ends the process with its words', async t => {
  const server = await start(t);
  const calls = [server.call('crash'), server.call('forever')];
  const ends = await Promise.allSettled(calls);
  assert.deepEqual(ends.map(({ status }) => status), ['rejected', 'rejected']);
  assert.equal(await server.exited, 1);
  assert.ok(server.notes.some(([method, { text }]) => method === 'console' && /out of reach/.test(text)));
});

test('user code may end the process', async t => {
  const server = await start(t);
  await assert.rejects(server.call('exit'));
  assert.equal(await server.exited, 7);
});

test('a call that nobody waits for any more is told so', async t => {
  const server = await start(t);
  const { id, answer } = server.start('function.call', { handler: 'function:listens', name: 'listens', request: { params: {} } });
  // It ends with the connection only.
  answer.catch(() => {});
  assert.equal(await server.call('aborted'), undefined);
  server.notify('$/cancel', { id });
  server.notify('$/cancel', { id: 987654 });
  assert.equal(await server.call('aborted'), 'The server gave up this call.');
});

test('a shutdown waits for handlers', async t => {
  const server = await start(t);
  const waiting = server.call('wait');
  const shutdown = server.request('shutdown', {});
  server.request('function.call', { handler: 'function:release', name: 'release', request: {} }).catch(() => {});
  assert.equal(await waiting, 'released');
  assert.deepEqual(await shutdown, {});
  assert.equal(await server.exited, 0);
});

test('a shutdown does not wait for what nobody waits for', async t => {
  const server = await start(t);
  const { id, answer } = server.start('function.call', { handler: 'function:forever', name: 'forever', request: {} });
  answer.catch(() => {});
  server.notify('$/cancel', { id });
  await server.request('shutdown', {});
  assert.equal(await server.exited, 0);
});

test('a worker without a server ends', async t => {
  const server = await start(t, { settings: { orphanedMilliseconds: 3_000 } });
  server.socket.destroy();
  assert.equal(await server.exited, 0);
});

test('a worker that spins does not outlive its server for long', async t => {
  const root = makeApp(t, { 'main.js': `Parse.Cloud.define('spin', () => { process.stdout.write = undefined; for (;;); });` });
  // The server that starts the worker is a process of its own, which dies.
  const parent = `
    const server = await Server.start({ after() {} }, { root: ${JSON.stringify(root)}, cloud: 'main.js', settings: { orphanedMilliseconds: 3_000 } });
    server.call('spin').catch(() => {});
    console.log(server.child.pid);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1_000);`;
  const text = `import { Server } from ${JSON.stringify(new URL('./server.mjs', import.meta.url).href)};${parent}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  const worker = await new Promise(resolve => child.stdout.once('data', data => resolve(Number(data))));
  const isThere = () => {
    try {
      process.kill(worker, 0);
      return true;
    } catch {
      return false;
    }
  };
  assert.ok(isThere());
  while (isThere()) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
});

test('a server that comes back finds the same registrations', async t => {
  const server = await start(t);
  const running = server.call('forever').catch(error => error.message);
  server.socket.destroy();
  assert.equal(await running, 'connection closed');
  await server.connect();
  const again = await server.request('initialize', { protocolVersion: 1, role: 'server', application: { ...APPLICATION, masterKey: 'other' } });
  assert.deepEqual(again, server.initialized);
  server.methods['api.request'] = () => ({ status: 200, body: { results: [] } });
  assert.deepEqual(await server.call('asks'), []);
});

test('a second connection answers calls, the first stays the way to the server', async t => {
  const server = await start(t);
  const callbacks = new Server();
  callbacks.socketPath = server.socketPath;
  await callbacks.connect();
  t.after(() => callbacks.stop());
  const { registrations } = await callbacks.request('initialize', { protocolVersion: 1, role: 'callbacks' });
  assert.deepEqual(registrations, []);
  assert.equal(await callbacks.call('hello'), 'Hello');
  let asked = 0;
  server.methods['api.request'] = () => (asked += 1) && { status: 200, body: { results: [] } };
  await callbacks.call('asks');
  assert.equal(asked, 1);
});

test('nothing is answered before the server has introduced itself', async t => {
  const server = await start(t);
  const root = makeApp(t, { 'main.js': CLOUD });
  const other = new Server();
  other.socketPath = `${root}/w.sock`;
  await other.spawn(t, { socket: other.socketPath, cloud: `${root}/main.js`, root }, []);
  t.after(() => other.stop());
  await other.connect();
  await assert.rejects(other.call('hello'), error => error.rpc.code === -32600);
  assert.deepEqual(await other.request('ping', {}), {});
  assert.deepEqual(await server.request('ping', {}), {});
});
