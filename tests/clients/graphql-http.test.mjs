// The audits of the GraphQL over HTTP specification, as its reference implementation ships them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { startServer } from './server.mjs';

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

test('no MUST fails; the SHOULDs and MAYs that do are printed', async context => {
  // With the master key, because some audits introspect and the public may not.
  const fetchFn = (url, init = {}) => fetch(url, { ...init, headers: { ...server.masterHeaders, ...init.headers } });
  const failed = { MUST: [], SHOULD: [], MAY: [] };
  let passed = 0;
  for (const { id, name, fn } of serverAudits({ url: server.graphql, fetchFn })) {
    const result = await fn();
    await result.response?.body?.cancel().catch(() => {}); // It may have been read already.
    if (result.status === 'ok') passed += 1;
    else failed[name.split(' ')[0]].push({ id, name, reason: result.reason });
  }
  context.diagnostic(`graphql-http: ${passed} audits passed`);
  for (const { id, name, reason } of [...failed.SHOULD, ...failed.MAY]) context.diagnostic(`${id} ${name}: ${reason}`);
  assert.ok(passed > 30);
  assert.deepEqual(failed.MUST, []);
});

// The audits can not say these two: they need a request that fails in a known way.
test('accepting application/graphql-response+json keeps data and a 2xx status when a resolver fails', async () => {
  const response = await fetch(server.graphql, {
    method: 'POST',
    headers: { ...server.headers, 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: 'mutation { deleteUser(input: { id: "nosuchuser" }) { user { id } } }' }),
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^application\/graphql-response\+json/);
  const { data, errors } = await response.json();
  assert.deepEqual(data, { deleteUser: null });
  assert.equal(errors.length, 1);
});

test('a request that is not permitted is 4xx', async () => {
  const response = await fetch(server.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  assert.equal(response.status, 403);
});
