// Apollo Client (the core, without React), unmodified: its cache, its links, its error classes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';
import { relayStylePagination } from '@apollo/client/utilities';
import { startServer } from './server.mjs';

let server, client, master;
before(async () => {
  server = await startServer();
  client = connect(server.headers);
  master = connect(server.masterHeaders);
  for (const [name, schemaFields] of Object.entries({
    Publisher: { addStrings: [{ name: 'name' }] },
    Author: { addStrings: [{ name: 'name' }], addPointers: [{ name: 'publisher', targetClassName: 'Publisher' }] },
    Book: {
      addStrings: [{ name: 'title' }],
      addNumbers: [{ name: 'pages' }],
      addBooleans: [{ name: 'printed' }],
      addDates: [{ name: 'published' }],
      addArrays: [{ name: 'tags' }],
      addObjects: [{ name: 'facts' }],
      addGeoPoint: { name: 'foundAt' },
      addPointers: [{ name: 'author', targetClassName: 'Author' }],
      addRelations: [{ name: 'readers', targetClassName: 'Author' }],
    },
  })) {
    const { data } = await master.mutate({ mutation: CREATE_CLASS, variables: { input: { name, schemaFields } } });
    assert.equal(data.createClass.class.name, name);
  }
});
after(async () => {
  client?.stop();
  master?.stop();
  await server?.stop();
});

function connect(headers) {
  return new ApolloClient({
    link: new HttpLink({ uri: server.graphql, headers }),
    cache: new InMemoryCache({ typePolicies: { Query: { fields: { books: relayStylePagination(['where', 'order']) } } } }),
  });
}

function later() {
  let resolve;
  const promise = new Promise(done => (resolve = done));
  return { promise, resolve };
}

const CREATE_CLASS = gql`
  mutation CreateClass($input: CreateClassInput!) {
    createClass(input: $input) {
      class { name schemaFields { name } }
    }
  }
`;

const CREATE_BOOK = gql`
  mutation CreateBook($fields: CreateBookFieldsInput!) {
    createBook(input: { fields: $fields }) {
      book { id objectId title pages author { id name publisher { id name } } readers(order: [name_ASC]) { count edges { node { id name } } } }
    }
  }
`;

const createBook = async fields => (await client.mutate({ mutation: CREATE_BOOK, variables: { fields } })).data.createBook.book;
const query = (document, variables) =>
  client.query({ query: document, variables, fetchPolicy: 'network-only' }).then(result => result.data);

