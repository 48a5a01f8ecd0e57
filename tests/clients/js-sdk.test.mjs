// The official JavaScript SDK, unmodified.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { startServer } from './server.mjs';

let server;
before(async () => {
  server = await startServer();
  Parse.initialize(server.appId, undefined, server.masterKey);
  Parse.serverURL = server.rest;
  // A 5xx answer is a failure here, not a reason to try again.
  Parse.CoreManager.set('REQUEST_ATTEMPT_LIMIT', 1);
});
after(() => server?.stop());

const MASTER = { useMasterKey: true };
const make = (className, fields) => new Parse.Object(className, fields);
const names = objects => objects.map(object => object.get('name'));
const refused = (promise, code) => assert.rejects(promise, error => error instanceof Parse.Error && error.code === code);

describe('objects', () => {
  test('save assigns an id and times, fetch reads the object back', async () => {
    const game = make('Game', { name: 'chess', players: 2, rated: true, tags: ['board'], rules: { moves: { max: 50 } } });
    await game.save();
    assert.match(game.id, /^[A-Za-z0-9]{10}$/);
    assert.ok(game.createdAt instanceof Date);
    assert.equal(game.updatedAt.getTime(), game.createdAt.getTime());
    assert.equal(game.dirty(), false);

    const same = await make('Game').set('id', game.id).fetch();
    assert.equal(same.get('name'), 'chess');
    assert.equal(same.get('players'), 2);
    assert.equal(same.get('rated'), true);
    assert.deepEqual(same.get('tags'), ['board']);
    assert.deepEqual(same.get('rules'), { moves: { max: 50 } });
  });

  test('update writes only what changed, unset removes, nested keys keep their neighbours', async () => {
    const game = await make('Game', { name: 'go', players: 2, info: { board: 19, komi: 6.5 } }).save();
    await game.save({ players: 4 });
    game.unset('name');
    game.set('info.komi', 7.5);
    await game.save();
    assert.ok(game.updatedAt > game.createdAt);

    const fresh = await new Parse.Query('Game').get(game.id);
    assert.equal(fresh.has('name'), false);
    assert.equal(fresh.get('players'), 4);
    assert.deepEqual(fresh.get('info'), { board: 19, komi: 7.5 });
  });

  test('destroy removes; a second fetch, save or destroy says 101', async () => {
    const game = await make('Game', { name: 'gone' }).save();
    const copy = make('Game').set('id', game.id);
    await game.destroy();
    await refused(new Parse.Query('Game').get(game.id), Parse.Error.OBJECT_NOT_FOUND);
    await refused(copy.save({ name: 'back' }), Parse.Error.OBJECT_NOT_FOUND);
    await refused(copy.destroy(), Parse.Error.OBJECT_NOT_FOUND);
  });

  test('saveAll and destroyAll go through batch, more than one batch of them', async () => {
    const many = Array.from({ length: 45 }, (_, number) => make('Many', { number }));
    const saved = await Parse.Object.saveAll(many, { batchSize: 20 });
    assert.equal(new Set(saved.map(object => object.id)).size, 45);
    assert.equal(await new Parse.Query('Many').count(), 45);

    await Parse.Object.saveAll(saved.map(object => object.set('number', object.get('number') + 100)));
    assert.equal(await new Parse.Query('Many').greaterThanOrEqualTo('number', 100).count(), 45);

    await Parse.Object.destroyAll(saved.slice(0, 40));
    assert.equal(await new Parse.Query('Many').count(), 5);
    await assert.rejects(Parse.Object.destroyAll(saved.slice(39, 41)), error => {
      assert.equal(error.code, Parse.Error.AGGREGATE_ERROR);
      assert.deepEqual(error.errors.map(one => one.code), [Parse.Error.OBJECT_NOT_FOUND]);
      return true;
    });
    assert.equal(await new Parse.Query('Many').count(), 4);
  });

  test('fetchAll, fetchAllIfNeeded, exists and fetch with include', async () => {
    const owner = await make('Owner', { name: 'Ann' }).save();
    const pets = await Parse.Object.saveAll([make('Pet', { name: 'a', owner }), make('Pet', { name: 'b', owner })]);
    const bare = pets.map(pet => make('Pet').set('id', pet.id));
    assert.deepEqual(names(await Parse.Object.fetchAll(bare)), ['a', 'b']);
    const again = pets.map(pet => make('Pet').set('id', pet.id));
    assert.deepEqual(names(await Parse.Object.fetchAllIfNeeded(again)), ['a', 'b']);
    assert.equal(await bare[0].exists(), true);
    assert.equal(await make('Pet').set('id', 'nosuchid00').exists(), false);
    const pet = await make('Pet').set('id', pets[0].id).fetchWithInclude('owner');
    assert.equal(pet.get('owner').get('name'), 'Ann');
  });

  test('counters and arrays change on the server', async () => {
    const post = await make('Post', { votes: 1, tags: ['a', 'b'] }).save();
    const other = make('Post').set('id', post.id);
    await other.increment('votes', 5).save();
    assert.equal(other.get('votes'), 6);
    await post.decrement('votes', 2).save();
    assert.equal(post.get('votes'), 4);
    await make('Post').set('id', post.id).add('tags', 'a').save();
    await make('Post').set('id', post.id).addUnique('tags', 'b').save();
    await make('Post').set('id', post.id).addAllUnique('tags', ['b', 'c']).save();
    await make('Post').set('id', post.id).remove('tags', 'a').save();
    const fresh = await new Parse.Query('Post').get(post.id);
    assert.deepEqual(fresh.get('tags').sort(), ['b', 'c']);
    const counted = await make('Post').increment('votes').add('tags', 'first').save();
    assert.equal((await counted.fetch()).get('votes'), 1);
    assert.deepEqual(counted.get('tags'), ['first']);
  });

  test('every field type survives the way there and back', async () => {
    const target = await make('Target', { name: 'target' }).save();
    const when = new Date('2021-02-03T04:05:06.789Z');
    const square = [[0, 0], [0, 10], [10, 10], [10, 0]];
    const bytes = { __type: 'Bytes', base64: Buffer.from('hello bytes').toString('base64') };
    const object = await make('Types', {
      text: 'Zażółć 🏃 "quoted" \\ </script>',
      real: 0.1,
      negative: -5e-7,
      large: 9007199254740991,
      when,
      point: new Parse.GeoPoint(40.5, -3.25),
      area: new Parse.Polygon(square),
      bytes,
      pointer: target,
      nested: { list: [1, [2, { three: 3 }]], empty: {}, nothing: null },
      mixed: [1, 'two', true, { four: 4 }, [5]],
    }).save();
    const fresh = await new Parse.Query('Types').get(object.id);
    assert.equal(fresh.get('text'), object.get('text'));
    assert.equal(fresh.get('real'), 0.1);
    assert.equal(fresh.get('negative'), -5e-7);
    assert.equal(fresh.get('large'), 9007199254740991);
    assert.ok(fresh.get('when') instanceof Date);
    assert.equal(fresh.get('when').getTime(), when.getTime());
    assert.ok(fresh.get('point').equals(new Parse.GeoPoint(40.5, -3.25)));
    assert.ok(fresh.get('area') instanceof Parse.Polygon);
    assert.deepEqual(fresh.get('area').coordinates.slice(0, 4), square);
    assert.deepEqual(fresh.get('bytes'), bytes);
    assert.equal(fresh.get('pointer').id, target.id);
    assert.equal(fresh.get('pointer').isDataAvailable(), false);
    assert.deepEqual(fresh.get('nested'), { list: [1, [2, { three: 3 }]], empty: {}, nothing: null });
    assert.deepEqual(fresh.get('mixed'), [1, 'two', true, { four: 4 }, [5]]);
  });

  test('unsaved children are saved before their parent', async () => {
    const child = make('Child', { name: 'young' });
    const parent = await make('Parent', { child }).save(null, { cascadeSave: true });
    assert.ok(child.id);
    const fresh = await new Parse.Query('Parent').include('child').get(parent.id);
    assert.equal(fresh.get('child').get('name'), 'young');
  });

  test('the server refuses a value of another type and a bad class name', async () => {
    await make('Typed', { number: 1 }).save();
    await refused(make('Typed', { number: 'one' }).save(), Parse.Error.INCORRECT_TYPE);
    await refused(make('bad-class', { number: 1 }).save(), Parse.Error.INVALID_JSON);
  });
});

