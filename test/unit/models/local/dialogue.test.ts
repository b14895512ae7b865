import { describe, expect, it } from 'vitest';
import { named, reading, stated, times } from './episodes.ts';

describe('a dialogue', () => {
  it('resolves "I" to the speaker and keeps the name in the fact', () => {
    const turn = reading('mira: I joined Harbor today as backend engineer.', 'message');
    expect(named(turn)).toEqual(['Mira: Person', 'Harbor: Entity']);
    expect(stated(turn)).toEqual(['Mira JOINED Harbor']);
    expect(turn.facts[0]?.fact).toBe('Mira: I joined Harbor today as backend engineer.');
  });

  it('does not attribute statements about others to the speaker', () => {
    const turn = reading('tomas: Harbor keeps its sessions in Redis 7 and its jobs in RabbitMQ.', 'message');
    expect(stated(turn)).toEqual(['Harbor KEEPS_IN Redis 7', 'Harbor KEEPS_IN RabbitMQ']);
  });

  it('does not treat a role as an entity with facts, even in plain text', () => {
    const chat = reading('user: I prefer pnpm.\nassistant: I updated `package.json`.');
    expect(named(chat)).toEqual(['pnpm: Product', 'package.json: File']);
    const ended = reading('user: We moved from Redis to Valkey.\nUser: Harbor is my favourite system.', 'message');
    expect(named(ended).filter((name) => /^(?:user|assistant|system|tool)\b/i.test(name))).toEqual([]);
    expect(ended.ended).toEqual([]);
  });

  it('makes no entities of roles, even in plain text', () => {
    const chat = reading('user: I prefer pnpm.\nassistant: I updated `package.json`.\nassistant: Harbor uses Redis.');
    expect(named(chat)).toEqual(['pnpm: Product', 'package.json: File', 'Harbor: Entity', 'Redis: Product']);
    expect(stated(chat)).toEqual(['Harbor USES Redis']);
  });

  it('resolves a pronoun when the previous sentence names one person', () => {
    expect(stated(reading('Ana Ribeiro joined Harbor. She replaces Lena Fischer.'))).toEqual([
      'Ana Ribeiro JOINED Harbor',
      'Ana Ribeiro REPLACES Lena Fischer',
    ]);
    expect(stated(reading('Ana Ribeiro hired Lena Fischer. She leads Harbor.'))).toEqual([
      'Ana Ribeiro HIRED Lena Fischer',
    ]);
  });

  it("attributes each speaker's words to that speaker", () => {
    const chat = reading('Mira: I like Valkey.\nTomás (user): I like Redis,\nbut not RabbitMQ.', 'message');
    expect(stated(chat)).toContain('Mira LIKES Valkey');
    expect(stated(chat)).toContain('Tomás LIKES Redis');
  });

  it('skips greetings, thanks and forms of address', () => {
    const chat = reading(
      'Caroline: Hey Mel! Good to see you! How have you been?\nMelanie: Thanks, Caroline! Yeah, I painted that lake sunrise last year!',
      'message',
    );
    expect(stated(chat)).toEqual(['Melanie PAINTED lake sunrise']);
    expect(times(chat)).toEqual(['2024-01-01 to open']);
  });
});
