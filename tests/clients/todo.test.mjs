// schema-examples/todo does what its README says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient } from 'graphql-sse';
import { graphql, rest, runJob, signUp, startExample } from './server.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;
let server, ann, bob, eve;
before(async () => {
  server = await startExample('todo');
  [ann, bob, eve] = [await signUp(server, 'ann'), await signUp(server, 'bob'), await signUp(server, 'eve')];
});
after(() => server?.stop());

async function ask(who, query, variables) {
  const { body } = await graphql(server, query, variables, who);
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data;
}

async function refused(who, query, variables) {
  const { body } = await graphql(server, query, variables, who);
  assert.ok(body.errors, JSON.stringify(body));
  return body.errors[0].extensions.code;
}

const createList = (who, title) => ask(
  who,
  'mutation ($title: String!) { createTodoList(input: { fields: { title: $title } }) { todoList { id objectId title color } } }',
  { title },
).then(data => data.createTodoList.todoList);

const CREATE_TASK = `mutation ($fields: CreateTaskFieldsInput!) {
  createTask(input: { fields: $fields }) { task { id objectId title done list { title } } }
}`;
const createTask = (who, fields) => ask(who, CREATE_TASK, { fields }).then(data => data.createTask.task);
const TASKS = `query ($first: Int, $after: String) {
  tasks(where: { done: { equalTo: false } }, order: [createdAt_ASC], first: $first, after: $after) {
    count pageInfo { hasNextPage endCursor } edges { node { title } }
  }
}`;
const titles = connection => connection.edges.map(edge => edge.node.title);

