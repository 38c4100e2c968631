// The SDK from npm against replicas of examples/notify that are killed: every message to every client, once and in order.
//
//   npm install centrifuge ws
//   java -jar notify.jar --port 8080 --bus file:/dev/shm/sdk/bus & node centrifuge.mjs 8080 200 20 $!
//
// Arguments: port, how many kills, how many clients, process of the supervisor, whose children are killed in turn.
import { execSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

const [port, kills, count, supervisor] = process.argv.slice(2).map(Number);
const url = `ws://127.0.0.1:${port}/connection/websocket`;
const published = new Map(); // message -> position, 0 if it is not known
const wrong = [];
const errors = {};
let next = 0;
let recovered = 0;
let connects = 0;
let stopped = false;

const clients = Array.from({ length: count }, (_, number) => {
  const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 50, maxReconnectDelay: 1000 });
  const subscription = client.newSubscription('sdk');
  const received = new Map();
  let last = 0;
  subscription.on('publication', ({ data, offset }) => {
    if (received.has(data.n)) wrong.push(`client ${number} got ${data.n} twice`);
    if (offset <= last) wrong.push(`client ${number} got ${offset} behind ${last}`);
    last = offset;
    received.set(data.n, offset);
  });
  subscription.on('subscribed', ({ wasRecovering, recovered: complete }) => {
    if (wasRecovering && complete) recovered++;
    if (wasRecovering && !complete) wrong.push(`client ${number} was not recovered`);
  });
  const count = (what, { error }) => { errors[`${what} ${error.code}`] = (errors[`${what} ${error.code}`] ?? 0) + 1; };
  subscription.on('error', event => count('subscription', event));
  client.on('error', event => count('connection', event));
  client.on('connected', () => connects++);
  subscription.subscribe();
  client.connect();
  return { client, subscription, received };
});
await Promise.all(clients.map(({ subscription }) => subscription.ready(20000)));

async function publishing(pause, publish) {
  while (!stopped) {
    const n = next++;
    await publish(n).then(position => published.set(n, position), () => {}); // who fails may have published
    await sleep(pause);
  }
}
const publishers = [
  publishing(10, async n => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/notify?topic=sdk`,
      { method: 'POST', body: JSON.stringify({ n }), signal: AbortSignal.timeout(5000) });
    return (await answer.json()).position;
  }),
  publishing(50, n => clients[0].subscription.publish({ n }).then(() => 0)),
];

for (let i = 1; i <= kills; i++) {
  await sleep(1500);
  const replicas = execSync(`pgrep -P ${supervisor} || true`).toString().split('\n').filter(Boolean);
  if (replicas.length) process.kill(Number(replicas[0]), 'SIGKILL'); // the oldest
  if (i % 20 === 0) console.log({ kills: i, published: next, recovered, wrong: wrong.length });
}
await sleep(5000);
stopped = true;
await Promise.all(publishers);
await sleep(3000);

const seen = new Set(clients.flatMap(({ received }) => [...received.keys()]));
let lost = 0;
for (const { received } of clients) {
  for (const n of new Set([...seen, ...published.keys()])) lost += received.has(n) ? 0 : 1;
  for (const [n, position] of published) {
    if (position && received.get(n) !== position) wrong.push(`${n} is not at ${position}`);
  }
}
const { publications } = await clients[0].subscription.history({ limit: 3, reverse: true });
if (publications[0].data.n !== [...clients[0].received.keys()].pop()) wrong.push('the newest of the history is another');
console.log({ kills, published: next, acknowledged: published.size, recovered, connects, lost, wrong, errors });
process.exit(lost || wrong.length ? 1 : 0);