describe('queries', () => {
  let city;
  before(async () => {
    const countries = await Parse.Object.saveAll([
      make('Country', { name: 'Spain', code: 'ES' }),
      make('Country', { name: 'France', code: 'FR' }),
    ]);
    city = await Parse.Object.saveAll([
      make('City', { name: 'Madrid', size: 3300, langs: ['es'], at: new Parse.GeoPoint(40.42, -3.7), country: countries[0], capital: true, founded: new Date('0865-01-01') }),
      make('City', { name: 'Sevilla', size: 700, langs: ['es'], at: new Parse.GeoPoint(37.39, -5.99), country: countries[0], capital: false }),
      make('City', { name: 'Barcelona', size: 1600, langs: ['es', 'ca'], at: new Parse.GeoPoint(41.39, 2.17), country: countries[0], capital: false, mascot: 'drac' }),
      make('City', { name: 'Paris', size: 2100, langs: ['fr'], at: new Parse.GeoPoint(48.86, 2.35), country: countries[1], capital: true }),
      make('City', { name: 'Perpignan', size: 120, langs: ['fr', 'ca'], at: new Parse.GeoPoint(42.7, 2.9), country: countries[1], capital: false }),
    ]);
    await Parse.Object.saveAll([
      make('Visit', { city: city[0], guest: 'Ann', town: 'Madrid' }),
      make('Visit', { city: city[3], guest: 'Bob', town: 'Paris' }),
      make('Visit', { city: city[0], guest: 'Cid', town: 'Nowhere' }),
    ]);
  });
  const cities = () => new Parse.Query('City').ascending('name');
  const found = async query => names(await query.find());

  test('equality and order', async () => {
    assert.deepEqual(await found(cities().equalTo('name', 'Paris')), ['Paris']);
    assert.deepEqual(await found(cities().notEqualTo('capital', true)), ['Barcelona', 'Perpignan', 'Sevilla']);
    assert.deepEqual(await found(cities().greaterThan('size', 1600)), ['Madrid', 'Paris']);
    assert.deepEqual(await found(cities().greaterThanOrEqualTo('size', 1600)), ['Barcelona', 'Madrid', 'Paris']);
    assert.deepEqual(await found(cities().lessThan('size', 700)), ['Perpignan']);
    assert.deepEqual(await found(cities().lessThanOrEqualTo('size', 700)), ['Perpignan', 'Sevilla']);
    assert.deepEqual(await found(cities().greaterThan('size', 500).lessThan('size', 2000)), ['Barcelona', 'Sevilla']);
    assert.deepEqual(await found(cities().greaterThan('founded', new Date('0800-01-01'))), ['Madrid']);
    assert.deepEqual(await found(cities().equalTo('country', city[3].get('country'))), ['Paris', 'Perpignan']);
    assert.deepEqual(await found(cities().equalTo('objectId', city[1].id)), ['Sevilla']);
  });

  test('membership and arrays', async () => {
    assert.deepEqual(await found(cities().containedIn('name', ['Paris', 'Sevilla', 'Atlantis'])), ['Paris', 'Sevilla']);
    assert.deepEqual(await found(cities().notContainedIn('name', ['Paris', 'Sevilla'])), ['Barcelona', 'Madrid', 'Perpignan']);
    assert.deepEqual(await found(cities().containedIn('objectId', [city[0].id, city[4].id])), ['Madrid', 'Perpignan']);
    assert.deepEqual(await found(cities().containsAll('langs', ['es', 'ca'])), ['Barcelona']);
    assert.deepEqual(await found(cities().containedBy('langs', ['fr', 'ca'])), ['Paris', 'Perpignan']);
    assert.deepEqual(await found(cities().containedIn('langs', ['fr'])), ['Paris', 'Perpignan']);
  });

  // MongoDB's meaning, which the SDK documents; parse-server on PostgreSQL answers 500.
  test('a scalar equals an array that holds it', async () => {
    assert.deepEqual(await found(cities().equalTo('langs', 'ca')), ['Barcelona', 'Perpignan']);
  });

  test('existence', async () => {
    assert.deepEqual(await found(cities().exists('mascot')), ['Barcelona']);
    assert.deepEqual(await found(cities().doesNotExist('mascot').exists('founded')), ['Madrid']);
  });

  test('strings', async () => {
    assert.deepEqual(await found(cities().startsWith('name', 'P')), ['Paris', 'Perpignan']);
    assert.deepEqual(await found(cities().endsWith('name', 'a')), ['Barcelona', 'Sevilla']);
    assert.deepEqual(await found(cities().contains('name', 'r')), ['Barcelona', 'Madrid', 'Paris', 'Perpignan']);
    assert.deepEqual(await found(cities().contains('name', '.')), []);
    assert.deepEqual(await found(cities().matches('name', '^p.*s$', 'i')), ['Paris']);
    assert.deepEqual(await found(cities().matches('name', /^(Mad|Sev)/)), ['Madrid', 'Sevilla']);
  });

  test('or, and, nor', async () => {
    const big = new Parse.Query('City').greaterThan('size', 3000);
    const small = new Parse.Query('City').lessThan('size', 200);
    const capital = new Parse.Query('City').equalTo('capital', true);
    assert.deepEqual(await found(Parse.Query.or(big, small).ascending('name')), ['Madrid', 'Perpignan']);
    assert.deepEqual(await found(Parse.Query.and(big, capital).ascending('name')), ['Madrid']);
    assert.deepEqual(await found(Parse.Query.nor(big, small, capital).ascending('name')), ['Barcelona', 'Sevilla']);
    const nested = Parse.Query.and(Parse.Query.or(big, small), Parse.Query.or(capital, small));
    assert.deepEqual(await found(nested.ascending('name')), ['Madrid', 'Perpignan']);
  });

  test('places', async () => {
    const barcelona = new Parse.GeoPoint(41.39, 2.17);
    const near = await found(new Parse.Query('City').near('at', barcelona));
    assert.deepEqual(near.slice(0, 3), ['Barcelona', 'Perpignan', 'Madrid']);
    assert.equal(near.length, 5);
    assert.deepEqual(await found(new Parse.Query('City').withinKilometers('at', barcelona, 200)), ['Barcelona', 'Perpignan']);
    assert.deepEqual((await found(new Parse.Query('City').withinMiles('at', barcelona, 200, false))).sort(), ['Barcelona', 'Perpignan']);
    const southWest = new Parse.GeoPoint(36, -8);
    const northEast = new Parse.GeoPoint(41, 0);
    assert.deepEqual(await found(cities().withinGeoBox('at', southWest, northEast)), ['Madrid', 'Sevilla']);
    const triangle = [new Parse.GeoPoint(40, 0), new Parse.GeoPoint(53, 2), new Parse.GeoPoint(40, 5)];
    assert.deepEqual(await found(cities().withinPolygon('at', triangle)), ['Barcelona', 'Paris', 'Perpignan']);

    const box = new Parse.Polygon([[0, 0], [0, 10], [10, 10], [10, 0]]);
    await make('Region', { name: 'box', area: box }).save();
    assert.deepEqual(await found(new Parse.Query('Region').polygonContains('area', new Parse.GeoPoint(5, 5))), ['box']);
    assert.deepEqual(await found(new Parse.Query('Region').polygonContains('area', new Parse.GeoPoint(15, 5))), []);
  });

  test('queries inside queries', async () => {
    const guests = async query => (await query.ascending('guest').find()).map(visit => visit.get('guest'));
    const spanish = new Parse.Query('City').containedIn('langs', ['es']);
    assert.deepEqual(await guests(new Parse.Query('Visit').matchesQuery('city', spanish)), ['Ann', 'Cid']);
    assert.deepEqual(await guests(new Parse.Query('Visit').doesNotMatchQuery('city', spanish)), ['Bob']);
    const known = new Parse.Query('City').greaterThan('size', 1000);
    assert.deepEqual(await guests(new Parse.Query('Visit').matchesKeyInQuery('town', 'name', known)), ['Ann', 'Bob']);
    assert.deepEqual(await guests(new Parse.Query('Visit').doesNotMatchKeyInQuery('town', 'name', known)), ['Cid']);
    const inFrance = new Parse.Query('City').matchesQuery('country', new Parse.Query('Country').equalTo('code', 'FR'));
    assert.deepEqual(await guests(new Parse.Query('Visit').matchesQuery('city', inFrance)), ['Bob']);
  });

  test('limit, skip, order, first, get and count', async () => {
    assert.deepEqual(await found(cities().limit(2)), ['Barcelona', 'Madrid']);
    assert.deepEqual(await found(cities().skip(3)), ['Perpignan', 'Sevilla']);
    assert.deepEqual(await found(new Parse.Query('City').descending('size').limit(3)), ['Madrid', 'Paris', 'Barcelona']);
    const twice = new Parse.Query('City').descending('capital').addAscending('size');
    assert.deepEqual(await found(twice), ['Paris', 'Madrid', 'Perpignan', 'Sevilla', 'Barcelona']);
    assert.equal((await cities().first()).get('name'), 'Barcelona');
    assert.equal(await cities().equalTo('name', 'Nowhere').first(), undefined);
    assert.equal((await cities().get(city[2].id)).get('name'), 'Barcelona');
    assert.equal(await cities().count(), 5);
    assert.equal(await cities().equalTo('capital', true).count(), 2);
    const page = await cities().withCount().limit(2).find();
    assert.equal(page.count, 5);
    assert.deepEqual(names(page.results), ['Barcelona', 'Madrid']);
  });

  test('select and exclude', async () => {
    const [only] = await cities().select('name', 'size').limit(1).find();
    assert.equal(only.get('name'), 'Barcelona');
    assert.equal(only.get('size'), 1600);
    assert.equal(only.has('langs'), false);
    assert.ok(only.id && only.createdAt);
    const [without] = await cities().exclude('langs', 'at').limit(1).find();
    assert.equal(without.has('langs'), false);
    assert.equal(without.has('at'), false);
    assert.equal(without.get('name'), 'Barcelona');
    const [inner] = await cities().include('country').select('country.code').limit(1).find();
    assert.equal(inner.get('country').get('code'), 'ES');
    assert.equal(inner.get('country').has('name'), false);
  });

  test('include: one level, nested, all', async () => {
    const visits = () => new Parse.Query('Visit').ascending('guest');
    const bare = await visits().first();
    assert.equal(bare.get('city').isDataAvailable(), false);
    const one = await visits().include('city').first();
    assert.equal(one.get('city').get('name'), 'Madrid');
    assert.equal(one.get('city').get('country').isDataAvailable(), false);
    const two = await visits().include('city.country').find();
    assert.deepEqual(two.map(visit => visit.get('city').get('country').get('code')), ['ES', 'FR', 'ES']);
    const all = await visits().includeAll().first();
    assert.equal(all.get('city').get('name'), 'Madrid');
  });

  test('each, findAll and eachBatch walk through everything', async () => {
    const seen = [];
    await new Parse.Query('City').each(object => seen.push(object.get('name')), { batchSize: 2 });
    assert.deepEqual(seen.sort(), ['Barcelona', 'Madrid', 'Paris', 'Perpignan', 'Sevilla']);
    assert.equal((await new Parse.Query('City').findAll({ batchSize: 2 })).length, 5);
    const sizes = [];
    await new Parse.Query('City').eachBatch(batch => void sizes.push(batch.length), { batchSize: 2 });
    assert.deepEqual(sizes, [2, 2, 1]);
  });

  test('distinct and aggregate need the master key', async () => {
    assert.deepEqual((await new Parse.Query('Visit').distinct('town')).sort(), ['Madrid', 'Nowhere', 'Paris']);
    assert.deepEqual(await new Parse.Query('Visit').greaterThan('guest', 'B').equalTo('town', 'Paris').distinct('guest'), ['Bob']);
    const totals = await new Parse.Query('City').aggregate([
      { $match: { size: { $gt: 200 } } },
      { $group: { _id: '$capital', total: { $sum: '$size' }, cities: { $sum: 1 } } },
    ]);
    totals.sort((one, other) => one.total - other.total);
    assert.deepEqual(totals, [
      { objectId: false, total: 2300, cities: 2 },
      { objectId: true, total: 5400, cities: 2 },
    ]);
    const top = await new Parse.Query('City').aggregate([{ $sort: { size: -1 } }, { $limit: 2 }, { $project: { name: 1 } }]);
    assert.deepEqual(top.map(row => row.name), ['Madrid', 'Paris']);
  });

  test('a query on a class or field that nobody stored is empty, a bad operator is an error', async () => {
    assert.deepEqual(await new Parse.Query('City').equalTo('nosuchfield', 1).find(), []);
    assert.deepEqual(await new Parse.Query('NoSuchClass').find(MASTER), []);
    const bad = new Parse.Query('City');
    bad._addCondition('name', '$bogus', 1);
    await refused(bad.find(), Parse.Error.INVALID_JSON);
  });

  test('fromJSON and toJSON: a query travels', async () => {
    const wire = JSON.parse(JSON.stringify(cities().equalTo('capital', true).limit(1).toJSON()));
    assert.deepEqual(await found(Parse.Query.fromJSON('City', wire)), ['Madrid']);
  });
});

