import { DAY, MINUTE } from '../../../src/time.ts';
import { random } from '../random.ts';
import { nameOf, type Told, uuidOf } from './story.ts';

/** What the fake model is to know of a chronicle. */
export const CHRONICLE_KNOWLEDGE = ['exclusive: RUNS_ON', 'exclusive: LED_BY'].join('\n');

const TOOLS =
  'Redis Valkey Postgres Kafka RabbitMQ Nginx Envoy Prometheus Grafana Terraform Ansible Vault Consul Docker Podman'.split(
    ' ',
  );
const PURPOSES =
  'session storage,rate limits,audit logs,nightly reports,search suggestions,payment retries,image thumbnails,feature flags'.split(
    ',',
  );
const SYMPTOMS =
  'memory leak,slow start,lost update,broken pagination,stale cache,wrong time zone,flaky login,double charge'.split(
    ',',
  );
const REMEDIES =
  'a smaller pool,an index on the date,an idempotent key,a longer timeout,a retry with backoff,a lock around the write'.split(
    ',',
  );
const KINDS = { service: 40, host: 9, team: 8, person: 40 } as const;

/**
 * What happens in a company as its agents tell it, in the language of the fake model: services move from host to host and from
 * lead to lead, which ends what held before; they use tools, break and are repaired. Names and words come again and again, as
 * in real memories. The same for the same length, whatever the group.
 */
export function chronicleOf(group: string, length: number): Told[] {
  const chance = random(24);
  const one = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const thing = (kind: keyof typeof KINDS) => nameOf('chronicle', kind, Math.floor(chance() ** 2 * KINDS[kind]));
  return Array.from({ length }, (_, index) => {
    const [service, other, person, team] = [thing('service'), thing('service'), thing('person'), thing('team')];
    const [host, tool, purpose, symptom] = [thing('host'), one(TOOLS), one(PURPOSES), one(SYMPTOMS)];
    const issue = issueOf(index);
    const ownFact = `${person} fixed ${issue}, the ${symptom} in ${service}, with ${one(REMEDIES)}`;
    const lines = [
      `${person} [Person] FIXED ${issue} [Issue]: ${ownFact}`,
      `${service} [Service] RUNS_ON ${host} [Host]: ${service} runs on ${host} since ${issue} was closed`,
      `${service} [Service] USES ${tool} [Tool]: ${service} uses ${tool} for ${purpose}`,
      `${service} [Service] LED_BY ${person} [Person]: ${service} is led by ${person} of ${team} after ${issue}`,
      `${person} [Person] WORKS_IN ${team} [Team]: ${person} works in ${team} on ${purpose}`,
      ...(other === service
        ? []
        : [`${other} [Service] CALLS ${service} [Service]: ${other} calls ${service} for ${purpose}`]),
    ];
    return {
      uuid: uuidOf(group, 'chronicle', index),
      group,
      content: lines.join('\n'),
      referenceTime: new Date(BEGAN + index * 90 * MINUTE),
      ownFact,
    };
  });
}

/** What only the episode of that place tells of. */
export const issueOf = (index: number): string => nameOf('chronicle', 'issue', index);

/** Questions as users ask them of it. */
export function questionsOf(count: number): string[] {
  const chance = random(25);
  const one = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const thing = (kind: keyof typeof KINDS) => nameOf('chronicle', kind, Math.floor(chance() ** 2 * KINDS[kind]));
  const forms = [
    () => `Where does ${thing('service')} run?`,
    () => `Who leads ${thing('service')}?`,
    () => `What is ${one(TOOLS)} used for?`,
    () => `Who fixed the ${one(SYMPTOMS)} in ${thing('service')}?`,
    () => `${thing('person')} ${one(PURPOSES)}`,
    () => `Which services call ${thing('service')}?`,
    () => one(SYMPTOMS),
    () => `What was done about ${one(REMEDIES)}, and who works in ${thing('team')}?`,
  ];
  return Array.from({ length: count }, (_, index) => (forms[index % forms.length] as () => string)());
}

const BEGAN = Date.UTC(2025, 0, 1);

/** So many moments, spread over a chronicle of that length. */
export function momentsOf(count: number, length: number): Date[] {
  const span = length * 90 * MINUTE + 1 * DAY;
  return Array.from({ length: count }, (_, index) => new Date(BEGAN + Math.floor((span * (index + 1)) / count)));
}
