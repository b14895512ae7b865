import { DAY, MINUTE } from '../../../src/time.ts';
import { random } from '../random.ts';
import { DETAILS, PARTS, PEOPLE, PURPOSES, REASONS, REMEDIES, SYMPTOMS, TEAMS, TOOLS } from './chronicle-words.ts';
import { type StoryEpisode, seededUuid, uniqueName } from './story.ts';

/** The fake model's knowledge for a chronicle. */
export const CHRONICLE_KNOWLEDGE = ['exclusive: RUNS_ON', 'exclusive: LED_BY'].join('\n');

const SERVICES = 60;
const HOSTS = 25;
const APART = 90 * MINUTE;

/** Draws entities and words. Some entities are far more frequent than others, as in real memories. */
function drawing(seed: number) {
  const chance = random(seed);
  const number = (below: number) => Math.floor(chance() * below);
  const one = <T>(list: readonly T[]): T => list[number(list.length)] as T;
  const often = (below: number) => Math.floor(chance() ** 2 * below);
  return {
    ...{ chance, number, one },
    service: () => uniqueName('chronicle', 'service', often(SERVICES)),
    host: () => uniqueName('chronicle', 'host', often(HOSTS)),
    person: () => PEOPLE[often(PEOPLE.length)] as string,
    version: () => `${1 + number(9)}.${number(30)}`,
    detail: () => one(DETAILS).replace('#', String(2 + number(90))),
  };
}

/**
 * What happens in a company as its agents tell it, in the language of the fake model: services move from host to host and from
 * lead to lead, which ends what held before; they use tools, call each other, break and are repaired. Names come again and
 * again, sentences seldom. The same for the same length, whatever the group.
 */
export function makeChronicle(group: string, length: number): StoryEpisode[] {
  const draw = drawing(24);
  const { one, service, host, person, version, detail } = draw;
  return Array.from({ length }, (_, index) => {
    const [it, other, who, team, tool] = [service(), service(), person(), one(TEAMS), one(TOOLS)];
    const [symptom, part, remedy, place] = [one(SYMPTOMS), one(PARTS), one(REMEDIES), host()];
    const issue = issueName(index);
    const ownFact = one([
      `${who} fixed ${issue}, the ${symptom} in the ${part} of ${it}, with ${remedy}`,
      `${issue} was a ${symptom} which ${who} traced to the ${part} of ${it} and cured with ${remedy}`,
      `With ${remedy} in its ${part}, ${who} rid ${it} of ${issue}, a ${symptom} ${detail()}`,
      `${who} closed ${issue}: the ${symptom} that ${it} showed ${detail()} came from the ${part}`,
    ]);
    const moved = one([
      `${it} moved to ${place} ${detail()}, ${one(REASONS)}`,
      `${place} hosts ${it} ${version()} now, ${one(REASONS)}`,
      `Since ${issue} was closed, ${it} runs on ${place} with ${2 + draw.number(14)} workers`,
    ]);
    const used = one([
      `${it} uses ${tool} for ${one(PURPOSES)}, ${one(REASONS)}`,
      `${tool} ${version()} keeps the ${one(PURPOSES)} of ${it} ${detail()}`,
      `The ${part} of ${it} was rebuilt on ${tool} ${detail()}`,
      `For its ${one(PURPOSES)} ${it} chose ${tool} over ${one(TOOLS)}`,
    ]);
    const led = one([
      `${it} is led by ${who} of ${team} after ${issue}`,
      `${who} took ${it} over ${detail()}, ${one(REASONS)}`,
      `${team} made ${who} responsible for ${it} and its ${part}`,
    ]);
    const called = one([
      `${other} calls ${it} for ${one(PURPOSES)} ${detail()}`,
      `${other} reads the ${part} of ${it} through ${tool}`,
      `Each ${one(PURPOSES)} of ${other} waits for ${it}, ${one(REASONS)}`,
    ]);
    const works = one([
      `${who} works in ${team} on ${one(PURPOSES)}`,
      `${who} joined ${team} to look after the ${part} of ${it}`,
      `In ${team} it is ${who} who knows ${tool} ${version()}`,
    ]);
    const lines = [
      `${who} [Person] FIXED ${issue} [Issue]: ${ownFact}`,
      `${it} [Service] RUNS_ON ${place} [Host]: ${moved}`,
      `${it} [Service] USES ${tool} [Tool]: ${used}`,
      `${it} [Service] LED_BY ${who} [Person]: ${led}`,
      `${who} [Person] WORKS_IN ${team} [Team]: ${works}`,
      ...(other === it ? [] : [`${other} [Service] CALLS ${it} [Service]: ${called}`]),
    ];
    return {
      uuid: seededUuid(group, 'chronicle', index),
      group,
      content: lines.join('\n'),
      referenceTime: new Date(BEGAN + index * APART),
      ownFact,
    };
  });
}

/** The name that only the episode with this index mentions. */
export const issueName = (index: number): string => uniqueName('chronicle', 'issue', index);

/** Typical questions about a chronicle: about one entity, about the relation of two, and about a whole subject. */
export function questionsOf(count: number): string[] {
  const { one, service, host, person } = drawing(25);
  const forms = [
    () => `Where does ${service()} run?`,
    () => `Who leads ${service()}?`,
    () => `What is ${one(TOOLS)} used for?`,
    () => `Who fixed the ${one(SYMPTOMS)} in ${service()}?`,
    () => `${person()} ${one(PURPOSES)}`,
    () => `Which services call ${service()}?`,
    () => one(SYMPTOMS),
    () => `What was done about the ${one(PARTS)}, and who works in ${one(TEAMS)}?`,
    () => `Why was ${service()} moved to ${host()}?`,
    () => person(),
    () => `How did ${person()} cure the ${one(SYMPTOMS)} with ${one(REMEDIES)}?`,
    () => `Which service uses ${one(TOOLS)} for ${one(PURPOSES)}?`,
  ];
  return Array.from({ length: count }, (_, index) => (forms[index % forms.length] as () => string)());
}

const BEGAN = Date.UTC(2025, 0, 1);

/** `count` times, spread evenly over a chronicle of `length` episodes. */
export function spreadMoments(count: number, length: number): Date[] {
  const span = length * APART + 1 * DAY;
  return Array.from({ length: count }, (_, index) => new Date(BEGAN + Math.floor((span * (index + 1)) / count)));
}