describe('relations', () => {
  test('add, query, remove; relatedTo the other way', async () => {
    const [a, b, c] = await Parse.Object.saveAll(['a', 'b', 'c'].map(name => make('Member', { name })));
    const club = make('Club', { name: 'club' });
    club.relation('members').add([a, b]);
    await club.save();
    const members = () => club.relation('members').query().ascending('name');
    assert.deepEqual(names(await members().find()), ['a', 'b']);
    assert.equal(await members().count(), 2);
    assert.deepEqual(names(await members().equalTo('name', 'b').find()), ['b']);

    club.relation('members').remove(a);
    club.relation('members').add(c);
    await club.save();
    assert.deepEqual(names(await members().find()), ['b', 'c']);

    const clubs = await new Parse.Query('Club').equalTo('members', c).find();
    assert.deepEqual(clubs.map(found => found.id), [club.id]);
    assert.deepEqual(await new Parse.Query('Club').equalTo('members', a).find(), []);

    const fresh = await new Parse.Query('Club').get(club.id);
    assert.ok(fresh.get('members') instanceof Parse.Relation);
    assert.deepEqual(names(await fresh.relation('members').query().ascending('name').find()), ['b', 'c']);
    await b.destroy();
    assert.deepEqual(names(await members().find()), ['c']);
  });
});