describe('queries and mutations', () => {
  test('the server is well', async () => {
    assert.deepEqual((await query(gql`query Health { health }`)), { health: true });
  });

  test('create, get, update, delete with variables', async () => {
    const fields = { title: 'Solaris', pages: 204, printed: true, published: '1961-01-01T00:00:00.000Z', tags: ['sf'], facts: { lang: 'pl' }, foundAt: { latitude: 49.8, longitude: 24 } };
    const created = await createBook(fields);
    assert.equal(created.__typename, 'Book');
    assert.equal(created.title, 'Solaris');
    assert.equal(created.author, null);

    const GET = gql`
      query Book($id: ID!) {
        book(id: $id) {
          id title pages printed published createdAt updatedAt facts
          tags { ... on Element { value } }
          foundAt { latitude longitude }
          ACL { public { read write } users { userId } roles { roleName } }
        }
      }
    `;
    const { book } = await query(GET, { id: created.id });
    assert.equal(book.pages, 204);
    assert.equal(book.printed, true);
    assert.equal(book.published, '1961-01-01T00:00:00.000Z');
    assert.deepEqual(book.tags.map(tag => tag.value), ['sf']);
    assert.deepEqual(book.facts, { lang: 'pl' });
    assert.deepEqual({ ...book.foundAt, __typename: undefined }, { __typename: undefined, latitude: 49.8, longitude: 24 });
    assert.equal(book.createdAt, book.updatedAt);

    const UPDATE = gql`
      mutation UpdateBook($id: ID!, $fields: UpdateBookFieldsInput!) {
        updateBook(input: { id: $id, fields: $fields, clientMutationId: "m1" }) { clientMutationId book { id title pages } }
      }
    `;
    const updated = (await client.mutate({ mutation: UPDATE, variables: { id: book.id, fields: { pages: 205 } } })).data.updateBook;
    assert.equal(updated.clientMutationId, 'm1');
    assert.equal(updated.book.pages, 205);
    // The cache knows the object by its global id, so the earlier query sees the change without a request.
    assert.equal(client.readQuery({ query: GET, variables: { id: created.id } }).book.pages, 205);

    const DELETE = gql`mutation DeleteBook($id: ID!) { deleteBook(input: { id: $id }) { book { id title } } }`;
    const removed = (await client.mutate({ mutation: DELETE, variables: { id: book.id } })).data.deleteBook;
    assert.equal(removed.book.title, 'Solaris');
    await assert.rejects(query(GET, { id: created.id }), CombinedGraphQLErrors);
  });

  test('an object is found by its objectId, its global id and as a node', async () => {
    const { id, objectId } = await createBook({ title: 'Fiasco' });
    const FIND = gql`query Find($id: ID!, $objectId: ID!) { one: book(id: $id) { title } two: book(id: $objectId) { title } node(id: $id) { id ... on Book { title } } }`;
    const { one, two, node } = await query(FIND, { id, objectId });
    assert.deepEqual([one.title, two.title, node.title, node.__typename], ['Fiasco', 'Fiasco', 'Fiasco', 'Book']);
  });

  test('where and order', async () => {
    await Promise.all([
      createBook({ title: 'w-one', pages: 10, tags: ['x', 'y'] }),
      createBook({ title: 'w-two', pages: 20, tags: ['y'] }),
      createBook({ title: 'w-three', pages: 30 }),
    ]);
    const FIND = gql`
      query Find($where: BookWhereInput, $order: [BookOrder!]) { books(where: $where, order: $order) { count edges { node { id title } } } }
    `;
    const mine = { title: { matchesRegex: '^w-' } };
    const titles = async (where, order = ['pages_ASC']) => {
      const { books } = await query(FIND, { where: { AND: [mine, where] }, order });
      assert.equal(books.count, books.edges.length);
      return books.edges.map(edge => edge.node.title);
    };
    assert.deepEqual(await titles({ pages: { greaterThan: 10 } }), ['w-two', 'w-three']);
    assert.deepEqual(await titles({ pages: { in: [10, 30] } }, ['pages_DESC']), ['w-three', 'w-one']);
    assert.deepEqual(await titles({ OR: [{ pages: { lessThan: 15 } }, { title: { equalTo: 'w-two' } }] }), ['w-one', 'w-two']);
    assert.deepEqual(await titles({ tags: { contains: ['y'] } }), ['w-one', 'w-two']);
    assert.deepEqual(await titles({ tags: { exists: false } }), ['w-three']);
  });
});

