// Cloud code for the scenario `hooks`: what a hook does is told by what it is asked, and what it saw is stored.

/// Members of a request that say the same in every process. How many subscriptions there are is counted differently.
const shown = (request, names) => {
  const seen = {};
  for (const name of names) {
    const value = request[name];
    if (value === undefined || value === null) continue;
    if (name === 'user') seen.user = value.get('username');
    else if (name === 'query') seen.where = value.toJSON().where;
    else if (name === 'object' || name === 'original') seen[name] = value.toJSON();
    else seen[name] = value;
  }
  return seen;
};

const store = (hook, request, names) =>
  new Parse.Object('Seen').save({ what: { hook, ...shown(request, names) } }, { useMasterKey: true });

const refuse = how => {
  if (how === 'text') throw 'refused by text';
  if (how === 'error') throw new Error('refused by error');
  if (how === 'parse error') throw new Parse.Error(777, 'refused by parse error');
};

Parse.Cloud.beforeConnect(async request => {
  await store('beforeConnect', request, ['event', 'clients', 'useMasterKey', 'installationId', 'user']);
  refuse(/^refuse by (.*)$/.exec(request.installationId)?.[1]);
});

Parse.Cloud.beforeSubscribe('Post', async request => {
  await store('beforeSubscribe', request, ['op', 'requestId', 'query', 'user']);
  const { where } = request.query.toJSON();
  refuse(where.refuse);
  if (where.kind === 'narrowed') request.query.greaterThan('n', 3);
  if (where.kind === 'selected') request.query.select('n');
});

Parse.Cloud.afterLiveQueryEvent('Post', async request => {
  if (request.object.get('kind') !== 'event') return;
  if (request.useMasterKey) await store('afterEvent', request, ['event', 'object', 'original', 'clients', 'useMasterKey', 'installationId', 'sendEvent', 'user']);
  switch (request.object.get('then')) {
    case 'silence':
      request.sendEvent = false;
      break;
    case 'set':
      request.object.set('n', 99);
      request.object.set('added', true);
      request.original.set('n', 98);
      break;
    case 'unset':
      request.object.unset('n');
      break;
    case 'replace':
      request.object = new Parse.Object('Post', { other: 1 });
      break;
    case 'rename':
      request.event = 'delete';
      break;
    case 'null':
      request.object = null;
      break;
    case 'text':
    case 'parse error':
      refuse(request.object.get('then'));
      break;
    case 'return':
      return { n: 1 };
    case 'close':
      request.object.setACL(new Parse.ACL());
  }
});
