// What record-live.mjs asks of parse-server over WebSockets, and tests/live.rs of this server again. A step opens, sends,
// requests or closes; `{{name.member}}` is what the answer that was saved under that name said.

/// The class that tells everybody that nothing more comes, and the subscription to it that every connected socket has.
export const MARKER = 'Marker';
export const MARKER_ID = 1_000_000;

const APP = { 'X-Parse-Application-Id': 'app' };
const MASTER = { ...APP, 'X-Parse-Master-Key': 'master' };

const options = (more = {}) => ({
  appId: 'app',
  masterKey: 'master',
  allowClientClassCreation: true,
  liveQuery: { classNames: ['Post', MARKER] },
  startLiveQueryServer: true,
  ...more,
});

const open = (socket, more = {}) => ({ name: `${socket} opens`, open: { socket, ...more } });
const send = (name, socket, message) => ({ name, send: { socket, message } });
const connect = (socket, more = {}) => send(`${socket} connects`, socket, { op: 'connect', applicationId: 'app', ...more });
const query = (where, more = {}) => ({ className: 'Post', where, ...more });
const subscribe = (socket, requestId, asked, more = {}) =>
  send(`${socket} subscribes as ${requestId}`, socket, { op: 'subscribe', requestId, query: asked, ...more });
const close = socket => ({ name: `${socket} closes`, close: socket });

const request = (headers, method) => (name, path, body, save) => ({ name, request: { method, path, headers, body }, save });
const post = request(APP, 'POST');
const put = request(APP, 'PUT');
const masterPost = request(MASTER, 'POST');
const masterPut = request(MASTER, 'PUT');
const masterDelete = (name, path) => request(MASTER, 'DELETE')(name, path);
const as = user => ({ ...APP, 'X-Parse-Session-Token': `{{${user}.sessionToken}}` });
const signUp = user => post(`${user} signs up`, '/users', { username: user, password: `${user}'s password` }, user);

const pointer = (className, objectId) => ({ __type: 'Pointer', className, objectId });
const user = name => pointer('_User', `{{${name}.objectId}}`);
const date = iso => ({ __type: 'Date', iso });
const point = (latitude, longitude) => ({ __type: 'GeoPoint', latitude, longitude });
const reads = (...names) => Object.fromEntries(names.map(name => [name, { read: true }]));
const schema = (className, fields, classLevelPermissions) =>
  masterPost(`the class ${className}`, `/schemas/${className}`, { className, fields, classLevelPermissions });
const OPEN_CLASS = { find: { '*': true }, get: { '*': true }, count: { '*': true }, create: { '*': true }, update: { '*': true }, delete: { '*': true }, addField: { '*': true } };
const POST_FIELDS = {
  title: { type: 'String' }, n: { type: 'Number' }, done: { type: 'Boolean' }, at: { type: 'Date' }, place: { type: 'GeoPoint' },
  area: { type: 'Polygon' }, list: { type: 'Array' }, data: { type: 'Object' }, bytes: { type: 'Bytes' },
  other: { type: 'Pointer', targetClass: 'Other' }, others: { type: 'Relation', targetClass: 'Other' },
};

/// Wrong messages, each with a name, on one socket.
const wrong = (socket, messages) => Object.entries(messages).map(([name, message]) =>
  typeof message === 'string'
    ? { name, send: { socket, text: message } }
    : send(name, socket, message));