describe('pointers and relations', () => {
  test('createAndLink makes the whole chain, link uses what there is, null takes it away', async () => {
    const book = await createBook({ title: 'Eden', author: { createAndLink: { name: 'Lem', publisher: { createAndLink: { name: 'Iskry' } } } } });
    assert.equal(book.author.name, 'Lem');
    assert.equal(book.author.publisher.name, 'Iskry');

    const second = await createBook({ title: 'Niezwyciężony', author: { link: book.author.id } });
    assert.equal(second.author.id, book.author.id);
    const BY_PUBLISHER = gql`
      query ByPublisher { books(where: { author: { have: { publisher: { have: { name: { equalTo: "Iskry" } } } } } }, order: [title_ASC]) { edges { node { id title } } } }
    `;
    assert.deepEqual((await query(BY_PUBLISHER)).books.edges.map(edge => edge.node.title), ['Eden', 'Niezwyciężony']);

    const UNLINK = gql`mutation Unlink($id: ID!) { updateBook(input: { id: $id, fields: { author: null } }) { book { id author { id } } } }`;
    const unlinked = await client.mutate({ mutation: UNLINK, variables: { id: second.id } });
    assert.equal(unlinked.data.updateBook.book.author, null);
  });

  test('relations: createAndAdd, add, remove, and questions through them', async () => {
    const book = await createBook({ title: 'Katar', readers: { createAndAdd: [{ name: 'Ann' }, { name: 'Bob' }] } });
    const [ann] = book.readers.edges.map(edge => edge.node);
    assert.equal(book.readers.count, 2);
    const CHANGE = gql`
      mutation Change($id: ID!, $readers: AuthorRelationInput!) {
        updateBook(input: { id: $id, fields: { readers: $readers } }) { book { id readers(order: [name_ASC]) { count edges { node { id name } } } } }
      }
    `;
    // What an update does with add and remove together is not promised: one step at a time.
    const change = async readers => {
      const { data } = await client.mutate({ mutation: CHANGE, variables: { id: book.id, readers } });
      return data.updateBook.book.readers.edges.map(edge => edge.node.name);
    };
    assert.deepEqual(await change({ remove: [ann.id] }), ['Bob']);
    assert.deepEqual(await change({ add: [ann.id] }), ['Ann', 'Bob']);
    const READ_BY = gql`query ReadBy($name: String!) { books(where: { readers: { have: { name: { equalTo: $name } } } }) { edges { node { title } } } }`;
    assert.deepEqual((await query(READ_BY, { name: 'Bob' })).books.edges.map(edge => edge.node.title), ['Katar']);
    const SOME = gql`query Some($id: ID!) { book(id: $id) { id readers(first: 1, order: [name_DESC]) { count edges { node { name } } } } }`;
    const { readers } = (await query(SOME, { id: book.id })).book;
    assert.equal(readers.count, 2);
    assert.deepEqual(readers.edges.map(edge => edge.node.name), ['Bob']);
  });
});

describe('pagination', () => {
  const PAGE = gql`
    query Page($first: Int, $after: String, $last: Int, $before: String) {
      books(first: $first, after: $after, last: $last, before: $before, where: { title: { matchesRegex: "^page " } }, order: [pages_ASC]) {
        count
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { id pages } }
      }
    }
  `;
  before(() => Promise.all([1, 2, 3, 4, 5].map(pages => createBook({ title: `page ${pages}`, pages }))));
  const pages = books => books.edges.map(edge => edge.node.pages);

  test('forwards with cursors until there is no next page', async () => {
    const seen = [];
    for (let after; ; ) {
      const { data } = await master.query({ query: PAGE, variables: { first: 2, after }, fetchPolicy: 'no-cache' });
      assert.equal(data.books.count, 5);
      seen.push(pages(data.books));
      if (!data.books.pageInfo.hasNextPage) break;
      after = data.books.pageInfo.endCursor;
    }
    assert.deepEqual(seen, [[1, 2], [3, 4], [5]]);
  });

  test('backwards', async () => {
    const one = await master.query({ query: PAGE, variables: { last: 2 }, fetchPolicy: 'no-cache' });
    assert.deepEqual(pages(one.data.books), [4, 5]);
    assert.equal(one.data.books.pageInfo.hasPreviousPage, true);
    const before = one.data.books.pageInfo.startCursor;
    const two = await master.query({ query: PAGE, variables: { last: 2, before }, fetchPolicy: 'no-cache' });
    assert.deepEqual(pages(two.data.books), [2, 3]);
  });

  test('fetchMore with the Relay policy of the cache collects one list', async () => {
    const watched = client.watchQuery({ query: PAGE, variables: { first: 2 } });
    const { promise, resolve } = later();
    const subscription = watched.subscribe(({ data }) => data && pages(data.books).length === 4 && resolve(pages(data.books)));
    const { data } = await client.query({ query: PAGE, variables: { first: 2 } });
    assert.deepEqual(pages(data.books), [1, 2]);
    await watched.fetchMore({ variables: { first: 2, after: data.books.pageInfo.endCursor } });
    assert.deepEqual(await promise, [1, 2, 3, 4]);
    subscription.unsubscribe();
  });
});

