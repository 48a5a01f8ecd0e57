// Users, sessions, roles and access control lists with the official JavaScript SDK, unmodified.
import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { startServer } from './server.mjs';

// A second factor by the codes of an authenticator app.
const MFA = { options: ['TOTP'], digits: 6, period: 30, algorithm: 'SHA1' };

let server;
before(async () => {
  server = await startServer({ options: { auth: { mfa: MFA }, protectedFieldsOwnerExempt: true } });
  Parse.initialize(server.appId, undefined, server.masterKey);
  Parse.serverURL = server.rest;
  // A 5xx answer is a failure here, not a reason to try again.
  Parse.CoreManager.set('REQUEST_ATTEMPT_LIMIT', 1);
});
after(() => server?.stop());

const MASTER = { useMasterKey: true };
const refused = (promise, code) =>
  assert.rejects(promise, error => {
    assert.ok(error instanceof Parse.Error, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
const as = user => ({ sessionToken: user.getSessionToken() });
const attributes = (objects, field) => objects.map(object => object.get(field)).sort();

let made = 0;
const newName = () => `user-${++made}`;
const PASSWORD = 'Secret-1';
const signUp = fields => new Parse.User().signUp({ username: newName(), password: PASSWORD, ...fields });

// As from another device: an installation has one session of a user.
const logInElsewhere = user => Parse.User.logIn(user.getUsername(), PASSWORD, { installationId: randomUUID() });

function publicRead(user) {
  const acl = new Parse.ACL(user);
  acl.setPublicReadAccess(true);
  return acl;
}

// The SDK keeps one current user, as it does in a browser.
describe('the current user', () => {
  before(() => Parse.User.enableUnsafeCurrentUser());
  afterEach(() => Parse.User.logOut());
  after(() => Parse.User.disableUnsafeCurrentUser());

  test('signs up, is current, logs out, logs in', async () => {
    const username = newName();
    const user = await signUp({ username, email: `${username}@example.com`, nickname: 'Nick' });
    assert.match(user.id, /^[A-Za-z0-9]{10}$/);
    assert.match(user.getSessionToken(), /^r:[0-9a-f]{32}$/);
    assert.equal(user.get('password'), undefined);
    assert.equal(user.authenticated(), true);
    assert.equal(Parse.User.current().id, user.id);

    const token = user.getSessionToken();
    await Parse.User.logOut();
    assert.equal(Parse.User.current(), null);
    await refused(Parse.User.me(token), Parse.Error.INVALID_SESSION_TOKEN);

    const again = await Parse.User.logIn(username, PASSWORD);
    assert.equal(again.id, user.id);
    assert.equal(again.get('nickname'), 'Nick');
    assert.equal(again.getEmail(), `${username}@example.com`);
    assert.notEqual(again.getSessionToken(), token);
    assert.equal(Parse.User.current().id, user.id);
    const byGet = await Parse.User.logIn(username, PASSWORD, { usePost: false });
    assert.equal(byGet.id, user.id);
    const byAddress = await fetch(`${server.rest}/login`, {
      method: 'POST',
      headers: { ...server.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ email: `${username}@example.com`, password: PASSWORD }),
    });
    assert.equal((await byAddress.json()).objectId, user.id);
  });

  test('becomes whoever has a token', async () => {
    const user = await signUp();
    const token = user.getSessionToken();
    const other = await signUp();
    assert.equal(Parse.User.current().id, other.id);
    const become = await Parse.User.become(token);
    assert.equal(become.id, user.id);
    assert.equal(Parse.User.current().id, user.id);
    assert.equal((await Parse.User.me(token)).id, user.id);
    await refused(Parse.User.become('r:00000000000000000000000000000000'), Parse.Error.INVALID_SESSION_TOKEN);
  });

  test('requests are his: what he makes for himself nobody else sees', async () => {
    const user = await signUp();
    const note = await new Parse.Object('Note', { text: 'mine' }).setACL(new Parse.ACL(user)).save();
    assert.equal((await new Parse.Query('Note').get(note.id)).get('text'), 'mine');
    await Parse.User.logOut();
    await refused(new Parse.Query('Note').get(note.id), Parse.Error.OBJECT_NOT_FOUND);
    await signUp();
    await refused(new Parse.Query('Note').get(note.id), Parse.Error.OBJECT_NOT_FOUND);
    await refused(note.save({ text: 'theirs' }), Parse.Error.OBJECT_NOT_FOUND);
    await refused(note.destroy(), Parse.Error.OBJECT_NOT_FOUND);
  });

  test('changes himself; a new password ends his other sessions and renews this one', async () => {
    const user = await signUp();
    const username = user.getUsername();
    const elsewhere = (await logInElsewhere(user)).getSessionToken();
    assert.equal((await Parse.User.me(elsewhere)).id, user.id);
    const here = await Parse.User.logIn(username, PASSWORD);
    await here.save({ nickname: 'Nicky' });
    assert.equal((await here.fetch()).get('nickname'), 'Nicky');
    await here.save({ password: 'Another-2' });
    await refused(Parse.User.me(elsewhere), Parse.Error.INVALID_SESSION_TOKEN);
    assert.equal((await Parse.User.me(here.getSessionToken())).id, user.id);
    await refused(Parse.User.logIn(username, PASSWORD), Parse.Error.OBJECT_NOT_FOUND);
    assert.equal((await Parse.User.logIn(username, 'Another-2')).id, user.id);
  });

  test('removes himself', async () => {
    const user = await signUp();
    const username = user.getUsername();
    await user.destroy();
    assert.equal(Parse.User.current(), null);
    await refused(Parse.User.logIn(username, PASSWORD), Parse.Error.OBJECT_NOT_FOUND);
  });

  test('knows his session', async () => {
    const user = await signUp();
    const session = await Parse.Session.current();
    assert.equal(session.getSessionToken(), user.getSessionToken());
    assert.equal(session.get('user').id, user.id);
    assert.ok(session.get('expiresAt') > new Date());
    assert.deepEqual(session.get('createdWith'), { action: 'signup', authProvider: 'password' });
  });
});

describe('anonymous users', () => {
  before(() => Parse.User.enableUnsafeCurrentUser());
  afterEach(() => Parse.User.logOut());
  after(() => Parse.User.disableUnsafeCurrentUser());

  test('log in without a name and become named users', async () => {
    const user = await Parse.AnonymousUtils.logIn();
    const id = user.id;
    assert.equal(Parse.AnonymousUtils.isLinked(user), true);
    assert.ok(user.getSessionToken());
    const diary = await new Parse.Object('Diary', { text: 'dear diary' }).setACL(new Parse.ACL(user)).save();

    const username = newName();
    await user.signUp({ username, password: PASSWORD });
    assert.equal(user.id, id);
    await Parse.User.logOut();
    const back = await Parse.User.logIn(username, PASSWORD);
    assert.equal(back.id, id);
    assert.equal((await new Parse.Query('Diary').get(diary.id)).get('text'), 'dear diary');
  });

  test('the same anonymous id is the same user', async () => {
    const authData = { id: randomUUID() };
    const user = await new Parse.User().linkWith('anonymous', { authData });
    await Parse.User.logOut();
    const same = await new Parse.User().linkWith('anonymous', { authData });
    assert.equal(same.id, user.id);
  });

  test('link and unlink', async () => {
    const user = await signUp();
    const authData = { id: randomUUID() };
    await user.linkWith('anonymous', { authData });
    assert.equal(user._isLinked('anonymous'), true);
    const stored = async () => (await new Parse.Query(Parse.User).get(user.id, MASTER)).get('authData')?.anonymous;
    assert.deepEqual(await stored(), authData);
    await user._unlinkFrom('anonymous');
    assert.equal(user._isLinked('anonymous'), false);
    assert.equal(await stored(), undefined);
  });

  test('an unknown provider is refused', async () => {
    await refused(new Parse.User().linkWith('nosuchprovider', { authData: { id: '1' } }), Parse.Error.UNSUPPORTED_SERVICE);
  });
});

describe('names and addresses', () => {
  test('are taken whatever the case of their letters', async () => {
    await signUp({ username: 'Ludwig', email: 'Ludwig@Example.com' });
    await refused(signUp({ username: 'Ludwig' }), Parse.Error.USERNAME_TAKEN);
    await refused(signUp({ username: 'lUDWIG' }), Parse.Error.USERNAME_TAKEN);
    await refused(signUp({ email: 'Ludwig@Example.com' }), Parse.Error.EMAIL_TAKEN);
    await refused(signUp({ email: 'ludwig@example.COM' }), Parse.Error.EMAIL_TAKEN);
    await refused(signUp({ email: 'no address' }), Parse.Error.INVALID_EMAIL_ADDRESS);
    const other = await signUp();
    const change = fields => Parse.User.createWithoutData(other.id).save(fields, as(other));
    await refused(change({ username: 'LUDWIG' }), Parse.Error.USERNAME_TAKEN);
    await refused(change({ email: 'LUDWIG@example.com' }), Parse.Error.EMAIL_TAKEN);
  });

  test('a password is checked without a session', async () => {
    const user = await signUp();
    const before = await new Parse.Query(Parse.Session).count(MASTER);
    const checked = await Parse.User.verifyPassword(user.getUsername(), PASSWORD);
    assert.equal(checked.objectId, user.id);
    assert.equal(checked.sessionToken, undefined);
    assert.equal(await new Parse.Query(Parse.Session).count(MASTER), before);
    await refused(Parse.User.verifyPassword(user.getUsername(), 'wrong'), Parse.Error.OBJECT_NOT_FOUND);
    await refused(Parse.User.verifyPassword('nobody at all', PASSWORD), Parse.Error.OBJECT_NOT_FOUND);
  });

  test('nobody learns which of name and password is wrong', async () => {
    const user = await signUp();
    const told = promise => promise.then(() => assert.fail('logged in'), error => [error.code, error.message]);
    const wrong = await told(Parse.User.logIn(user.getUsername(), 'wrong'));
    assert.deepEqual(await told(Parse.User.logIn('nobody at all', 'wrong')), wrong);
  });
});

describe('who sees and changes a user', () => {
  test('users are private unless they say otherwise', async () => {
    const hidden = await signUp({ group: 'privacy' });
    const open = await signUp({ group: 'privacy', email: 'open@example.com' });
    await open.save({ ACL: publicRead(open) }, as(open));
    const group = () => new Parse.Query(Parse.User).equalTo('group', 'privacy');
    assert.deepEqual(attributes(await group().find(), 'username'), [open.getUsername()]);
    assert.equal(await group().count(), 1);
    assert.equal((await group().find(as(hidden))).length, 2);
    assert.equal((await group().find(MASTER)).length, 2);
    assert.equal((await group().first()).getEmail(), undefined);
    assert.equal((await group().get(open.id, as(open))).getEmail(), 'open@example.com');
    await refused(new Parse.Query(Parse.User).get(hidden.id), Parse.Error.OBJECT_NOT_FOUND);
    await refused(new Parse.Query(Parse.User).equalTo('email', 'open@example.com').find(), Parse.Error.OPERATION_FORBIDDEN);
  });

  test('a user is changed by himself and by the master key', async () => {
    const user = await signUp();
    const other = await signUp();
    const handle = () => Parse.User.createWithoutData(user.id);
    await refused(handle().save({ nickname: 'x' }, as(other)), Parse.Error.SESSION_MISSING);
    await refused(handle().save({ nickname: 'x' }), Parse.Error.SESSION_MISSING);
    await refused(handle().destroy(as(other)), Parse.Error.SESSION_MISSING);
    await handle().save({ nickname: 'x' }, as(user));
    await handle().save({ nickname: 'y' }, MASTER);
    assert.equal((await new Parse.Query(Parse.User).get(user.id, as(user))).get('nickname'), 'y');
  });

  test('the master key logs in as anybody', async () => {
    const user = await signUp();
    const impersonated = await Parse.User.loginAs(user.id);
    assert.equal(impersonated.id, user.id);
    assert.notEqual(impersonated.getSessionToken(), user.getSessionToken());
    assert.equal((await Parse.User.me(impersonated.getSessionToken())).id, user.id);
    await refused(Parse.User.loginAs('nosuchuser'), Parse.Error.OBJECT_NOT_FOUND);
  });
});

describe('sessions', () => {
  test('are seen by their user only, and end when they are removed', async () => {
    const user = await signUp();
    const other = await signUp();
    const second = await logInElsewhere(user);
    const sessions = await new Parse.Query(Parse.Session).find(as(user));
    assert.equal(sessions.length, 2);
    assert.ok(sessions.every(session => session.get('user').id === user.id));
    assert.equal((await new Parse.Query(Parse.Session).find(as(other))).length, 1);
    assert.ok((await new Parse.Query(Parse.Session).find(MASTER)).length >= 3);

    const gone = sessions.find(session => session.get('createdWith').action === 'login');
    await refused(gone.destroy(as(other)), Parse.Error.OBJECT_NOT_FOUND);
    await gone.destroy(as(user));
    await refused(Parse.User.me(second.getSessionToken()), Parse.Error.INVALID_SESSION_TOKEN);
    assert.equal((await Parse.User.me(user.getSessionToken())).id, user.id);
  });

  test('an installation has one session of a user', async () => {
    const user = await signUp();
    const installationId = randomUUID();
    const logIn = () => Parse.User.logIn(user.getUsername(), PASSWORD, { installationId });
    const first = await logIn();
    const second = await logIn();
    await refused(Parse.User.me(first.getSessionToken()), Parse.Error.INVALID_SESSION_TOKEN);
    assert.equal((await Parse.User.me(second.getSessionToken())).id, user.id);
  });
});

describe('roles', () => {
  const roleACL = () => {
    const acl = new Parse.ACL();
    acl.setPublicReadAccess(true);
    return acl;
  };
  const makeRole = async (name, users = [], roles = []) => {
    const role = new Parse.Role(name, roleACL());
    users.forEach(user => role.getUsers().add(user));
    roles.forEach(child => role.getRoles().add(child));
    return role.save(null, MASTER);
  };
  const makeDocument = async (title, name) => {
    const acl = new Parse.ACL();
    acl.setRoleReadAccess(name, true);
    acl.setRoleWriteAccess(name, true);
    return new Parse.Object('Document', { title }).setACL(acl).save(null, MASTER);
  };

  test('what a role may, its users and the users of its child roles may, and nobody else', async () => {
    const [editor, author, stranger] = [await signUp(), await signUp(), await signUp()];
    const authors = await makeRole('Authors', [author]);
    const editors = await makeRole('Editors', [editor], [authors]);
    const forEditors = await makeDocument('for editors', 'Editors');
    const forAuthors = await makeDocument('for authors', 'Authors');
    const titles = async options => attributes(await new Parse.Query('Document').find(options), 'title');
    assert.deepEqual(await titles(as(author)), ['for authors', 'for editors']);
    assert.deepEqual(await titles(as(editor)), ['for editors']);
    assert.deepEqual(await titles(as(stranger)), []);
    assert.deepEqual(await titles(), []);
    await forEditors.save({ title: 'for editors' }, as(author));
    await refused(forAuthors.save({ title: 'stolen' }, as(editor)), Parse.Error.OBJECT_NOT_FOUND);

    // Changes of roles count at once.
    editors.getUsers().add(stranger);
    await editors.save(null, MASTER);
    assert.deepEqual(await titles(as(stranger)), ['for editors']);
    editors.getRoles().remove(authors);
    await editors.save(null, MASTER);
    assert.deepEqual(await titles(as(author)), ['for authors']);
    await authors.destroy(MASTER);
    assert.deepEqual(await titles(as(author)), []);
  });

  test('the users of a role are a relation', async () => {
    const users = [await signUp(), await signUp()];
    const role = await makeRole('Readers', users);
    const query = role.getUsers().query();
    assert.deepEqual(attributes(await query.find(MASTER), 'username'), attributes(users, 'username'));
    assert.deepEqual(attributes(await query.find(as(users[0])), 'username'), [users[0].getUsername()]);
    const found = await new Parse.Query(Parse.Role).equalTo('users', users[1]).find(MASTER);
    assert.deepEqual(attributes(found, 'name'), ['Readers']);
  });

  test('a role needs a name of its own and an ACL', async () => {
    await makeRole('Unique');
    await refused(makeRole('Unique'), Parse.Error.DUPLICATE_VALUE);
    await assert.rejects(makeRole('bad/name'), Parse.Error);
    const role = await new Parse.Query(Parse.Role).equalTo('name', 'Unique').first();
    await refused(role.save({ more: 1 }, as(await signUp())), Parse.Error.OBJECT_NOT_FOUND);
  });
});

describe('access control lists', () => {
  test('say who reads and who writes, for each user', async () => {
    const [owner, reader, stranger] = [await signUp(), await signUp(), await signUp()];
    const acl = new Parse.ACL(owner);
    acl.setReadAccess(reader, true);
    const object = await new Parse.Object('Paper', { text: 'a' }).setACL(acl).save(null, as(owner));
    const copy = () => Parse.Object.extend('Paper').createWithoutData(object.id);
    assert.equal((await copy().fetch(as(reader))).get('text'), 'a');
    await refused(copy().save({ text: 'b' }, as(reader)), Parse.Error.OBJECT_NOT_FOUND);
    await refused(copy().fetch(as(stranger)), Parse.Error.OBJECT_NOT_FOUND);
    await copy().save({ text: 'c' }, as(owner));
    const fresh = await copy().fetch(as(reader));
    assert.equal(fresh.get('text'), 'c');
    assert.deepEqual(fresh.getACL().toJSON(), { [owner.id]: { read: true, write: true }, [reader.id]: { read: true } });
    assert.equal(await new Parse.Query('Paper').count(as(stranger)), 0);
    assert.equal(await new Parse.Query('Paper').count(as(reader)), 1);

    const open = fresh.getACL();
    open.setPublicReadAccess(true);
    open.setReadAccess(reader, false);
    await copy().save({ ACL: open }, as(owner));
    assert.equal((await copy().fetch()).get('text'), 'c');
    await refused(copy().save({ text: 'd' }), Parse.Error.OBJECT_NOT_FOUND);
  });

  test('hide what a pointer leads to', async () => {
    const owner = await signUp();
    const secret = await new Parse.Object('Secret', { text: 's' }).setACL(new Parse.ACL(owner)).save(null, as(owner));
    const envelope = await new Parse.Object('Envelope', { secret }).save();
    const opened = options => new Parse.Query('Envelope').include('secret').get(envelope.id, options);
    assert.equal((await opened(as(owner))).get('secret').get('text'), 's');
    assert.equal((await opened()).get('secret')?.get('text'), undefined);
  });
});

describe('a second factor', () => {
  const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const newSecret = () => Array.from(randomBytes(32), byte => BASE32[byte % 32]).join('');

  // The code of an authenticator app, `steps` periods from now (RFC 6238).
  function code(secret, steps = 0) {
    const bits = [...secret].map(letter => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / MFA.period) + steps));
    const digest = createHmac('sha1', key).update(counter).digest();
    const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
    return String(number % 10 ** MFA.digits).padStart(MFA.digits, '0');
  }

  test('is demanded once it is set up; a code or a recovery code is good once', async () => {
    const user = await signUp();
    const secret = newSecret();
    const setUp = token => user.save({ authData: { mfa: { secret, token } } }, as(user));
    await assert.rejects(setUp('abcdef'), Parse.Error);
    await setUp(code(secret));
    const recovery = String(user.get('authDataResponse').mfa.recovery).split(/[,\s]+/);
    assert.equal(recovery.length, 2);

    const logIn = (token, password = PASSWORD) =>
      Parse.User.logInWithAdditionalAuth(user.getUsername(), password, token && { mfa: { token } });
    await refused(Parse.User.logIn(user.getUsername(), PASSWORD), Parse.Error.OTHER_CAUSE);
    await assert.rejects(logIn('abcdef'), Parse.Error);
    // The code of the next period, as an app whose clock is fast has it: the present one was used above.
    const next = code(secret, 1);
    await refused(logIn(next, 'wrong'), Parse.Error.OBJECT_NOT_FOUND);
    const known = await logIn(next);
    assert.equal(known.id, user.id);
    assert.deepEqual(known.get('authData').mfa, { status: 'enabled' });

    assert.equal((await logIn(recovery[0])).id, user.id);
    await assert.rejects(logIn(recovery[0]), Parse.Error);
    assert.equal((await logIn(recovery[1])).id, user.id);

    const seen = await new Parse.Query(Parse.User).get(user.id, MASTER);
    assert.ok(!JSON.stringify(seen).includes(secret));
  });
});

