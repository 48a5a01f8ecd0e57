// Starts the original server: `node start.mjs config.json`. Prints one line `ready <serverURL>` when it listens.
// The file holds the server's options and `port`; without a port the system chooses one, which `serverURL` then names.
// SIGTERM ends it.
import fs from 'node:fs';
import express from 'express';
import parse from 'parse-server';

const { ParseServer, ParseGraphQLServer } = parse;
const config = { logsFolder: null, ...JSON.parse(fs.readFileSync(process.argv[2], 'utf8')) };
const app = express();
const listener = app.listen(config.port ?? 0, '127.0.0.1');
await new Promise((resolve, reject) => listener.once('listening', resolve).once('error', reject));
config.port = listener.address().port;
config.serverURL ??= `http://127.0.0.1:${config.port}/parse`;
const server = new ParseServer(config);
await server.start();
app.use('/parse', server.app);
const graphql = new ParseGraphQLServer(server, { graphQLPath: '/graphql', graphQLPublicIntrospection: true });
graphql.applyGraphQL(app);
// The original heeds this option only where it makes the HTTP server itself.
if (config.startLiveQueryServer) {
  await ParseServer.createLiveQueryServer(listener, config.liveQueryServerOptions ?? {}, config);
}
process.stdout.write(`ready ${config.serverURL}\n`);
process.on('SIGTERM', () => process.exit(0));
