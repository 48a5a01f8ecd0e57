// LiveQuery with the official JavaScript SDK, unmodified.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { startServer } from './server.mjs';

const EVENTS = ['create', 'enter', 'update', 'leave', 'delete'];
const PATIENCE_MS = 30_000;
const MASTER = { useMasterKey: true };

let server;
const clients = [];
before(async () => {
  server = await startServer({
    options: {
      liveQuery: { classNames: ['Message', 'Place', '_User'] },
      startLiveQueryServer: true,
      liveQueryServerOptions: { keyPairs: { javascriptKey: 'script', masterKey: 'client-tests-master-key' } },
    },
  });
  Parse.initialize(server.appId, 'script', server.masterKey);
  Parse.serverURL = server.rest;
  Parse.CoreManager.set('REQUEST_ATTEMPT_LIMIT', 1);
});
afterEach(() => Promise.all(clients.splice(0).map(client => client.close())));
after(() => server?.stop());

const within = async (promise, what) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, PATIENCE_MS, new Error(`${what} did not come`));
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/// A client of its own, open.
async function connect(more = {}) {
  const client = new Parse.LiveQueryClient({
    applicationId: server.appId,
    serverURL: server.rest.replace(/^http/, 'ws'),
    javascriptKey: 'script',
    ...more,
  });
  clients.push(client);
  client.open();
  await within(client.connectPromise, 'the connection');
  return client;
}

/// What a subscription is told, in the order in which it comes.
class Inbox {
  #waiting = [];
  #come = [];

  constructor(subscription) {
    for (const event of [...EVENTS, 'error']) {
      subscription.on(event, (object, original) => {
        // Without an original the SDK gives other things in its place.
        const told = { event, object, original: original instanceof Parse.Object ? original : undefined };
        const next = this.#waiting.shift();
        if (next) next(told);
        else this.#come.push(told);
      });
    }
  }