const connectAndErrors = {
  name: 'connect-and-errors',
  about: 'What connect answers; every message that is refused, and how',
  options: options(),
  steps: [
    open('A'),
    send('subscribe before connect', 'A', { op: 'subscribe', requestId: 1, query: query({}) }),
    send('unsubscribe before connect', 'A', { op: 'unsubscribe', requestId: 1 }),
    send('update before connect', 'A', { op: 'update', requestId: 1, query: query({}) }),
    ...wrong('A', {
      'connect without applicationId': { op: 'connect' },
      'connect with a number as applicationId': { op: 'connect', applicationId: 5 },
      'connect with null as applicationId': { op: 'connect', applicationId: null },
      'connect with an unknown member': { op: 'connect', applicationId: 'app', foo: 1 },
      'connect with a number as sessionToken': { op: 'connect', applicationId: 'app', sessionToken: 5 },
      'connect with a number as installationId': { op: 'connect', applicationId: 'app', installationId: 5 },
      'connect with a number as javascriptKey': { op: 'connect', applicationId: 'app', javascriptKey: 5 },
    }),
    connect('A'),
    ...wrong('A', {
      'not JSON': '{bad',
      'a text': '"text"',
      'null': 'null',
      'an array': '[]',
      'a number': '5',
      'true': 'true',
      'nothing in it': {},
      'an unknown op': { op: 'nope' },
      'an op that only servers send': { op: 'connected' },
      'a query without subscription': { op: 'query', requestId: 1 },
      'a number as op': { op: 5 },
      'subscribe with nothing': { op: 'subscribe' },
      'subscribe without query': { op: 'subscribe', requestId: 1 },
      'subscribe without requestId': { op: 'subscribe', query: query({}) },
      'a text as requestId': { op: 'subscribe', requestId: 'x', query: query({}) },
      'null as requestId': { op: 'subscribe', requestId: null, query: query({}) },
      'a text as query': { op: 'subscribe', requestId: 1, query: 'x' },
      'a query without where': { op: 'subscribe', requestId: 1, query: { className: 'Post' } },
      'a query without className': { op: 'subscribe', requestId: 1, query: { where: {} } },
      'a number as className': { op: 'subscribe', requestId: 1, query: { className: 5, where: {} } },
      'a text as where': { op: 'subscribe', requestId: 1, query: query('x') },
      'an array as where': { op: 'subscribe', requestId: 1, query: query([]) },
      'null as where': { op: 'subscribe', requestId: 1, query: query(null) },
      'an unknown member of the query': { op: 'subscribe', requestId: 1, query: query({}, { foo: 1 }) },
      'fields in place of keys': { op: 'subscribe', requestId: 1, query: query({}, { fields: ['a'] }) },
      'an unknown member of subscribe': { op: 'subscribe', requestId: 1, foo: 1, query: query({}) },
      'a text as keys': { op: 'subscribe', requestId: 1, query: query({}, { keys: 'a' }) },
      'null as keys': { op: 'subscribe', requestId: 1, query: query({}, { keys: null }) },
      'no keys': { op: 'subscribe', requestId: 1, query: query({}, { keys: [] }) },
      'a number in keys': { op: 'subscribe', requestId: 1, query: query({}, { keys: [1] }) },
      'the same keys': { op: 'subscribe', requestId: 1, query: query({}, { keys: ['a', 'b', 'a'] }) },
      'a text as watch': { op: 'subscribe', requestId: 1, query: query({}, { watch: 'a' }) },
      'nothing to watch': { op: 'subscribe', requestId: 1, query: query({}, { watch: [] }) },
      'the same to watch': { op: 'subscribe', requestId: 1, query: query({}, { watch: ['a', 'a'] }) },
      'a number as sessionToken': { op: 'subscribe', requestId: 1, sessionToken: 5, query: query({}) },
      'null as sessionToken': { op: 'subscribe', requestId: 1, sessionToken: null, query: query({}) },
      'update with nothing': { op: 'update' },
      'update without where': { op: 'update', requestId: 1, query: { className: 'Post' } },
      'unsubscribe with nothing': { op: 'unsubscribe' },
      'unsubscribe with a text': { op: 'unsubscribe', requestId: '1' },
      'unsubscribe with an unknown member': { op: 'unsubscribe', requestId: 1, foo: 1 },
      'unsubscribe of what there is not': { op: 'unsubscribe', requestId: 999 },
      'a bad regular expression': { op: 'subscribe', requestId: 1, query: query({ title: { $regex: '(' } }) },
      'a number as regular expression': { op: 'subscribe', requestId: 1, query: query({ title: { $regex: 5 } }) },
      'bad options of a regular expression': { op: 'subscribe', requestId: 1, query: query({ title: { $regex: 'a', $options: 'z' } }) },
      'a bad regular expression inside': { op: 'subscribe', requestId: 1, query: query({ $or: [{ title: { $regex: '[' } }] }) },
      'an object as $or': { op: 'subscribe', requestId: 1, query: query({ $or: { title: 'x' } }) },
      'a number as $and': { op: 'subscribe', requestId: 1, query: query({ $and: 5 }) },
      'a text as $nor': { op: 'subscribe', requestId: 1, query: query({ $nor: 'x' }) },
    }),
    { name: 'bytes', send: { socket: 'A', base64: Buffer.from('{"op":"unsubscribe","requestId":1}').toString('base64') } },
    send('zero as requestId', 'A', { op: 'subscribe', requestId: 0, query: query({}) }),
    send('a negative requestId', 'A', { op: 'subscribe', requestId: -4, query: query({}) }),
    send('a fraction as requestId', 'A', { op: 'subscribe', requestId: 1.5, query: query({}) }),
    send('a session that is none', 'A', { op: 'subscribe', requestId: 8, sessionToken: 'r:00000000000000000000000000000000', query: query({}) }),
    send('no text as session', 'A', { op: 'subscribe', requestId: 9, sessionToken: '', query: query({}) }),
    send('a class that is not live', 'A', { op: 'subscribe', requestId: 10, query: { className: 'NotLive', where: {} } }),
    post('an object of the live class', '/classes/Post', { title: 'one' }),
    post('an object of the other class', '/classes/NotLive', { title: 'one' }),
    send('unsubscribe', 'A', { op: 'unsubscribe', requestId: 0 }),
    send('unsubscribe again', 'A', { op: 'unsubscribe', requestId: 0 }),
    post('another object', '/classes/Post', { title: 'two' }),
    send('update of what there is not', 'A', { op: 'update', requestId: 20, query: query({ title: 'three' }) }),
    post('an object for the updated', '/classes/Post', { title: 'three' }),
    send('connect a second time', 'A', { op: 'connect', applicationId: 'app' }),
    post('an object after the second connect', '/classes/Post', { title: 'three' }),
    send('unsubscribe after the second connect', 'A', { op: 'unsubscribe', requestId: 20 }),
    open('B'),
    connect('B', { installationId: 'an installation' }),
    send('B subscribes', 'B', { op: 'subscribe', requestId: 1, query: query({ title: 'four' }) }),
    send('B is wrong', 'B', { op: 'nope' }),
    post('an object for B', '/classes/Post', { title: 'four' }),
    send('B unsubscribes', 'B', { op: 'unsubscribe', requestId: 1 }),
    close('B'),
    open('below the mount path', { path: '/parse' }),
    connect('below the mount path'),
    open('with a sub-protocol', { protocols: ['parse', 'other'] }),
    connect('with a sub-protocol'),
    open('no installation'),
    connect('no installation', { installationId: '' }),
    open('with keys'),
    connect('with keys', { restAPIKey: 'x', javascriptKey: 'x', clientKey: 'x', windowsKey: 'x', masterKey: 'x', sessionToken: 'r:00000000000000000000000000000000' }),
    open('of another application'),
    send('another application', 'of another application', { op: 'connect', applicationId: 'other' }),
  ],
};