describe('permissions', () => {
  test('an object that the public may only read refuses writes', async () => {
    const acl = new Parse.ACL();
    acl.setPublicReadAccess(true);
    const notice = make('Notice', { text: 'look' }).setACL(acl);
    await notice.save();

    const seen = await new Parse.Query('Notice').get(notice.id);
    assert.equal(seen.getACL().getPublicReadAccess(), true);
    assert.equal(seen.getACL().getPublicWriteAccess(), false);
    await refused(make('Notice').set('id', notice.id).save({ text: 'touched' }), Parse.Error.OBJECT_NOT_FOUND);
    await refused(make('Notice').set('id', notice.id).destroy(), Parse.Error.OBJECT_NOT_FOUND);
    await make('Notice').set('id', notice.id).save({ text: 'changed' }, MASTER);
    assert.equal((await new Parse.Query('Notice').get(notice.id)).get('text'), 'changed');
  });

  test('an object that only the master key may read is not found by anybody else', async () => {
    const secret = await make('Notice', { text: 'secret' }).setACL(new Parse.ACL()).save();
    await refused(new Parse.Query('Notice').get(secret.id), Parse.Error.OBJECT_NOT_FOUND);
    assert.equal(await new Parse.Query('Notice').equalTo('text', 'secret').count(), 0);
    assert.equal((await new Parse.Query('Notice').get(secret.id, MASTER)).get('text'), 'secret');
  });

  test('class permissions: reading is open, writing is not', async () => {
    const schema = new Parse.Schema('Locked').addString('text');
    schema.setCLP({ find: { '*': true }, get: { '*': true }, count: { '*': true }, create: {}, update: {}, delete: {}, addField: {} });
    await schema.save();
    await refused(make('Locked', { text: 'x' }).save(), Parse.Error.OPERATION_FORBIDDEN);
    const object = await make('Locked', { text: 'x' }).save(null, MASTER);
    assert.equal((await new Parse.Query('Locked').get(object.id)).get('text'), 'x');
    await refused(make('Locked').set('id', object.id).destroy(), Parse.Error.OPERATION_FORBIDDEN);
    await schema.delete().catch(error => assert.equal(error.code, 255)); // Not empty.
  });
});