describe('classes', () => {
  test('a class made by a mutation has its types in the very next request', async () => {
    const input = { name: 'Planet', schemaFields: { addStrings: [{ name: 'name' }], addPointers: [{ name: 'orbits', targetClassName: 'Planet' }] } };
    await master.mutate({ mutation: CREATE_CLASS, variables: { input } });
    const CREATE = gql`
      mutation Create($fields: CreatePlanetFieldsInput!) { createPlanet(input: { fields: $fields }) { planet { id name orbits { name } } } }
    `;
    const fields = { name: 'Moon', orbits: { createAndLink: { name: 'Earth' } } };
    const { data } = await client.mutate({ mutation: CREATE, variables: { fields } });
    assert.equal(data.createPlanet.planet.orbits.name, 'Earth');

    const UPDATE = gql`mutation UpdateClass($input: UpdateClassInput!) { updateClass(input: $input) { class { name schemaFields { name } } } }`;
    const change = { name: 'Planet', schemaFields: { addNumbers: [{ name: 'mass' }] } };
    await master.mutate({ mutation: UPDATE, variables: { input: change } });
    const heavy = await client.mutate({ mutation: gql`mutation Heavy { createPlanet(input: { fields: { name: "Sun", mass: 333000 } }) { planet { id mass } } }` });
    assert.equal(heavy.data.createPlanet.planet.mass, 333000);
  });

  test('without the master key classes can not be made', async () => {
    const attempt = client.mutate({ mutation: CREATE_CLASS, variables: { input: { name: 'Nope' } } });
    await assert.rejects(attempt, error => CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 119);
  });
});

describe('users', () => {
  const VIEWER = gql`query Viewer { viewer { sessionToken user { id username nickname } } }`;
  const SIGN_UP = gql`
    mutation SignUp($fields: CreateUserFieldsInput!) { signUp(input: { fields: $fields }) { viewer { sessionToken user { id username } } } }
  `;
  const LOG_IN = gql`
    mutation LogIn($username: String!, $password: String!) {
      logIn(input: { username: $username, password: $password }) { viewer { sessionToken user { id username } } }
    }
  `;
  const as = token => connect({ ...server.headers, 'X-Parse-Session-Token': token });
  before(() => master.mutate({
    mutation: gql`mutation Users($input: UpdateClassInput!) { updateClass(input: $input) { class { name } } }`,
    variables: { input: { name: '_User', schemaFields: { addStrings: [{ name: 'nickname' }] } } },
  }));

  test('sign up, log in, the viewer in the cache, log out', async () => {
    const fields = { username: 'ann', password: 'Secret-1' };
    const made = (await client.mutate({ mutation: SIGN_UP, variables: { fields } })).data.signUp.viewer;
    const known = (await client.mutate({ mutation: LOG_IN, variables: fields })).data.logIn.viewer;
    assert.equal(known.user.id, made.user.id);
    assert.notEqual(known.sessionToken, made.sessionToken);

    const ann = as(known.sessionToken);
    const { viewer } = (await ann.query({ query: VIEWER })).data;
    assert.deepEqual([viewer.sessionToken, viewer.user.username, viewer.user.nickname], [known.sessionToken, 'ann', null]);
    const UPDATE = gql`
      mutation Update($id: ID!) { updateUser(input: { id: $id, fields: { nickname: "Annie" } }) { user { id nickname } } }
    `;
    await ann.mutate({ mutation: UPDATE, variables: { id: viewer.user.id } });
    // The user is known by his global id: the viewer in the cache is him.
    assert.equal(ann.readQuery({ query: VIEWER }).viewer.user.nickname, 'Annie');

    const LOG_OUT = gql`mutation LogOut { logOut(input: {}) { ok } }`;
    assert.equal((await ann.mutate({ mutation: LOG_OUT })).data.logOut.ok, true);
    const after = ann.query({ query: VIEWER, fetchPolicy: 'network-only' });
    await assert.rejects(after, error => ServerError.is(error) && JSON.parse(error.bodyText).code === 209);
    ann.stop();
  });

  test('what a user keeps for himself', async () => {
    const fields = { username: 'bob', password: 'Secret-1' };
    const { sessionToken, user } = (await client.mutate({ mutation: SIGN_UP, variables: { fields } })).data.signUp.viewer;
    const bob = as(sessionToken);
    const CREATE = gql`
      mutation Create($fields: CreateBookFieldsInput!) { createBook(input: { fields: $fields }) { book { id ACL { users { userId read write } public { read } } } } }
    `;
    const ACL = { users: [{ userId: user.id, read: true, write: true }] };
    const { book } = (await bob.mutate({ mutation: CREATE, variables: { fields: { title: 'Bob, private', ACL } } })).data.createBook;
    assert.equal(book.ACL.users[0].userId, user.id);
    assert.equal(book.ACL.public, null);
    const GET = gql`query Private($id: ID!) { book(id: $id) { id title } }`;
    assert.equal((await bob.query({ query: GET, variables: { id: book.id } })).data.book.title, 'Bob, private');
    const seen = query(GET, { id: book.id });
    await assert.rejects(seen, error => CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 101);
    bob.stop();
  });

  test('a wrong password and a missing session have their codes', async () => {
    const wrong = client.mutate({ mutation: LOG_IN, variables: { username: 'ann', password: 'wrong' } });
    await assert.rejects(wrong, error => CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 101);
    await assert.rejects(query(VIEWER), error => CombinedGraphQLErrors.is(error) && error.errors[0].extensions.code === 209);
  });
});

