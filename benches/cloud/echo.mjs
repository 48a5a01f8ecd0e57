// The least that a host can be: answers each line of JSON-RPC with its own parameters. Answers to what came at once
// leave at once. It ends with its only connection.
import { createServer } from 'node:net';

const answer = line => {
  const { id, params } = JSON.parse(line);
  return `${JSON.stringify({ jsonrpc: '2.0', id, result: params })}\n`;
};

createServer(socket => {
  let rest = '';
  socket.setEncoding('utf8').on('data', chunk => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    socket.write(lines.map(answer).join(''));
  }).on('close', () => process.exit());
}).listen(process.argv[2]);
