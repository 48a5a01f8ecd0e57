// Starts the original with its LiveQuery server at the same port: `node original.mjs config.json`. SIGTERM ends it.
import fs from 'node:fs';
import http from 'node:http';
import express from 'express';
import parse from 'parse-server';

const { ParseServer } = parse;
const { port, ...config } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const app = express();
const listener = http.createServer(app);
await new Promise((resolve, reject) => listener.listen(port, '127.0.0.1', resolve).once('error', reject));
const server = new ParseServer(config);
await server.start();
app.use('/parse', server.app);
await ParseServer.createLiveQueryServer(listener, {}, config);
process.on('SIGTERM', () => process.exit(0));