  next() {
    const [told] = this.#come.splice(0, 1);
    return told ?? within(new Promise(done => this.#waiting.push(done)), 'an event');
  }

  async is(event, object) {
    const told = await this.next();
    assert.equal(told.event, event);
    assert.equal(told.object.id, object.id);
    return told;
  }
}

async function subscribe(client, query, sessionToken) {
  const subscription = client.subscribe(query, sessionToken);
  await within(subscription.subscribePromise, 'the subscription');
  return Object.assign(new Inbox(subscription), { subscription });
}

const query = (where = {}, className = 'Message') => Parse.Query.fromJSON(className, { where });
const message = fields => new Parse.Object('Message', fields);
const signUp = async name => Parse.User.signUp(name, `${name}'s password`);
const aclOf = (...readers) => {
  const acl = new Parse.ACL();
  for (const reader of readers) {
    if (reader === '*') acl.setPublicReadAccess(true);
    else acl.setReadAccess(reader, true);
  }
  return acl;
};

describe('events', () => {
  test('create, update, leave, enter and delete come with the object and what it was', async () => {
    const inbox = await subscribe(await connect(), query({ room: 'hall' }));
    const one = await message({ room: 'hall', text: 'hello' }).save();
    const created = await inbox.is('create', one);
    assert.equal(created.object.get('text'), 'hello');
    assert.equal(created.object.className, 'Message');
    assert.equal(created.object.createdAt.getTime(), one.createdAt.getTime());
    assert.equal(created.original, undefined);

    await one.save({ text: 'bye' });
    const updated = await inbox.is('update', one);
    assert.equal(updated.object.get('text'), 'bye');
    assert.equal(updated.original.get('text'), 'hello');
    assert.equal(updated.object.updatedAt.getTime(), one.updatedAt.getTime());

    await one.save({ room: 'yard' });
    const left = await inbox.is('leave', one);
    assert.equal(left.object.get('room'), 'yard');
    assert.equal(left.original.get('room'), 'hall');

    await one.save({ room: 'hall' });
    const entered = await inbox.is('enter', one);
    assert.equal(entered.object.get('room'), 'hall');
    assert.equal(entered.original.get('room'), 'yard');

    await one.destroy();
    await inbox.is('delete', one);
  });

  test('every type arrives as the SDK makes it', async () => {
    const inbox = await subscribe(await connect(), query({ room: 'types' }));
    const other = await message({ room: 'elsewhere' }).save();
    const fields = {
      room: 'types', n: 1.5, b: true, d: new Date(0), g: new Parse.GeoPoint(1, 2), l: [1, null, { a: 1 }], o: { a: { b: 1 } },
      p: other, y: new Parse.Polygon([[0, 0], [0, 1], [1, 1]]),
    };
    const sent = await message(fields).save();
    const { object } = await inbox.is('create', sent);
    assert.equal(object.get('n'), 1.5);
    assert.equal(object.get('b'), true);
    assert.equal(object.get('d').getTime(), 0);
    assert.ok(object.get('g').equals(new Parse.GeoPoint(1, 2)));
    assert.deepEqual(object.get('l'), [1, null, { a: 1 }]);
    assert.deepEqual(object.get('o'), { a: { b: 1 } });
    assert.equal(object.get('p').id, other.id);
    assert.ok(object.get('y') instanceof Parse.Polygon);

    sent.unset('n');
    await sent.save();
    const updated = await inbox.is('update', sent);
    assert.equal(updated.object.has('n'), false);
    assert.equal(updated.original.get('n'), 1.5);
  });

  test('two clients and two subscriptions are told each', async () => {
    const [first, second] = [await connect(), await connect()];
    const inboxes = [await subscribe(first, query({ room: 'shared' })), await subscribe(first, query({ text: 'x' })), await subscribe(second, query({ room: 'shared' }))];
    const one = await message({ room: 'shared', text: 'x' }).save();
    for (const inbox of inboxes) await inbox.is('create', one);
  });

  test('keys are selected, and only changes of what is watched are told', async () => {
    const client = await connect();
    const selected = await subscribe(client, query({ room: 'keys' }).select('text'));
    const watched = await subscribe(client, query({ room: 'keys' }).watch('text'));
    const one = await message({ room: 'keys', text: 'a', n: 1 }).save();
    const { object } = await selected.is('create', one);
    assert.equal(object.get('text'), 'a');
    assert.equal(object.has('n'), false);
    assert.ok(object.createdAt instanceof Date);
    await watched.is('create', one);
    await one.save({ n: 2 });
    await one.save({ text: 'b' });
    const { object: later } = await watched.is('update', one);
    assert.equal(later.get('n'), 2);
    assert.equal(later.get('text'), 'b');
  });

  test('after unsubscribe nothing comes', async () => {
    const client = await connect();
    const [left, kept] = [await subscribe(client, query({ room: 'unsubscribe' })), await subscribe(client, query({ room: 'unsubscribe' }))];
    await within(client.unsubscribe(left.subscription), 'the answer');
    const one = await message({ room: 'unsubscribe' }).save();
    await kept.is('create', one);
    left.subscription.on('create', () => assert.fail('it was told'));
    await one.destroy();
    await kept.is('delete', one);
    assert.equal(client.subscriptions.size, 1);
  });

  test('query.subscribe goes through the default client', async () => {
    Parse.liveQueryServerURL = server.rest.replace(/^http/, 'ws');
    const subscription = await within(query({ room: 'default' }).subscribe(), 'the subscription');
    const inbox = new Inbox(subscription);
    const one = await message({ room: 'default' }).save();
    await inbox.is('create', one);
    await within(subscription.unsubscribe(), 'the answer');
    await Parse.LiveQuery.close();
  });

  test('writes of a batch, of relations and of users are told', async () => {
    const client = await connect({ masterKey: server.masterKey });
    const inbox = await subscribe(client, query({ room: 'batch' }));
    const some = [1, 2, 3].map(n => message({ room: 'batch', n }));
    await Parse.Object.saveAll(some);
    const told = [await inbox.next(), await inbox.next(), await inbox.next()];
    assert.deepEqual(told.map(({ event }) => event), ['create', 'create', 'create']);
    assert.deepEqual(new Set(told.map(({ object }) => object.id)), new Set(some.map(({ id }) => id)));

    some[0].relation('friends').add(some[1]);
    await some[0].save();
    await inbox.is('update', some[0]);

    const users = await subscribe(client, query({ username: 'told' }, '_User'));
    const user = await signUp('told');
    const { object } = await users.is('create', user);
    assert.equal(object.getSessionToken(), undefined);
    await user.save({ nick: 'n' }, { sessionToken: user.getSessionToken() });
    await users.is('update', user);
  });
});

describe('conditions', () => {
  const checks = {
    'regular expressions': [() => query({}).matches('text', /^he\w+O$/i), { text: 'HeLLo' }, { text: 'well hello' }],
    'numbers': [() => query({}).greaterThan('n', 3).lessThanOrEqualTo('n', 5), { n: 5 }, { n: 3 }],
    'lists': [() => query({}).containsAll('l', [1, 2]), { l: [3, 2, 1] }, { l: [1] }],
    'one of several': [() => query({}).containedIn('n', [7, 8]), { n: 8 }, { n: 6 }],
    'either of two': [() => Parse.Query.or(query({ n: 1 }), query({ text: 'x' })), { text: 'x' }, { n: 2, text: 'y' }],
    'existence': [() => query({}).exists('n').doesNotExist('text'), { n: 0 }, { n: 0, text: '' }],
    'a place in a box': [() => query({}).withinGeoBox('g', new Parse.GeoPoint(-1, -1), new Parse.GeoPoint(1, 1)), { g: new Parse.GeoPoint(0.5, 0.5) }, { g: new Parse.GeoPoint(5, 5) }],
    'a place in a polygon': [
      () => query({}).withinPolygon('g', [new Parse.GeoPoint(0, 0), new Parse.GeoPoint(0, 9), new Parse.GeoPoint(9, 9)]),
      { g: new Parse.GeoPoint(1, 5) }, { g: new Parse.GeoPoint(8, 1) },
    ],
    'a place near another': [() => query({}).withinKilometers('g', new Parse.GeoPoint(50, 8), 20), { g: new Parse.GeoPoint(50.1, 8) }, { g: new Parse.GeoPoint(51, 8) }],
    'members of objects': [() => query({ 'o.a.b': 1 }), { o: { a: { b: 1 } } }, { o: { a: { b: 2 } } }],
    'dates': [() => query({}).greaterThan('d', new Date(1000)), { d: new Date(2000) }, { d: new Date(500) }],
  };
  for (const [what, [make, meets, not]] of Object.entries(checks)) {
    test(what, async () => {
      const client = await connect();
      const inbox = await subscribe(client, make().equalTo('check', what));
      await message({ ...not, check: what }).save();
      const one = await message({ ...meets, check: what }).save();
      await inbox.is('create', one);
      await one.save(not);
      await inbox.is('leave', one);
      for (const field of Object.keys(not)) one.unset(field);
      await one.save(meets);
      await inbox.is('enter', one);
    });
  }

  test('a bad regular expression is refused', async () => {
    const client = await connect();
    const refused = client.subscribe(query({ text: { $regex: '(' } }));
    await assert.rejects(within(refused.subscribePromise, 'the refusal'), error => error.code === Parse.Error.INVALID_QUERY);
    const inbox = await subscribe(client, query({ room: 'after a refusal' }));
    await inbox.is('create', await message({ room: 'after a refusal' }).save());
  });
});

describe('who is told', () => {
  test('an ACL that changes makes objects come and go', async () => {
    const [ann, bob] = [await signUp('acl-ann'), await signUp('acl-bob')];
    const client = await connect();
    const asAnn = await subscribe(client, query({ room: 'acl' }), ann.getSessionToken());
    const asBob = await subscribe(client, query({ room: 'acl' }), bob.getSessionToken());
    const asNobody = await subscribe(client, query({ room: 'acl' }));

    const one = message({ room: 'acl', text: 'for ann' });
    one.setACL(aclOf(ann.id));
    await one.save(null, MASTER);
    await asAnn.is('create', one);

    one.setACL(aclOf(bob.id));
    await one.save({ text: 'for bob' }, MASTER);
    const left = await asAnn.is('leave', one);
    assert.equal(left.object.get('text'), 'for ann');
    const entered = await asBob.is('enter', one);
    assert.equal(entered.object.get('text'), 'for bob');
    assert.equal(entered.original, undefined);

    one.setACL(aclOf('*'));
    await one.save(null, MASTER);
    const seen = await asNobody.is('enter', one);
    assert.equal(seen.original, undefined);
    await asAnn.is('enter', one);
    await asBob.is('update', one);
  });

  test('a role that changes counts from the next event on', async () => {
    const ann = await signUp('role-ann');
    const role = new Parse.Role('readers', aclOf('*'));
    await role.save(null, MASTER);
    const inbox = await subscribe(await connect(), query({ room: 'role' }), ann.getSessionToken());
    const one = message({ room: 'role', n: 1 });
    one.setACL(aclOf('role:readers'));
    await one.save(null, MASTER);

    role.getUsers().add(ann);
    await role.save(null, MASTER);
    await one.save({ n: 2 }, MASTER);
    const { object } = await inbox.next();
    assert.equal(object.get('n'), 2);

    role.getUsers().remove(ann);
    await role.save(null, MASTER);
    await one.save({ n: 3 }, MASTER);
    // Only what is public comes now.
    const open = await message({ room: 'role', n: 4 }).save();
    let told = await inbox.next();
    if (told.event === 'leave') {
      assert.equal(told.object.get('n'), 2);
      told = await inbox.next();
    }
    assert.equal(told.event, 'create');
    assert.equal(told.object.id, open.id);
  });

  test('after logging out nothing of the user is told', async () => {
    const ann = await signUp('logout-ann');
    const client = await connect();
    const asAnn = await subscribe(client, query({ room: 'logout' }), ann.getSessionToken());
    const asNobody = await subscribe(client, query({ room: 'logout' }));
    const mine = message({ room: 'logout', n: 1 });
    mine.setACL(aclOf(ann.id));
    await mine.save(null, MASTER);
    await asAnn.is('create', mine);

    // The SDK logs out its current user, and in Node there is none.
    await fetch(`${server.rest}/logout`, { method: 'POST', headers: { ...server.headers, 'X-Parse-Session-Token': ann.getSessionToken() } });
    asAnn.subscription.on('update', () => assert.fail('it was told'));
    await mine.save({ n: 2 }, MASTER);
    const open = await message({ room: 'logout', n: 3 }).save();
    await asNobody.is('create', open);
  });

  test('the master sees closed objects, others do not', async () => {
    const asMaster = await subscribe(await connect({ masterKey: server.masterKey }), query({ room: 'closed' }));
    const asNobody = await subscribe(await connect(), query({ room: 'closed' }));
    const closed = message({ room: 'closed' });
    closed.setACL(aclOf());
    await closed.save(null, MASTER);
    await asMaster.is('create', closed);
    const open = await message({ room: 'closed' }).save();
    await asNobody.is('create', open);
  });

  test('a client without key is refused', async () => {
    const client = new Parse.LiveQueryClient({ applicationId: server.appId, serverURL: server.rest.replace(/^http/, 'ws') });
    client.open();
    await assert.rejects(within(client.connectPromise, 'the refusal'), error => error.code === 4);
    await client.close();
  });
});

describe('connections', () => {
  test('a client that loses its connection comes back with its subscriptions', async () => {
    const client = await connect();
    const inbox = await subscribe(client, query({ room: 'lost' }));
    await inbox.is('create', await message({ room: 'lost' }).save());
    const closed = new Promise(done => client.on('close', done));
    const open = new Promise(done => inbox.subscription.on('open', done));
    await within(open, 'the first open');
    const again = new Promise(done => inbox.subscription.on('open', done));
    const before = client.id;
    client.socket.terminate();
    await within(closed, 'the end');
    await within(again, 'the second open');
    assert.notEqual(client.id, before);
    await inbox.is('create', await message({ room: 'lost' }).save());
  });

  test('the installation that a client names comes back with every answer', async () => {
    const client = await connect({ installationId: 'an installation' });
    const subscription = client.subscribe(query({ room: 'installation' }));
    const opened = new Promise(done => subscription.on('open', done));
    const told = new Promise(done => subscription.on('create', (object, response) => done(response)));
    const answer = { clientId: client.id, installationId: 'an installation' };
    assert.deepEqual(await within(opened, 'the answer'), answer);
    await message({ room: 'installation' }).save();
    assert.deepEqual(await within(told, 'an event'), answer);
  });
});

describe('cloud code', () => {
  const CLOUD = `
    Parse.Cloud.beforeConnect(({ installationId }) => {
      if (installationId === 'banned') throw new Parse.Error(777, 'you are banned');
    });
    Parse.Cloud.beforeSubscribe('Message', ({ query, user }) => {
      if (!user) throw 'members only';
      query.equalTo('isOpen', true);
    });
    Parse.Cloud.afterLiveQueryEvent('Message', request => {
      if (request.object.get('text') === 'silence') request.sendEvent = false;
      request.object.set('event', request.event);
    });
  `;
  let app;
  let member;
  before(async () => {
    app = await startServer({
      options: { cloud: './main.js', liveQuery: { classNames: ['Message'] }, startLiveQueryServer: true },
      files: { 'main.js': CLOUD },
    });
    const response = await fetch(`${app.rest}/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...app.headers },
      body: JSON.stringify({ username: 'member', password: 'p' }),
    });
    member = await response.json();
  });
  after(() => app?.stop());

  const send = async (method, path, body) => {
    const response = await fetch(app.rest + path, {
      method,
      headers: { 'content-type': 'application/json', ...app.headers },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const connectTo = more => connect({ applicationId: app.appId, serverURL: app.rest.replace(/^http/, 'ws'), javascriptKey: undefined, ...more });

  test('may refuse connections and subscriptions', async () => {
    await assert.rejects(connectTo({ installationId: 'banned' }), error => error.code === 777 && error.message === 'you are banned');
    const client = await connectTo();
    const refused = client.subscribe(query({}));
    await assert.rejects(within(refused.subscribePromise, 'the refusal'), error => error.code === 141 && error.message === 'members only');
  });

  test('may narrow questions, change events and hold them back', async () => {
    const inbox = await subscribe(await connectTo(), query({ room: 'hooks' }), member.sessionToken);
    await send('POST', '/classes/Message', { room: 'hooks', text: 'hidden' });
    await send('POST', '/classes/Message', { room: 'hooks', isOpen: true, text: 'silence' });
    const shown = await send('POST', '/classes/Message', { room: 'hooks', isOpen: true, text: 'shown' });
    const { event, object } = await inbox.next();
    assert.equal(event, 'create');
    assert.equal(object.id, shown.objectId);
    assert.equal(object.get('event'), 'create');
    await send('PUT', `/classes/Message/${shown.objectId}`, { isOpen: false });
    assert.equal((await inbox.next()).object.get('event'), 'leave');
  });
});
