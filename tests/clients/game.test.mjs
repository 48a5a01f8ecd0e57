// schema-examples/game does what its README says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Parse from 'parse/node';
import { graphql, rest, signUp, startExample } from './server.mjs';

let server, players;
before(async () => {
  server = await startExample('game');
  players = {};
  for (const name of ['ann', 'bob', 'cy', 'dee']) players[name] = await signUp(server, name);
});
after(() => server?.stop());

const SUBMIT = `mutation ($level: Int!, $points: Int!, $seconds: Float!) {
  submitScore(level: $level, points: $points, seconds: $seconds) { isPersonalBest coins score { points player { name } } }
}`;
const submit = (who, points, { level = 1, seconds = 60 } = {}) =>
  graphql(server, SUBMIT, { level, points, seconds }, players[who] ?? server.headers).then(({ body }) => body);
const code = body => body.errors?.[0].extensions.code;
const leaderboard = async () => {
  const { body } = await graphql(server, '{ leaderboard(level: 1) { rank name points } }');
  assert.equal(body.errors, undefined, JSON.stringify(body.errors));
  return body.data.leaderboard.map(({ rank, name, points }) => `${rank} ${name} ${points}`);
};

describe('the game', { concurrency: false }, () => {
  test('gives everybody a player, whose coins are his own business', async () => {
    const query = '{ players(order: [name_ASC]) { edges { node { name coins motto user { username } } } } }';
    const nodes = async who => (await graphql(server, query, {}, who)).body.data.players.edges.map(edge => edge.node);
    const seen = await nodes(server.headers);
    assert.deepEqual(seen.map(player => [player.name, player.coins, player.user]), ['ann', 'bob', 'cy', 'dee'].map(name => [name, null, null]));
    assert.deepEqual((await nodes(players.ann)).map(player => player.coins), [0, null, null, null]);
  });

  test('takes scores, and not any', async () => {
    const first = await submit('ann', 420);
    assert.equal(first.errors, undefined, JSON.stringify(first.errors));
    assert.deepEqual(first.data.submitScore, { isPersonalBest: true, coins: 10, score: { points: 420, player: { name: 'ann' } } });
    assert.deepEqual((await submit('ann', 100)).data.submitScore.coins, 11);
    assert.equal(code(await submit('bob', 7000)), 9001);
    assert.equal(code(await submit('bob', -1)), 142);
    assert.equal(code(await submit('bob', 1, { level: 101 })), 142);
    assert.equal(code(await submit('nobody', 1)), 142);
    const forged = { method: 'POST', headers: { 'content-type': 'application/json', ...players.bob } };
    const made = await fetch(`${server.rest}/classes/Score`, { ...forged, body: '{"points": 1000000}' });
    assert.equal((await made.json()).code, 119);
  });

  test('has a leaderboard with everybody once', async () => {
    await submit('bob', 500);
    await submit('cy', 420);
    await submit('dee', 50);
    await submit('dee', 10, { level: 2 });
    assert.deepEqual(await leaderboard(), ['1 bob 500', '2 ann 420', '3 cy 420', '4 dee 50']);
  });

  test('lets players change their motto only', async () => {
    Parse.initialize(server.appId);
    Parse.serverURL = server.rest;
    const user = await Parse.User.logIn('ann', "ann's password");
    const sessionToken = user.getSessionToken();
    const [mine] = await new Parse.Query('Player').equalTo('name', 'ann').find({ sessionToken });
    await mine.save({ motto: 'Slow and steady' }, { sessionToken });
    await assert.rejects(mine.save({ coins: 1000 }, { sessionToken }), { code: 119 });
    const [other] = await new Parse.Query('Player').equalTo('name', 'bob').find({ sessionToken });
    await assert.rejects(other.save({ motto: 'I lose' }, { sessionToken }), { code: 101 });
    mine.revert();
    mine.relation('friends').add(other);
    await mine.save(null, { sessionToken });
    const friends = await mine.relation('friends').query().find({ sessionToken });
    assert.deepEqual(friends.map(friend => friend.get('name')), ['bob']);
  });

  test('ends its season with medals', async () => {
    Parse.masterKey = server.masterKey;
    const id = await Parse.Cloud.startJob('closeSeason');
    let status = await Parse.Cloud.getJobStatus(id);
    while (status.get('status') === 'running') status = await Parse.Cloud.getJobStatus(id);
    assert.deepEqual([status.get('status'), status.get('message')], ['succeeded', 'season 1 closed']);
    assert.deepEqual(await leaderboard(), []);
    const { results } = await rest(server, 'GET', '/classes/Player?where={"name":"ann"}');
    const feed = `query ($playerId: ID!) { feed(playerId: $playerId) {
      __typename ... on PlayedLevel { level points } ... on WonMedal { level season medal }
    } }`;
    const { body } = await graphql(server, feed, { playerId: results[0].objectId });
    assert.deepEqual(body.data.feed, [
      { __typename: 'PlayedLevel', level: 1, points: 100 },
      { __typename: 'WonMedal', level: 1, season: 1, medal: 'SILVER' },
    ]);
    await submit('dee', 70);
    assert.deepEqual(await leaderboard(), ['1 dee 70']);
  });
});
