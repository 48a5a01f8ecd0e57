// Adapters of the Parse community from npm, unchanged, in a real server: the built binary with a configuration that is
// JavaScript. PARSIMONY_TEST_BIN names the binary (default: target/debug/parsimony of this checkout).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = process.env.PARSIMONY_TEST_ROOT ?? resolve(here, '../..');
const binary = process.env.PARSIMONY_TEST_BIN ?? join(root, 'target/debug/parsimony');
// The packages are installed where PARSIMONY_TEST_HOST says, or beside this file.
const packages = join(process.env.PARSIMONY_TEST_HOST ?? here, 'node_modules');

const START_MS = 60_000;
const PATIENCE_MS = 20_000;
const POLL_MS = 20;

const files = {
  'config.mjs': `
    import fs from 'node:fs';
    export default {
      appId: 'app', masterKey: 'master', databaseURI: 'sqlite::memory:', host: '127.0.0.1', port: 0,
      appName: 'Example', publicServerURL: 'http://public.example/parse', verifyUserEmails: true, cloudWorkers: 2,
      allowClientClassCreation: true, cloud: './main.js',
      emailAdapter: {
        module: 'parse-server-api-mail-adapter',
        options: {
          sender: 'app@example.com',
          templates: {
            passwordResetEmail: { subjectPath: './reset_subject.txt', textPath: './reset.txt' },
            verificationEmail: {
              subjectPath: './verify_subject.txt', textPath: './verify.txt',
              localeCallback: async user => user.get('locale'),
              placeholderCallback: async ({ user }) => ({ nick: user.get('nick') }),
            },
            custom: { subjectPath: './custom_subject.txt', textPath: './custom.txt', placeholders: { name: 'nobody' } },
          },
          apiCallback: async ({ payload, locale }) => {
            fs.appendFileSync('mails.jsonl', JSON.stringify({ ...payload, locale }) + '\\n');
          },
        },
      },
    };`,
  'main.js': `
    Parse.Cloud.define('mail', ({ params }) => Parse.Cloud.sendEmail({ templateName: 'custom', recipient: params.to, placeholders: { name: params.name } }));`,
  'reset_subject.txt': 'A new password for {{appName}}',
  'reset.txt': 'Choose it here: {{{link}}}',
  'verify_subject.txt': 'Please verify, {{nick}}',
  'verify.txt': 'Here: {{{link}}}',
  'custom_subject.txt': 'Hello {{name}}',
  'custom.txt': 'Just that.',
  'de/verify_subject.txt': 'Bitte bestätigen, {{nick}}',
  'de/verify.txt': 'Hier: {{{link}}}',
};

async function start(directory) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  symlinkSync(packages, join(directory, 'node_modules'));
  const child = spawn(binary, ['config.mjs'], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  createInterface({ input: child.stderr }).on('line', line => said.push(line));
  const ended = new Promise(done => child.on('exit', code => done(code)));
  const url = await new Promise((done, failed) => {
    setTimeout(() => failed(new Error(`not ready in time\n${said.join('\n')}`)), START_MS).unref();
    ended.then(code => failed(new Error(`ended with ${code}\n${said.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', line => {
      const [, found] = /^rest (\S+)$/.exec(line) ?? [];
      if (found) done(found);
    });
  });
  return { url, stop: () => (child.kill('SIGTERM'), ended) };
}

async function post(url, path, body) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'x-parse-application-id': 'app', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function mails(directory, count) {
  const file = join(directory, 'mails.jsonl');
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(line => JSON.parse(line)) : [];
    if (lines.length >= count) return lines;
    assert.ok(Date.now() < deadline, `${lines.length} of ${count} mails`);
    await new Promise(done => setTimeout(done, POLL_MS));
  }
}

test('parse-server-api-mail-adapter writes and localises the mails of a server', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'parsimony-adapters-'));
  const server = await start(directory);
  try {
    const ann = { username: 'ann', password: 'pw', email: 'ann@example.com', nick: 'Anni', locale: 'de' };
    assert.equal((await post(server.url, '/users', ann)).status, 201);
    const [verification] = await mails(directory, 1);
    assert.equal(verification.to, 'ann@example.com');
    assert.equal(verification.from, 'app@example.com');
    assert.equal(verification.subject, 'Bitte bestätigen, Anni');
    assert.match(verification.text, /^Hier: http:\/\/public\.example\/parse\/apps\/app\/verify_email\?token=\w{25}/);

    assert.equal((await post(server.url, '/requestPasswordReset', { email: 'ann@example.com' })).status, 200);
    const [, reset] = await mails(directory, 2);
    assert.equal(reset.subject, 'A new password for Example');
    assert.match(reset.text, /request_password_reset\?token=/);

    const sent = await post(server.url, '/functions/mail', { to: 'bob@example.com', name: 'Bob' });
    assert.equal(sent.status, 200, JSON.stringify(sent.body));
    const [, , custom] = await mails(directory, 3);
    assert.deepEqual([custom.to, custom.subject], ['bob@example.com', 'Hello Bob']);
  } finally {
    assert.equal(await server.stop(), 0);
    rmSync(directory, { recursive: true, force: true });
  }
});