describe('the to-do app', { concurrency: false }, () => {
  let list;

  test('gives a list to whoever makes it', async () => {
    list = await createList(ann, 'Garden');
    assert.equal(list.color, 'blue');
    const lists = '{ todoLists { edges { node { title } } } }';
    assert.deepEqual(titles((await ask(ann, lists)).todoLists), ['Garden']);
    assert.deepEqual(titles((await ask(bob, lists)).todoLists), []);
    assert.equal(await refused(server.headers, lists), 101);
  });

  test('puts tasks on it, in order and in pages', async () => {
    const yesterday = new Date(Date.now() - DAY_MS).toISOString();
    const beans = await createTask(ann, { title: '  Water the beans ', dueAt: yesterday, list: { link: list.id } });
    assert.deepEqual([beans.title, beans.done, beans.list.title], ['Water the beans', false, 'Garden']);
    await createTask(ann, { title: 'Weed', list: { link: list.id } });
    await createTask(ann, { title: 'Harvest', dueAt: new Date(Date.now() + 30 * DAY_MS).toISOString(), list: { link: list.id } });
    const { tasks } = await ask(ann, TASKS, { first: 2 });
    assert.deepEqual([tasks.count, titles(tasks), tasks.pageInfo.hasNextPage], [3, ['Water the beans', 'Weed'], true]);
    const next = await ask(ann, TASKS, { first: 2, after: tasks.pageInfo.endCursor });
    assert.deepEqual(titles(next.tasks), ['Harvest']);
    assert.equal(await refused(ann, CREATE_TASK, { fields: { title: ' ', list: { link: list.id } } }), 142);
  });

  test('says what is due and how far a list is', async () => {
    const due = '{ dueTasks { title list { title } } }';
    assert.deepEqual(await ask(ann, due), { dueTasks: [{ title: 'Water the beans', list: { title: 'Garden' } }] });
    assert.deepEqual(await ask(bob, due), { dueTasks: [] });
    assert.equal(await refused(server.headers, due), 142);
    const [beans] = (await ask(ann, '{ tasks(order: [createdAt_ASC], first: 1) { edges { node { id } } } }')).tasks.edges;
    await ask(ann, 'mutation ($id: ID!) { updateTask(input: { id: $id, fields: { done: true } }) { task { doneAt } } }', { id: beans.node.id });
    const progress = 'query ($listId: ID!) { listProgress(listId: $listId) { done total percent } }';
    assert.deepEqual((await ask(ann, progress, { listId: list.objectId })).listProgress, { done: 1, total: 3, percent: 33 });
    assert.equal(await refused(bob, progress, { listId: list.objectId }), 101);
    assert.deepEqual(await ask(ann, due), { dueTasks: [] });
  });

  test('shares a list with its tasks', async () => {
    const share = 'mutation ($listId: ID!, $username: String!) { shareList(listId: $listId, username: $username) { sharedWith tasks } }';
    assert.equal(await refused(bob, share, { listId: list.objectId, username: 'bob' }), 101);
    assert.equal(await refused(ann, share, { listId: list.objectId, username: 'nobody' }), 101);
    const { shareList } = await ask(ann, share, { listId: list.objectId, username: 'bob' });
    assert.deepEqual(shareList, { sharedWith: 'bob', tasks: 3 });
    assert.deepEqual(titles((await ask(bob, TASKS, {})).tasks), ['Weed', 'Harvest']);
    await createTask(bob, { title: 'Bring a cake', list: { link: list.id } });
    assert.deepEqual(titles((await ask(ann, TASKS, {})).tasks), ['Weed', 'Harvest', 'Bring a cake']);
    assert.deepEqual(titles((await ask(eve, TASKS, {})).tasks), []);
    assert.ok([101, 119].includes(await refused(eve, CREATE_TASK, { fields: { title: 'Spam', list: { link: list.id } } })));
  });

  test('tells those who share a list of its tasks', async () => {
    const query = `subscription ($list: ID!) {
      taskChanged(where: { list: { have: { id: { equalTo: $list } } } }, after: "") { event node { title done } }
    }`;
    const client = createClient({ url: server.graphql, headers: bob });
    const events = client.iterate({ query, variables: { list: list.objectId } });
    const next = async () => (await events.next()).value.data.taskChanged;
    assert.equal((await next()).event, 'REFETCH');
    const other = await createList(ann, 'Nobody else sees this');
    await createTask(ann, { title: 'Alone', list: { link: other.id } });
    const { id } = await createTask(ann, { title: 'Mow', list: { link: list.id } });
    assert.deepEqual(await next(), { event: 'CREATE', node: { title: 'Mow', done: false } });
    await ask(ann, 'mutation ($id: ID!) { deleteTask(input: { id: $id }) { task { id } } }', { id });
    assert.deepEqual(await next(), { event: 'DELETE', node: { title: 'Mow', done: false } });
    await events.return();
    await client.dispose();
    await ask(ann, 'mutation ($id: ID!) { deleteTodoList(input: { id: $id }) { todoList { id } } }', { id: other.id });
  });

  test('is the same over REST', async () => {
    const send = (path, who, body) => fetch(server.rest + path, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json', ...who },
      body: body && JSON.stringify(body),
    });
    const done = await send('/functions/listProgress', bob, { listId: list.objectId });
    assert.deepEqual(await done.json(), { result: { done: 1, total: 4, percent: 25 } });
    const missing = await send('/functions/listProgress', bob, {});
    assert.equal((await missing.json()).code, 142);
    const found = await (await send('/classes/Task', eve)).json();
    assert.deepEqual(found, { results: [] });
  });

  test('sweeps what was done long ago, and a list away with its tasks', async () => {
    const [done] = (await rest(server, 'GET', '/classes/Task?where={"done":true}')).results;
    const longAgo = { __type: 'Date', iso: new Date(Date.now() - 40 * DAY_MS).toISOString() };
    await rest(server, 'PUT', `/classes/Task/${done.objectId}`, { doneAt: longAgo });
    const status = await runJob(server, 'sweep', { days: 30 });
    assert.deepEqual([status.status, status.message], ['succeeded', '1 tasks swept']);
    await ask(ann, 'mutation ($id: ID!) { deleteTodoList(input: { id: $id }) { todoList { title } } }', { id: list.id });
    assert.deepEqual((await rest(server, 'GET', '/classes/Task')).results, []);
  });

  test('sweeps on a schedule, too', async () => {
    const schedule = { jobName: 'sweep', params: '{"days": 7}', timeOfDay: '03:00:00.000Z', repeatMinutes: 1440 };
    const { objectId } = await rest(server, 'POST', '/cloud_code/jobs', { job_schedule: schedule });
    const data = await rest(server, 'GET', '/cloud_code/jobs/data');
    assert.deepEqual(data, { in_use: ['sweep'], jobs: ['sweep'] });
    await rest(server, 'DELETE', `/cloud_code/jobs/${objectId}`);
  });
});
