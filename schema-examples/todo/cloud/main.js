// A list belongs to whoever made it (the ACL that the class gives to new objects). A task has the ACL of its list, so
// that sharing a list shares what is on it.

const DAY_MS = 24 * 60 * 60 * 1000;
const asCaller = request => ({ sessionToken: request.user.getSessionToken() });
const asMaster = { useMasterKey: true };

/// The list, if the caller may read it; error 101 if not.
const listOf = (request, id) => new Parse.Query('TodoList').get(id, request.master ? asMaster : asCaller(request));

Parse.Cloud.beforeSave('Task', async request => {
  const task = request.object;
  if (task.dirty('title')) {
    const title = task.get('title')?.trim();
    if (!title) throw new Parse.Error(Parse.Error.VALIDATION_ERROR, 'A task needs a title.');
    task.set('title', title);
  }
  if (task.dirty('done')) {
    if (task.get('done')) task.set('doneAt', new Date());
    else task.unset('doneAt');
  }
  if (task.dirty('list') && !request.master) {
    const list = await listOf(request, task.get('list').id);
    if (!list.getACL()?.getWriteAccess(request.user)) {
      throw new Parse.Error(Parse.Error.OPERATION_FORBIDDEN, 'This list is not yours to change.');
    }
    task.setACL(list.getACL());
  }
}, {
  requireUser: true,
  skipWithMasterKey: true,
});

Parse.Cloud.afterDelete('TodoList', async request => {
  const tasks = await new Parse.Query('Task').equalTo('list', request.object).limit(10_000).find(asMaster);
  await Parse.Object.destroyAll(tasks, asMaster);
});

Parse.Cloud.define('dueTasks', async request => {
  const endOfDay = new Date();
  endOfDay.setUTCHours(24, 0, 0, 0);
  return new Parse.Query('Task')
    .equalTo('done', false)
    .lessThan('dueAt', endOfDay)
    .ascending('dueAt')
    .find(asCaller(request));
}, {
  requireUser: true,
});

Parse.Cloud.define('listProgress', async request => {
  const list = await listOf(request, request.params.listId);
  const tasks = () => new Parse.Query('Task').equalTo('list', list);
  const [total, done] = await Promise.all([
    tasks().count(asCaller(request)),
    tasks().equalTo('done', true).count(asCaller(request)),
  ]);
  return { done, total, percent: total === 0 ? 0 : Math.round((100 * done) / total) };
}, {
  requireUser: true,
  fields: { listId: { type: String, required: true } },
});

Parse.Cloud.define('shareList', async request => {
  const list = await listOf(request, request.params.listId);
  if (!list.getACL()?.getWriteAccess(request.user)) {
    throw new Parse.Error(Parse.Error.OPERATION_FORBIDDEN, 'This list is not yours to share.');
  }
  const friend = await new Parse.Query(Parse.User).equalTo('username', request.params.username).first(asMaster);
  if (!friend) {
    throw new Parse.Error(Parse.Error.OBJECT_NOT_FOUND, `Nobody is called ${request.params.username}.`);
  }
  const tasks = await new Parse.Query('Task').equalTo('list', list).limit(10_000).find(asMaster);
  for (const object of [list, ...tasks]) {
    const acl = object.getACL();
    acl.setReadAccess(friend, true);
    acl.setWriteAccess(friend, true);
    object.setACL(acl);
  }
  await Parse.Object.saveAll([list, ...tasks], asMaster);
  return { sharedWith: friend.get('username'), tasks: tasks.length };
}, {
  requireUser: true,
  fields: { listId: { type: String, required: true }, username: { type: String, required: true } },
  rateLimit: { requestTimeWindow: 60_000, requestCount: 30 },
});

/// POST /jobs/sweep, or on a schedule: removes what was done long ago. `days` is a parameter, 30 if it is not given.
Parse.Cloud.job('sweep', async request => {
  const days = request.params.days ?? 30;
  const before = new Date(Date.now() - days * DAY_MS);
  let swept = 0;
  for (;;) {
    const batch = await new Parse.Query('Task').equalTo('done', true).lessThan('doneAt', before).limit(100).find(asMaster);
    if (batch.length === 0) return `${swept} tasks swept`;
    await Parse.Object.destroyAll(batch, asMaster);
    swept += batch.length;
    await request.message(`${swept} tasks so far`);
  }
});