const events = {
  name: 'events',
  about: 'The five events, and what the objects in them look like',
  options: options(),
  steps: [
    schema('Other', { name: { type: 'String' } }, OPEN_CLASS),
    schema('Post', POST_FIELDS, OPEN_CLASS),
    post('an object to point to', '/classes/Other', { name: 'other' }, 'other'),
    open('A'),
    connect('A'),
    subscribe('A', 1, query({ title: 'in' })),
    subscribe('A', 2, query({})),
    post('create with every type', '/classes/Post', {
      title: 'in', n: 1.5, done: false, at: date('2020-01-01T00:00:00.000Z'), place: point(1, 2),
      area: { __type: 'Polygon', coordinates: [[0, 0], [0, 1], [1, 1], [0, 0]] }, list: [1, null, { a: 1 }, pointer('Other', '{{other.objectId}}')],
      data: { a: 1, b: { c: null } }, bytes: { __type: 'Bytes', base64: 'YWJj' }, other: pointer('Other', '{{other.objectId}}'),
      others: { __op: 'AddRelation', objects: [pointer('Other', '{{other.objectId}}')] }, ACL: { '*': { read: true, write: true } },
    }, 'post'),
    put('increment', '/classes/Post/{{post.objectId}}', { n: { __op: 'Increment', amount: 1 } }),
    put('the same value', '/classes/Post/{{post.objectId}}', { n: 2.5 }),
    put('nothing', '/classes/Post/{{post.objectId}}', {}),
    put('leave', '/classes/Post/{{post.objectId}}', { title: 'out' }),
    put('out of sight', '/classes/Post/{{post.objectId}}', { done: true }),
    put('enter', '/classes/Post/{{post.objectId}}', { title: 'in' }),
    put('a member of an object', '/classes/Post/{{post.objectId}}', { 'data.a': 7 }),
    put('delete a field', '/classes/Post/{{post.objectId}}', { at: { __op: 'Delete' }, list: { __op: 'Delete' } }),
    put('null', '/classes/Post/{{post.objectId}}', { place: null }),
    put('after null', '/classes/Post/{{post.objectId}}', { n: 3 }),
    put('take out of a relation', '/classes/Post/{{post.objectId}}', { others: { __op: 'RemoveRelation', objects: [pointer('Other', '{{other.objectId}}')] } }),
    request(APP, 'DELETE')('delete', '/classes/Post/{{post.objectId}}'),
    post('create with nothing', '/classes/Post', {}, 'empty'),
    post('create with null', '/classes/Post', { title: null, n: null }),
    put('update of the empty one', '/classes/Post/{{empty.objectId}}', { title: 'zz' }),
    send('update the query', 'A', { op: 'update', requestId: 2, query: query({ title: 'new' }) }),
    put('the old query', '/classes/Post/{{empty.objectId}}', { title: 'old' }),
    put('the new query', '/classes/Post/{{empty.objectId}}', { title: 'new' }),
    send('the same requestId again', 'A', { op: 'subscribe', requestId: 2, query: query({ title: 'newer' }) }),
    put('the query before', '/classes/Post/{{empty.objectId}}', { title: 'newer' }),
    put('the query now', '/classes/Post/{{empty.objectId}}', { title: 'new' }),
    send('unsubscribe', 'A', { op: 'unsubscribe', requestId: 2 }),
    put('nobody asks', '/classes/Post/{{empty.objectId}}', { title: 'newer' }),
    post('batch', '/batch', { requests: [{ method: 'POST', path: '/parse/classes/Post', body: { title: 'in', n: 1 } }] }),
    post('batch in a transaction', '/batch', { transaction: true, requests: [{ method: 'POST', path: '/parse/classes/Post', body: { title: 'in', n: 2 } }] }),
    post('an update that fails', '/classes/Post', { title: 5 }),
    open('B'),
    connect('B'),
    subscribe('B', 1, query({ title: 'in' })),
    post('for both', '/classes/Post', { title: 'in', n: 9 }),
    close('A'),
    post('for the one that is left', '/classes/Post', { title: 'in', n: 10 }),
    masterDelete('purge', '/purge/Post'),
  ],
};

