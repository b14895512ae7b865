import { server } from '../../../../src/agents/opencode/server.ts';
import { hostOf } from './host.ts';

// A host that is killed: so many turns from a number on, each told on standard output as soon as the session rests.
const [from = 0, count = 0] = process.argv.slice(2).map(Number);
const hooks = await server(
  { directory: process.cwd() },
  { group: process.env.TEST_GROUP, userGroup: process.env.TEST_GROUP },
);
const host = hostOf(hooks);
const session = `ses_${process.pid}`;
await host.event('session.created', { info: { id: session } });
for (let turn = from; turn < from + count; turn += 1) {
  await host.turn(session, `Question ${turn}`, `Answer ${turn}.`);
  process.stdout.write(`${turn}\n`);
}
setInterval(() => {}, 1000);