describe('schemas', () => {
  test('create, get, update, all, purge, delete', async () => {
    const schema = new Parse.Schema('Shelf');
    schema
      .addString('name', { required: true })
      .addNumber('height', { defaultValue: 3 })
      .addBoolean('open').addDate('since').addArray('list').addObject('dict').addGeoPoint('place').addPolygon('area')
      .addPointer('owner', '_User')
      .addRelation('books', 'Book')
      .addIndex('by_name', { name: 1 });
    await schema.save();

    const stored = await new Parse.Schema('Shelf').get();
    assert.deepEqual(stored.fields.name, { type: 'String', required: true });
    assert.deepEqual(stored.fields.height, { type: 'Number', defaultValue: 3 });
    assert.deepEqual(stored.fields.owner, { type: 'Pointer', targetClass: '_User' });
    assert.deepEqual(stored.fields.books, { type: 'Relation', targetClass: 'Book' });
    assert.equal(stored.fields.area.type, 'Polygon');
    assert.deepEqual(stored.indexes.by_name, { name: 1 });

    await refused(make('Shelf', {}).save(), Parse.Error.VALIDATION_ERROR);
    const shelf = await make('Shelf', { name: 'first' }).save();
    assert.equal((await shelf.fetch()).get('height'), 3);

    await new Parse.Schema('Shelf').addString('colour').deleteField('open').deleteIndex('by_name').update();
    const changed = await new Parse.Schema('Shelf').get();
    assert.equal(changed.fields.colour.type, 'String');
    assert.equal('open' in changed.fields, false);
    assert.equal(changed.indexes?.by_name, undefined);

    const all = await Parse.Schema.all();
    assert.ok(all.some(one => one.className === 'Shelf'));
    assert.ok(all.some(one => one.className === '_User'));

    await refused(new Parse.Schema('Shelf').delete(), 255);
    await new Parse.Schema('Shelf').purge();
    assert.equal(await new Parse.Query('Shelf').findAll().then(list => list.length), 0);
    await new Parse.Schema('Shelf').delete();
    await refused(new Parse.Schema('Shelf').get(), Parse.Error.INVALID_CLASS_NAME);
  });

  test('a class that exists, a field that exists, a bad type', async () => {
    await new Parse.Schema('Twice').addString('text').save();
    await refused(new Parse.Schema('Twice').save(), Parse.Error.INVALID_CLASS_NAME);
    await refused(new Parse.Schema('Twice').addNumber('text').update(), 255);
  });
});

describe('server', () => {
  test('health and info', async () => {
    assert.equal(await Parse.getServerHealth().then(health => health.status), 'ok');
    const response = await fetch(`${server.rest}/serverInfo`, { headers: server.masterHeaders });
    assert.match((await response.json()).parseServerVersion, /^9\./);
  });

  test('a wrong application id is refused', async () => {
    const response = await fetch(`${server.rest}/classes/Game`, { headers: { 'X-Parse-Application-Id': 'other' } });
    assert.equal(response.status, 403);
  });
});