const keysAndWatch = {
  name: 'keys-and-watch',
  about: 'Selected fields, and fields of which one must have changed',
  options: options(),
  steps: [
    schema('Post', { title: { type: 'String' }, n: { type: 'Number' }, data: { type: 'Object' }, done: { type: 'Boolean' }, others: { type: 'Relation', targetClass: 'Other' } }, OPEN_CLASS),
    open('A'),
    connect('A'),
    subscribe('A', 1, query({}, { keys: ['n'] })),
    subscribe('A', 2, query({}, { keys: ['title', 'nothing'] })),
    subscribe('A', 3, query({}, { keys: ['objectId'] })),
    subscribe('A', 4, query({}, { watch: ['n'] })),
    subscribe('A', 5, query({ done: true }, { watch: ['n'] })),
    subscribe('A', 6, query({}, { watch: ['n', 'title'], keys: ['title'] })),
    subscribe('A', 7, query({}, { watch: ['nothing'] })),
    subscribe('A', 8, query({}, { watch: ['updatedAt'], keys: ['n'] })),
    post('create without what is watched', '/classes/Post', { done: true }, 'post'),
    put('set what is watched', '/classes/Post/{{post.objectId}}', { n: 1 }),
    put('set it to the same', '/classes/Post/{{post.objectId}}', { n: 1 }),
    put('set the other', '/classes/Post/{{post.objectId}}', { title: 'a' }),
    put('leave without a change of it', '/classes/Post/{{post.objectId}}', { done: false }),
    put('enter without a change of it', '/classes/Post/{{post.objectId}}', { done: true }),
    put('leave with a change of it', '/classes/Post/{{post.objectId}}', { done: false, n: 2 }),
    put('enter with a change of it', '/classes/Post/{{post.objectId}}', { done: true, n: 3 }),
    put('take it away', '/classes/Post/{{post.objectId}}', { n: { __op: 'Delete' } }),
    put('an ACL', '/classes/Post/{{post.objectId}}', { ACL: { '*': { read: true, write: true } } }),
    request(APP, 'DELETE')('delete', '/classes/Post/{{post.objectId}}'),
    post('create with what is watched', '/classes/Post', { n: 1, title: 'x', done: true, data: { a: 1 } }, 'second'),
    send('the query gets other keys', 'A', { op: 'update', requestId: 1, query: query({}, { keys: ['title'] }) }),
    put('after that', '/classes/Post/{{second.objectId}}', { n: 5 }),
    open('B'),
    connect('B'),
    subscribe('B', 1, query({}, { keys: ['data.a'] })),
    subscribe('B', 2, query({}, { watch: ['data.a'] })),
    subscribe('B', 3, query({}, { watch: ['data'], keys: ['data'] })),
    close('A'),
    put('a member of an object', '/classes/Post/{{second.objectId}}', { 'data.a': 2 }),
    put('another member of it', '/classes/Post/{{second.objectId}}', { 'data.b': 2 }),
    put('beside it', '/classes/Post/{{second.objectId}}', { title: 'y' }),
  ],
};

const KEY_PAIRS = { liveQueryServerOptions: { keyPairs: { masterKey: 'master', javascriptKey: 'script' }, cacheTimeout: 1 }, cacheTTL: 1 };

const aclRolesSessions = {
  name: 'acl-roles-sessions',
  about: 'Who is told what: ACLs that change, roles that change, sessions that end',
  options: options(KEY_PAIRS),
  steps: [
    signUp('ann'),
    signUp('bob'),
    open('nobody'),
    connect('nobody', { javascriptKey: 'script' }),
    subscribe('nobody', 1, query({})),
    open('master'),
    connect('master', { masterKey: 'master' }),
    subscribe('master', 1, query({})),
    open('ann'),
    connect('ann', { javascriptKey: 'script', sessionToken: '{{ann.sessionToken}}' }),
    subscribe('ann', 1, query({})),
    open('bob'),
    connect('bob', { javascriptKey: 'script' }),
    subscribe('bob', 1, query({}), { sessionToken: '{{bob.sessionToken}}' }),
    subscribe('bob', 2, query({ title: 'x' }), { sessionToken: '{{bob.sessionToken}}' }),
    post('a public object', '/classes/Post', { title: 'public' }),
    masterPost('an object of ann', '/classes/Post', { title: 'a', ACL: reads('{{ann.objectId}}') }, 'post'),
    masterPut('an update of it', '/classes/Post/{{post.objectId}}', { title: 'b' }),
    masterPut('it becomes that of bob', '/classes/Post/{{post.objectId}}', { ACL: reads('{{bob.objectId}}') }),
    masterPut('it meets the query of bob', '/classes/Post/{{post.objectId}}', { title: 'x' }),
    masterPut('it becomes public', '/classes/Post/{{post.objectId}}', { ACL: reads('*') }),
    masterPut('it becomes public and that of bob', '/classes/Post/{{post.objectId}}', { ACL: reads('*', '{{bob.objectId}}'), title: 'y' }),
    masterPut('it becomes closed and meets the query', '/classes/Post/{{post.objectId}}', { ACL: {}, title: 'x' }),
    masterPut('it changes while it is closed', '/classes/Post/{{post.objectId}}', { title: 'z' }),
    masterPut('it is opened again', '/classes/Post/{{post.objectId}}', { ACL: reads('*') }),
    masterPost('a closed object', '/classes/Post', { title: 'x', ACL: {} }, 'closed'),
    masterDelete('it is deleted', '/classes/Post/{{closed.objectId}}'),
    masterPost('a role of ann', '/roles', { name: 'staff', ACL: reads('*'), users: { __op: 'AddRelation', objects: [user('ann')] } }, 'role'),
    masterPut('it becomes that of the role', '/classes/Post/{{post.objectId}}', { ACL: reads('role:staff') }),
    masterPut('an update for the role', '/classes/Post/{{post.objectId}}', { title: 'b' }),
    masterPut('bob joins the role', '/roles/{{role.objectId}}', { users: { __op: 'AddRelation', objects: [user('bob')] } }),
    masterPut('an update for both', '/classes/Post/{{post.objectId}}', { title: 'c' }),
    masterPut('ann leaves the role', '/roles/{{role.objectId}}', { users: { __op: 'RemoveRelation', objects: [user('ann')] } }),
    masterPut('an update for bob', '/classes/Post/{{post.objectId}}', { title: 'd' }),
    masterPost('a role of ann above', '/roles', { name: 'heads', ACL: reads('*'), users: { __op: 'AddRelation', objects: [user('ann')] } }, 'heads'),
    masterPut('which has the rights of the first', '/roles/{{role.objectId}}', { roles: { __op: 'AddRelation', objects: [pointer('_Role', '{{heads.objectId}}')] } }),
    masterPut('an update for both again', '/classes/Post/{{post.objectId}}', { title: 'e' }),
    masterDelete('the role is deleted', '/roles/{{role.objectId}}'),
    masterPut('an update for nobody', '/classes/Post/{{post.objectId}}', { title: 'f' }),
    masterPut('it becomes that of both', '/classes/Post/{{post.objectId}}', { ACL: reads('{{ann.objectId}}', '{{bob.objectId}}') }),
    request(as('bob'), 'POST')('bob logs out', '/logout', {}),
    masterPut('an update for those who have a session', '/classes/Post/{{post.objectId}}', { title: 'g' }),
    post('a public object after that', '/classes/Post', { title: 'public' }),
    masterDelete('delete', '/classes/Post/{{post.objectId}}'),
    signUp('cleo'),
    open('cleo'),
    connect('cleo', { javascriptKey: 'script' }),
    subscribe('cleo', 1, query({ title: 'for cleo' }), { sessionToken: '{{cleo.sessionToken}}' }),
    request(as('cleo'), 'PUT')('cleo changes her password', '/users/{{cleo.objectId}}', { password: 'another' }, 'cleo'),
    masterPost('an object of cleo', '/classes/Post', { title: 'for cleo', ACL: reads('{{cleo.objectId}}') }),
    subscribe('cleo', 2, query({ title: 'for cleo' }), { sessionToken: '{{cleo.sessionToken}}' }),
    masterPost('another object of cleo', '/classes/Post', { title: 'for cleo', ACL: reads('{{cleo.objectId}}') }),
    masterDelete('cleo is deleted', '/users/{{cleo.objectId}}'),
    masterPost('an object of a user who is gone', '/classes/Post', { title: 'for cleo', ACL: reads('{{cleo.objectId}}') }),
  ],
};

