// schema-examples/shop does what its README says, also for customers with the JavaScript SDK.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { graphql, rest, runJob, signUp, startExample } from './server.mjs';

let server, ann, bob;
const products = {};
before(async () => {
  server = await startExample('shop');
  [ann, bob] = [await signUp(server, 'ann'), await signUp(server, 'bob')];
  for (const [name, price, stock] of [['Teapot', 2900, 2], ['Cup', 700, 50], ['Spoon', 300, 10]]) {
    const product = { name, category: 'kitchen', price, cost: price / 2, stock };
    products[name] = (await rest(server, 'POST', '/classes/Product', product)).objectId;
  }
});
after(() => server?.stop());

const CHECKOUT = `mutation ($lines: [CartLine!]!) {
  checkout(lines: $lines, address: { name: "Ann", street: "Hauptplatz 1", city: "Linz", country: AT }) {
    orderId total lines { name quantity price }
  }
}`;
const checkout = (who, cart) => graphql(
  server,
  CHECKOUT,
  { lines: Object.entries(cart).map(([name, quantity]) => ({ productId: products[name] ?? name, quantity })) },
  who,
).then(({ body }) => body);
const code = body => body.errors?.[0].extensions.code;
const stock = async name => (await rest(server, 'GET', `/classes/Product/${products[name]}`)).stock;

describe('the shop', { concurrency: false }, () => {
  test('shows its catalogue in pages, and no cost', async () => {
    const query = `query ($after: String) {
      products(where: { category: { equalTo: "kitchen" } }, order: [price_ASC], first: 2, after: $after) {
        count pageInfo { hasNextPage endCursor } edges { node { name price cost } }
      }
    }`;
    const first = (await graphql(server, query, {})).body.data.products;
    assert.deepEqual(first.edges.map(edge => edge.node), [
      { name: 'Spoon', price: 300, cost: null },
      { name: 'Cup', price: 700, cost: null },
    ]);
    const next = (await graphql(server, query, { after: first.pageInfo.endCursor })).body.data.products;
    assert.deepEqual(next.edges.map(edge => edge.node.name), ['Teapot']);
    assert.equal(next.pageInfo.hasNextPage, false);
    const asked = await fetch(`${server.rest}/classes/Product?where={"cost":{"$lt":1000}}`, { headers: server.headers });
    assert.equal((await asked.json()).code, 119);
  });

  test('sells what is there, at its own prices', async () => {
    const { data, errors } = await checkout(ann, { Teapot: 1, Cup: 4 });
    assert.equal(errors, undefined, JSON.stringify(errors));
    assert.equal(data.checkout.total, 2900 + 4 * 700);
    assert.deepEqual(data.checkout.lines, [{ name: 'Teapot', quantity: 1, price: 2900 }, { name: 'Cup', quantity: 4, price: 700 }]);
    assert.deepEqual([await stock('Teapot'), await stock('Cup')], [1, 46]);
    assert.equal(code(await checkout(server.headers, { Cup: 1 })), 142);
    assert.equal(code(await checkout(ann, {})), 142);
    assert.equal(code(await checkout(ann, { Cup: -1 })), 142);
    assert.equal(code(await checkout(ann, { nothing: 1 })), 142);
    assert.equal(code(await checkout(ann, { Cup: 1, Teapot: 2 })), 142);
    assert.deepEqual([await stock('Teapot'), await stock('Cup')], [1, 46]);
  });

  test('sells the last piece once', async () => {
    const bodies = await Promise.all([ann, bob, ann, bob].map(who => checkout(who, { Teapot: 1 })));
    assert.deepEqual(bodies.map(code).filter(code => code === undefined).length, 1);
    assert.equal(await stock('Teapot'), 0);
  });

  test('shows orders to their customers, whom it lets review what they bought', async () => {
    Parse.initialize(server.appId);
    Parse.serverURL = server.rest;
    const user = await Parse.User.logIn('ann', "ann's password");
    const sessionToken = user.getSessionToken();
    const orders = await new Parse.Query('Order').find({ sessionToken });
    assert.ok(orders.length >= 1);
    assert.ok(orders.every(order => order.get('customer').id === user.id));
    assert.deepEqual(await new Parse.Query('Order').find(), []);
    await assert.rejects(new Parse.Object('Order').save({ total: 1 }, { sessionToken }), { code: 119 });

    const product = Parse.Object.extend('Product').createWithoutData(products.Cup);
    const review = new Parse.Object('Review');
    await review.save({ product, stars: 4, text: 'Holds tea.' }, { sessionToken });
    assert.equal(review.get('author').id, user.id);
    await assert.rejects(new Parse.Object('Review').save({ product, stars: 6 }, { sessionToken }), { code: 142 });
    const spoon = Parse.Object.extend('Product').createWithoutData(products.Spoon);
    await assert.rejects(new Parse.Object('Review').save({ product: spoon, stars: 5 }, { sessionToken }), { code: 142 });
    const query = 'query ($cup: ID!, $spoon: ID!) { rating(productId: $cup) { stars reviews } none: rating(productId: $spoon) { stars } }';
    const { body } = await graphql(server, query, { cup: products.Cup, spoon: products.Spoon });
    assert.deepEqual(body.data, { rating: { stars: 4, reviews: 1 }, none: null });
  });

  test('knows what sells best, and what was sold', async () => {
    const { body } = await graphql(server, '{ bestSellers(first: 2) { name sold } }');
    assert.deepEqual(body.data.bestSellers, [{ name: 'Cup', sold: null }, { name: 'Teapot', sold: null }]);
    const status = await runJob(server, 'report');
    assert.deepEqual([status.status, status.message], ['succeeded', '2 orders, 86.00 revenue']);
  });

  test('is run by its staff', async () => {
    const rename = who => graphql(
      server,
      'mutation ($id: ID!) { updateProduct(input: { id: $id, fields: { price: 800 } }) { product { price cost } } }',
      { id: products.Cup },
      who,
    ).then(({ body }) => body);
    assert.equal(code(await rename(bob)), 119);
    const me = await fetch(`${server.rest}/users/me`, { headers: bob });
    const { objectId } = await me.json();
    const users = { __op: 'AddRelation', objects: [{ __type: 'Pointer', className: '_User', objectId }] };
    await rest(server, 'POST', '/roles', { name: 'staff', ACL: { '*': { read: true } }, users });
    assert.deepEqual((await rename(bob)).data.updateProduct.product, { price: 800, cost: 350 });
  });
});