describe('mails', () => {
  // Links lead to where the world finds the server; here that is an address of its own.
  const PUBLIC = 'http://parsimony.example/parse';
  let mailing, mails;
  before(async () => {
    mails = mkdtempSync(join(tmpdir(), 'parsimony-mails-'));
    const emailAdapter = { module: 'file', options: { directory: mails, fromAddress: 'app@example.com' } };
    mailing = await startServer({ options: { appName: 'Mailing', publicServerURL: PUBLIC, verifyUserEmails: true, emailAdapter } });
    Parse.serverURL = mailing.rest;
  });
  after(async () => {
    Parse.serverURL = server.rest;
    await mailing?.stop();
    rmSync(mails, { recursive: true, force: true });
  });

  const read = () => readdirSync(mails).filter(name => name.endsWith('.eml')).map(name => readFileSync(join(mails, name), 'utf8'));
  // The links of one kind in the mails to an address, once there are so many.
  async function links(email, kind, count) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error(`no mail to ${email}`)), 30_000);
    const changes = watch(mails, { signal: patience.signal })[Symbol.asyncIterator]();
    try {
      for (;;) {
        // Asked for before the look, so that no change is missed after it.
        const change = changes.next();
        change.catch(() => {});
        const texts = read().filter(mail => mail.includes(email)).map(mail => mail.replace(/=\r?\n/g, '').replaceAll('=3D', '='));
        const found = texts.map(text => new RegExp(`http://parsimony\\.example/parse/\\S*${kind}\\?[^\\s"<]*`).exec(text)?.[0]).filter(Boolean);
        if (found.length >= count) return found.map(link => link.replace(PUBLIC, mailing.rest));
        await change;
      }
    } finally {
      clearTimeout(timer);
      patience.abort();
    }
  }

  test('an address is verified by the link in a mail, another one can be asked for', async () => {
    const email = `${newName()}@example.com`;
    const user = await signUp({ email });
    assert.equal((await links(email, 'verify_email', 1)).length, 1);
    await Parse.User.requestEmailVerification(email);
    const sent = await links(email, 'verify_email', 2);
    const stored = () => new Parse.Query(Parse.User).get(user.id, MASTER);
    assert.equal((await stored()).get('emailVerified'), false);
    await Promise.all(sent.map(link => fetch(link)));
    assert.equal((await stored()).get('emailVerified'), true);
    // Nobody learns which addresses are known.
    await Parse.User.requestEmailVerification('nobody@example.com').catch(error => assert.equal(error.code, Parse.Error.EMAIL_NOT_FOUND));
  });

  test('a new password is set with the token of a mail', async () => {
    const email = `${newName()}@example.com`;
    const user = await signUp({ email });
    await Parse.User.requestPasswordReset(email);
    await Parse.User.requestPasswordReset('nobody@example.com');
    const [link] = await links(email, 'request_password_reset', 1);
    assert.equal((await fetch(link)).status, 200);
    const reset = password =>
      fetch(link.split('?')[0], {
        method: 'POST',
        headers: { 'X-Requested-With': 'XMLHttpRequest' },
        body: new URLSearchParams({ token: new URL(link).searchParams.get('token'), new_password: password }),
      });
    assert.equal((await reset('Another-2')).status, 200);
    assert.equal((await Parse.User.logIn(user.getUsername(), 'Another-2')).id, user.id);
    await refused(Parse.User.logIn(user.getUsername(), PASSWORD), Parse.Error.OBJECT_NOT_FOUND);
    await refused(Parse.User.me(user.getSessionToken()), Parse.Error.INVALID_SESSION_TOKEN);
    // The token was good once.
    assert.notEqual((await reset('Third-3')).status, 200);
    assert.equal((await Parse.User.logIn(user.getUsername(), 'Another-2')).id, user.id);
  });
});