const everyone = ['nobody', 'master', 'ann', 'bob'];
const permissionClasses = {
  SignedIn: [{}, { ...OPEN_CLASS, find: { requiresAuthentication: true }, get: { requiresAuthentication: true } }],
  OnlyAnn: [{}, { ...OPEN_CLASS, find: { '{{ann.objectId}}': true }, get: { '{{ann.objectId}}': true } }],
  OnlyStaff: [{}, { ...OPEN_CLASS, find: { 'role:staff': true }, get: { 'role:staff': true } }],
  FindOnly: [{}, { ...OPEN_CLASS, get: {} }],
  GetOnly: [{}, { ...OPEN_CLASS, find: {} }],
  Closed: [{}, { ...OPEN_CLASS, find: {}, get: {} }],
  Pointed: [{}, { ...OPEN_CLASS, find: { pointerFields: ['owner', 'owners'] }, get: { pointerFields: ['owner', 'owners'] } }],
  ReadUser: [{}, { ...OPEN_CLASS, find: {}, get: {}, readUserFields: ['owner'] }],
  Protected: [{}, { ...OPEN_CLASS, protectedFields: { '*': ['secret'], '{{ann.objectId}}': [] } }],
};
const permissions = {
  name: 'permissions',
  about: 'Class permissions, pointer permissions and protected fields',
  options: options({ ...KEY_PAIRS, liveQuery: { classNames: [MARKER, ...Object.keys(permissionClasses)] } }),
  steps: [
    signUp('ann'),
    signUp('bob'),
    masterPost('a role of bob', '/roles', { name: 'staff', ACL: {}, users: { __op: 'AddRelation', objects: [user('bob')] } }),
    ...Object.entries(permissionClasses).map(([className, [, permissions]]) =>
      schema(className, { a: { type: 'String' }, secret: { type: 'String' }, owner: { type: 'Pointer', targetClass: '_User' }, owners: { type: 'Array' } }, permissions)),
    ...everyone.flatMap(socket => [open(socket), connect(socket, socket === 'master' ? { masterKey: 'master' } : { javascriptKey: 'script' })]),
    ...Object.keys(permissionClasses).flatMap((className, at) =>
      everyone.map(socket => ({
        ...subscribe(socket, at + 1, { className, where: {} }, ['ann', 'bob'].includes(socket) ? { sessionToken: `{{${socket}.sessionToken}}` } : {}),
        name: `${socket} subscribes to ${className}`,
      }))),
    ...['SignedIn', 'OnlyAnn', 'OnlyStaff', 'FindOnly', 'GetOnly', 'Closed'].flatMap(className => [
      masterPost(`create ${className}`, `/classes/${className}`, { a: 'one' }, className),
      masterPut(`update ${className}`, `/classes/${className}/{{${className}.objectId}}`, { a: 'two' }),
    ]),
    ...['Pointed', 'ReadUser'].flatMap(className => [
      masterPost(`${className} of ann`, `/classes/${className}`, { a: 'one', owner: user('ann') }, className),
      masterPut(`${className} is updated`, `/classes/${className}/{{${className}.objectId}}`, { a: 'two' }),
      masterPut(`${className} becomes that of bob`, `/classes/${className}/{{${className}.objectId}}`, { owner: user('bob') }),
      masterDelete(`${className} is deleted`, `/classes/${className}/{{${className}.objectId}}`),
      masterPost(`${className} of nobody`, `/classes/${className}`, { a: 'one' }),
    ]),
    masterPost('Pointed by an array', '/classes/Pointed', { a: 'one', owners: [user('ann'), user('bob')] }),
    masterPost('create Protected', '/classes/Protected', { a: 'one', secret: 's' }, 'Protected'),
    masterPut('update what is protected', '/classes/Protected/{{Protected.objectId}}', { secret: 't' }),
    ...Object.entries({
      'a protected field': { where: { secret: 't' } },
      'a protected field inside': { where: { $or: [{ a: 'two' }, { $and: [{ $nor: [{ secret: 't' }] }] }] } },
      'that a protected field exists': { where: { secret: { $exists: true } } },
      'a member of a protected field': { where: { 'secret.x': 1 } },
      'a change of a protected field': { where: { a: 'x' }, watch: ['secret'] },
      'protected keys': { where: { a: 'two' }, keys: ['secret'] },
    }).flatMap(([what, asked], at) => [
      send(`nobody asks for ${what}`, 'nobody', { op: 'subscribe', requestId: 50 + at, query: { className: 'Protected', ...asked } }),
      send(`ann asks for ${what}`, 'ann', { op: 'subscribe', requestId: 50 + at, sessionToken: '{{ann.sessionToken}}', query: { className: 'Protected', ...asked } }),
    ]),
    masterPut('update both', '/classes/Protected/{{Protected.objectId}}', { secret: 'u', a: 'two' }),
    masterPut('a class is closed', '/schemas/FindOnly', { classLevelPermissions: { ...OPEN_CLASS, find: {}, get: {} } }),
    masterPut('an update in the closed class', '/classes/FindOnly/{{FindOnly.objectId}}', { a: 'three' }),
    masterPut('it is opened again', '/schemas/FindOnly', { classLevelPermissions: OPEN_CLASS }),
    masterPut('an update in the open class', '/classes/FindOnly/{{FindOnly.objectId}}', { a: 'four' }),
  ],
};

