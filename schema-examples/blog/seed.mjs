// Makes the classes of schemas/ and writes a few posts. Needs nothing but Node; run it as often as you like.
//
//   SERVER=http://127.0.0.1:1337 APP_ID=blog MASTER_KEY=secret node seed.mjs
import { readdirSync, readFileSync } from 'node:fs';

const server = process.env.SERVER ?? 'http://127.0.0.1:1337';
const headers = {
  'Content-Type': 'application/json',
  'X-Parse-Application-Id': process.env.APP_ID ?? 'blog',
  'X-Parse-Master-Key': process.env.MASTER_KEY ?? 'secret',
};
const here = name => new URL(name, import.meta.url);

async function post(path, body) {
  const response = await fetch(server + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { ok: response.ok, status: response.status, body: await response.json() };
}

async function graphql(query, variables) {
  const { body } = await post('/graphql', { query, variables });
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

const CLASS_EXISTS = 103;

for (const file of readdirSync(here('schemas/')).sort()) {
  const schema = JSON.parse(readFileSync(here(`schemas/${file}`), 'utf8'));
  const { ok, status, body } = await post(`/parse/schemas/${schema.className}`, schema);
  if (!ok && body.code !== CLASS_EXISTS) throw new Error(`${file}: ${status} ${JSON.stringify(body)}`);
  console.log(`class ${schema.className}: ${ok ? 'made' : 'was there'}`);
}

const { posts } = await graphql('{ posts(first: 1) { edges { node { id } } } }');
if (posts.edges.length > 0) {
  console.log('posts were there');
} else {
  const createPost = readFileSync(here('operations/CreatePost.graphql'), 'utf8');
  const write = async fields => (await graphql(createPost, { fields })).createPost.post;
  const first = await write({
    title: 'Hello',
    body: 'Every blog begins like this.',
    tags: ['meta'],
    published: true,
    publishedAt: '2024-01-01T08:00:00.000Z',
    author: { createAndLink: { name: 'Ada', bio: 'Writes about engines.' } },
  });
  const author = { link: first.author.id };
  const second = await write({
    title: 'Notes on the engine',
    body: 'It weaves algebraical patterns.',
    tags: ['engines', 'history'],
    published: true,
    publishedAt: '2024-02-01T08:00:00.000Z',
    author,
    related: { add: [first.id] },
  });
  await write({ title: 'Draft', author });
  await write({
    title: 'A compiler',
    body: 'Let the machine do it.',
    tags: ['history'],
    published: true,
    publishedAt: '2024-03-01T08:00:00.000Z',
    author: { createAndLink: { name: 'Grace' } },
    related: { add: [first.id, second.id] },
  });
  console.log('4 posts written');
}