describe('errors', () => {
  test('a resolver error carries the Parse code and its path', async () => {
    const missing = query(gql`query Missing { book(id: "nosuchbook") { title } }`);
    await assert.rejects(missing, error => {
      assert.ok(CombinedGraphQLErrors.is(error));
      const [first] = error.errors;
      assert.equal(first.extensions.code, 101);
      assert.equal(first.message, 'Object not found.');
      assert.deepEqual(first.path, ['book']);
      assert.ok(first.locations[0].line > 0);
      return true;
    });
  });

  test('one failing mutation leaves the other one done', async () => {
    const TWO = gql`
      mutation Two {
        good: createBook(input: { fields: { title: "good" } }) { book { title } }
        bad: updateBook(input: { id: "nosuchbook", fields: { title: "bad" } }) { book { title } }
      }
    `;
    const { data, error } = await client.mutate({ mutation: TWO, errorPolicy: 'all' });
    assert.equal(data.good.book.title, 'good');
    assert.equal(data.bad, null);
    assert.deepEqual(error.errors[0].path, ['bad']);
  });

  test('an invalid document and bad variables are errors that tell so', async () => {
    const reason = async attempt => {
      const error = await attempt.then(() => assert.fail('no error'), caught => caught);
      if (CombinedGraphQLErrors.is(error)) return error.errors[0].extensions.code;
      assert.ok(ServerError.is(error), String(error));
      assert.equal(error.statusCode, 400);
      return JSON.parse(error.bodyText).errors[0].extensions.code;
    };
    assert.equal(await reason(query(gql`query Bad { noSuchField }`)), 'GRAPHQL_VALIDATION_FAILED');
    assert.equal(await reason(query(gql`query Bad($id: ID!) { book(id: $id) { title } }`, {})), 'BAD_USER_INPUT');
  });

  test('a wrong application id is refused', async () => {
    const stranger = connect({ 'X-Parse-Application-Id': 'other' });
    await assert.rejects(stranger.query({ query: gql`query Health { health }` }), error => ServerError.is(error) && error.statusCode === 403);
    stranger.stop();
  });
});