const users = {
  name: 'users',
  about: 'Events of users, sessions and roles',
  options: options({ ...KEY_PAIRS, liveQuery: { classNames: ['_User', '_Session', '_Role', '_Installation', MARKER] } }),
  steps: [
    open('nobody'),
    connect('nobody', { javascriptKey: 'script' }),
    open('master'),
    connect('master', { masterKey: 'master' }),
    ...['_User', '_Session', '_Role', '_Installation'].flatMap((className, at) =>
      ['nobody', 'master'].map(socket => ({ ...subscribe(socket, at + 1, { className, where: {} }), name: `${socket} subscribes to ${className}` }))),
    signUp('ann'),
    open('ann'),
    connect('ann', { javascriptKey: 'script' }),
    ...['_User', '_Session', '_Role', '_Installation'].map((className, at) => ({
      ...subscribe('ann', at + 1, { className, where: {} }, { sessionToken: '{{ann.sessionToken}}' }), name: `ann subscribes to ${className}`,
    })),
    post('ann logs in', '/login', { username: 'ann', password: "ann's password" }, 'second'),
    signUp('bob'),
    request(as('ann'), 'PUT')('ann changes', '/users/{{ann.objectId}}', { nick: 'a', email: 'ann@example.com' }),
    masterPut('ann becomes public', '/users/{{ann.objectId}}', { ACL: reads('*') }),
    masterPut('an update of ann', '/users/{{ann.objectId}}', { nick: 'b' }),
    send('nobody asks for an address', 'nobody', { op: 'subscribe', requestId: 11, query: { className: '_User', where: { email: 'ann@example.com' } } }),
    send('nobody asks for a name', 'nobody', { op: 'subscribe', requestId: 12, query: { className: '_User', where: { username: 'ann' } } }),
    send('nobody asks for the hash of a password', 'nobody', { op: 'subscribe', requestId: 13, query: { className: '_User', where: { _hashed_password: { $exists: true } } } }),
    send('nobody asks for a provider', 'nobody', { op: 'subscribe', requestId: 14, query: { className: '_User', where: { 'authData.anonymous.id': 'x' } } }),
    send('nobody asks for a session', 'nobody', { op: 'subscribe', requestId: 15, query: { className: '_User', where: { sessionToken: { $exists: true } } } }),
    masterPut('another update of ann', '/users/{{ann.objectId}}', { nick: 'c' }),
    masterPost('a role', '/roles', { name: 'staff', ACL: reads('*') }, 'role'),
    masterPut('an update of the role', '/roles/{{role.objectId}}', { users: { __op: 'AddRelation', objects: [user('ann')] } }),
    masterDelete('the role is deleted', '/roles/{{role.objectId}}'),
    request(as('second'), 'POST')('ann logs out elsewhere', '/logout', {}),
    masterDelete('ann is deleted', '/users/{{ann.objectId}}'),
  ],
};

