// GraphQL subscriptions with unmodified clients: graphql-ws over a WebSocket, graphql-sse over server-sent events.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createStreamClient } from 'graphql-sse';
import WebSocket from 'ws';
import { startServer } from './server.mjs';

const ORIGIN_EVENT = `event sequence node { id objectId title score } original { title score }`;

let server;
before(async () => {
  server = await startServer({ options: { liveQuery: { classNames: ['Post', 'Team'] }, publicServerURL: undefined } });
  const fields = { title: { type: 'String' }, score: { type: 'Number' }, place: { type: 'GeoPoint' } };
  await rest('POST', '/schemas/Team', { className: 'Team', fields: { name: { type: 'String' } } }, server.masterHeaders);
  const team = { type: 'Pointer', targetClass: 'Team' };
  await rest('POST', '/schemas/Post', { className: 'Post', fields: { ...fields, team } }, server.masterHeaders);
});
after(() => server?.stop());

async function rest(method, path, body, headers = server.headers) {
  const response = await fetch(`${server.rest}${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  assert.ok(response.ok, JSON.stringify(answer));
  return answer;
}

async function signUp(name) {
  const user = await rest('POST', '/users', { username: name, password: 'pass' });
  return { id: user.objectId, token: user.sessionToken, headers: { ...server.headers, 'x-parse-session-token': user.sessionToken } };
}

/// The same tests, whatever carries the events.
const transports = {
  'graphql-ws': headers =>
    createSocketClient({
      url: server.graphql.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: headers,
      retryAttempts: 0,
    }),
  'graphql-sse': headers => createStreamClient({ url: server.graphql, headers, retryAttempts: 0 }),
};

/// A subscription as a list that one can wait for. The marker tells that what came before it has arrived.
function listen(client, query, variables) {
  const events = client.iterate({ query, variables });
  const next = async () => {
    const { value, done } = await events.next();
    if (done) return undefined;
    assert.equal(value.errors, undefined, JSON.stringify(value.errors));
    return Object.values(value.data)[0];
  };
  return { next, raw: () => events.next(), stop: () => events.return() };
}

/// A listener that is known to listen: with `after: ""` the first thing it is told is REFETCH.
async function listening(client, query, variables) {
  const listener = listen(client, query, variables);
  const first = await listener.next();
  assert.equal(first.event, 'REFETCH');
  return Object.assign(listener, { sequence: first.sequence });
}

for (const [name, connect] of Object.entries(transports)) {
  describe(name, () => {
    test('tells all five events of what meets the condition', async () => {
      const client = connect(server.headers);
      const posts = await listening(
        client,
        `subscription($where: PostWhereInput) { postChanged(where: $where, after: "") { ${ORIGIN_EVENT} } }`,
        { where: { title: { equalTo: name }, score: { greaterThan: 10 } } },
      );
      const { objectId } = await rest('POST', '/classes/Post', { title: name, score: 11 });
      const created = await posts.next();
      assert.deepEqual([created.event, created.node.title, created.node.score, created.original], ['CREATE', name, 11, null]);
      assert.equal(Buffer.from(created.node.id, 'base64').toString(), `Post:${objectId}`);
      await rest('PUT', `/classes/Post/${objectId}`, { score: 12 });
      const updated = await posts.next();
      assert.deepEqual([updated.event, updated.node.score, updated.original.score], ['UPDATE', 12, 11]);
      await rest('PUT', `/classes/Post/${objectId}`, { score: 1 });
      const left = await posts.next();
      assert.deepEqual([left.event, left.node.score, left.original.score], ['LEAVE', 1, 12]);
      await rest('PUT', `/classes/Post/${objectId}`, { score: 20 });
      const entered = await posts.next();
      assert.deepEqual([entered.event, entered.node.score, entered.original.score], ['ENTER', 20, 1]);
      await rest('DELETE', `/classes/Post/${objectId}`);
      const deleted = await posts.next();
      assert.deepEqual([deleted.event, deleted.node.score, deleted.original], ['DELETE', 20, null]);
      await posts.stop();
      await client.dispose();
    });

    test('follows pointers as the caller', async () => {
      const user = await signUp(`reader of ${name}`);
      const open = await rest('POST', '/classes/Team', { name: 'open' });
      const secret = await rest('POST', '/classes/Team', { name: 'secret', ACL: { [user.id]: { read: true } } });
      const query = 'subscription { postChanged(after: "", events: [CREATE]) { event sequence node { team { name } } } }';
      const [client, other] = [connect(user.headers), connect(server.headers)];
      const [mine, theirs] = [await listening(client, query), await listening(other, query)];
      for (const [team, seen, unseen] of [[open, 'open', 'open'], [secret, 'secret', undefined]]) {
        const pointer = { __type: 'Pointer', className: 'Team', objectId: team.objectId };
        await rest('POST', '/classes/Post', { title: 'with a team', team: pointer });
        assert.equal((await mine.next()).node.team?.name, seen);
        assert.equal((await theirs.next()).node.team?.name, unseen);
      }
      await Promise.all([mine.stop(), theirs.stop(), client.dispose(), other.dispose()]);
    });

    test('asks by pointer', async () => {
      const [mine, other] = [await rest('POST', '/classes/Team', { name: 'a' }), await rest('POST', '/classes/Team', { name: 'b' })];
      const client = connect(server.headers);
      const query = `subscription($where: PostWhereInput) { postChanged(where: $where, after: "") { ${ORIGIN_EVENT} } }`;
      const posts = await listening(client, query, { where: { team: { have: { objectId: { equalTo: mine.objectId } } } } });
      for (const team of [other, mine]) {
        const pointer = { __type: 'Pointer', className: 'Team', objectId: team.objectId };
        await rest('POST', '/classes/Post', { title: team === mine ? 'mine' : 'other', team: pointer });
      }
      assert.equal((await posts.next()).node.title, 'mine');
      await posts.stop();
      await client.dispose();
    });

    test('a change of the access control list enters and leaves', async () => {
      const user = await signUp(`member of ${name}`);
      const client = connect(user.headers);
      const query = `subscription($where: PostWhereInput) { postChanged(where: $where, after: "") { ${ORIGIN_EVENT} } }`;
      const posts = await listening(client, query, { where: { title: { equalTo: `acl ${name}` } } });
      const { objectId } = await rest('POST', '/classes/Post', { title: `acl ${name}`, ACL: {} }, server.masterHeaders);
      await rest('PUT', `/classes/Post/${objectId}`, { ACL: { [user.id]: { read: true } } }, server.masterHeaders);
      const entered = await posts.next();
      assert.deepEqual([entered.event, entered.node.objectId, entered.original], ['ENTER', objectId, null]);
      await rest('PUT', `/classes/Post/${objectId}`, { ACL: {}, score: 666 }, server.masterHeaders);
      const left = await posts.next();
      assert.deepEqual([left.event, left.node.objectId, left.node.score], ['LEAVE', objectId, null]);
      await posts.stop();
      await client.dispose();
    });

    test('ends with the session', async () => {
      const user = await signUp(`leaver of ${name}`);
      const client = connect(user.headers);
      const posts = await listening(client, 'subscription { postChanged(after: "") { event sequence } }');
      await rest('POST', '/logout', {}, user.headers);
      const ended = await posts.raw().then(({ value }) => value.errors, errors => errors);
      assert.equal(ended[0].extensions.code, 209);
      await client.dispose();
    });

    test('who comes back gets what was missed', async () => {
      const client = connect(server.headers);
      const query = 'subscription($after: String) { postChanged(after: $after) { event sequence node { title } } }';
      const first = await listening(client, query, { after: '' });
      await first.stop();
      await rest('POST', '/classes/Post', { title: `missed ${name}` });
      const again = listen(client, query, { after: first.sequence });
      const missed = await again.next();
      assert.deepEqual([missed.event, missed.node.title], ['CREATE', `missed ${name}`]);
      await again.stop();
      const stranger = listen(client, query, { after: 'another.17' });
      assert.equal((await stranger.next()).event, 'REFETCH');
      await stranger.stop();
      await client.dispose();
    });

    test('queries and mutations travel the same way', async () => {
      const client = connect(server.headers);
      const [created] = await all(client, 'mutation { createPost(input: { fields: { title: "mine" } }) { post { objectId } } }');
      const { objectId } = created.createPost.post;
      const [read] = await all(client, `query($id: ID!) { post(id: $id) { title } }`, { id: objectId });
      assert.equal(read.post.title, 'mine');
      await client.dispose();
    });

    test('what is not valid is refused', async () => {
      const client = connect(server.headers);
      for (const [query, text] of [
        ['subscription { nothingChanged { event } }', /Cannot query field "nothingChanged"/],
        ['subscription { postChanged { event } teamChanged { event } }', /.*/],
        ['subscription { __schema { types { name } } }', /.*/],
        ['subscription { postChanged(where: {team: {have: {name: {equalTo: "x"}}}}) { event } }', /asks for other objects/],
        ['subscription { postChanged(watch: ["nothing"]) { event } }', /no field nothing/],
        ['subscription {', /Syntax Error/],
      ]) {
        const answer = await client.iterate({ query }).next().then(({ value }) => value.errors, errors => errors);
        assert.match(answer[0].message, text, query);
      }
      await client.dispose();
    });
  });
}

/// All answers of an operation that ends.
async function all(client, query, variables) {
  const answers = [];
  for await (const { data, errors } of client.iterate({ query, variables })) {
    assert.equal(errors, undefined, JSON.stringify(errors));
    answers.push(data);
  }
  return answers;
}

test('keys may come in connection_init under the names of the SDKs, and wrong ones close the socket', async () => {
  const url = server.graphql.replace('http', 'ws');
  const applicationId = server.headers['X-Parse-Application-Id'] ?? server.headers['x-parse-application-id'];
  const open = params => createSocketClient({ url, webSocketImpl: WebSocket, connectionParams: params, retryAttempts: 0 });
  const client = open({ applicationId });
  const [answer] = await all(client, '{ health }');
  assert.equal(answer.health, true);
  await client.dispose();
  for (const params of [{ applicationId: 'other' }, {}, { applicationId, sessionToken: 'r:none' }]) {
    const refused = open(params);
    await assert.rejects(all(refused, '{ health }'), ({ code }) => code === 4403);
    await refused.dispose();
  }
});

const HOOKS = `
Parse.Cloud.beforeConnect(request => {
  if (request.sessionToken === undefined && request.installationId === 'banned') throw 'Not you.';
});
Parse.Cloud.beforeSubscribe('Note', request => {
  if (!request.user) throw new Parse.Error(777, 'Log in first.');
  request.query.equalTo('kind', 'public');
});
Parse.Cloud.afterLiveQueryEvent('Note', request => {
  if (request.object.get('title') === 'silent') request.sendEvent = false;
  if (request.object.get('title') === 'broken') throw new Parse.Error(778, 'Not this one.');
  request.object.set('title', request.object.get('title') + '!');
});
`;

test('hooks have their say', async context => {
  const own = await startServer({ files: { 'main.js': HOOKS }, options: { cloud: './main.js', liveQuery: { classNames: ['Note'] } } });
  context.after(() => own.stop());
  const send = (path, body, headers) =>
    fetch(`${own.rest}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }).then(answer => answer.json());
  await send('/schemas/Note', { className: 'Note', fields: { title: { type: 'String' }, kind: { type: 'String' } } }, own.masterHeaders);
  const { sessionToken } = await send('/users', { username: 'ann', password: 'pass' }, own.headers);
  const user = { ...own.headers, 'X-Parse-Session-Token': sessionToken };
  const query = 'subscription { noteChanged(after: "") { event node { title kind } } }';
  const socket = params => createSocketClient({ url: own.graphql.replace('http', 'ws'), webSocketImpl: WebSocket, connectionParams: params, retryAttempts: 0 });
  const stream = headers => createStreamClient({ url: own.graphql, headers, retryAttempts: 0 });

  const banned = socket({ ...own.headers, 'X-Parse-Installation-Id': 'banned' });
  await assert.rejects(banned.iterate({ query }).next(), ({ code, reason }) => code === 4403 && reason === 'Not you.');
  for (const client of [socket(own.headers), stream(own.headers)]) {
    const errors = await client.iterate({ query }).next().then(({ value }) => value.errors, errors => errors);
    assert.deepEqual([errors[0].message, errors[0].extensions.code], ['Log in first.', 777]);
    await client.dispose();
  }
  for (const client of [socket(user), stream(user)]) {
    const events = client.iterate({ query });
    const next = async () => (await events.next()).value;
    assert.equal((await next()).data.noteChanged.event, 'REFETCH');
    for (const [title, kind] of [['private', 'private'], ['silent', 'public'], ['broken', 'public'], ['told', 'public']]) {
      await send('/classes/Note', { title, kind }, own.headers);
    }
    const failed = await next();
    assert.deepEqual([failed.errors[0].message, failed.errors[0].extensions.code], ['Not this one.', 778]);
    assert.deepEqual((await next()).data.noteChanged, { event: 'CREATE', node: { title: 'told!', kind: 'public' } });
    await events.return();
    await client.dispose();
  }
});
