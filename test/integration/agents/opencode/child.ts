import { DOUBLES, type Version } from './doubles.ts';

// A host that is killed: so many turns from a number on, each told on standard output as soon as the session rests.
const [version, from = '0', count = '0'] = process.argv.slice(2);
const options = { group: process.env.TEST_GROUP, userGroup: process.env.TEST_GROUP };
const host = await DOUBLES[version as Version]().load(process.cwd(), options);
const session = await host?.newSession();
for (let turn = Number(from); turn < Number(from) + Number(count); turn += 1) {
  await host?.turn(session ?? '', `Question ${turn}`, `Answer ${turn}.`);
  process.stdout.write(`${turn}\n`);
}
setInterval(() => {}, 1000);