/// One subscription per condition; every row tells which ones it meets.
const asked = (conditions, rows) => ({
  steps: [
    schema('Other', { name: { type: 'String' } }, OPEN_CLASS),
    schema('Post', { row: { type: 'String' }, s: { type: 'String' }, n: { type: 'Number' }, b: { type: 'Boolean' }, d: { type: 'Date' }, g: { type: 'GeoPoint' }, area: { type: 'Polygon' }, p: { type: 'Pointer', targetClass: 'Other' }, l: { type: 'Array' }, o: { type: 'Object' } }, OPEN_CLASS),
    open('A'),
    connect('A'),
    ...conditions.map((where, at) => ({ ...subscribe('A', at + 1, query(where, { keys: ['row'] })), name: `${at + 1}: ${JSON.stringify(where)}` })),
    ...Object.entries(rows).map(([row, fields]) => post(`row ${row}`, '/classes/Post', { row, ...fields })),
  ],
});

const FIRST = date('2020-01-01T00:00:00.000Z');
const SECOND = date('2021-01-01T00:00:00.000Z');
const full = {
  A: { s: 'Hello world', n: 1, b: true, d: FIRST, g: point(0, 0), p: pointer('Other', 'firstOther'), l: [1, 2, 3], o: { a: 1, b: { c: 'x' } } },
  B: {
    s: 'hello\nWORLD', n: 2.5, b: false, d: SECOND, g: point(10, 10), p: pointer('Other', 'otherOther'), l: ['a', 'b', pointer('Other', 'firstOther')],
    o: { a: '1', b: { c: 'y' } }, area: { __type: 'Polygon', coordinates: [[0, 0], [0, 5], [5, 5], [5, 0], [0, 0]] },
  },
};
const operators = {
  name: 'operators',
  about: 'Conditions on fields that are there: live as in a find',
  options: options(),
  ...asked([
    {}, { s: 'Hello world' }, { n: 1 }, { b: false }, { d: FIRST }, { d: date('2020-01-01T00:00:00Z') }, { p: pointer('Other', 'firstOther') },
    { l: 1 }, { l: 'a' }, { l: pointer('Other', 'firstOther') }, { 'o.b.c': 'x' }, { unknown: 1 },
    { n: { $gt: 1 } }, { n: { $gte: 1 } }, { n: { $lt: 2.5 } }, { n: { $lte: 2.5 } }, { n: { $gt: 1, $lt: 2 } }, { s: { $gt: 'I' } },
    { d: { $gt: FIRST } }, { d: { $lte: FIRST } }, { createdAt: { $gt: FIRST } }, { updatedAt: { $gte: FIRST } },
    { n: { $ne: 1 } }, { s: { $ne: null } }, { d: { $ne: FIRST } }, { n: { $eq: 1 } },
    { n: { $in: [1, 7] } }, { n: { $in: [7] } }, { l: { $in: [1, 7] } }, { l: { $in: [pointer('Other', 'firstOther')] } }, { p: { $in: [pointer('Other', 'firstOther')] } },
    { n: { $nin: [1] } }, { n: { $nin: [] } }, { l: { $nin: [1] } }, { p: { $nin: [pointer('Other', 'firstOther')] } },
    { l: { $all: [1, 2] } }, { l: { $all: [1, 9] } }, { l: { $containedBy: [1, 2, 3, 4] } }, { l: { $containedBy: [1] } },
    { s: { $exists: true } }, { area: { $exists: true } }, { area: { $exists: false } }, { unknown: { $exists: false } },
    { s: { $regex: '^Hello' } }, { s: { $regex: 'hello', $options: 'i' } }, { s: { $regex: '^WORLD', $options: 'm' } }, { s: { $regex: 'hello.WORLD', $options: 's' } },
    { s: { $regex: '^\\QHello w\\E' } }, { s: { $regex: '(a+)+$' } },
    { g: { $within: { $box: [point(-1, -1), point(1, 1)] } } }, { g: { $geoWithin: { $polygon: [point(-1, -1), point(-1, 1), point(1, 1), point(1, -1)] } } },
    { g: { $nearSphere: point(0, 0), $maxDistance: 0.01 } }, { g: { $nearSphere: point(0, 0), $maxDistance: 1 } },
    { area: { $geoIntersects: { $point: point(1, 1) } } }, { area: { $geoIntersects: { $point: point(50, 50) } } },
    { $or: [{ n: 1 }, { n: 2.5 }] }, { $and: [{ n: { $gt: 0 } }, { n: { $lt: 2 } }] }, { $nor: [{ n: 1 }] }, { $or: [{ $and: [{ n: 1 }, { row: 'A' }] }, { row: 'B' }] },
    { objectId: 'noSuchThing' }, { objectId: { $ne: 'noSuchThing' } }, { row: { $in: ['A', 'B'], $ne: 'A' } },
  ], full),
};

const sparse = {
  name: 'operators-sparse',
  about: 'Conditions on fields that are absent or null, and conditions of the wrong kind: parse-server matches in its own way',
  options: options(),
  ...asked([
    { s: null }, { n: null }, { n: '1' }, { l: [] }, { o: {} }, { 'o.a': { $exists: true } }, { 'o.a': { $exists: false } }, { 'o.b.c': { $exists: true } }, { unknown: { $ne: 1 } },
    { n: { $gt: 1 } }, { n: { $lt: 1 } }, { d: { $gt: FIRST } }, { createdAt: { $lt: FIRST } }, { p: { $ne: pointer('Other', 'firstOther') } },
    { n: { $in: [] } }, { n: { $nin: [1] } }, { l: { $nin: [1] } }, { l: { $all: [] } }, { l: { $containedBy: [1, 2, 3] } }, { s: { $exists: true } }, { s: { $exists: false } },
    { g: point(0, 0) }, { d: { $in: [FIRST] } }, { g: { $nearSphere: point(0, 0) } }, { p: { $inQuery: { className: 'Other', where: {} } } }, { n: { $not: { $gt: 1 } } },
    { s: { $regex: '(?=H)Hello' } }, { s: { $regex: '(l)\\1' } },
  ], { A: full.A, C: {}, D: { s: null, n: null, l: [], o: {} }, E: { s: '', n: 0, o: { a: null } } }),
};

