// schema-examples/blog does what its README says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { graphql, root, startServer } from './server.mjs';

const example = join(root, 'schema-examples/blog');
let server;
before(async () => (server = await startServer({ options: { allowClientClassCreation: false } })));
after(() => server?.stop());

async function seed() {
  const env = { ...process.env, SERVER: server.url, APP_ID: server.appId, MASTER_KEY: server.masterKey };
  const { stdout } = await promisify(execFile)(process.execPath, [join(example, 'seed.mjs')], { env });
  return stdout.trim().split('\n');
}

async function run(name, variables) {
  const query = readFileSync(join(example, 'operations', `${name}.graphql`), 'utf8');
  const { body } = await graphql(server, query, variables);
  return body;
}

const nodes = connection => connection.edges.map(edge => edge.node);

describe('the blog', { concurrency: false }, () => {
  test('is made once, however often it is seeded', async () => {
    assert.deepEqual(await seed(), ['class Author: made', 'class Comment: made', 'class Post: made', '4 posts written']);
    assert.deepEqual(await seed(), ['class Author: was there', 'class Comment: was there', 'class Post: was there', 'posts were there']);
  });

  test('has a front page in pages', async () => {
    const { data, errors } = await run('LatestPosts', { first: 2 });
    assert.equal(errors, undefined);
    assert.equal(data.posts.count, 3);
    assert.deepEqual(nodes(data.posts).map(post => [post.title, post.author.name]), [['A compiler', 'Grace'], ['Notes on the engine', 'Ada']]);
    assert.deepEqual(nodes(data.posts)[1].tags, [{ value: 'engines' }, { value: 'history' }]);
    const next = await run('LatestPosts', { first: 2, after: data.posts.pageInfo.endCursor });
    assert.deepEqual(nodes(next.data.posts).map(post => post.title), ['Hello']);
    assert.equal(next.data.posts.pageInfo.hasNextPage, false);
  });

  test('takes comments from anybody and shows them with the post', async () => {
    const [post] = nodes((await run('LatestPosts', { first: 1 })).data.posts);
    const added = await run('AddComment', { postId: post.id, text: 'First!', signature: 'Ann' });
    assert.equal(added.data.createComment.comment.post.title, 'A compiler');
    const unsigned = await run('AddComment', { postId: post.id, text: 'Second.' });
    assert.equal(unsigned.data.createComment.comment.signature, 'anonymous');

    const objectId = Buffer.from(post.id, 'base64').toString().split(':')[1];
    const { data } = await run('ReadPost', { id: post.id, objectId });
    assert.deepEqual(nodes(data.post.related).map(other => other.title), ['Hello', 'Notes on the engine']);
    assert.equal(data.comments.count, 2);
    assert.deepEqual(nodes(data.comments).map(({ text }) => text), ['First!', 'Second.']);
  });

  test('finds drafts by their author', async () => {
    const { data } = await run('PostsByAuthor', { name: 'Ada' });
    assert.deepEqual(nodes(data.posts).map(post => post.title), ['Draft', 'Hello', 'Notes on the engine']);
  });

  test('refuses posts from the public', async () => {
    const { data, errors } = await run('CreatePost', { fields: { title: 'Spam' } });
    assert.equal(data.createPost, null);
    assert.equal(errors[0].extensions.code, 119);
  });

  test('is the same over REST', async () => {
    const query = new URLSearchParams({ where: '{"published":true}', include: 'author', order: '-publishedAt' });
    const response = await fetch(`${server.rest}/classes/Post?${query}`, { headers: server.headers });
    const { results } = await response.json();
    assert.deepEqual(results.map(post => post.author.name), ['Grace', 'Ada', 'Ada']);
  });
});
