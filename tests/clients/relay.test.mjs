// Relay: its compiler accepts the schema, and what it generates runs in its runtime against the server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildClientSchema, getIntrospectionQuery, printSchema, validateSchema } from 'graphql';
import compiler from 'relay-compiler';
import relay from 'relay-runtime';
import { graphql, rest, startServer } from './server.mjs';

const sources = join(dirname(fileURLToPath(import.meta.url)), 'relay');
let server, project;
before(async () => {
  server = await startServer();
  project = mkdtempSync(join(tmpdir(), 'parsimony-relay-'));
  await rest(server, 'POST', '/schemas/Author', { className: 'Author', fields: { name: { type: 'String' } } });
  await rest(server, 'POST', '/schemas/Book', {
    className: 'Book',
    fields: {
      title: { type: 'String', required: true },
      pages: { type: 'Number' },
      author: { type: 'Pointer', targetClass: 'Author' },
      readers: { type: 'Relation', targetClass: 'Author' },
    },
  });
});
after(async () => {
  if (project) rmSync(project, { recursive: true, force: true });
  await server?.stop();
});

describe('relay', { concurrency: false }, () => {
  test('the introspected schema is valid and follows the rules for nodes and connections', async () => {
    const { status, body } = await graphql(server, getIntrospectionQuery(), {}, server.masterHeaders);
    assert.equal(status, 200);
    assert.equal(body.errors, undefined);
    const schema = buildClientSchema(body.data);
    assert.deepEqual(validateSchema(schema), []);
    assert.equal(String(schema.getQueryType().getFields().node.type), 'Node');
    assert.equal(String(schema.getType('PageInfo').getFields().hasNextPage.type), 'Boolean!');
    assert.ok(schema.getType('Book').getInterfaces().some(({ name }) => name === 'Node'));
    writeFileSync(join(project, 'schema.graphql'), printSchema(schema));
  });

  test('the compiler accepts it and generates every artifact', async () => {
    mkdirSync(join(project, 'src'));
    cpSync(sources, join(project, 'src'), { recursive: true });
    const config = { src: './src', schema: './schema.graphql', language: 'javascript', schemaConfig: { nodeInterfaceIdField: 'id' } };
    writeFileSync(join(project, 'relay.config.json'), JSON.stringify(config));
    await promisify(execFile)(compiler, [join(project, 'relay.config.json')], { cwd: project });
    const artifacts = ['BookListQuery', 'BookListPageQuery', 'BookList_query', 'BookRow_book', 'BookReaders_book', 'BookReadersPageQuery', 'CreateBookMutation'];
    for (const name of artifacts) assert.ok(existsSync(artifactPath(name)), `${name} was generated`);
  });

  test('a mutation and two pages run in the runtime', async () => {
    const environment = connect();
    for (const [index, title] of ['Solaris', 'Eden', 'Fiasco'].entries()) {
      const fields = { title, pages: (index + 1) * 100, author: { createAndLink: { name: 'Lem' } } };
      const answer = await mutate(environment, { input: { fields, clientMutationId: `c${index}` } });
      assert.equal(answer.createBook.clientMutationId, `c${index}`);
    }
    await relay.fetchQuery(environment, artifact('BookListQuery'), { first: 2 }).toPromise();
    const first = connection(environment);
    assert.deepEqual(first.titles, ['Solaris', 'Eden']);
    assert.equal(first.hasNextPage, true);
    await relay.fetchQuery(environment, artifact('BookListPageQuery'), { first: 2, after: first.endCursor }).toPromise();
    const both = connection(environment);
    assert.deepEqual(both.titles, ['Solaris', 'Eden', 'Fiasco']);
    assert.equal(both.hasNextPage, false);
  });

  test('a fragment is fetched again through node(id:)', async () => {
    const environment = connect();
    const fields = { title: 'Katar', readers: { createAndAdd: [{ name: 'Ann' }, { name: 'Bob' }] } };
    const { body } = await graphql(server, 'mutation($f: CreateBookFieldsInput) { createBook(input: { fields: $f }) { book { id } } }', { f: fields });
    const { id } = body.data.createBook.book;
    await relay.fetchQuery(environment, artifact('BookReadersPageQuery'), { id, first: 10 }).toPromise();
    const names = environment.getStore().getSource().toJSON();
    assert.deepEqual(Object.values(names).map(record => record.name).filter(Boolean).sort(), ['Ann', 'Bob']);
  });
});

const artifactPath = name => join(project, 'src/__generated__', `${name}.graphql.js`);
const artifact = name => createRequire(join(project, 'package.json'))(artifactPath(name));

function connect() {
  const fetchOperation = async ({ text }, variables) => (await graphql(server, text, variables)).body;
  const store = new relay.Store(new relay.RecordSource(), { gcReleaseBufferSize: 100 });
  return new relay.Environment({ network: relay.Network.create(fetchOperation), store });
}

function mutate(environment, variables) {
  return new Promise((onCompleted, onError) => {
    const mutation = artifact('CreateBookMutation');
    relay.commitMutation(environment, {
      mutation,
      variables,
      onCompleted: (answer, errors) => (errors ? onError(new Error(JSON.stringify(errors))) : onCompleted(answer)),
      onError,
    });
  });
}

/// What Relay has put together in its store under the connection's key.
function connection(environment) {
  let seen;
  relay.commitLocalUpdate(environment, store => {
    const books = relay.ConnectionHandler.getConnection(store.getRoot(), 'BookList_books');
    const page = books.getLinkedRecord('pageInfo');
    seen = {
      titles: books.getLinkedRecords('edges').map(edge => edge.getLinkedRecord('node').getValue('title')),
      hasNextPage: page.getValue('hasNextPage'),
      endCursor: page.getValue('endCursor'),
    };
  });
  return seen;
}