const classNames = {
  name: 'class-names',
  about: 'Names of live classes are patterns that must fit the whole name',
  options: options({ liveQuery: { classNames: [MARKER, 'Post', 'Pat.*', '^Exact$', '(A|B)'] } }),
  steps: [
    open('A'),
    connect('A'),
    ...['Post', 'Posts', 'APost', 'Pattern', 'XPattern', 'Exact', 'Exactly', 'A', 'B'].flatMap((className, at) => [
      { ...subscribe('A', at + 1, { className, where: {} }), name: `subscribe to ${className}` },
      post(`create ${className}`, `/classes/${className}`, { a: 1 }),
    ]),
  ],
};

const keyPairs = {
  name: 'key-pairs',
  about: 'Keys that connect demands, and what the master key is good for',
  options: options({ liveQueryServerOptions: { keyPairs: { javascriptKey: 'script', restAPIKey: 'rest' } } }),
  steps: [
    ...Object.entries({
      'without keys': {},
      'with the right key': { javascriptKey: 'script' },
      'with the other right key': { restAPIKey: 'rest' },
      'with both': { restAPIKey: 'rest', javascriptKey: 'script' },
      'with one wrong and one right': { javascriptKey: 'x', restAPIKey: 'rest' },
      'with a wrong key': { javascriptKey: 'x' },
      'with an empty key': { javascriptKey: '' },
      'with the right key in the wrong place': { clientKey: 'script' },
      'with the master key only': { masterKey: 'master' },
      'with the master key too': { javascriptKey: 'script', masterKey: 'master' },
    }).flatMap(([socket, keys]) => [open(socket), connect(socket, keys), subscribe(socket, 1, query({ title: socket }))]),
    masterPost('a closed object', '/classes/Post', { title: 'with the master key too', ACL: {} }),
  ],
};

const hooks = {
  name: 'hooks',
  about: 'Cloud code before connections and subscriptions, and after events',
  options: options({ cloud: './cloud/live.js', ...KEY_PAIRS }),
  steps: [
    signUp('ann'),
    open('A'),
    connect('A', { javascriptKey: 'script', installationId: 'an installation', sessionToken: '{{ann.sessionToken}}' }),
    open('master'),
    connect('master', { masterKey: 'master' }),
    request(MASTER, 'GET')('what beforeConnect saw', '/classes/Seen?order=createdAt&keys=what'),
    ...['text', 'error', 'parse error'].flatMap(how => [
      open(`refused by ${how}`),
      connect(`refused by ${how}`, { javascriptKey: 'script', installationId: `refuse by ${how}` }),
    ]),
    send('once more', 'refused by text', { op: 'connect', applicationId: 'app', javascriptKey: 'script' }),
    subscribe('A', 1, query({ kind: 'plain' })),
    subscribe('A', 2, query({ kind: 'plain', refuse: 'text' })),
    subscribe('A', 3, query({ kind: 'plain', refuse: 'parse error' })),
    send('an update that is refused', 'A', { op: 'update', requestId: 1, query: query({ kind: 'plain', refuse: 'text' }) }),
    post('nobody asks', '/classes/Post', { kind: 'plain' }),
    subscribe('A', 4, query({ kind: 'narrowed' })),
    post('too many', '/classes/Post', { kind: 'narrowed', n: 1 }),
    post('few enough', '/classes/Post', { kind: 'narrowed', n: 5 }),
    subscribe('A', 5, query({ kind: 'selected' })),
    post('selected', '/classes/Post', { kind: 'selected', n: 1, m: 2 }),
    subscribe('A', 6, query({ kind: 'event' })),
    subscribe('master', 6, query({ kind: 'event' })),
    post('create', '/classes/Post', { kind: 'event', then: 'nothing', n: 1 }, 'post'),
    put('update', '/classes/Post/{{post.objectId}}', { n: 2 }),
    put('leave', '/classes/Post/{{post.objectId}}', { kind: 'none' }),
    put('enter', '/classes/Post/{{post.objectId}}', { kind: 'event' }),
    ...['silence', 'set', 'unset', 'replace', 'rename', 'null', 'text', 'parse error', 'return', 'close'].map(then =>
      put(`then ${then}`, '/classes/Post/{{post.objectId}}', { then })),
    put('then nothing', '/classes/Post/{{post.objectId}}', { then: 'nothing' }),
    request(APP, 'DELETE')('delete', '/classes/Post/{{post.objectId}}'),
    send('unsubscribe', 'A', { op: 'unsubscribe', requestId: 6 }),
    request(MASTER, 'GET')('what the others saw', '/classes/Seen?order=createdAt&keys=what&limit=1000'),
  ],
};

export const scenarios = [connectAndErrors, events, keysAndWatch, aclRolesSessions, permissions, users, operators, sparse, classNames, keyPairs, hooks];
