// Players write their motto; points, coins and medals are the server's.

const asMaster = { useMasterKey: true };
const POINTS_PER_SECOND_MAX = 100;
const MEDALS = ['GOLD', 'SILVER', 'BRONZE'];

const season = async () => (await Parse.Config.get({ useMasterKey: true })).get('season') ?? 1;
const playerOf = user => new Parse.Query('Player').equalTo('user', user).first(asMaster);
const scoresOf = (level, season) => new Parse.Query('Score').equalTo('season', season).equalTo('level', level);

/// The best score of each player on a level, the highest first.
async function bestOf(level, season, count) {
  const scores = await scoresOf(level, season)
    .descending('points')
    .addAscending('createdAt')
    .include('player')
    .limit(1000)
    .find(asMaster);
  const seen = new Set();
  const isFirst = ({ id }) => !seen.has(id) && seen.add(id);
  return scores.filter(score => isFirst(score.get('player'))).slice(0, count);
}

/// Whoever signs up gets a player.
Parse.Cloud.afterSave(Parse.User, async request => {
  const user = request.object;
  if (request.original || (await playerOf(user))) return;
  await new Parse.Object('Player').save({ user, name: user.get('username') }, asMaster);
});

/// A player changes his motto and his friends, and nothing else.
Parse.Cloud.beforeSave('Player', request => {
  if (request.master) return;
  const forbidden = request.object.dirtyKeys().filter(key => !['motto', 'friends'].includes(key));
  if (forbidden.length > 0) throw new Parse.Error(Parse.Error.OPERATION_FORBIDDEN, `${forbidden[0]} is the game's.`);
});

Parse.Cloud.define('submitScore', async request => {
  const { level, points, seconds } = request.params;
  if (points > seconds * POINTS_PER_SECOND_MAX) {
    throw new Parse.Error(9001, 'Nobody is that fast.');
  }
  const [player, now] = await Promise.all([playerOf(request.user), season()]);
  const best = await scoresOf(level, now).equalTo('player', player).descending('points').first(asMaster);
  const isPersonalBest = points > (best?.get('points') ?? -1);
  const score = await new Parse.Object('Score').save({ player, level, points, season: now }, asMaster);
  player.increment('coins', isPersonalBest ? 10 : 1);
  await player.save(null, asMaster);
  return { score, isPersonalBest, coins: player.get('coins') };
}, {
  requireUser: true,
  fields: {
    level: { type: Number, required: true, options: level => Number.isInteger(level) && level > 0 && level <= 100 },
    points: { type: Number, required: true, options: points => Number.isInteger(points) && points >= 0 },
    seconds: { type: Number, required: true, options: seconds => seconds > 0 },
  },
  rateLimit: { requestTimeWindow: 10_000, requestCount: 20 },
});

Parse.Cloud.define('leaderboard', async request => {
  const { level, first = 10 } = request.params;
  const best = await bestOf(level, await season(), Math.min(first, 100));
  return best.map((score, at) => (
    { rank: at + 1, name: score.get('player').get('name'), points: score.get('points') }
  ));
}, {
  fields: { level: { type: Number, required: true } },
});

Parse.Cloud.define('feed', async request => {
  const player = Parse.Object.extend('Player').createWithoutData(request.params.playerId);
  const scores = await new Parse.Query('Score').equalTo('player', player).descending('createdAt').limit(20).find();
  return scores.map(score => {
    const [level, medal] = [score.get('level'), score.get('medal')];
    return medal
      ? { __typename: 'WonMedal', level, medal, season: score.get('season') }
      : { __typename: 'PlayedLevel', level, points: score.get('points') };
  });
}, {
  fields: { playerId: { type: String, required: true } },
});

/// Ends the season: medals for the best three of every level, and a new season begins.
Parse.Cloud.job('closeSeason', async request => {
  const now = await season();
  const levels = (await new Parse.Query('Score').equalTo('season', now).distinct('level')).sort((a, b) => a - b);
  for (const level of levels) {
    const best = await bestOf(level, now, MEDALS.length);
    best.forEach((score, at) => score.set('medal', MEDALS[at]));
    await Parse.Object.saveAll(best, asMaster);
    await request.message(`level ${level} of ${levels.at(-1)}`);
  }
  await Parse.Config.save({ season: now + 1 });
  return `season ${now} closed`;
});
